"""A shadow under the same rules is history; under others it differs where they do (M3)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crossdock.runtime.commands.state import state_of
from crossdock.runtime.shadow import BadMapping, Shadow, compare, history, outcome_differences
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.hub import at_once
from tests.scenarios.stage import Seen, Stage
from tests.scenarios.test_stories import STORIES

_OTHERWISE = {
    "56_a_held_effect_is_ruled_on",  # what far systems answered is no part of a shadow
    "76_a_recipe_is_taken_away",  # its house changes its rules on the way
    # Calls have a partition of their own, and on this stage everything is decided at one moment,
    # so nothing says which of two partitions was first.
    "70_an_order_is_asked_rule_by_rule",
    "83_an_order_is_taken_while_its_channel_waits",
    "77_what_an_instance_may_not_be_told",  # likewise: later versions of a recipe are added
}


def told(story: Path) -> Stage:
    """A story that was played to its end."""
    stage = Stage(Seen())
    stage.play(story.read_text(encoding="utf-8"))
    return stage


@pytest.mark.parametrize(
    "story", [s for s in STORIES if s.stem not in _OTHERWISE], ids=lambda story: story.stem
)
def test_the_same_rules_reproduce_history(story: Path) -> None:
    """Every message ends as it did, and what stands is the same to the hash."""
    stage = told(story)
    logged = at_once(history(stage.hub.store))
    shadow = Shadow(stage.hub.policy)
    asyncio.run(shadow.play(logged))
    assert outcome_differences(logged, shadow) == []
    assert shadow.unsaid == 0
    store = MemoryStore(data=shadow.data)
    assert at_once(state_of(store)).hash == at_once(state_of(stage.hub.store)).hash


def _shadows(text: str, **changed: Any) -> dict[str, list[dict[str, Any]]]:
    """What differs when the story is decided with something changed."""
    stage = Stage(Seen())
    stage.play(text)
    logged = at_once(history(stage.hub.store))
    mapping = changed.pop("mapping", None)
    now = Shadow(stage.hub.policy)
    other = Shadow(replace(stage.hub.policy, **changed), mapping)
    for one in (now, other):
        asyncio.run(one.play(logged))
    return compare(now, other)


TWO_ORDERS = """
stock  EAST  bolt 10
stock  EAST  nut 10
order  O1    1 bolt 4
order  O2    1 nut 3
"""


def test_a_mapping_of_one_line_changes_the_documents_that_it_touches() -> None:
    """Halved quantities of bolts: the order of bolts and its release differ, nothing else."""

    def halved(envelope: dict[str, Any]) -> dict[str, Any]:
        for line in envelope["data"].get("lines", ()):
            if line["item"] == "bolt":
                line["quantity"] //= 2
        return envelope

    found = _shadows(TWO_ORDERS, mapping=halved)
    assert {row["order"] for row in found["orders"]} == {"O1"}
    assert {(row["path"], row["before"], row["after"]) for row in found["orders"]} == {
        ("$.lines.1.ordered", 4, 2),
        ("$.lines.1.sites.EAST.reserved", 4, 2),
        ("$.lines.1.sites.EAST.released", 4, 2),
    }
    assert found["effects"] == [
        {
            "effect": "wms_east/release/O1-R1",
            "path": "$.lines[0].quantity",
            "before": 4,
            "after": 2,
        }
    ]
    assert found["outcomes"] == found["balances"] == found["conditions"] == []


def test_another_policy_changes_what_it_rules() -> None:
    """With known items only, both orders are held, and their releases are not asked for."""
    found = _shadows(TWO_ORDERS, known_items_only=True)
    assert {row["order"] for row in found["orders"]} == {"O1", "O2"}
    gone = {row["effect"] for row in found["effects"] if row["after"] is None}
    assert gone == {"wms_east/release/O1-R1", "wms_east/release/O2-R1"}


def test_a_mapping_that_fails_says_on_which_message() -> None:
    """By its place; nothing is half compared."""

    def broken(envelope: dict[str, Any]) -> dict[str, Any]:
        raise KeyError(envelope["id"])

    with pytest.raises(BadMapping, match="0:1"):
        _shadows(TWO_ORDERS, mapping=broken)
