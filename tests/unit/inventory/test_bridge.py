"""The bridge between the two ledgers, as a table that finance and warehouse can agree on."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.movements import kind_of
from crossdock.contracts.postings import Milestone, PostingPeriod, StockPosting
from crossdock.contracts.stock import StockMovement, StockPlace
from crossdock.contracts.vocabulary import INSIDE, StockState
from crossdock.inventory import bridge, ledger
from crossdock.inventory.bridge import PostingMode, PostingPolicy, period_of
from crossdock.log.records import Movement
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy

TABLE = Path(__file__).with_name("tables") / "bridge.txt"
LATER = at(10 * 86_400)


def _rows() -> list[tuple[StockMovement, str]]:
    rows = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            told, _, expected = line.partition("->")
            goods, source, target = re.split(r" {2,}", told.strip())
            item, quantity = goods.split()
            rows.append((_movement(item, int(quantity), source, target), expected.strip()))
    return rows


def _movement(item: str, quantity: int, source: str, target: str) -> StockMovement:
    start, end = _place(source), _place(target)
    return StockMovement(
        movement_id="M-1",
        kind=kind_of(start.state, end.state, apart=start.site != end.site),
        item=item,
        quantity=quantity,
        source=start,
        target=end,
    )


def _moved(said: StockMovement) -> Movement:
    [movement] = ledger.moved(said)
    return movement


def _place(text: str) -> StockPlace:
    state, site = text.split()
    return StockPlace(state=StockState(state), site=site)


def _heard(hub: SmallHub) -> str:
    """All that the ERP was asked for by now."""
    told = []
    for kept in hub.store.data.effects.by_id.values():
        posting = msgspec.json.decode(kept.effect.body, type=StockPosting)
        told += [f"{posting.site} {line.milestone} {line.quantity:+d}" for line in posting.lines]
    return ", ".join(told) or "nothing"


def _days_end(hub: SmallHub) -> None:
    for (site, period, ends), closed in at_once(hub.store.ended_periods(LATER, 99)):
        noun = PostingPeriod(site=site, period=period, ended_at=ends, closing=closed + 1)
        name = f"{site}/{period}/{closed + 1}"
        hub.tell(noun_message(catalogue.POSTING_PERIOD_ENDED, noun, name))


def _hub(mode: PostingMode) -> SmallHub:
    posting = PostingPolicy(dict.fromkeys(Milestone, mode))
    return SmallHub(replace(small_policy(), posting=posting))


@pytest.mark.parametrize(("said", "expected"), _rows(), ids=lambda one: str(one)[:60])
def test_each_movement_means_to_finance_what_the_table_says(
    said: StockMovement, expected: str
) -> None:
    """At once, when the day is over, or never; and the two ledgers agree in every case."""
    wanted = sorted(expected.split(", "))
    meant = [f"{c.site} {c.milestone} {c.quantity:+d}" for c in bridge.crossings(_moved(said))]
    assert sorted(meant or ["nothing"]) == wanted
    if ledger.misfit(said) is not None:
        return  # no warehouse may say so; other facts may mean it
    for mode, at_once_wanted, later_wanted in (
        (PostingMode.EACH, wanted, wanted),
        (PostingMode.SUMMED, ["nothing"], wanted),
        (PostingMode.NONE, ["nothing"], ["nothing"]),
    ):
        hub = _hub(mode)
        hub.tell(noun_message(catalogue.STOCK_MOVED, said, "m-1"))
        assert sorted(_heard(hub).split(", ")) == at_once_wanted
        _days_end(hub)
        assert sorted(_heard(hub).split(", ")) == later_wanted
        for row in at_once(hub.store.financial(None, 99)):
            assert row.execution == row.financial


def test_the_table_speaks_of_every_milestone_and_state() -> None:
    """Neither a milestone nor a way into or out of the house without a row."""
    movements = [_moved(said) for said, _ in _rows()]
    told = {crossing.milestone for one in movements for crossing in bridge.crossings(one)}
    assert told == set(Milestone)
    outside = set(StockState) - INSIDE
    assert set(bridge.ENTERING) == set(bridge.LEAVING) == outside
    assert outside == {one.from_state for one in movements} & outside
    assert outside == {one.to_state for one in movements} & outside


def test_what_the_erp_hears_is_what_stays_in_the_house() -> None:
    """For every pair of states and sites: crossings sum up to the change inside, site by site."""
    for source in StockState:
        for target in StockState:
            for to_site in ("EAST", "WEST"):
                said = _movement("bolt", 3, f"{source} EAST", f"{target} {to_site}")
                movement = _moved(said)
                inside = {"EAST": 0, "WEST": 0}
                inside["EAST"] -= 3 * (source in INSIDE)
                inside[to_site] += 3 * (target in INSIDE)
                for crossing in bridge.crossings(movement):
                    inside[crossing.site] -= crossing.quantity
                assert not any(inside.values()), said


@pytest.mark.parametrize(
    ("moment", "zone", "day", "end"),
    [
        ("2026-03-28T23:30:00+00:00", "Europe/London", "2026-03-28", "2026-03-29T00:00:00+00:00"),
        ("2026-03-29T12:00:00+00:00", "Europe/London", "2026-03-29", "2026-03-29T23:00:00+00:00"),
        ("2026-10-25T12:00:00+00:00", "Europe/London", "2026-10-25", "2026-10-26T00:00:00+00:00"),
        (
            "2026-01-01T03:00:00+00:00",
            "America/New_York",
            "2025-12-31",
            "2026-01-01T05:00:00+00:00",
        ),
        ("2026-01-01T03:00:00+00:00", "UTC", "2026-01-01", "2026-01-02T00:00:00+00:00"),
    ],
)
def test_a_day_of_finance_ends_at_midnight_of_its_zone(
    moment: str, zone: str, day: str, end: str
) -> None:
    """Days of 23 and 25 hours among them."""
    period, ends = period_of(datetime.fromisoformat(moment).astimezone(UTC), zone)
    assert (period, ends.isoformat()) == (day, end)
