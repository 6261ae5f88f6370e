"""Does a connector keep its promises with the system that it reaches?

The whole contract is played on a fake (`crossdock.testing.connector_contract`), where replies can
be lost to order. What is asked here is asked of a live sandbox: that it can be read to the end and
again, that a wrong credential is not let in, and, if wished, that a thing told twice is done once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from crossdock.connectors.kit import golden
from crossdock.connectors.kit.card import Settings, secrets_of
from crossdock.connectors.kit.kind import Kind
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    Connector,
    Document,
    NotThere,
    RetryLater,
)
from crossdock.contracts.feeds import Feed, Page, Said, Source, Unread
from crossdock.kernel.ports import Clock

PAGES_MAX: Final = 20
"""How many pages of a feed are read: enough to see that it goes on, few enough for a sandbox."""

_WRONG: Final = "certainly-not-the-credential"
_DONE: Final = (Accepted, AlreadyDone)


class Verdict(StrEnum):
    """What came of a check."""

    HOLDS = "holds"
    BROKEN = "broken"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Checked:
    """One check: its name, what came of it, and what was seen."""

    check: str
    verdict: Verdict
    words: str


class _NotAsPromised(Exception):
    """A check found what may not be."""


class Certifier:
    """Asks one system, through one kind of connector."""

    def __init__(self, kind: Kind, settings: Settings, clock: Clock, *, tell: bool) -> None:
        """`tell`: also tell it the golden documents, which leaves records there."""
        self._kind = kind
        self._settings = settings
        self._clock = clock
        self._now = clock.now()
        self._tell = tell

    async def certify(self) -> list[Checked]:
        """Ask everything that can be asked, and give what came of it; raises nothing."""
        async with self._connected() as connector:
            names = [feed.name for feed in _feeds(connector)]
        checks: list[tuple[str, Callable[[], Awaitable[str]]]] = [
            ("settings show no secret", self._secrets)
        ]
        for name in names:
            checks += [
                (f"feed {name} is read page by page", _with(self._pages, name)),
                (f"feed {name} says the same again", _with(self._again, name)),
            ]
        checks.append(("a wrong credential is not let in", _with(self._refuses, names)))
        for document in self._documents():
            told = f"{document.type} ({document.business_key})"
            checks += [
                (f"{told}: what was never told is not there", _with(self._absent, document)),
                (f"{told}: told twice, done once", _with(self._twice, document)),
            ]
        return [await _checked(name, check) for name, check in checks]

    @asynccontextmanager
    async def _connected(self, **changed: Any) -> AsyncIterator[Connector]:
        settings = msgspec.structs.replace(self._settings, **changed)
        connector = self._kind.reach(settings, self._clock)
        try:
            yield connector
        finally:
            await connector.close()

    def _documents(self) -> list[Document]:
        some = golden.documents(golden.folder_of(self._kind)).values()
        return [document for documents in some for document in documents]

    async def _secrets(self) -> str:
        names = secrets_of(self._kind.settings)
        secrets = [getattr(self._settings, name) for name in names]
        async with self._connected() as connector:
            shown = repr(self._settings) + repr(connector)
        if any(secret and secret in shown for secret in secrets):
            raise _NotAsPromised("a secret is shown")
        return f"{len(names)} secrets, none shown"

    async def _pages(self, name: str) -> str:
        """Read on with a connector that knows nothing but the cursor, as after a restart."""
        cursor, said, pages = "", 0, 0
        more = True
        while more and pages < PAGES_MAX:
            page = await self._page(name, cursor)
            for one in page.said:
                _sound(one)
            said += len(page.said)
            pages += 1
            more = page.more
            if more and page.cursor == cursor:
                raise _NotAsPromised("there is more, and the cursor did not move")
            cursor = page.cursor
        return f"{said} messages in {pages} pages" + (", and more" if more else "")

    async def _again(self, name: str) -> str:
        first, again = (await self._page(name, ""), await self._page(name, ""))
        before = {one.id: golden.in_words([one]) for one in first.said if isinstance(one, Said)}
        after = {one.id: golden.in_words([one]) for one in again.said if isinstance(one, Said)}
        differing = sorted(one for one in before if one in after and before[one] != after[one])
        if differing:
            raise _NotAsPromised(f"{differing[0]} says something else the second time")
        return f"{len(before)} messages"

    async def _refuses(self, feeds: Sequence[str]) -> str:
        if not feeds or "credential" not in secrets_of(self._kind.settings):
            return ""
        async with self._connected(credential=_WRONG) as connector:
            feed = next(feed for feed in _feeds(connector) if feed.name == feeds[0])
            answer = await feed.page("", self._now)
        if not isinstance(answer, RetryLater):
            raise _NotAsPromised("it was let in")
        return answer.reason

    async def _absent(self, document: Document) -> str:
        async with self._connected() as connector:
            if connector.ability(document.type) is not Ability.LOOK_UP:
                return ""
            found = await connector.look_up(_stranger(document))
        if not isinstance(found, NotThere):
            raise _NotAsPromised(f"the answer was {found}")
        return "not there"

    async def _twice(self, document: Document) -> str:
        if not self._tell:
            return ""
        async with self._connected() as connector:
            [first] = await connector.send([document])
            if not isinstance(first, _DONE):
                raise _NotAsPromised(f"the first answer was {first}")
            [second] = await connector.send([document])
            if not isinstance(second, _DONE):
                raise _NotAsPromised(f"the second answer was {second}")
            if first.reference != second.reference:
                raise _NotAsPromised(f"{first.reference}, then {second.reference}: two effects")
            if connector.ability(document.type) is Ability.LOOK_UP:
                found = await connector.look_up(document)
                if not isinstance(found, AlreadyDone):
                    raise _NotAsPromised(f"asked for, the answer was {found}")
        return first.reference or "done, without a number of theirs"

    async def _page(self, name: str, cursor: str) -> Page:
        async with self._connected() as connector:
            feed = next(feed for feed in _feeds(connector) if feed.name == name)
            page = await feed.page(cursor, self._now)
        if isinstance(page, RetryLater):
            raise _NotAsPromised(page.reason)
        return page


def _sound(one: Said | Unread) -> None:
    """What may go on the log; what could not be read is named by its place."""
    if isinstance(one, Unread):
        raise _NotAsPromised(
            f"{one.record} has no meaning: at {one.where} found {one.found}, expected"
            f" {one.expected}"
        )
    known = CATALOGUE.get(one.type)
    if known is None:
        raise _NotAsPromised(f"{one.type} is no message of the catalogue")
    try:
        msgspec.json.decode(msgspec.json.encode(one.noun), type=known.noun)
    except msgspec.ValidationError as error:
        raise _NotAsPromised(f"{one.id} would not be admitted: {error}") from None


def _stranger(document: Document) -> Document:
    """A document that nobody was ever told, with a body as good as the other's."""
    key = f"{document.business_key}-never-told"
    return Document(key, document.type, document.key, document.correlation, document.body)


def _feeds(connector: Connector) -> Sequence[Feed]:
    return connector.feeds if isinstance(connector, Source) else ()


def _with(check: Callable[[Any], Awaitable[str]], argument: Any) -> Callable[[], Awaitable[str]]:
    return lambda: check(argument)


async def _checked(name: str, check: Callable[[], Awaitable[str]]) -> Checked:
    try:
        words = await check()
    except _NotAsPromised as broken:
        return Checked(name, Verdict.BROKEN, str(broken))
    except Exception as error:  # noqa: BLE001 - a connector raises nothing: if it does, say so
        return Checked(name, Verdict.BROKEN, f"the connector raised {type(error).__name__}")
    return Checked(name, Verdict.HOLDS if words else Verdict.SKIPPED, words)
