"""The declared bridge between two ledgers: which movements are milestones that finance hears of.

Execution stock is what the warehouses say, movement by movement; financial stock is what the ERP
accounts for, milestone by milestone. Goods that come into the house, leave it or change sites are
a milestone; whatever happens to them inside (put away, picked, packed, moved, quarantined) posts
nothing (R89). Quantities and references only: the ERP values them (R97).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from crossdock.contracts.postings import Milestone
from crossdock.contracts.vocabulary import INSIDE, StockState
from crossdock.log.records import Movement


class PostingMode(StrEnum):
    """How the ERP hears of a milestone."""

    EACH = "each"  # at once, one posting per message and site
    SUMMED = "summed"  # added up, one posting per site and day
    NONE = "none"  # not from us: it knows by itself


ENTERING: Mapping[StockState, Milestone] = {
    StockState.SUPPLIER: Milestone.RECEIPT,
    StockState.CUSTOMER: Milestone.RETURN_RECEIPT,
    StockState.ADJUSTMENT: Milestone.ADJUSTMENT,
    StockState.SCRAPPED: Milestone.SCRAP,
}
"""By the outside account that goods come from, what it is that they come in."""

LEAVING: Mapping[StockState, Milestone] = {
    StockState.SUPPLIER: Milestone.RECEIPT,
    StockState.CUSTOMER: Milestone.SHIPMENT,
    StockState.ADJUSTMENT: Milestone.ADJUSTMENT,
    StockState.SCRAPPED: Milestone.SCRAP,
}
"""By the outside account that goods go to, what it is that they leave."""


class Crossing(NamedTuple):
    """What one movement means to finance at one site, in base units more or fewer."""

    milestone: Milestone
    site: str
    quantity: int


def crossings(movement: Movement) -> tuple[Crossing, ...]:
    """The milestones that a movement is; none while the goods stay inside one site.

    What goes from one outside account to another (returned and scrapped at the door) went through
    the house: it came in and left.
    """
    source, target, quantity = movement.from_state, movement.to_state, movement.quantity
    if source in INSIDE:
        if target not in INSIDE:
            return (Crossing(LEAVING[target], movement.from_site, -quantity),)
        if movement.from_site == movement.to_site:
            return ()
        return (
            Crossing(Milestone.TRANSFER, movement.from_site, -quantity),
            Crossing(Milestone.TRANSFER, movement.to_site, quantity),
        )
    if target in INSIDE:
        return (Crossing(ENTERING[source], movement.to_site, quantity),)
    if source == target:
        return ()
    return (
        Crossing(ENTERING[source], movement.from_site, quantity),
        Crossing(LEAVING[target], movement.from_site, -quantity),
    )


_MODES = dict.fromkeys(Milestone, PostingMode.EACH) | {Milestone.ADJUSTMENT: PostingMode.SUMMED}


@dataclass(frozen=True, slots=True)
class PostingPolicy:
    """How each milestone is posted, and in which time zone finance counts its days."""

    modes: Mapping[Milestone, PostingMode] = field(default_factory=lambda: dict(_MODES))
    zone: str = "UTC"


def period_of(moment: datetime, zone: str) -> tuple[str, datetime]:
    """The day that something happened on in this zone, and the moment (UTC) that ends it."""
    day = moment.astimezone(_zone(zone)).date()
    return day.isoformat(), _end(day, zone)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=64)
def _end(day: date, zone: str) -> datetime:
    midnight = datetime.combine(day + timedelta(days=1), time(), _zone(zone))
    return midnight.astimezone(UTC)
