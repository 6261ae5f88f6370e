"""Nobody waits for what is there: the waiting list says what the orders lack, and from where."""

from __future__ import annotations

from dataclasses import replace

from crossdock.contracts import catalogue
from crossdock.contracts.orders import LineQuantity, Order, OrderCancellation, OrderLine
from crossdock.contracts.products import Item
from crossdock.contracts.stock import Receipt, ReceiptLine
from crossdock.contracts.vocabulary import ItemKind
from crossdock.contracts.words import Noun
from crossdock.log.records import NewMessage
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy


def order(order_id: str, *lines: tuple[str, int]) -> Order:
    """An order; the item post is a service."""
    return Order(
        order_id=order_id,
        channel="web",
        customer="acme",
        currency="EUR",
        lines=tuple(
            OrderLine(
                line=str(number),
                item=item,
                quantity=quantity,
                kind=ItemKind.SERVICE if item == "post" else ItemKind.STOCK,
            )
            for number, (item, quantity) in enumerate(lines, start=1)
        ),
    )


def said(kind: str, noun: Noun, name: str) -> NewMessage:
    """A message of the one partition."""
    return noun_message(kind, noun, name)


def placed(noun: Order) -> NewMessage:
    """An order is placed."""
    return said(catalogue.ORDER_PLACED, noun, noun.order_id)


def received(quantity: int) -> NewMessage:
    """Bolts come to EAST."""
    line = ReceiptLine(item="bolt", quantity=quantity)
    return said(
        catalogue.RECEIPT_POSTED, Receipt(receipt_id="r", site="EAST", lines=(line,)), "receipt"
    )


def waiting(hub: SmallHub) -> dict[tuple[str, str], tuple[int, tuple[str, ...]]]:
    """Who waits: (order, line) -> how much, and from which sites."""
    rows = [row for lines in hub.store.data.waiting.values() for row in lines.values()]
    return {(row.order_id, row.line): (row.quantity, row.sites) for row in rows}


def test_a_whole_order_taken_back_serves_who_waits() -> None:
    """The message names no item; what it frees goes to the next in line all the same."""
    hub = SmallHub(batch=1)
    hub.stock(EAST={"bolt": 5})
    hub.tell(placed(order("first", ("bolt", 5))))
    hub.tell(placed(order("second", ("bolt", 4))))
    assert waiting(hub) == {("second", "1"): (4, ("EAST", "WEST"))}
    taken_back = OrderCancellation(cancellation_id="c", order_id="first")
    hub.tell(said(catalogue.ORDER_CANCELLATION_REQUESTED, taken_back, "c"))
    hub.ending()  # the warehouse answers the stop
    assert waiting(hub) == {}
    assert hub.order("second").lines["1"].sites["EAST"].reserved == 4


def test_an_order_that_was_held_for_its_item_waits_for_stock_then() -> None:
    """Once its item is known its line is listed with the sites that can serve it."""
    hub = SmallHub(replace(small_policy(), known_items_only=True))
    hub.tell(placed(order("early", ("bolt", 3), ("post", 1))))
    assert waiting(hub) == {("early", "1"): (3, ()), ("early", "2"): (1, ())}
    hub.tell(said(catalogue.ITEM_CHANGED, Item(item="bolt"), "bolt"))
    hub.tell(said(catalogue.ITEM_CHANGED, Item(item="post", kind=ItemKind.SERVICE), "post"))
    assert hub.order("early").holds == []
    assert waiting(hub) == {("early", "1"): (3, ("EAST", "WEST"))}
    hub.tell(received(3))
    assert waiting(hub) == {}
    assert hub.order("early").lines["1"].sites["EAST"].reserved == 3


def test_a_change_that_overtakes_a_grant_leaves_no_stale_row() -> None:
    """The row is written again when the grant arrives: it says what the order still lacks."""
    hub = SmallHub(batch=1)
    hub.tell(placed(order("slow", ("bolt", 5))))
    fewer = OrderCancellation(
        cancellation_id="c",
        order_id="slow",
        lines=(LineQuantity(line="1", item="bolt", quantity=1),),
    )
    # Both stand on the log before the grant that the receipt leads to.
    hub.tell(received(3), said(catalogue.ORDER_CANCELLATION_REQUESTED, fewer, "c"))
    assert hub.order("slow").lines["1"].waiting == 1
    assert waiting(hub) == {("slow", "1"): (1, ("EAST", "WEST"))}
