"""Schedules: what the wall says, in the zone that it hangs in, and not outside the window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crossdock.runtime.config_reader import Reader
from crossdock.runtime.config_schedules import read_schedules
from crossdock.runtime.schedules import ByTheClock, Every

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def runs(schedule: ByTheClock, first: str, count: int) -> list[str]:
    """The next runs after a moment."""
    found = [schedule.next_after(utc(first))]
    while len(found) < count:
        found.append(schedule.next_after(found[-1]))
    return [one.isoformat()[:16] for one in found]


def test_a_job_of_the_hour_that_comes_twice_runs_once() -> None:
    """In the night in which the clock is put back; the next day it is an hour later in UTC."""
    nightly = ByTheClock("30 2 * * *", BERLIN)
    assert runs(nightly, "2026-10-24T12:00", 3) == [
        "2026-10-25T00:30",
        "2026-10-26T01:30",
        "2026-10-27T01:30",
    ]


def test_a_job_of_the_hour_that_does_not_come_runs_after_the_gap() -> None:
    """In the night in which the clock is put forward."""
    nightly = ByTheClock("30 2 * * *", BERLIN)
    assert runs(nightly, "2026-03-28T12:00", 2) == ["2026-03-29T01:00", "2026-03-30T00:30"]


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        ("2026-06-01T00:29:59", False),
        ("2026-06-01T00:30:00", True),
        ("2026-06-01T02:29:59", True),
        ("2026-06-01T02:30:00", False),
        ("2026-06-01T12:00:00", False),
    ],
)
def test_a_window_is_open_from_its_time_and_no_longer_than_it_says(now: str, is_open: bool) -> None:
    """Half past two in Berlin in summer, for two hours."""
    nightly = ByTheClock("30 2 * * *", BERLIN, timedelta(hours=2))
    assert nightly.is_open(utc(now)) is is_open


def test_without_a_window_what_was_missed_is_made_good() -> None:
    """A hub that was down at half past two reads when it is up; a poll may at any time."""
    assert ByTheClock("30 2 * * *", BERLIN).is_open(utc("2026-06-01T12:00"))
    assert Every(timedelta(seconds=15)).is_open(utc("2026-06-01T12:00"))


def test_schedules_are_read_from_the_file() -> None:
    """A line, a zone, a window."""
    given = {"items": {"cron": "30 2 * * *", "time_zone": "Europe/Berlin", "within": "2h"}}
    assert read_schedules(Reader({}), given, "systems.erp.schedules") == {
        "items": ByTheClock("30 2 * * *", BERLIN, timedelta(hours=2))
    }


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"cron": "at night"}, "cron"),
        ({"cron": "0 0 30 2 *"}, "cron"),
        ({"cron": "30 2 * * *", "time_zone": "Berlin"}, "time_zone"),
        ({"cron": "30 2 * * *", "time_zone": "../etc/passwd"}, "time_zone"),
        ({"cron": "30 2 * * *", "within": "two hours"}, "within"),
        ({"cron": "30 2 * * *", "until": "5h"}, "until"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_place(
    given: dict[str, object], where: str
) -> None:
    """Also a day that never comes."""
    reader = Reader({})
    read_schedules(reader, {"items": given}, "systems.erp.schedules")
    assert [one.where for one in reader.problems] == [f"systems.erp.schedules.items.{where}"]
