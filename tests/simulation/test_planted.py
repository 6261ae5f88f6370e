"""The bugs that are planted to see whether the simulator finds them."""

from __future__ import annotations

import ast

import pytest

from tests.simulation.planted import BUGS, Bug
from tests.tidy import scan

BUGS_MIN = 25


def test_there_are_enough_bugs_to_trust_who_finds_them() -> None:
    """At least as many as the promise names, each under a name of its own."""
    assert len({bug.name for bug in BUGS}) == len(BUGS) >= BUGS_MIN


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_each_bug_can_still_be_planted(bug: Bug) -> None:
    """What it replaces stands in the source once, and what comes out is a program."""
    text = (scan.SOURCE / bug.file).read_text(encoding="utf-8")
    ast.parse(bug.planted(text))
