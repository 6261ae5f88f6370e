"""A batch of schedules: what it says for scripts, what it must reach, how a failure is shrunk."""

from __future__ import annotations

import json

import pytest

from crossdock.runtime.commands import simulate
from crossdock.runtime.simulation.batch import floors, shrink
from crossdock.runtime.simulation.failpoints import FAILPOINTS
from crossdock.runtime.simulation.plan import Fault, Plan


def test_scripts_read_the_keys_that_were_promised(capsys: pytest.CaptureFixture[str]) -> None:
    """The last line is one object with seeds, store, schedules, violations and coverage."""
    ended = simulate.run("1..2", "memory", 1, verbose=False, as_json=True)
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert ended == 0
    assert (said["seeds"], said["store"], said["schedules"]) == ("1..2", "memory", 2)
    assert (said["violations"], said["first_failing_seed"]) == (0, None)
    assert said["coverage"]["fate applied"] > 0


@pytest.mark.parametrize("seeds", ["", "2..1", "a..b", "1..", "-1"])
def test_seeds_that_are_none_are_refused(seeds: str) -> None:
    """Nothing is played where nobody can say what."""
    with pytest.raises(simulate.BadSeeds):
        simulate.run(seeds, "memory", 1, verbose=False, as_json=False)


def test_a_large_batch_must_reach_every_failpoint_and_fault() -> None:
    """What is never reached is never tested, so the batch fails without it."""
    wanted = {name for name, _ in floors(10_000)}
    assert {f"killed at {name}" for name in FAILPOINTS} < wanted
    assert {f"fault {fault.name}" for fault in Fault} < wanted
    assert {"StockMoved", "DocumentMoved", "LeaseLost", "taken from a pool alone"} < wanted
    assert list(floors(1)) == []


def test_a_failure_is_shrunk_to_what_it_needs() -> None:
    """Faults and steps that the failure does not need are left out."""

    def breach_of(plan: Plan) -> str | None:
        needs = Fault.CRASH in plan.faults and not {5, 9} & plan.left_out
        return "something" if needs else None

    whole = Plan(seed=1, steps=12, faults=dict.fromkeys(Fault, 0.1))
    smallest = shrink(whole, breach_of)
    assert list(smallest.faults) == [Fault.CRASH]
    assert set(range(12)) - smallest.left_out == {5, 9}
