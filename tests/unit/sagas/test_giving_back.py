"""A promise that nobody needs any more goes to the next in line, also when it was just granted."""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderCancellation, OrderLine
from crossdock.contracts.stock import Receipt, ReceiptLine
from crossdock.log.records import NewMessage
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub


def placed(order_id: str, quantity: int) -> NewMessage:
    """An order for bolts."""
    line = OrderLine(line="1", item="bolt", quantity=quantity)
    noun = Order(order_id=order_id, channel="web", customer="acme", currency="EUR", lines=(line,))
    return noun_message(catalogue.ORDER_PLACED, noun, order_id)


def test_a_grant_for_an_order_that_was_cancelled_meanwhile_goes_to_the_next() -> None:
    """Nobody was asked for the units, so no warehouse need answer before they are free."""
    hub = SmallHub(batch=1)
    hub.tell(placed("first", 3), placed("second", 2))
    line = ReceiptLine(item="bolt", quantity=3)
    came = Receipt(receipt_id="r", site="EAST", lines=(line,))
    gone = OrderCancellation(cancellation_id="c", order_id="first")
    # Both stand on the log before the grant that the receipt leads to.
    hub.tell(
        noun_message(catalogue.RECEIPT_POSTED, came, "r"),
        noun_message(catalogue.ORDER_CANCELLATION_REQUESTED, gone, "c"),
    )
    assert hub.order("first").lines["1"].total("reserved") == 0
    assert hub.order("second").lines["1"].total("reserved") == 2
    assert hub.store.data.waiting["bolt"] == {}
    promise = hub.store.data.promises["bolt"]["EAST"]
    assert (promise.sellable, promise.reserved) == (3, 2)
    assert [
        e.effect.key
        for e in hub.store.data.effects.by_id.values()
        if e.effect.type == catalogue.ORDER_RELEASED
    ] == ["second"]
