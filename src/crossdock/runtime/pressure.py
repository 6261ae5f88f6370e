"""What the hub is short of, and what it therefore refuses before anything breaks.

A look every second at four gauges: messages that nobody has decided yet, free room on the disks of
the database, memory of the process, and whether the database answers. Past a limit nothing new is
taken (503 and Retry-After); what was taken goes on, which is what empties the gauge again. A gauge
that was past its limit must fall a little below it first, or the door would flap.

At half the floor of the disk deciding pauses too: what is decided is written as well, and a
database whose log has no room stops altogether. What remains is the room that its recovery needs.

The disks are those of the embedded database. Of a server of your own only you know the disk.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from crossdock.gateway.errors import BacklogFull, DiskLow, MemoryHigh, NotNow
from crossdock.kernel.limits import MIB
from crossdock.log.errors import StoreError
from crossdock.runtime.accounts import rss_mib

_LOG = logging.getLogger("crossdock.pressure")

AWAY: Final = "database-away"
"""The one trouble that the door does not refuse for by itself: an append finds out, and waits."""

_BACK_SHARE = 0.9
"""How far below its limit a gauge must fall before the door opens again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process may use, and how much may wait; 0 is no limit."""

    undecided_messages: int = 500_000
    disk_free_mib: int = 256
    memory_mib: int = 2_048
    decide_seconds: int = 5  # processor seconds for one batch or one message (runtime.watchdog)
    stuck_seconds: int = 60  # without a turn of the event loop, and the process ends


class Positions(Protocol):
    """Whoever knows how far the log is decided; `log.ports.Reading` does."""

    async def position(self) -> dict[int, tuple[int, int]]:
        """Per partition: its head, and the position decided up to."""
        ...


class _Gauge:
    """One figure and its limit, with a little play between too much and enough again."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self.is_past = False

    def look(self, value: float) -> None:
        """Take a reading; a limit of 0 is never past."""
        bar = self._limit * (_BACK_SHARE if self.is_past else 1.0)
        self.is_past = self._limit > 0 and value > bar


class _Floor(_Gauge):
    """The same for a figure that must not fall."""

    def look(self, value: float) -> None:
        """Take a reading; a floor of 0 is never past."""
        bar = self._limit / (_BACK_SHARE if self.is_past else 1.0)
        self.is_past = self._limit > 0 and value < bar


class Pressure:
    """The gauges of one process; `turn` looks at them, the rest says what they said last."""

    def __init__(
        self,
        limits: Limits,
        store: Positions,
        *,
        free_mib: Callable[[], float | None],
        memory_mib: Callable[[], float] = lambda: rss_mib(os.getpid()),
    ) -> None:
        """`free_mib` gives the least free room of the disks that count, None where none does."""
        self._store = store
        self._free_mib = free_mib
        self._memory_mib = memory_mib
        self._backlog = _Gauge(limits.undecided_messages)
        self._memory = _Gauge(limits.memory_mib)
        self._disk = _Floor(limits.disk_free_mib)
        self._disk_half = _Floor(limits.disk_free_mib / 2)
        self._is_away = False
        self._said: tuple[str, ...] = ()

    def refusal(self) -> NotNow | None:
        """Why nothing new is taken, the worst first; None: there is room."""
        return next((kind() for gauge, kind in self._kinds() if gauge.is_past), None)

    def troubles(self) -> tuple[str, ...]:
        """The codes of all that is wrong."""
        codes = [kind.code for gauge, kind in self._kinds() if gauge.is_past]
        return (*codes, AWAY) if self._is_away else tuple(codes)

    def pauses(self) -> bool:
        """Whether even deciding waits, for a disk that is all but full."""
        return self._disk_half.is_past

    async def turn(self) -> int:
        """Look at everything; never raises, because a store that is away is a reading too."""
        free = self._free_mib()
        if free is not None:
            self._disk.look(free)
            self._disk_half.look(free)
        self._memory.look(self._memory_mib())
        try:
            positions = await self._store.position()
        except StoreError:
            self._is_away = True
        else:
            self._is_away = False
            self._backlog.look(sum(head - decided for head, decided in positions.values()))
        self._tell()
        return 0

    def _kinds(self) -> Sequence[tuple[_Gauge, type[NotNow]]]:
        return (
            (self._disk, DiskLow),
            (self._memory, MemoryHigh),
            (self._backlog, BacklogFull),
        )

    def _tell(self) -> None:
        """Say what has changed, once."""
        now = self.troubles()
        if now != self._said:
            _LOG.warning("short of: %s", ", ".join(now) or "nothing any more")
            self._said = now


def free_mib_of(folders: Sequence[Path]) -> float | None:
    """The least room free for an ordinary account on the disks of these folders, in MiB.

    Folders that are not there do not count; None where none is.
    """
    free = []
    for folder in folders:
        try:
            disk = os.statvfs(folder)
        except OSError:
            continue
        free.append(disk.f_bavail * disk.f_frsize / MIB)
    return min(free, default=None)
