"""Reads `systems.*.schedules`: by feed, a cron line, its time zone and its window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from crossdock.runtime.config_reader import Reader
from crossdock.runtime.schedules import ByTheClock, Schedule

_ANY: Final = datetime(2026, 1, 1, tzinfo=UTC)


def read_schedules(reader: Reader, value: object, where: str) -> dict[str, Schedule]:
    """By the name of a feed, when it is read; what is wrong is written down."""
    found: dict[str, Schedule] = {}
    for feed, given in reader.section(value, where).items():
        at = f"{where}.{feed}"
        section = reader.section(given, at)
        reader.only(section, at, ("cron", "time_zone", "within"))
        cron = reader.text(section, "cron", at)
        zone = reader.text(section, "time_zone", at, "UTC")
        within = reader.seconds(section, "within", at)
        if not _is_cron(cron):
            reader.wrong(f"{at}.cron", cron, 'a cron line that comes round: "30 2 * * *"')
        elif (known := _zone(zone)) is None:
            reader.wrong(f"{at}.time_zone", zone, "a time zone such as Europe/Berlin")
        else:
            found[feed] = ByTheClock(
                cron, known, None if within is None else timedelta(seconds=within)
            )
    return found


def _is_cron(line: str) -> bool:
    try:
        next(CronSim(line, _ANY))
    except (CronSimError, StopIteration):
        return False
    return True


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # what it says of a name that is none
        return None
