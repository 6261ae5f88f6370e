"""P11: after an upgrade stock went down at another event, and open orders were subtracted twice.

Before it an order reduced stock when it was placed, after it when it was shipped; the figures of
the day of the change had the open orders in them already. Here the procedure takes over what is
physically there (docs/guides/operate.md) and places the open orders anew: they are promised, and
leave the shelf once, when a warehouse says so.
"""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once

_ALL = 1_000_000
OPEN = (("o-1", 3), ("o-2", 2))


def figures(hub: SmallHub) -> tuple[int, int, int]:
    """Sellable, reserved, free."""
    [row] = at_once(hub.store.promises(None, _ALL))
    return row.sellable, row.reserved, row.free


def test_open_orders_count_once() -> None:
    """Ten on the shelf, five of them ordered: five free, before and after they leave."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 10})
    for order_id, quantity in OPEN:
        line = OrderLine(line="1", item="bolt", quantity=quantity)
        order = Order(
            order_id=order_id, channel="web", customer="acme", currency="EUR", lines=(line,)
        )
        hub.tell(noun_message(catalogue.ORDER_PLACED, order, order_id))
    assert figures(hub) == (10, 5, 5)
    for order_id, quantity in OPEN:
        shipped = Shipment(
            shipment_id=f"s-{order_id}",
            order_id=order_id,
            site="EAST",
            lines=(ShipmentLine(line="1", item="bolt", quantity=quantity),),
        )
        hub.tell(noun_message(catalogue.SHIPMENT_SHIPPED, shipped, f"s-{order_id}"))
        assert figures(hub)[2] == 5
    assert figures(hub) == (5, 0, 5)
