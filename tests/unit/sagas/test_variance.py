"""What people are shown of a count ends alike, whoever was told of what first."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

from crossdock.contracts import catalogue
from crossdock.contracts.counts import StockCount
from crossdock.contracts.stock import StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason
from crossdock.inventory.limits import CorrectionLimit
from crossdock.log.records import NewMessage
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy

POLICY = replace(small_policy(), count_tolerances=(CorrectionLimit(units=5),))


def _counted(name: str, quantity: int, seconds: float) -> NewMessage:
    noun = StockCount(count_id=name, site="EAST", item="bolt", quantity=quantity)
    return noun_message(catalogue.STOCK_COUNTED, noun, name, seconds=seconds)


def _adjusted(name: str, quantity: int, seconds: float) -> NewMessage:
    noun = StockAdjustment(
        adjustment_id=name,
        site="EAST",
        item="bolt",
        quantity=quantity,
        reason=AdjustmentReason.FOUND,
    )
    return noun_message(catalogue.STOCK_ADJUSTED, noun, name, seconds=seconds)


def _shown(messages: tuple[NewMessage, ...]) -> dict[str, str]:
    """The figures that stand at the end; what was taken back is as good as never shown."""
    hub = SmallHub(POLICY)
    for message in messages:
        hub.tell(message)
        hub.ring(3_600)
    notes = [note for note in at_once(hub.store.exceptions(1_000)) if note.kind == "stock-variance"]
    return {note.key: note.detail for note in notes if note.detail.startswith("counted ")}


def test_the_figures_do_not_depend_on_who_was_told_first() -> None:
    """The first count differs by -8, the second by +6; a third is of the second's moment."""
    messages = (
        _adjusted("A1", 20, 1),
        _counted("C1", 12, 2),
        _adjusted("A2", 4, 3),
        _counted("C2", 10, 4),
        _counted("C3", 22, 4),
    )
    expected = {
        "EAST/C1/bolt": "counted 12, believed 20, -8: more than 5 units",
        "EAST/C3/bolt": "counted 22, believed 16, +6: more than 5 units",
    }
    for order in permutations(messages):
        assert _shown(order) == expected
