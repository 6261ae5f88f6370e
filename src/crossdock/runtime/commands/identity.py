"""`crossdock identity`: see and change whose number is what; what waits for a person is named.

Every change is a message of the hub's own in the name of the person who wants it, on the log like
all others. It is decided by the hub that runs, or here where none does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.identities import (
    ExternalNumber,
    IdentityLink,
    IdentityMerge,
    IdentitySplit,
    IdentityUnlink,
    MessageRetry,
)
from crossdock.contracts.vocabulary import Fate
from crossdock.contracts.words import Noun
from crossdock.identity.references import Link
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.redaction import shown
from crossdock.log.ports import Store
from crossdock.log.records import Document, NewMessage
from crossdock.runtime.clocks import SystemClock, SystemRandomness
from crossdock.runtime.commands.ingest import decide_all
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.sagas import links, review
from crossdock.sagas.turn import own_message

_PAGE = 500


class NotAChange(CrossdockError):
    """The change of a number cannot be read."""

    code = "not-a-change"
    expects = "identifiers as in messages; numbers of a split as SYSTEM:NUMBER"


@dataclass(frozen=True, slots=True)
class Became:
    """What became of a change."""

    place: str
    type: str
    fate: str
    reason: str


def show_links(config: Path, entity: str | None, system: str | None, *, as_json: bool) -> int:
    """List numbers and what they mean now; gives 0."""
    found = asyncio.run(_documents(read_settings(config), links.LINK))
    rows = []
    for document in found:
        link = msgspec.json.decode(document.body, type=Link)
        if entity in (None, link.entity) and system in (None, link.system):
            last = link.meanings[-1]
            rows.append(
                {
                    "entity": link.entity,
                    "system": link.system,
                    "external": link.external,
                    "canonical": link.canonical,
                    "since": last.since.isoformat(),
                    "place": last.place,
                    "before": [one.canonical for one in link.meanings[:-1]],
                }
            )
    for row in rows:
        meant = row["canonical"] or "nothing"
        say(f"{row['entity']:9} {row['system']:12} {row['external']:20} {meant}  [{row['place']}]")
    finish({"links": rows}, as_json=as_json)
    return OK


def show_review(config: Path, *, as_json: bool) -> int:
    """List the numbers that wait for a person; gives 1 when there are any."""
    found = asyncio.run(_documents(read_settings(config), review.CASE))
    cases = [review.read_case(document.body) for document in found]
    waiting = [case for case in cases if not case.canonical]
    for case in waiting:
        say(f"{case.entity} {case.system} {case.external}: {case.waiting} held since {case.opened}")
        for one in case.candidates:
            say(f"  might be {one.canonical}: {one.why}")
    say(f"{len(waiting)} numbers wait for a person")
    finish({"cases": [msgspec.to_builtins(case) for case in waiting]}, as_json=as_json)
    return UNSOUND if waiting else OK


def link(
    config: Path, system: str, entity: str, external: str, canonical: str, by: str, *, as_json: bool
) -> int:
    """Let a number mean a canonical id; gives 1 where that is held."""
    said = {"system": system, "entity": entity, "external": external, "canonical": canonical}
    return _change(config, [_noun(IdentityLink, said, by)], catalogue.IDENTITY_LINKED, as_json)


def unlink(config: Path, system: str, entity: str, external: str, by: str, *, as_json: bool) -> int:
    """Let a number mean nothing; gives 1 where that is held."""
    said = {"system": system, "entity": entity, "external": external}
    return _change(config, [_noun(IdentityUnlink, said, by)], catalogue.IDENTITY_UNLINKED, as_json)


def merge(config: Path, entity: str, loser: str, survivor: str, by: str, *, as_json: bool) -> int:
    """Let whatever names the loser name the survivor; gives 1 where that is held."""
    said = {"entity": entity, "loser": loser, "survivor": survivor}
    return _change(config, [_noun(IdentityMerge, said, by)], catalogue.IDENTITY_MERGED, as_json)


def split(
    config: Path,
    entity: str,
    canonical: str,
    into: str,
    numbers: Sequence[str],
    by: str,
    *,
    as_json: bool,
) -> int:
    """Let numbers of a record mean another one; gives 1 where that is held."""
    taken = []
    for number in numbers:
        system, colon, external = number.partition(":")
        if not colon:
            raise NotAChange(where="numbers", found=shown(number))
        taken.append(msgspec.to_builtins(ExternalNumber(system=system, external=external)))
    said = {"entity": entity, "canonical": canonical, "into": into, "numbers": taken}
    return _change(config, [_noun(IdentitySplit, said, by)], catalogue.IDENTITY_SPLIT, as_json)


def retry(config: Path, places: Sequence[str], by: str, *, as_json: bool) -> int:
    """Let held messages be decided again; gives 1 where one is not held for what can come right."""
    nouns = [_read(MessageRetry, {"message": place, "by": by}) for place in places]
    return _change(config, nouns, catalogue.MESSAGE_RETRIED, as_json)


def _noun(kind: type[Noun], said: dict[str, Any], by: str) -> Noun:
    change_id = f"cli-{SystemRandomness().token_bytes(12).hex()}"
    return _read(kind, {**said, "change_id": change_id, "by": by})


def _read(kind: type[Noun], said: dict[str, Any]) -> Noun:
    """Read arguments as strictly as the door reads messages."""
    try:
        return msgspec.json.decode(msgspec.json.encode(said), type=kind)
    except msgspec.ValidationError as error:
        raise NotAChange(where="arguments", found=str(error)) from error


def _change(config: Path, nouns: Sequence[Noun], kind: str, as_json: bool) -> int:
    became = asyncio.run(_tell(read_settings(config), nouns, kind))
    for one in became:
        why = f": {one.reason}" if one.reason else ""
        say(f"{one.type} at {one.place} is {one.fate}{why}")
    finish({"changes": [msgspec.to_builtins(one) for one in became]}, as_json=as_json)
    return OK if all(one.fate == Fate.APPLIED for one in became) else UNSOUND


async def _tell(settings: Settings, nouns: Sequence[Noun], kind: str) -> list[Became]:
    policy = settings.policy()
    now = SystemClock().now()
    messages: list[NewMessage] = []
    for noun in nouns:
        key = str(getattr(noun, CATALOGUE[kind].key))
        name = f"cli/{SystemRandomness().token_bytes(12).hex()}"
        messages.append(
            own_message(policy, name, kind, key, noun, event_time=now, received_time=now)
        )
    async with opened_store(settings) as store:
        receipts = await store.append(messages)
        await decide_all(settings, policy, store)
        places = [(receipt.partition, receipt.position) for receipt in receipts]
        outcomes = await store.outcomes_at(places)
    return [
        Became(f"{p}:{at}", kind, outcomes[p, at].outcome.fate, outcomes[p, at].outcome.reason)
        for p, at in places
    ]


async def _documents(settings: Settings, kind: str) -> list[Document]:
    """Every document of a kind, in the order of their ids."""
    async with opened_store(settings) as store:
        return await all_documents(store, kind)


async def all_documents(store: Store, kind: str) -> list[Document]:
    """Every document of a kind, page by page."""
    found: list[Document] = []
    while page := await store.documents_of_kind(kind, found[-1].id if found else "", _PAGE):
        found += page
    return found
