"""Folding facts into an order: each one adds under its own key, and adds once.

Every function takes the order's state and one noun, changes the state, and gives back what
physically happened since the state last knew (units newly off the shelf, newly through the door),
because a shipment that is told before its pick already implies it, and the late pick then adds
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from crossdock.contracts.invoices import Invoice
from crossdock.contracts.orders import (
    LineChange,
    Order,
    OrderCancellation,
    OrderChange,
    OrderLine,
)
from crossdock.contracts.returns import ReturnReceipt, ReturnRequest
from crossdock.contracts.shipments import Pack, Pick, Shipment
from crossdock.orders.state import Line, OrderState, ReturnMark, ShipmentMark, SiteLine


@dataclass(slots=True)
class Happened:
    """What one line of a fact did to the goods of one site, in base units."""

    line: str
    item: str
    site: str
    lot: str
    taken: int = 0  # newly off the shelf
    short: int = 0  # newly not found
    shipped: int = 0  # newly through the door


def place_order(order: OrderState, said: Order, since: datetime) -> None:
    """Learn what was ordered; a change that arrived earlier keeps its quantities."""
    order.placed = True
    order.channel = said.channel
    order.customer = said.customer
    order.currency = said.currency
    order.priority = said.priority
    order.reservation = said.reservation or ""
    order.ship_to = said.ship_to
    order.since = since.astimezone(UTC).isoformat()
    for wanted in said.lines:
        line = order.line(wanted.line, wanted.item)
        line.item = wanted.item
        line.kind = wanted.kind
        line.price_e4 = wanted.unit_price_e4
        line.priced = True
        line.price_unit = wanted.unit or ""
        if line.revision == (0, ""):
            _want(order, line, wanted)


def change_order(order: OrderState, said: OrderChange) -> None:
    """Learn other quantities; per line the highest (revision, id) wins, and per price."""
    mark = (said.revision, said.change_id)
    for wanted in said.lines:
        line = order.line(wanted.line, wanted.item)
        if line.kit:
            continue  # a kit is changed as a whole
        price = wanted.unit_price_e4
        if price and not line.priced and mark > line.price_revision:
            line.price_revision = mark
            line.price_e4 = price
            line.price_unit = wanted.unit or ""
            line.price_each = (1, 1)
        if mark <= line.revision:
            continue
        line.revision = mark
        _want(order, line, wanted)
        if not line.priced and not line.parts:
            line.item = wanted.item
            line.kind = wanted.kind


def _want(order: OrderState, line: Line, wanted: OrderLine | LineChange) -> None:
    """Let the line be wanted so much; what is said in a unit is counted with the item's master."""
    line.ordered = wanted.units
    line.unit = line.in_unit = ""
    if wanted.unit is not None and wanted.unit_quantity is not None and _some(wanted.unit_quantity):
        line.unit, line.in_unit = wanted.unit, wanted.unit_quantity
    order.order_parts(line)


def _some(said: int | str) -> bool:
    return bool(str(said).strip("0."))


def cancel_order(order: OrderState, said: OrderCancellation) -> None:
    """Learn a wish to cancel; how much of it is granted is derived (`figures`)."""
    if not said.lines:
        order.cancel_all = True
    for wanted in said.lines:
        order.line(wanted.line, wanted.item).cancel += wanted.quantity


def pick(order: OrderState, said: Pick) -> list[Happened]:
    """Learn what was taken off the shelf and what was not found."""
    happened = []
    for done in said.lines:
        place = order.line(done.line, done.item).at(said.site)
        before = place.taken
        place.picked += done.quantity
        place.short += done.short
        happened.append(
            Happened(
                done.line, done.item, said.site, done.lot or "", place.taken - before, done.short
            )
        )
    return happened


def pack(order: OrderState, said: Pack) -> list[Happened]:
    """Learn what went into a carton."""
    happened = []
    for done in said.lines:
        place = order.line(done.line, done.item).at(said.site)
        before = place.taken
        place.packed += done.quantity
        happened.append(Happened(done.line, done.item, said.site, "", place.taken - before))
    return happened


def ship(order: OrderState, said: Shipment) -> list[Happened]:
    """Learn what left the house."""
    happened = []
    mark = order.shipments[said.shipment_id] = ShipmentMark(said.site, {})
    for done in said.lines:
        place = order.line(done.line, done.item).at(said.site)
        before = place.taken
        place.shipped += done.quantity
        mark.lines[done.line] = mark.lines.get(done.line, 0) + done.quantity
        happened.append(
            Happened(
                done.line,
                done.item,
                said.site,
                done.lot or "",
                place.taken - before,
                shipped=done.quantity,
            )
        )
    return happened


def request_return(order: OrderState, said: ReturnRequest, since: datetime) -> None:
    """Learn that a customer wants to send goods back."""
    mark = ReturnMark(since.astimezone(UTC).isoformat(), {})
    for wanted in said.lines:
        order.line(wanted.line, wanted.item)
        mark.lines[wanted.line] = mark.lines.get(wanted.line, 0) + wanted.quantity
    order.returns[said.return_id] = mark


def receive_return(order: OrderState, said: ReturnReceipt) -> None:
    """Learn what came back."""
    for done in said.lines:
        order.line(done.line, done.item).at(said.site).returned += done.quantity


def invoice(order: OrderState, said: Invoice) -> None:
    """Learn what finance charged."""
    for done in said.lines:
        line = order.lines.get(done.line) or order.line(done.line, "")
        line.invoiced += done.quantity


def consume(place: SiteLine, quantity: int) -> tuple[int, int]:
    """Use up promises at a site for goods that left its shelf: (reserved, released) given up."""
    reserved = min(place.reserved, quantity)
    released = min(place.released, reserved)
    return reserved, released
