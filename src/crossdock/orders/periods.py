"""Under which day finance books a document: its own, or one in a period that is open (R115)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Periods:
    """What finance closed, as months `YYYY-MM`: all up to `closed_to`, and those named."""

    closed_to: str = ""
    closed: Collection[str] = ()

    def is_closed(self, month: str) -> bool:
        """Whether nothing can be booked in a month any more."""
        return month <= self.closed_to or month in self.closed

    def next_open(self, day: str) -> str:
        """The day itself, or the first one of the next month in which finance books."""
        month = day[:7]
        if not self.is_closed(month):
            return day
        while self.is_closed(month):
            year, number = int(month[:4]), int(month[5:])
            month = f"{year + number // 12:04}-{number % 12 + 1:02}"
        return f"{month}-01"


def day_of(moment: str, zone: str) -> str:
    """The day, in a time zone, of a moment in ISO 8601."""
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).date().isoformat()
