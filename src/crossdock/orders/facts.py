"""Folding facts into an order: each one adds under its own key, and adds once.

Every function takes the order's state and one noun, changes the state, and gives back what
physically happened since the state last knew (units newly off the shelf, newly through the door),
because a shipment that is told before its pick already implies it, and the late pick then adds
nothing.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from crossdock.contracts.invoices import CreditMemo, Invoice, InvoiceCorrection, InvoicePaid
from crossdock.contracts.money import line_amount_minor, shares
from crossdock.contracts.orders import (
    LineChange,
    Order,
    OrderCancellation,
    OrderChange,
    OrderLine,
    ReleaseStopped,
)
from crossdock.contracts.returns import (
    ReturnInspection,
    ReturnReceipt,
    ReturnReceiptLine,
    ReturnRequest,
)
from crossdock.contracts.shipments import Pack, Pick, Shipment
from crossdock.contracts.steering import OrderOverride, OrderPriority
from crossdock.contracts.stock import units_of
from crossdock.contracts.vocabulary import OverrideAction, PickSource
from crossdock.orders import moments
from crossdock.orders.holding import restand
from crossdock.orders.lots import Key, Split, changes
from crossdock.orders.moments import Step
from crossdock.orders.state import (
    Amounts,
    CorrectionMark,
    CreditMark,
    GoodsTold,
    InvoiceMark,
    Line,
    OrderState,
    PaymentMark,
    Piece,
    ReceiptMark,
    ReturnMark,
    ShipmentMark,
    SiteLine,
    carton_key,
)


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
    steps: tuple[Step, ...] = ()  # all of it by moment, where it was told after later facts


def place_order(order: OrderState, said: Order, since: datetime) -> None:
    """Learn what was ordered; a change that arrived earlier keeps its quantities."""
    order.placed = True
    order.channel = said.channel
    order.customer = said.customer
    order.currency = said.currency
    if order.priority_revision == NEVER:
        order.priority = said.priority
    order.reservation = said.reservation or ""
    order.purchase_order = said.purchase_order or ""
    order.terms = said.terms or ""
    if order.ship_to_revision == NEVER:
        order.ship_to = said.ship_to
    if order.requested_revision == NEVER and said.requested_for is not None:
        order.requested_for = _utc(said.requested_for)
    order.since = _utc(since)
    order.freight = said.freight_minor
    off = _discounts(said)
    for wanted in said.lines:
        line = order.line(wanted.line, wanted.item)
        line.item = wanted.item
        line.kind = wanted.kind
        line.price_e4 = wanted.unit_price_e4
        line.priced = True
        line.price_unit = wanted.unit or ""
        line.discount = off[wanted.line]
        line.tax_code = wanted.tax_code or ""
        if line.revision == (0, ""):
            _want(order, line, wanted)


def _discounts(said: Order) -> dict[str, int]:
    """What is off each line, its part by value of what is off the whole order included."""
    if not said.discount_minor:
        return {line.line: line.discount_minor for line in said.lines}
    worth = [
        max(0, line_amount_minor(_wanted(line), line.unit_price_e4, said.currency))
        for line in said.lines
    ]
    parts = shares(said.discount_minor, worth)
    return {
        line.line: line.discount_minor + part for line, part in zip(said.lines, parts, strict=True)
    }


def _wanted(line: OrderLine) -> Fraction:
    """The quantity that the price is for: of the unit that is named, else base units."""
    return Fraction(line.units if line.unit_quantity is None else line.unit_quantity)


NEVER = (0, "")
"""The mark of what no change has set."""


def change_order(order: OrderState, said: OrderChange) -> None:
    """Learn other quantities, another address or date; of each the highest (revision, id) wins."""
    mark = (said.revision, said.change_id)
    if said.ship_to is not None and mark > order.ship_to_revision:
        order.ship_to_revision, order.ship_to = mark, said.ship_to
    if said.requested_for is not None and mark > order.requested_revision:
        order.requested_revision, order.requested_for = mark, _utc(said.requested_for)
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


def prioritise(order: OrderState, said: OrderPriority) -> None:
    """Learn how urgent the order is; the highest (revision, id) wins."""
    mark = (said.revision, said.change_id)
    if mark > order.priority_revision:
        order.priority_revision, order.priority = mark, said.priority


def override(order: OrderState, said: OrderOverride) -> None:
    """Learn what a person decided against the rules."""
    if said.action is OverrideAction.RELEASE:
        order.forced = True
        restand(order)
    elif said.line is None:
        order.closed = order.closed or said.action is OverrideAction.CLOSE_SHORT
    elif said.action is OverrideAction.CLOSE_SHORT:
        order.line(said.line, "").closed = True
    else:
        line = order.line(said.line, "")
        mark = (said.revision, said.override_id)
        if mark > line.only_site_revision:
            line.only_site_revision, line.only_site = mark, said.site or ""


def pick(order: OrderState, said: Pick, at: datetime) -> list[Happened]:
    """Learn what was taken off the shelf and what was not found, and when."""
    happened = []
    for done in said.lines:
        place = order.line(done.line, done.item).at(said.site)
        named = bool(done.lot or done.serials) or done.source is not PickSource.AVAILABLE
        place.short += done.short
        seen = Happened(done.line, done.item, said.site, done.lot or "", short=done.short)
        goods = units_of(done.lot, done.serials, done.quantity) if named else ()
        told = _told(at, "picked", done.quantity, done.source, goods)
        happened.append(_added(seen, place, told, named=named))
    return happened


def pack(order: OrderState, said: Pack, at: datetime) -> list[Happened]:
    """Learn what went into a carton, and when."""
    happened = []
    for done in said.lines:
        place = order.line(done.line, done.item).at(said.site)
        told = _told(at, "packed", done.quantity)
        happened.append(_added(Happened(done.line, done.item, said.site, ""), place, told))
    return happened


def ship(order: OrderState, said: Shipment, at: datetime) -> list[Happened]:
    """Learn what left the house, and when."""
    happened = []
    mark = order.shipments[said.shipment_id] = ShipmentMark(said.site, {}, _utc(at))
    for done in said.lines:
        place = order.line(done.line, done.item).at(said.site)
        named = bool(done.lot or done.serials)
        mark.lines[done.line] = mark.lines.get(done.line, 0) + done.quantity
        seen = Happened(done.line, done.item, said.site, "", shipped=done.quantity)
        goods = units_of(done.lot, done.serials, done.quantity) if named else ()
        told = _told(at, "shipped", done.quantity, goods=goods)
        happened.append(_added(seen, place, told, named=named))
    return happened


def put_back(order: OrderState, said: ReleaseStopped) -> None:
    """Learn that units which were picked, and cartons, are not on their way any more."""
    for done in said.put_back:
        order.line(done.line, done.item).at(said.site).put_back += done.quantity
    for carton in said.unpacked:
        bisect.insort(order.unpacked, carton_key(said.site, carton))


def _told(
    at: datetime,
    figure: str,
    units: int,
    source: PickSource = PickSource.AVAILABLE,
    goods: Iterable[tuple[str, int]] = (),
) -> GoodsTold:
    named = tuple((source.value, lot, quantity) for lot, quantity in goods)
    return GoodsTold(moments.ticks(at), figure, units, named)


def _added(seen: Happened, place: SiteLine, told: GoodsTold, *, named: bool = False) -> Happened:
    """Add a fact to its place; gives what it did to the goods there, with those by lot."""
    taken = place.taken
    before = Split(place) if named or place.goods else None  # no lot was ever named, as is usual
    seen.steps = moments.add(place, told)
    seen.taken = place.taken - taken
    if before is not None:
        after = Split(place)
        seen.goods = tuple(changes(before, after))
        if after.displaced != before.displaced:
            seen.displaced = ", ".join(f"{n} of {lot}" for lot, n in after.displaced.items())
    return seen


def request_return(
    order: OrderState, said: ReturnRequest, since: datetime, *, granted: bool = False
) -> None:
    """Learn that a customer wants to send goods back, and whether a desk granted it already."""
    for wanted in said.lines:
        order.line(wanted.line, wanted.item)
    known = order.returns.get(said.return_id)
    mark = order.returns[said.return_id] = wish(said, since, granted=granted)
    if known is not None:  # it was remembered before the order was told of it
        mark.authorised, mark.told = known.authorised, known.told


def wish(said: ReturnRequest, since: datetime, *, granted: bool = False) -> ReturnMark:
    """A request as an order keeps it."""
    mark = ReturnMark(
        _utc(since), {}, reason=said.reason, condition=said.condition or "", granted=granted
    )
    for wanted in said.lines:
        mark.lines[wanted.line] = mark.lines.get(wanted.line, 0) + wanted.quantity
        mark.items[wanted.line] = wanted.item
    return mark


def receive_return(order: OrderState, said: ReturnReceipt, at: datetime) -> None:
    """Learn what came back, and what was made of it at the door."""
    mark = _receipt(order, said.site, said.return_receipt_id)
    mark.at, mark.return_id = _utc(at), said.return_id or ""
    for done in said.lines:
        order.line(done.line, done.item).at(said.site).returned += done.quantity
        mark.pieces += _pieces(done)
    mark.pieces.sort()


def inspect_return(order: OrderState, said: ReturnInspection) -> None:
    """Learn what a later look made of goods that came back."""
    mark = _receipt(order, said.site, said.return_receipt_id)
    for done in said.lines:
        order.line(done.line, done.item)
        mark.inspected += _pieces(done)
    mark.inspected.sort()


def _receipt(order: OrderState, site: str, number: str) -> ReceiptMark:
    return order.receipts.setdefault(receipt_id(site, number), ReceiptMark(site))


def _pieces(done: ReturnReceiptLine) -> list[Piece]:
    return [
        Piece(done.line, done.item, lot, done.disposition.value, units)
        for lot, units in units_of(done.lot, done.serials, done.quantity)
    ]


def receipt_id(site: str, number: str) -> str:
    """The name of a return receipt: every site numbers its own."""
    return f"{site}/{number}"


def invoice(order: OrderState, said: Invoice, at: datetime) -> None:
    """Learn what finance charged."""
    mark = InvoiceMark(
        said.shipment_id,
        said.currency,
        {},
        said.total_minor,
        said.correction,
        said.freight_minor,
        said.freight_tax_minor,
        said.rounding_minor,
        said.role.value,
        _utc(at),
    )
    for done in said.lines:
        line = order.lines.get(done.line) or order.line(done.line, "")
        line.invoiced += done.quantity
        known = mark.lines.get(done.line, Amounts(0))
        mark.lines[done.line] = Amounts(
            known.units + done.quantity,
            known.net + done.amount_minor,
            known.tax + done.tax_minor,
        )
    order.invoices[said.invoice_id] = mark


def pay(order: OrderState, said: InvoicePaid) -> None:
    """Learn that money came for an invoice."""
    order.payments[said.payment_id] = PaymentMark(said.invoice_id, said.currency, said.amount_minor)


def credit(order: OrderState, said: CreditMemo, at: datetime) -> None:
    """Learn what finance gave back."""
    mark = CreditMark(
        said.currency,
        {},
        said.total_minor,
        said.fee_minor,
        said.rounding_minor,
        said.credit_request_id or "",
        said.role.value,
        _utc(at),
    )
    for done in said.lines:
        order.line(done.line, "")
        mark.lines[done.line] = Amounts(done.quantity, done.amount_minor, done.tax_minor)
    order.credits[said.credit_memo_id] = mark


def correct(order: OrderState, said: InvoiceCorrection) -> None:
    """Learn that an invoice charged too much."""
    mark = CorrectionMark(said.shipment_id, {})
    for done in said.lines:
        order.line(done.line, "")
        mark.lines[done.line] = Amounts(done.quantity, done.amount_minor, done.tax_minor)
    order.corrections[said.correction_id] = mark


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def consume(place: SiteLine, quantity: int) -> tuple[int, int]:
    """Use up promises at a site for goods that left its shelf: (reserved, released) given up."""
    reserved = min(place.reserved, quantity)
    released = min(place.released, reserved)
    return reserved, released
