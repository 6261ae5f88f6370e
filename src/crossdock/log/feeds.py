"""How far a far system's feeds were read, and which of their records somebody pointed at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Nudge(NamedTuple):
    """A record that the far side pointed at; `number` grows whenever it does so again."""

    record: str
    number: int


@dataclass(frozen=True, slots=True)
class FeedTurn:
    """The right to read a feed once, fenced by `epoch`; `due` says whether its page is wanted."""

    system: str
    feed: str
    epoch: int
    cursor: str
    due: bool
    nudges: tuple[Nudge, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedRow:
    """How a feed stands, for whoever looks."""

    system: str
    feed: str
    cursor: str
    due_time: datetime
    read_time: datetime | None  # when it was last read without trouble
    problem: str  # why it could not be read last; "" where it could
    failures: int  # in a row
    nudged: int  # records that somebody pointed at and that are not read yet
