"""The section `posting`: which milestones the ERP hears of, how, and in whose days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crossdock.inventory.bridge import PostingMode, PostingPolicy
from crossdock.runtime.config_reader import Reader


def read_posting(reader: Reader, section: Mapping[str, Any]) -> PostingPolicy:
    """What finance hears; a milestone that is not named is posted as by default."""
    known = (
        "time_zone", "receipt", "shipment", "return_receipt", "adjustment", "transfer", "scrap",
    )  # fmt: skip
    reader.only(section, "posting", known)
    default = PostingPolicy()
    modes = {
        milestone: reader.choice(section, milestone.value, "posting", PostingMode, mode)
        for milestone, mode in default.modes.items()
    }
    zone = reader.text(section, "time_zone", "posting", default.zone)
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        reader.wrong("posting.time_zone", zone, "a time zone such as Europe/London")
        zone = default.zone
    return PostingPolicy(modes, zone)
