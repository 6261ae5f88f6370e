"""The section `conditions`, read from the file; every problem by its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.contracts.conditions import CONDITIONS, Severity
from tests.unit.runtime.test_config import SOUND, problems, read


def test_a_house_may_give_a_kind_to_another_team(tmp_path: Path) -> None:
    """What it does not say of a kind, and every other kind, stays as it ships."""
    said = "conditions: {short-pick: {team: order desk, hours: 4, severity: high}}"
    found = read(f"{SOUND}{said}", tmp_path).conditions
    row = found["short-pick"]
    assert (row.team, row.hours, row.severity) == ("order desk", 4, Severity.HIGH)
    assert row.category is CONDITIONS["short-pick"].category
    assert {kind: row for kind, row in found.items() if kind != "short-pick"} == {
        kind: row for kind, row in CONDITIONS.items() if kind != "short-pick"
    }


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("{shortpick: {team: order desk}}", "conditions.shortpick"),
        ("{short-pick: {hours: 0}}", "conditions.short-pick.hours"),
        ("{short-pick: {severity: awful}}", "conditions.short-pick.severity"),
        ("{short-pick: {owner: order desk}}", "conditions.short-pick.owner"),
    ],
)
def test_what_is_no_condition_is_a_problem(said: str, where: str, tmp_path: Path) -> None:
    """Told by its path."""
    assert set(problems(f"{SOUND}conditions: {said}", tmp_path)) == {where}
