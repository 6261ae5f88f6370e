"""The store's port: what every engine promises to the loops above it.

Every call takes and gives batches, because batching is the whole difference between a thousand
messages a second and ten thousand. The time is always a parameter; no engine has a clock. Errors
are those of `crossdock.log.errors`: a caller may repeat a whole call after `StoreUnavailable` and
`StoreConflict`, and must find out what happened after `CommitUnknown`; every call is written so
that repeating it is safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from crossdock.log.records import (
    Claimed,
    Decided,
    Lease,
    Loaded,
    NewMessage,
    Receipt,
    Recorded,
    Settlement,
    Wanted,
)


class Intake(Protocol):
    """The door's side of the store."""

    async def append(self, messages: Sequence[NewMessage]) -> list[Receipt]:
        """Put messages on the log, or find where they stand already; durable when it returns (I1).

        Gives one receipt per message, in order. Positions are gapless per partition. Repeating a
        batch after an unknown commit answers with the same positions, as duplicates.
        """
        ...


class Deciding(Protocol):
    """The deciders' side of the store."""

    async def lease(
        self, worker: str, wanted: Sequence[int], now: datetime, until: datetime
    ) -> list[Lease]:
        """Take or prolong the leases of those wanted partitions that are free, expired or ours."""
        ...

    async def release(self, worker: str) -> None:
        """Give all leases of this worker back."""
        ...

    async def read(self, leases: Sequence[Lease], limit: int) -> list[Recorded]:
        """The next undecided messages, at most `limit`, each partition in order."""
        ...

    async def load(self, wanted: Wanted) -> Loaded:
        """The orders, promise rows, waiting lines and masters that a batch touches, unlocked."""
        ...

    async def commit(self, decided: Decided, now: datetime) -> None:
        """Apply a decided batch, whole or not at all.

        Raises:
            LeaseLost: another worker holds a partition, or its position moved; nothing is written.
            StockMoved: a guarded reservation no longer fits; nothing is written, decide again.
        """
        ...


class Delivering(Protocol):
    """The deliverers' side of the store."""

    async def claim(
        self, destination: str, now: datetime, until: datetime, limit: int
    ) -> list[Claimed]:
        """Record the start of an attempt on due effects, at most one per key: each key's head."""
        ...

    async def settle(self, results: Sequence[Settlement], now: datetime) -> int:
        """Record how attempts ended; gives how many were not fenced off by a later holder."""
        ...

    async def publish_availability(
        self, channels: Sequence[ChannelView], now: datetime, limit: int
    ) -> int:
        """Turn changed promises into availability effects, newest only; gives how many items."""
        ...


class ChannelView(Protocol):
    """What publishing availability must know of a channel."""

    @property
    def channel(self) -> str: ...
    @property
    def sites(self) -> Sequence[str]: ...
    @property
    def keep_back(self) -> int: ...
    @property
    def destinations(self) -> Sequence[str]: ...


class Store(Intake, Deciding, Delivering, Protocol):
    """One engine, all sides."""
