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
from crossdock.contracts.stock import units_of
from crossdock.contracts.vocabulary import PickSource
from crossdock.orders.lots import Key, Split, changes, note_goods
from crossdock.orders.state import Line, OrderState, ReturnMark, ShipmentMark, SiteLine


@dataclass(slots=True)
class Happened:
    """What one line of a fact did to the goods of one site, in base units."""

    line: str
    item: str
    site: str
    lot: str  # of what was not found
    taken: int = 0  # newly off the shelf
    short: int = 0  # newly not found
    shipped: int = 0  # newly through the door
    goods: tuple[tuple[Key, int, int], ...] = ()  # taken and shipped by lot; () where none is named
    displaced: str = ""  # lots that were picked by name, and then did not leave, in words


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
        named = bool(done.lot or done.serials) or done.source is not PickSource.AVAILABLE
        taken, before = place.taken, _split(place, named=named)
        place.picked += done.quantity
        place.short += done.short
        for lot, units in units_of(done.lot, done.serials, done.quantity) if named else ():
            note_goods(place, done.source, lot, picked=units)
        seen = Happened(done.line, done.item, said.site, done.lot or "", short=done.short)
        happened.append(_compared(seen, place, taken, before))
    return happened


def pack(order: OrderState, said: Pack) -> list[Happened]:
    """Learn what went into a carton."""
    happened = []
    for done in said.lines:
        place = order.line(done.line, done.item).at(said.site)
        taken, before = place.taken, _split(place, named=False)
        place.packed += done.quantity
        seen = Happened(done.line, done.item, said.site, "")
        happened.append(_compared(seen, place, taken, before))
    return happened


def ship(order: OrderState, said: Shipment) -> list[Happened]:
    """Learn what left the house."""
    happened = []
    mark = order.shipments[said.shipment_id] = ShipmentMark(said.site, {})
    for done in said.lines:
        place = order.line(done.line, done.item).at(said.site)
        named = bool(done.lot or done.serials)
        taken, before = place.taken, _split(place, named=named)
        place.shipped += done.quantity
        for lot, units in units_of(done.lot, done.serials, done.quantity) if named else ():
            note_goods(place, PickSource.AVAILABLE, lot, shipped=units)
        mark.lines[done.line] = mark.lines.get(done.line, 0) + done.quantity
        seen = Happened(done.line, done.item, said.site, "", shipped=done.quantity)
        happened.append(_compared(seen, place, taken, before))
    return happened


def _split(place: SiteLine, *, named: bool) -> Split | None:
    """The goods of a place by lot; None where no lot was ever named there, as is usual."""
    return Split(place) if named or place.goods else None


def _compared(seen: Happened, place: SiteLine, taken: int, before: Split | None) -> Happened:
    """What a fact did to the goods of a place, with those by lot."""
    seen.taken = place.taken - taken
    if before is not None:
        after = Split(place)
        seen.goods = tuple(changes(before, after))
        if after.displaced != before.displaced:
            seen.displaced = ", ".join(f"{n} of {lot}" for lot, n in after.displaced.items())
    return seen


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
