"""The bugs that are planted to see whether the simulator finds them."""

from __future__ import annotations

import ast

import pytest

from tests.simulation.planted import BUGS, Bug
from tests.simulation.planting import Hunted, table
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


SHOWN = Bug("a fence is gone", "I22", "a.py", "old", "new")
HIDDEN = Bug("a wait is gone", "L3", "a.py", "old", "new", equivalent="it waits elsewhere")


@pytest.mark.parametrize(
    ("hunted", "is_missed"),
    [
        (Hunted(SHOWN, 3, "I22 attempts_fenced", "twice"), False),
        (Hunted(SHOWN), True),
        (Hunted(HIDDEN), False),
        (Hunted(HIDDEN, 8, "L2 comes_to_rest", "is due"), True),
        (Hunted(SHOWN, 3, "I22 attempts_fenced", trouble="seed 3 fails without it"), True),
        (Hunted(HIDDEN, trouble="ImportError"), True),
    ],
)
def test_what_nobody_found_or_wrongly_explained_is_told(hunted: Hunted, is_missed: bool) -> None:
    """A bug is found or explained, not both; a hunt that says nothing of the bug is no find."""
    assert hunted.is_missed is is_missed


def test_the_table_says_by_which_seed_and_by_what() -> None:
    """One line a bug: its name, the first seed that shows it, and the question that saw it."""
    lines = list(table([Hunted(SHOWN, 3, "I22 attempts_fenced"), Hunted(SHOWN), Hunted(HIDDEN)]))
    assert [line.split("  ", 1)[1].split() for line in lines[1:3]] == [
        ["3", "I22", "attempts_fenced"],
        ["-", "MISSED"],
    ]
    assert lines[3].endswith("equivalent: it waits elsewhere")
