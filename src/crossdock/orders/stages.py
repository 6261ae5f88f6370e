"""The stage of an order's life by which the ownership matrix may change its owner (R29)."""

from __future__ import annotations

from crossdock.orders.state import OrderState


def stage_of(order: OrderState) -> str:
    """How far an order has come: `captured`, `released`, `shipped` or `invoiced`."""
    if any(line.invoiced for line in order.lines.values()):
        return "invoiced"
    if order.shipments:
        return "shipped"
    places = (place for line in order.lines.values() for place in line.sites.values())
    if order.releases or any(place.taken for place in places):
        return "released"
    return "captured"
