"""The links of the identity room, kept as documents: by number, and by canonical id.

All of one entity are changed in one partition; everybody reads them. `ALIASES` says for which
entities canonical ids have other names, so that nobody looks for such names where there are none.
"""

from __future__ import annotations

from typing import Final

import msgspec

from crossdock.identity.references import EVERYBODY, Link, Names, Said
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn

LINK: Final = "link"
NAMES: Final = "names"
ALIASES: Final = ("aliases", "all")

_LINK = msgspec.json.Decoder(Link)
_NAMES = msgspec.json.Decoder(Names)


class Aliases(msgspec.Struct):
    """The entities of which some canonical id has another name."""

    entities: list[str]


_ALIASES = msgspec.json.Decoder(Aliases)


def link_key(entity: str, system: str, external: str) -> tuple[str, str]:
    """Under which kind and id the link of a number is kept."""
    return LINK, f"{entity}/{system}/{external}"


def names_key(entity: str, canonical: str) -> tuple[str, str]:
    """Under which kind and id the names of a canonical id are kept."""
    return NAMES, f"{entity}/{canonical}"


def aliased(batch: Batch) -> list[str]:
    """The entities of which some canonical id has another name."""
    found = batch.document(*ALIASES)
    return [] if found is None else _ALIASES.decode(found.body).entities


class Links:
    """The shelf of the identity room in one message's turn; without a turn it only reads."""

    def __init__(self, batch: Batch, turn: Turn | None = None) -> None:
        self._batch = batch
        self._turn = turn

    def link(self, entity: str, system: str, external: str) -> Link | None:
        """See `identity.references.Shelf`."""
        found = self._batch.document(*link_key(entity, system, external))
        return None if found is None else _LINK.decode(found.body)

    def names(self, entity: str, canonical: str) -> Names | None:
        """See `identity.references.Shelf`."""
        found = self._batch.document(*names_key(entity, canonical))
        return None if found is None else _NAMES.decode(found.body)

    def put_link(self, link: Link) -> None:
        """See `identity.references.Shelf`."""
        self._store(link_key(link.entity, link.system, link.external), link)
        known = aliased(self._batch)
        if link.system == EVERYBODY and link.entity not in known:
            self._store(ALIASES, Aliases(sorted([*known, link.entity])))

    def put_names(self, names: Names) -> None:
        """See `identity.references.Shelf`."""
        self._store(names_key(names.entity, names.canonical), names)

    def said(self) -> Said:
        """The message whose turn it is, as links cite it."""
        assert self._turn is not None
        return Said(self._turn.message.place, self._turn.message.event_time)

    def _store(self, key: tuple[str, str], body: msgspec.Struct) -> None:
        assert self._turn is not None
        self._batch.store_document(self._turn, *key, body)
