"""Seven messages of one order, in all 5,040 orders of telling and with every duplication (M4)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from math import factorial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.vocabulary import Fate
from crossdock.log.records import NewMessage
from crossdock.sagas.rebuild import FACTS
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy
from crossdock.testing.strategies import AMPLE, Tale, scarce, tales
from tests.property import test_permutations as known
from tests.property.every_order import check, walk
from tests.scenarios.incident import Told, incidents
from tests.scenarios.stage import DOINGS, Row

LIVES = list(incidents(Path(__file__).parent, "lives_of_seven.txt"))
MESSAGES = 7
_OPENING = ("stock", "item")


def opened(life: Told) -> Callable[[], SmallHub]:
    """How a hub is before anything of this life was said."""
    rows = [row for row in life.rows if row.verb in _OPENING]
    said = [_message(number, row, f"o-{number}", 0) for number, row in enumerate(rows)]

    def hub() -> SmallHub:
        made = SmallHub(small_policy())
        made.tell(*said)
        return made

    return hub


def messages(life: Told) -> list[NewMessage]:
    """What is said in this life, each a second after the other."""
    rows = [row for row in life.rows if row.verb not in _OPENING]
    return [_message(number, row, f"m-{number}", number) for number, row in enumerate(rows)]


def _message(number: int, row: Row, name: str, seconds: float) -> NewMessage:
    kind, noun = DOINGS[row.verb](str(number), *row.cells)
    return noun_message(kind, noun, name, seconds=seconds)


@pytest.mark.parametrize("life", LIVES, ids=lambda life: life.name)
def test_seven_messages_end_alike_in_all_their_orders(life: Told) -> None:
    """In each state that no future can tell apart, all is said again; there is one ending."""
    said = messages(life)
    assert len(said) == MESSAGES
    hub = opened(life)()
    receipts = hub.tell(*said)
    decided = hub.store.data.partitions[0].outcomes
    assert {decided[one.position].outcome.fate for one in receipts} == {Fate.APPLIED}
    found = walk(opened(life), said)
    assert found.ways == factorial(MESSAGES)
    assert found.repeats > found.states
    ways = [way for _, way in found.endings]
    assert len(ways) == 1, ways


def test_the_lives_tell_of_everything_that_befalls_an_order() -> None:
    """Ship, cancel, change, hold, release, short, invoice, return and credit occur in them."""
    verbs = {row.verb for life in LIVES for row in life.rows}
    assert verbs >= {
        "order", "change", "cancel", "hold", "let on", "pick", "pack", "ship", "invoice",
        "invoice rejected", "return", "returned", "inspected", "credit", "paid", "force", "hurry",
    }  # fmt: skip
    assert any("short" in cell for life in LIVES for row in life.rows for cell in row.cells)


@pytest.mark.parametrize("tale", known.CASES.values(), ids=known.CASES)
def test_walking_finds_what_playing_each_order_finds(tale: Tale) -> None:
    """As many ways as there are permutations, and the ending of each of them."""
    found = check(tale)
    said = tale.messages()
    assert {repr(ending) for ending, _ in found.endings} == {
        repr(known.ending(tale, order)) for order in permutations(said)
    }


def test_a_fold_that_assigns_instead_of_adding_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk has teeth: two picks that overwrite each other end in more than one way."""
    kind = catalogue.PICK_CONFIRMED
    monkeypatch.setitem(FACTS, kind, known.assigning(FACTS[kind]))
    picks = [known.picked("p", "EAST", found=2), known.picked("q", "EAST", found=3)]
    tale = Tale(AMPLE, [known.placed(("bolt", 9)), *picks])
    assert len(walk(tale.hub, tale.messages()).endings) > 1


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(tale=tales(st.just(AMPLE) | scarce(), more=6, least=6, restock=False, desk=True))
def test_grown_lives_of_seven_end_alike_in_all_their_orders(tale: Tale) -> None:
    """A few of those that `python -m tests.property.every_order` walks by the hundred."""
    check(tale)
