"""What a warehouse at work is told when where to, when or how urgently changes (R64, R78)."""

from __future__ import annotations

from datetime import datetime

from crossdock.contracts import catalogue
from crossdock.contracts.steering import ReleaseChange
from crossdock.orders.grouping import group_of
from crossdock.orders.state import OrderState
from crossdock.sagas.turn import Turn

Header = tuple[object, ...]


def header(order: OrderState) -> Header:
    """What of an order a warehouse was told beside the goods."""
    return order.priority, order.ship_to, order.requested_for


def tell_of_changes(turn: Turn, order: OrderState, before: Header) -> None:
    """Tell each site that works on the order how things stand now, if they stand otherwise."""
    if not order.placed or header(order) == before:
        return
    version = order.version + 1
    for site in _at_work(order):
        said = ReleaseChange(
            order_id=order.order_id,
            site=site,
            version=version,
            priority=order.priority,
            ship_to=order.ship_to,
            requested_for=requested_for(order),
            group=group_of(order, turn.policy.order_policy(order.channel).together),
        )
        turn.tell(
            turn.routes("release", catalogue.ORDER_RELEASE_CHANGED, site, order.channel),
            catalogue.ORDER_RELEASE_CHANGED,
            order.order_id,
            said,
            f"release-change/{order.order_id}/{site}/{version}",
        )
    if before[1] != order.ship_to and order.shipments:
        sent = ", ".join(sorted(order.shipments))
        turn.note("late-address", order.order_id, f"{sent} had left for the address before")


def requested_for(order: OrderState) -> datetime | None:
    """When the customer wants it."""
    return datetime.fromisoformat(order.requested_for) if order.requested_for else None


def _at_work(order: OrderState) -> list[str]:
    """The sites that have units of the order to pick, or picked and not shipped."""
    sites = {
        site
        for line in order.lines.values()
        for site, place in line.sites.items()
        if place.released > place.stopping or place.staged
    }
    return sorted(sites)
