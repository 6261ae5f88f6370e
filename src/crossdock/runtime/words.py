"""What is told to a system in its own numbers and codes: the way back of what deciders read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.references import (
    coded_in,
    found_at,
    named_in,
    names_no_place,
    put_at,
)
from crossdock.delivery.pump import Wordless
from crossdock.identity.references import Names
from crossdock.kernel.errors import UnknownCode
from crossdock.log.ports import Deciding
from crossdock.log.records import Claimed, Wanted
from crossdock.sagas.links import names_key
from crossdock.sagas.understanding import Speech

_NAMES = msgspec.json.Decoder(Names)


class TheirWords:
    """One destination that does not speak as we do; see `delivery.pump.Words`."""

    def __init__(self, system: str, speech: Speech, store: Deciding) -> None:
        self._system = system
        self._speech = speech
        self._store = store

    async def theirs(self, effects: Sequence[Claimed]) -> list[bytes | Wordless]:
        """See `delivery.pump.Words`; one look-up for all of them."""
        trees = [msgspec.json.decode(effect.body) for effect in effects]
        asked = set()
        for effect, tree in zip(effects, trees, strict=True):
            for entity, canonical in self._numbers(effect, tree):
                asked.add(names_key(entity, canonical))
        loaded = await self._names(asked)
        return [
            self._in_their_words(effect, tree, loaded)
            for effect, tree in zip(effects, trees, strict=True)
        ]

    async def _names(self, asked: set[tuple[str, str]]) -> dict[tuple[str, str], Names]:
        """The names of canonical ids; one that was merged has those of what it was merged into."""
        found = await self._load(asked)
        merged = {key: names_key(one.entity, one.merged_into) for key, one in found.items()}
        into = {key: to for key, to in merged.items() if found[key].merged_into}
        survivors = await self._load(set(into.values()))
        return found | {key: survivors[to] for key, to in into.items() if to in survivors}

    async def _load(self, asked: set[tuple[str, str]]) -> dict[tuple[str, str], Names]:
        if not asked:
            return {}
        loaded = await self._store.load(Wanted(documents=asked))
        return {key: _NAMES.decode(one.body) for key, one in loaded.documents.items()}

    def _numbers(self, effect: Claimed, tree: Any) -> list[tuple[str, str]]:
        return [
            (named.entity, value)
            for named in named_in(CATALOGUE[effect.type].noun)
            if named.entity in self._speech.own
            for _, value in found_at(tree, named.path)
            if isinstance(value, str)
        ]

    def _in_their_words(
        self, effect: Claimed, tree: Any, names: dict[tuple[str, str], Names]
    ) -> bytes | Wordless:
        noun = CATALOGUE[effect.type].noun
        for named in named_in(noun):
            if named.entity not in self._speech.own:
                continue
            for path, value in list(found_at(tree, named.path)):
                known = names.get(names_key(named.entity, value))
                number = known.of(self._system) if known is not None else None
                if number is None:
                    return Wordless(f"{self._system} has no number for {named.entity} {value}")
                put_at(tree, path, number)
        for coded in coded_in(noun):
            table = self._speech.codes.get(coded.vocabulary)
            if table is None:
                continue
            for path, value in list(found_at(tree, coded.path)):
                if names_no_place(coded.vocabulary, value):
                    continue
                try:
                    put_at(tree, path, table.code(value))
                except UnknownCode:
                    return Wordless(f"{self._system} has no code for {coded.vocabulary} {value}")
        return msgspec.json.encode(tree)
