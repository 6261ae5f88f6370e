"""A slice of the simulator: schedules that hold, and the proof that seeds decide everything."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from crossdock.contracts.connector import Ability
from crossdock.runtime.simulation.batch import run
from crossdock.runtime.simulation.failpoints import FAILPOINTS
from crossdock.runtime.simulation.plan import FAR_SYSTEMS, Plan, plan_of
from crossdock.runtime.simulation.playing import play

SEEDS = range(1, 121)
STANDARD = Plan(
    seed=11,
    steps=30,
    step_seconds=0.5,
    abilities=dict.fromkeys(FAR_SYSTEMS, Ability.LOOK_UP),
    lease_seconds=2.0,
    known_items_only=False,
)
"""A schedule without faults in which everything that commits is called."""


@pytest.mark.timeout(600)  # less than a minute of the processor's, which others may need too
def test_a_slice_of_schedules_breaks_no_promise() -> None:
    """Faults of every kind, and after them both sides agree."""
    summary = run(SEEDS)
    assert [(one.seed, one.breach) for one in summary.failed] == []
    assert summary.missed == []


@pytest.mark.parametrize("name", FAILPOINTS)
def test_c2_c9_a_process_killed_at_any_commit_loses_nothing_and_does_nothing_twice(
    name: str,
) -> None:
    """Killed on either side of the commit, the hub comes to the same end (C2, C3, C9)."""
    crashed = play(replace(STANDARD, crash_at=name))
    assert crashed.breach is None
    assert crashed.reached[f"killed at {name}"] == 1


_DIGESTS = """
from crossdock.runtime.simulation.plan import plan_of
from crossdock.runtime.simulation.playing import play
print([play(plan_of(seed)).digest for seed in (3, 4, 5, 6)])
"""


def test_a_schedule_is_the_same_in_every_process() -> None:
    """Whatever order Python gives its sets, one seed writes one trace (M7)."""
    traces = {
        subprocess.run(
            [sys.executable, "-c", _DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(traces) == 1


def test_seeds_make_schedules_that_differ() -> None:
    """Each seed has a plan of its own, and the same one every time."""
    plans = [plan_of(seed) for seed in range(50)]
    assert plans == [plan_of(seed) for seed in range(50)]
    assert len({tuple(plan.faults) for plan in plans}) > 40
