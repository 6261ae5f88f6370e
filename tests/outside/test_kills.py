"""Real processes are struck while the demo runs; nothing is lost, nothing is done twice.

The long run is `make chaos`; this is the same code, a few blows long.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crossdock.runtime.demo.run import Wish
from crossdock.testing.outside.report import WEIGHTS, Blow, Plan, Stage
from crossdock.testing.outside.run import play
from crossdock.testing.outside.volumes import why_not_mount
from tests.helpers.aio import run

# The time limit of a start is for a machine that does nothing else; here it only must come.
SECONDS_MAX = 220.0
DECIDED_SECONDS_MAX = 40.0


def plan(
    orders: int, rounds: int, stage: Stage = Stage.EMBEDDED, only: tuple[Blow, ...] = ()
) -> Plan:
    """A short run."""
    wish = Wish(orders=orders, seed=3)
    return Plan(
        wish,
        rounds,
        stage,
        only=only,
        seconds_max=SECONDS_MAX,
        decided_seconds_max=DECIDED_SECONDS_MAX,
    )


@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_c1_c4_a_hub_that_is_killed_goes_on(tmp_path: Path) -> None:
    """Whatever it is killed with, the log and both sides agree in the end (C1, C4)."""
    report = run(play(plan(20, 2), tmp_path))
    assert report.violations == []
    assert report.sound
    assert report.figures["receipts_compared"] > 1_000


@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_c3_d2_n2_lost_answers_cost_nothing_and_make_nothing_twice(tmp_path: Path) -> None:
    """Commits and effects happen and nobody hears of it; sessions die (C3, D2, N2)."""
    only = (Blow.COMMITS, Blow.REPLIES, Blow.SESSION)
    report = run(play(plan(10, 3, Stage.APART, only), tmp_path))
    assert report.violations == []
    assert report.sound
    assert report.figures["effects_asked_again"] > 0


@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_requests_that_come_twice_are_done_once(tmp_path: Path) -> None:
    """By systems that honour keys; the others are spared: nothing keeps those from doing it.

    Work comes in slices before each blow, as with `--every`.
    """
    steady = replace(plan(30, 3, Stage.APART, (Blow.TWICE,)), gap_seconds=(1.2, 1.6))
    report = run(play(steady, tmp_path))
    assert report.violations == []
    assert report.sound
    assert any(not struck.detail.startswith("0 ") for struck in report.blows)


@pytest.mark.postgres
@pytest.mark.timeout(240)
@pytest.mark.parametrize("blow", [Blow.STALL, Blow.STILL, Blow.RESTART], ids=lambda b: b.name)
def test_c6_d1_what_stood_still_or_was_down_goes_on(tmp_path: Path, blow: Blow) -> None:
    """A worker past its lease; a database as on a disk that does not answer; one that is down."""
    report = run(play(plan(10, 1, Stage.APART, (blow,)), tmp_path))
    assert report.violations == []
    assert report.sound
    assert [struck.blow for struck in report.blows] == [blow]


@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_d3_d4_a_disk_that_fills_up_loses_nothing(tmp_path: Path) -> None:
    """Nearly full it is refused in time; full, the database ends and comes back (D3, D4)."""
    if reason := why_not_mount():
        pytest.skip(reason)
    report = run(play(plan(20, 2, Stage.DISKS), tmp_path))
    assert report.violations == []
    assert report.sound


def test_every_blow_may_fall() -> None:
    """No kind of blow is without a weight, and an order for some of them is kept."""
    assert set(Blow) == {blow for weights in WEIGHTS.values() for blow in weights}
    only = Plan(Wish(), stage=Stage.APART, only=(Blow.STALL,))
    assert only.weights() == {Blow.STALL: WEIGHTS[Stage.APART][Blow.STALL]}
