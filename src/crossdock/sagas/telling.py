"""Who must be told of an order's progress: finance, channels, desks; once each, by its key."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from crossdock.contracts import catalogue
from crossdock.contracts.invoices import InvoiceRequest, InvoiceRequestLine
from crossdock.contracts.money import line_amount_minor
from crossdock.contracts.orders import LineQuantity, OrderStatusChange, StatusLine
from crossdock.contracts.returns import ReturnAuthorisation
from crossdock.contracts.shipments import Shipment
from crossdock.contracts.vocabulary import ItemKind, OrderStatus
from crossdock.log.records import Lane
from crossdock.orders.doings import Doing
from crossdock.orders.stages import stage_of
from crossdock.orders.state import Figures, Line, OrderState, ReturnMark, status
from crossdock.returns.authorisation import authorised
from crossdock.sagas.turn import Turn

_WORTH_TELLING = {
    OrderStatus.HELD,
    OrderStatus.BACKORDERED,
    OrderStatus.CANCELLED,
    OrderStatus.RETURNED,
}
"""Statuses of which channels are told by themselves; shipping is told by the shipment."""


def ask_for_invoices(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    """One invoice request per shipment, however often the shipment is told (I10)."""
    for number in sorted(order.shipments):
        mark = order.shipments[number]
        if not mark.asked:
            turn.remember(order, Doing.ASKED, True, number)
            services = not order.services_asked
            if services:
                turn.remember(order, Doing.SERVICES_ASKED, True)
            _ask(
                turn, order, number, _to_invoice(turn, order, mark.lines, known, services=services)
            )
    service_order = not order.shipments and order.services_only() and bool(order.lines)
    if (
        service_order
        and not order.services_asked
        and status(order, known) is not OrderStatus.CANCELLED
    ):
        turn.remember(order, Doing.SERVICES_ASKED, True)
        _ask(turn, order, f"{order.order_id}-S", _to_invoice(turn, order, {}, known, services=True))


def _ask(turn: Turn, order: OrderState, shipment_id: str, quantities: dict[str, int]) -> None:
    lines = [_invoiced(order, number, quantities[number]) for number in sorted(quantities)]
    if not lines:
        return
    request = InvoiceRequest(
        shipment_id=shipment_id,
        order_id=order.order_id,
        customer=order.customer,
        currency=order.currency,
        lines=tuple(lines),
        total_minor=sum(line.amount_minor for line in lines),
    )
    turn.tell(
        turn.routes("invoice", catalogue.INVOICE_REQUESTED, None, order.channel),
        catalogue.INVOICE_REQUESTED,
        order.order_id,
        request,
        f"invoice/{shipment_id}",
        Lane.FINANCIAL,
    )


def _to_invoice(
    turn: Turn,
    order: OrderState,
    shipped: dict[str, int],
    known: dict[str, Figures],
    *,
    services: bool,
) -> dict[str, int]:
    """What an invoice asks for: what of the shipment was ordered, and the kits it made whole."""
    quantities = {}
    for number, quantity in shipped.items():
        line = order.lines[number]
        if line.kind is ItemKind.STOCK and (line.priced or line.revision[0]):
            quantities[number] = quantity
    for number, now in known.items():
        line = order.lines[number]
        if line.kind is ItemKind.SERVICE and services and now.shipped:
            quantities[number] = now.shipped
        elif line.kind is ItemKind.KIT and now.shipped > line.kits_asked:
            quantities[number] = now.shipped - line.kits_asked
            turn.remember(order, Doing.KITS_ASKED, now.shipped, number)
    return quantities


def _invoiced(order: OrderState, number: str, quantity: int) -> InvoiceRequestLine:
    line = order.lines[number]
    priced = Fraction(quantity) / Fraction(*line.price_each)
    return InvoiceRequestLine(
        line=number,
        item=line.item,
        quantity=quantity,
        unit_price_e4=line.price_e4,
        amount_minor=line_amount_minor(priced, line.price_e4, order.currency),
        price_unit=line.price_unit or None,
    )


def tell_shipment(turn: Turn, order: OrderState, shipment: Shipment) -> None:
    """Tracking to the channel, notice to the desks."""
    turn.tell(
        turn.routes("shipment", catalogue.SHIPMENT_SHIPPED, shipment.site, order.channel),
        catalogue.SHIPMENT_SHIPPED,
        order.order_id,
        shipment,
        f"shipment/{shipment.shipment_id}",
    )


def answer_returns(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    """Authorise what fits into what was shipped; the rest stays visible as a note."""
    if not order.returns:
        return
    shipped = {number: now.shipped for number, now in known.items()}
    wishes = {
        number: ReturnMark(mark.since, _in_parts(order, mark.lines))
        for number, mark in order.returns.items()
    }
    granted = authorised(wishes, shipped)
    for number in sorted(order.returns):
        mark = order.returns[number]
        newly = number in granted and not mark.authorised
        if mark.authorised != (number in granted):
            turn.remember(order, Doing.AUTHORISED, number in granted, number)
        if newly:
            turn.cure("return-not-authorised", f"{order.order_id}/{number}", "it is authorised")
            _tell_authorisation(turn, order, number, wishes[number].lines)
        elif not mark.authorised:
            turn.note(
                "return-not-authorised",
                f"{order.order_id}/{number}",
                "more is to come back than was shipped",
            )


def _in_parts(order: OrderState, lines: dict[str, int]) -> dict[str, int]:
    """Kits to come back, as the components that a warehouse knows."""
    if not any(order.lines[number].parts for number in lines):
        return lines
    found: dict[str, int] = {}
    for number, quantity in lines.items():
        line = order.lines[number]
        for name, each in (
            {n: p.each for n, p in order.parts_of(line).items()} or {number: 1}
        ).items():
            found[name] = found.get(name, 0) + quantity * each
    return found


def _tell_authorisation(
    turn: Turn, order: OrderState, return_id: str, lines: dict[str, int]
) -> None:
    sites = sorted(
        site
        for number in lines
        for site, place in order.lines[number].sites.items()
        if place.shipped
    )
    if not sites:
        return
    said = ReturnAuthorisation(
        return_id=return_id,
        order_id=order.order_id,
        site=sites[0],
        customer=order.customer,
        lines=tuple(
            LineQuantity(line=number, item=order.lines[number].item, quantity=lines[number])
            for number in sorted(lines)
        ),
    )
    turn.tell(
        turn.routes("return", catalogue.RETURN_AUTHORISED, sites[0], order.channel),
        catalogue.RETURN_AUTHORISED,
        order.order_id,
        said,
        f"return-authorisation/{return_id}",
    )


def note_conditions(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    """Show what does not add up, once as it is, and close what adds up by now.

    Facts are kept; a person decides what follows.
    """
    for number, line in order.lines.items():
        before = dict(words.split("=", 1) for words in line.shown)
        now = dict(_what_is_odd(order, line, known[number]))
        if now == before:
            continue
        key = f"{order.order_id}/{number}"
        for kind, detail in now.items():
            if detail != before.get(kind):
                turn.note(kind, key, detail)
        for kind in sorted(before.keys() - now.keys()):
            turn.cure(kind, key, f"it adds up since {turn.message.place}")
        shown = [f"{kind}={detail}" for kind, detail in sorted(now.items())]
        turn.remember(order, Doing.SHOWN, shown, number)


def _what_is_odd(order: OrderState, line: Line, now: Figures) -> Iterator[tuple[str, str]]:
    """What of a line does not add up: kinds of conditions, with the numbers."""
    if order.placed and line.kind is ItemKind.STOCK:
        if not (line.priced or line.revision[0] or line.kit):
            yield "unordered-line", f"{now.taken} units of {line.item} not ordered"
        elif now.shipped > now.ordered:
            yield "over-shipped", f"{now.shipped} shipped of {now.ordered} ordered"
    if line.kind is ItemKind.KIT and line.sites:
        yield "kit-not-in-parts", f"facts name {line.item}, not its components"
    if line.kit and line.cancel:
        yield "part-of-a-kit", f"{line.item} is cancelled with its kit, not alone"
    if now.refused_cancel and order.placed:
        yield "late-cancellation", f"{now.refused_cancel} units had left the house"
    if now.returned > now.shipped:
        yield "over-returned", f"{now.returned} came back of {now.shipped} shipped"
    if now.invoiced > now.shipped and order.placed:
        yield "over-invoiced", f"{now.invoiced} invoiced of {now.shipped} shipped"


def tell_status(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    """Tell channels and desks when the derived status moves to one worth telling."""
    if not order.placed:
        return
    now = status(order, known)
    if now == order.told or now not in _WORTH_TELLING:
        return
    turn.remember(order, Doing.TOLD, now.value)
    lines = []
    for number in sorted(order.lines):
        line = order.lines[number]
        if line.kit:
            continue  # its kit stands for it
        at = known[number]
        lines.append(
            StatusLine(
                line=number,
                item=line.item,
                ordered=at.ordered,
                backordered=at.backordered,
                shipped=at.shipped,
                cancelled=at.cancelled,
            )
        )
    turn.tell(
        turn.routes("order", catalogue.ORDER_STATUS_CHANGED, None, order.channel, stage_of(order)),
        catalogue.ORDER_STATUS_CHANGED,
        order.order_id,
        OrderStatusChange(
            order_id=order.order_id,
            channel=order.channel,
            customer=order.customer,
            status=now,
            lines=tuple(lines),
        ),
        f"order-status/{order.order_id}/{turn.message.place}",
        Lane.ANALYTICAL,
    )
