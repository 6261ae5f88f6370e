"""What a batch was decided with is freed when it is decided, not when the collector comes round.

Found in the hub's memory, which grew with the orders it had seen: a batch was in a cycle with its
books, so that all that it had loaded waited for a collection of everything.
"""

from __future__ import annotations

import gc

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderCancellation, OrderLine
from crossdock.contracts.products import Component, Item
from crossdock.contracts.reservations import ReservationLine, ReservationRequest
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.contracts.vocabulary import ItemKind
from crossdock.sagas.batch import Batch
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub

KIT = Item(
    item="set", kind=ItemKind.KIT, components=(Component(item="bolt", quantity=1),), revision=1
)


def live_through_some_orders(hub: SmallHub) -> None:
    """Kits, reservations, shipments, cancellations; an order needs more than was loaded."""
    hub.stock(EAST={"bolt": 9})
    wish = ReservationRequest(
        reservation_id="r-1",
        channel="web",
        lines=(ReservationLine(line="1", item="bolt", quantity=1),),
    )
    hub.tell(noun_message(catalogue.ITEM_CHANGED, KIT, "kit"))
    hub.tell(noun_message(catalogue.RESERVATION_REQUESTED, wish, "wish"))
    for number in ("o-1", "o-2"):
        lines = tuple(
            OrderLine(line=line, item=item, quantity=1, unit_price_e4=10_000)
            for line, item in (("1", "bolt"), ("2", "set"))
        )
        order = Order(order_id=number, channel="web", customer="acme", currency="EUR", lines=lines)
        hub.tell(noun_message(catalogue.ORDER_PLACED, order, number))
    gone = ShipmentLine(line="1", item="bolt", quantity=1)
    parcel = Shipment(shipment_id="s-1", order_id="o-1", site="EAST", lines=(gone,))
    hub.tell(noun_message(catalogue.SHIPMENT_SHIPPED, parcel, "left"))
    wish_no_more = OrderCancellation(cancellation_id="x", order_id="o-2")
    hub.tell(noun_message(catalogue.ORDER_CANCELLATION_REQUESTED, wish_no_more, "cancelled"))


def test_no_batch_outlives_its_decision() -> None:
    """Without the collector not one is left."""
    hub = SmallHub()
    gc.collect()
    gc.disable()
    try:
        live_through_some_orders(hub)
        left = [one for one in gc.get_objects() if isinstance(one, Batch)]
    finally:
        gc.enable()
    assert hub.order("o-1").shipments
    assert left == []
