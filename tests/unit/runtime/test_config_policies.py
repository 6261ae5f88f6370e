"""The section `policies`, read from the file; every problem by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.inventory.limits import CorrectionLimit
from tests.unit.runtime.test_config import SOUND, problems, read

LIMITS = "[{units: 50}, {site: EAST, item_class: A, units: 5, percent: 10}]"
READ = (
    CorrectionLimit(units=50),
    CorrectionLimit(site="EAST", item_class="A", units=5, percent=10),
)


def test_nothing_is_limited_unless_the_file_says_so(tmp_path: Path) -> None:
    """No approval is asked for, and no count is shown."""
    policy = read(SOUND, tmp_path).policy()
    assert policy.adjustment_limits == policy.count_tolerances == ()


def test_limits_and_tolerances_are_read_alike(tmp_path: Path) -> None:
    """And each is its own: what is shown need not be approved."""
    policy = read(f"{SOUND}policies: {{adjustments: {LIMITS}}}", tmp_path).policy()
    assert (policy.adjustment_limits, policy.count_tolerances) == (READ, ())
    policy = read(f"{SOUND}policies: {{tolerances: {LIMITS}}}", tmp_path).policy()
    assert (policy.adjustment_limits, policy.count_tolerances) == ((), READ)


@pytest.mark.parametrize("name", ["adjustments", "tolerances"])
@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("5", ""),
        ("[{site: EAST}]", "[0]"),
        ("[{units: 1}, {site: NORTH, units: 1}]", "[1].site"),
        ("[{percent: -1}]", "[0].percent"),
        ("[{units: 1, pieces: 2}]", "[0].pieces"),
    ],
)
def test_a_limit_that_is_none_is_a_problem(
    name: str, said: str, where: str, tmp_path: Path
) -> None:
    """Told by its path."""
    found = problems(f"{SOUND}policies: {{{name}: {said}}}", tmp_path)
    assert set(found) == {f"policies.{name}{where}"}
