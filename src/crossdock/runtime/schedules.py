"""When a feed is read: every so often, or by a clock on the wall, in a window, in its time zone.

A cron line means what the wall says: in the night in which a clock is put back a job of half past
two runs once, in the night in which it is put forward at the first moment after the gap. A run that
is not at its end when the window closes goes on at the next one, from its checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim


class Schedule(Protocol):
    """When a feed is read."""

    def next_after(self, now: datetime) -> datetime:
        """When a run begins again, later than this moment."""
        ...

    def is_open(self, now: datetime) -> bool:
        """Whether a run may begin or go on now."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """Again after so long, at any time of day."""

    period: timedelta

    def next_after(self, now: datetime) -> datetime:
        """So much later."""
        return now + self.period

    def is_open(self, now: datetime) -> bool:
        """Always."""
        return True


@dataclass(frozen=True, slots=True)
class ByTheClock:
    """At the times of a cron line in a time zone; with `within`, only so long after each."""

    cron: str
    zone: ZoneInfo
    within: timedelta | None = None

    def next_after(self, now: datetime) -> datetime:
        """The next time of the line."""
        return next(CronSim(self.cron, now.astimezone(self.zone))).astimezone(UTC)

    def is_open(self, now: datetime) -> bool:
        """Without a window always: what was missed while the hub was down is made good."""
        if self.within is None:
            return True
        # The line's first time after the window's length ago is the one that opened it, if any.
        return self.next_after(now - self.within) <= now
