"""How far an order has come, in the words that people use of it (R24): one timeline for everybody.

A milestone is read off the order's quantities, so it cannot be reached twice or be forgotten, and
whoever asks at the same version is told the same.
"""

from __future__ import annotations

from enum import StrEnum

from crossdock.orders.state import Figures, OrderState


class Milestone(StrEnum):
    """What an order may have behind it, in the usual order."""

    CREATED = "created"
    HELD = "held"  # while a hold stands
    APPROVED = "approved"
    BACKORDERED = "backordered"  # while something waits
    ALLOCATED = "allocated"
    SPLIT = "split"
    RELEASED = "released"
    PARTLY_PICKED = "partly_picked"
    PICKED = "picked"
    PACKED = "packed"
    PARTLY_SHIPPED = "partly_shipped"
    DISPATCHED = "dispatched"
    PARTLY_INVOICED = "partly_invoiced"
    INVOICED = "invoiced"
    RETURNED = "returned"
    CANCELLED = "cancelled"
    FULFILLED = "fulfilled"


def milestones(order: OrderState, known: dict[str, Figures]) -> list[str]:
    """Every milestone that the order has reached, in the usual order."""
    own = [now for number, now in known.items() if not order.lines[number].kit]
    goods = [known[number] for number, _ in order.stock_lines()]
    wanted = sum(now.ordered - now.cancelled for now in own)
    shipped, invoiced = sum(now.shipped for now in own), sum(now.invoiced for now in own)
    taken, still_open = sum(now.taken for now in goods), sum(now.open for now in goods)
    sites = {
        site
        for line in order.lines.values()
        for site, place in line.sites.items()
        if place.reserved or place.taken
    }
    packed = any(
        p.packed > p.put_back for line in order.lines.values() for p in line.sites.values()
    )
    reached = {
        Milestone.CREATED: order.placed,
        Milestone.HELD: bool(order.holds),
        Milestone.APPROVED: order.placed and not order.holds,
        Milestone.BACKORDERED: not order.holds and any(now.backordered for now in goods),
        Milestone.ALLOCATED: bool(sites),
        Milestone.SPLIT: len(sites) > 1,
        Milestone.RELEASED: order.releases > 0,
        Milestone.PARTLY_PICKED: taken > 0,
        Milestone.PICKED: taken > 0 and not still_open,
        Milestone.PACKED: packed,
        Milestone.PARTLY_SHIPPED: shipped > 0,
        Milestone.DISPATCHED: shipped > 0 and shipped >= wanted,
        Milestone.PARTLY_INVOICED: invoiced > 0,
        Milestone.INVOICED: invoiced > 0 and invoiced >= shipped >= wanted,
        Milestone.RETURNED: any(now.returned for now in own),
        Milestone.CANCELLED: any(now.cancelled for now in own),
        Milestone.FULFILLED: order.placed and shipped >= wanted > 0 and invoiced >= shipped,
    }
    return [one.value for one in Milestone if reached[one]]
