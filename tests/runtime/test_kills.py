"""The hub is killed while the demo runs; nothing is lost, nothing is done twice.

The long run is `make kill`; this is the same code, three blows long.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.runtime.demo.kill_report import Plan
from crossdock.runtime.demo.kills import play
from crossdock.runtime.demo.run import Wish
from tests.helpers.aio import run


@pytest.mark.postgres
def test_a_hub_that_is_killed_goes_on(tmp_path: Path) -> None:
    """Whatever it is killed with, the log and both sides agree in the end."""
    # The time limit of a start is for a machine that does nothing else; here it only must come.
    plan = Plan(Wish(orders=150, seed=3), rounds=3, seconds_max=90, decided_seconds_max=30)
    report = run(play(plan, tmp_path))
    assert report.violations == []
    assert report.sound
    assert report.figures["receipts_compared"] > 3_000
