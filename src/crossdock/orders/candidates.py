"""Sites compared for an order: who delivers in time, has room, and costs how much (R58).

Pure, over values: the time is that of the message, capacity and stock are what was loaded. A house
may put a rule of its own in place of this one (`sourcing.hook`): a pure function that takes a
`Question` and gives the names of sites, best first; what it leaves out serves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from crossdock.orders.policy import Criterion, SiteTerms

_ELSEWHERE = "*"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A site that may serve an order; `free` is what it has of each wanted line's item."""

    site: str
    leaves: date  # when goods that are asked for now leave it
    arrives: date | None  # None: nobody knows how long it takes there
    in_time: bool
    room: int | None  # base units that it can still do that day; None: nobody said
    cost_minor: int
    free: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Question:
    """What a house's own rule is asked; `wanted` are base units by line."""

    order_id: str
    channel: str
    customer: str
    country: str
    priority: int
    requested_for: datetime | None
    items: Mapping[str, str]
    wanted: Mapping[str, int]
    candidates: Sequence[Candidate]


def leaving(terms: SiteTerms, now: datetime) -> date:
    """The day on which goods leave that are asked for now: today, or after the cut-off tomorrow."""
    local = now.astimezone(ZoneInfo(terms.time_zone))
    late = terms.cut_off_minutes is not None and (
        local.hour * 60 + local.minute > terms.cut_off_minutes
    )
    return local.date() + timedelta(days=1 if late else 0)


def arriving(terms: SiteTerms, leaves: date, country: str) -> date | None:
    """The day on which they arrive: calendar days in transit later."""
    days = terms.transit_days.get(country, terms.transit_days.get(_ELSEWHERE))
    return None if days is None else leaves + timedelta(days=days)


def in_time(terms: SiteTerms, arrives: date | None, wanted: datetime | None) -> bool:
    """Whether they arrive on the wanted day or before; where none is wanted, always."""
    if wanted is None:
        return True
    return arrives is not None and arrives <= wanted.astimezone(ZoneInfo(terms.time_zone)).date()


def best_first(
    candidates: Sequence[Candidate], by: Sequence[Criterion], units: int
) -> list[Candidate]:
    """The candidates by these criteria, in their order; of equals the earlier named goes first."""

    def key(one: Candidate) -> tuple[int, ...]:
        worth = {
            Criterion.SERVICE: 0 if one.in_time else 1,
            Criterion.CAPACITY: 0 if one.room is None or one.room >= units else 1,
            Criterion.COST: one.cost_minor,
        }
        return tuple(worth[criterion] for criterion in by)

    return sorted(candidates, key=key)


def in_words(one: Candidate) -> str:
    """What speaks for a site or against it."""
    arrival = f"arrives {one.arrives}" if one.arrives is not None else "arrival unknown"
    late = "" if one.in_time else ", too late"
    room = "" if one.room is None else f", room for {one.room}"
    return f"{one.site} ({arrival}{late}{room}, costs {one.cost_minor})"


def fullest_first(asked: Question) -> list[str]:
    """A rule that a house may name as its hook: who has most of what is wanted serves first."""
    return [one.site for one in sorted(asked.candidates, key=lambda one: -sum(one.free.values()))]
