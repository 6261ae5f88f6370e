"""The power-cut run finds nothing where the disk is honest, and finds the loss where it is not."""

from __future__ import annotations

import pytest

from crossdock.runtime.demo.run import Wish
from crossdock.testing.outside.power_cut import CutPlan, CutReport, play
from crossdock.testing.outside.volumes import why_not_mount
from tests.helpers.aio import run


def cut(*, fsync: bool) -> CutReport:
    """One power cut under a small load; skips where no file system can be mounted."""
    if reason := why_not_mount():
        pytest.skip(reason)
    return run(play(CutPlan(Wish(orders=60), rounds=1, fsync=fsync)))


@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_c5_what_was_answered_is_on_the_disk() -> None:
    """After a power cut every receipt is on the log with its bytes, all invariants hold (C5)."""
    report = cut(fsync=True)
    assert report.violations == []
    assert report.sound
    assert 0 < report.cuts[0].answered <= report.cuts[0].recovered


@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_c5_a_database_that_does_not_wait_for_its_disk_is_found_out() -> None:
    """With fsync off answered messages are gone, so the run above would notice (C5)."""
    report = cut(fsync=False)
    assert not report.sound
    assert report.cuts[0].answered > 0
    assert report.cuts[0].lost
