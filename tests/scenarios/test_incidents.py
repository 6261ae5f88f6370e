"""Forty things that go wrong and more: for each, `trace` names the cause and the safe action."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.scenarios.incident import Incident, Told, incidents

INCIDENTS = list(incidents(Path(__file__).with_name("incidents")))


@pytest.mark.parametrize("told", INCIDENTS, ids=lambda told: told.name)
def test_the_cause_and_the_safe_action_are_named(told: Told) -> None:
    """Every line of the incident holds, and no condition of it is left unspoken by its trace."""
    Incident().play(told.text)


def test_there_are_forty_incidents_each_with_a_cause_and_an_action() -> None:
    """Each asks its trace for both, under a name of its own."""
    assert len(INCIDENTS) >= 40
    assert max(Counter(told.name for told in INCIDENTS).values()) == 1
    for told in INCIDENTS:
        asked = {row.verb for row in told.rows}
        assert asked & {"cause", "open", "awaits"}, told.name
        assert "next" in asked, told.name


@pytest.mark.parametrize("verb", ["cause", "open", "awaits", "next", "found"])
def test_a_sentence_that_is_not_said_fails_the_incident(verb: str) -> None:
    """The stage has teeth: what is expected must be among what the trace says."""
    story = "stock  EAST  bolt 3\norder  O1  1 bolt 4\nhold  O1  H1  fraud\n"
    with pytest.raises(AssertionError, match=f"{verb} O1"):
        Incident().play(f"{story}{verb}  O1  -> it is the weather")


def test_a_condition_that_no_trace_was_asked_about_fails_the_incident() -> None:
    """What the hub noted must be said to somebody."""
    story = "stock  EAST  bolt 3\norder  O1  1 bolt 1\nship  O1  EAST  S1  1 bolt 3\n"
    with pytest.raises(AssertionError, match="over-shipped"):
        Incident().play(story)
