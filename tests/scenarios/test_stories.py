"""What a distributor recognises: each file under stories/ is a table, played as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.vocabulary import InstructionRefusal, OrderRefusal, OrderStatus
from crossdock.orders.lifecycle import TABLE, Event
from crossdock.sagas.deciders import DECIDERS
from tests.scenarios.said import said_in_code, unmet
from tests.scenarios.stage import Seen, Stage

STORIES = sorted(Path(__file__).with_name("stories").glob("*.txt"))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_the_story_goes_as_it_is_written(story: Path) -> None:
    """Every line of the table holds, and the house balances after each of them."""
    Stage(Seen()).play(story.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def seen() -> Seen:
    """The words that occur when all stories are played."""
    found = Seen()
    for story in STORIES:
        Stage(found).play(story.read_text(encoding="utf-8"))
    return found


def test_every_message_that_is_decided_occurs_in_a_story(seen: Seen) -> None:
    """No decider without a story in which its message is applied, or held where that is its end."""
    assert set(DECIDERS) - seen.types == {catalogue.RECORD_SET_ASIDE}
    assert any(reason.startswith("record-unreadable") for reason in seen.reasons)


def test_every_status_occurs_in_a_story(seen: Seen) -> None:
    """No status that an order never has."""
    assert set(OrderStatus) - {OrderStatus(name) for name in seen.statuses} == set()


def test_every_kind_of_note_occurs_in_a_story(seen: Seen) -> None:
    """No condition that nobody ever met."""
    assert unmet(said_in_code("note"), seen.notes) == []


def test_every_reason_against_a_message_occurs_in_a_story(seen: Seen) -> None:
    """No reason to hold or to pass over a message that nobody ever met."""
    assert unmet(said_in_code("hold"), seen.reasons) == []
    assert unmet(said_in_code("supersede"), seen.reasons) == []


def test_every_refusal_of_an_instruction_occurs_in_a_story(seen: Seen) -> None:
    """No reason not to move an instance on that nobody ever met."""
    met = {reason.rpartition(": ")[2] for reason in seen.reasons if "not moved on" in reason}
    assert met == {refusal.value for refusal in InstructionRefusal}


def test_every_hold_of_an_order_occurs_in_a_story(seen: Seen) -> None:
    """No reason to hold an order that nobody ever met."""
    holds = [pattern for pattern in said_in_code("add") if ":" in pattern]
    assert unmet(holds, seen.holds) == []


def test_every_row_of_the_table_of_an_orders_life_occurs_in_a_story(seen: Seen) -> None:
    """No row of the table that nobody has told as a story."""
    met = {(before, event) for before, event, _ in seen.moves}
    rows = [row for row in TABLE if not any((one, row.event) in met for one in row.before)]
    # Placing twice is held, and so no part of a history; the hub grants and reviews placed orders.
    apart = [(Event.PLACED, True), (Event.GRANTED, False), (Event.REVIEWED, False)]
    assert [(row.event, row.before) for row in rows if (row.event, row.late) not in apart] == []


def test_every_refusal_of_an_order_occurs_in_a_story(seen: Seen) -> None:
    """No rule that nobody ever broke."""
    assert {one.value for one in OrderRefusal} - seen.refusals == set()


def test_a_wrong_story_fails() -> None:
    """The stage has teeth: a figure that is not so, or a condition left unspoken, ends a story."""
    story = "stock  EAST  bolt 3\norder  O1  1 bolt 4\n"
    Stage(Seen()).play(f"{story}line  O1 1  -> backordered 1")
    with pytest.raises(AssertionError, match="backordered 1"):
        Stage(Seen()).play(f"{story}line  O1 1  -> backordered 2")
    with pytest.raises(AssertionError, match="short-pick"):
        Stage(Seen()).play(f"{story}pick  O1  EAST  1 bolt 2 short 1")
