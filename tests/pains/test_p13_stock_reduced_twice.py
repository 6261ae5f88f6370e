"""P13: a webhook and the checkout both said that an order was paid, and stock went down twice.

Each transport had its own id for the same business fact, and only ids were compared. Here the fact
itself has a key: the same shipment, movement or adjustment told by two systems, under two ids, is
one message, and what contradicts the first is held for a person instead of being applied.
"""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.stock import StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason
from crossdock.log.records import Answer
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once

_ALL = 1_000_000


def sold(quantity: int = -2) -> StockAdjustment:
    """Two bolts were sold at the till."""
    return StockAdjustment(
        adjustment_id="till-1",
        site="EAST",
        item="bolt",
        quantity=quantity,
        reason=AdjustmentReason.CORRECTION,
    )


def shelf(hub: SmallHub) -> int:
    """Bolts that may be sold."""
    [row] = at_once(hub.store.promises(None, _ALL))
    return row.sellable


def test_two_transports_reduce_once() -> None:
    """One by webhook, one by the checkout, in one batch or one after the other."""
    for batch in (1, 100):
        hub = SmallHub(batch=batch)
        hub.stock(EAST={"bolt": 10})
        first = noun_message(catalogue.STOCK_ADJUSTED, sold(), "webhook-1", source="shop")
        again = noun_message(catalogue.STOCK_ADJUSTED, sold(), "checkout-1", source="till")
        answers = [receipt.answer for receipt in hub.tell(first, again)]
        assert answers == [Answer.ACCEPTED, Answer.DUPLICATE]
        assert shelf(hub) == 8


def test_what_contradicts_the_first_is_held() -> None:
    """The same fact with another quantity is nobody's to guess."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 10})
    first = noun_message(catalogue.STOCK_ADJUSTED, sold(), "webhook-1", source="shop")
    other = noun_message(catalogue.STOCK_ADJUSTED, sold(-3), "checkout-1", source="till")
    assert [r.answer for r in hub.tell(first, other)] == [Answer.ACCEPTED, Answer.RIVAL]
    assert shelf(hub) == 8
