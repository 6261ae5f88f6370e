"""What a far system has to say of itself, asked for page by page: the way in beside the door.

A feed turns far records into canonical messages and never loses one: a record that has no meaning
here is kept whole as `Unread`. Where it goes on is a cursor of its own making, which nobody else
reads. A far system may also point at records that changed (a webhook without content): those are
asked for by number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from crossdock.contracts.connector import RetryLater
from crossdock.contracts.words import Noun


@dataclass(frozen=True, slots=True)
class Said:
    """A canonical message that a far record means.

    `id` names the record and its version, so that reading it again is the same message; `time` is
    when it happened, `recorded` when the far side wrote it down.
    """

    type: str
    id: str
    time: datetime
    noun: Noun
    correlation: str = ""
    recorded: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A far record that has no meaning here yet: where, what was found and what was expected."""

    record: str
    where: str
    found: str
    expected: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Part of what a feed has to say; the cursor is kept once all of it is on the log."""

    said: Sequence[Said | Unread]
    cursor: str
    more: bool = False  # whether the next page is there already


class Feed(Protocol):
    """One kind of record that a far system is asked for."""

    @property
    def name(self) -> str:
        """Its name among the feeds of its system."""
        ...

    async def page(self, cursor: str, now: datetime) -> Page | RetryLater:
        """What there is to say beyond `cursor` ("" is the beginning). Raises nothing of its own."""
        ...

    async def some(self, records: Sequence[str], now: datetime) -> Page | RetryLater:
        """What these records mean now, by the far side's numbers; the cursor counts for nothing."""
        ...


@runtime_checkable
class Source(Protocol):
    """A connector that can be asked what its system has to say."""

    @property
    def feeds(self) -> Sequence[Feed]:
        """Its feeds, in the order in which they are asked first."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """What a webhook said: messages in full, and records that it only points at, by feed."""

    said: Sequence[Said | Unread] = ()
    pointed: Mapping[str, Sequence[str]] = field(default_factory=dict)


class NotBelieved(Exception):
    """A webhook is not proven to be the far system's own, or not of this time; says why."""


class Webhook(Protocol):
    """How a far system tells of itself; pure, so that a signature is judged on the raw bytes."""

    def hear(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
        """What it says. Header names are in lower case.

        Raises:
            NotBelieved: nothing of it may be kept.
        """
        ...
