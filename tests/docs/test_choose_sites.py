"""The guide to a house's own sourcing rule: the function that it shows works as it says."""

from __future__ import annotations

from datetime import date

from crossdock.orders.candidates import Candidate, Question
from tests.docs.pages import DOCS, block

PAGE = DOCS / "guides" / "choose-sites.md"


def candidate(site: str, free: int, *, in_time: bool = True) -> Candidate:
    """A site with so many bolts."""
    day = date(2031, 3, 3)
    return Candidate(site, day, day, in_time, None, 0, {"1": free})


def test_the_rule_of_the_guide_ranks_sites() -> None:
    """The fuller shelf first, and nobody who is late."""
    names: dict[str, object] = {}
    exec(block(PAGE, "hook").text, names)
    rule = names["prefer_the_fuller_shelf"]
    assert callable(rule)
    asked = Question(
        order_id="O1",
        channel="web",
        customer="ACME",
        country="GB",
        priority=5,
        requested_for=None,
        items={"1": "bolt"},
        wanted={"1": 4},
        candidates=(
            candidate("EAST", 4),
            candidate("WEST", 9),
            candidate("NORTH", 99, in_time=False),
        ),
    )
    assert rule(asked) == ["WEST", "EAST"]
