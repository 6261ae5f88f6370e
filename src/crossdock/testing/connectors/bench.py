"""What a connector's contract test declares, and the stage on which connector and fake meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import msgspec

from crossdock.connectors.kit import golden
from crossdock.connectors.kit.kind import Kind
from crossdock.connectors.kit.verdicts import Verdict
from crossdock.contracts.connector import Connector, Document
from crossdock.contracts.feeds import Feed, Said, Source, Unread
from crossdock.testing.builders import StillClock
from crossdock.testing.fakes.fake import FakeFarSystem, Weather

SCENE_SECONDS_MAX: Final = 60.0

T = TypeVar("T")


class Promise(StrEnum):
    """What a connector may lack, if it says why."""

    SEND = "send"  # it tells nothing
    LOOK_UP = "look_up"  # its far side cannot be asked by our reference
    VOID = "void"  # a record there cannot be cancelled, or nobody can see that it was
    FEEDS = "feeds"  # it is asked for nothing
    STATUSES = "statuses"  # it does not speak HTTP


class ContractBase:
    """The declaration; a test class derives from `ConnectorContract` and fills it in."""

    kind: ClassVar[Kind]
    fake: ClassVar[type[FakeFarSystem]]
    lacks: ClassVar[Mapping[Promise, str]] = {}
    """What it cannot do, each with the reason."""
    overrides: ClassVar[Mapping[int, tuple[Verdict, str]]] = {}
    """Rows of the verdict table that this connector reads otherwise."""
    requests: ClassVar[str] = golden.REQUESTS
    """How the files end that hold the requests of the golden documents."""
    more_files: ClassVar[frozenset[str]] = frozenset()
    """Files of its folder beside those of the common shape."""

    def read(self, case: str, record: Any) -> Sequence[Said | Unread]:
        """What a record of the golden samples means; raises `Odd`. Of connectors with feeds."""
        raise NotImplementedError

    def folder(self) -> Path:
        """Where the connector lives."""
        return golden.folder_of(self.kind)

    def told(self) -> list[Document]:
        """One document of each golden case."""
        return [document for some in golden.documents(self.folder()).values() for document in some]

    def connector(self, fake: FakeFarSystem, **changed: Any) -> Connector:
        """A fresh connector to a fake; settings that it does not have are left alone."""
        known = self.kind.settings.__struct_fields__
        settings = fake.settings() | {k: v for k, v in changed.items() if k in known}
        return self.kind.reach(msgspec.convert(settings, self.kind.settings), StillClock())

    @asynccontextmanager
    async def stage(self, **changed: Any) -> AsyncIterator[tuple[FakeFarSystem, Connector]]:
        """A fresh fake that listens, and a connector to it."""
        fake = self.fake()
        async with fake.listening():
            connector = self.connector(fake, **changed)
            try:
                yield fake, connector
            finally:
                await connector.close()

    def lacking(self, promise: Promise) -> bool:
        """Whether this was declared as lacking."""
        return promise in self.lacks


def played(scene: Callable[[], Awaitable[T]]) -> T:
    """Play a scene to its end."""

    async def whole() -> T:
        return await asyncio.wait_for(scene(), SCENE_SECONDS_MAX)

    return asyncio.run(whole())


def lost_at(number: int, how: Weather = Weather.LOST) -> Callable[[int], Weather]:
    """Fine weather but for one exchange, counted from 0."""
    return lambda asked: how if asked == number else Weather.FINE


def fine(_: int) -> Weather:
    """Nothing befalls anybody."""
    return Weather.FINE


def feeds_of(connector: Connector) -> list[Feed]:
    """What it can be asked for."""
    return list(connector.feeds) if isinstance(connector, Source) else []
