"""Asking finance for invoices: one per shipment, once, under a day that finance still books.

What cannot be asked for is withheld with its reason and shown: a period that is closed where the
house says so, a tax rate that nobody named. What leaves beyond what was ordered waits until the
order says more; then it is a correction of the shipment's invoice, under a number of its own.
"""

from __future__ import annotations

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.invoices import (
    InvoiceRejected,
    InvoiceRequest,
    InvoiceRequestLine,
    InvoiceRetry,
)
from crossdock.contracts.vocabulary import OrderStatus
from crossdock.log.records import Lane
from crossdock.orders.charges import (
    Charge,
    ClosedPeriod,
    NoRate,
    ask_id,
    asked_of,
    charge,
    to_charge,
)
from crossdock.orders.doings import Doing
from crossdock.orders.periods import day_of
from crossdock.orders.state import Amounts, Figures, InvoiceAsk, OrderState, status
from crossdock.sagas.turn import Turn


def ask_for_invoices(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    """Ask for what left and was not asked for yet, shipment by shipment (I10).

    What belongs to no shipment (a kit that became whole, a service) goes with one that has no
    invoice yet, so that the fewest are asked for.
    """
    for number in sorted(order.shipments, key=lambda name: (bool(asked_of(order, name)), name)):
        mark = order.shipments[number]
        units = to_charge(order, known, number, turn.policy.money)
        if units:
            _ask_or_withhold(turn, order, number, units, mark.at)
        elif mark.withheld:
            turn.remember(order, Doing.WITHHELD, "", number)
    if _serves_without_shipping(order, known):
        number = f"{order.order_id}-S"
        units = to_charge(order, known, number, turn.policy.money)
        if units:
            _ask_or_withhold(turn, order, number, units, order.since)


def _serves_without_shipping(order: OrderState, known: dict[str, Figures]) -> bool:
    return (
        not order.shipments
        and order.services_only()
        and bool(order.lines)
        and status(order, known) is not OrderStatus.CANCELLED
    )


def _ask_or_withhold(
    turn: Turn,
    order: OrderState,
    shipment: str,
    units: dict[str, int],
    at: str,
    day: str = "",
) -> None:
    rules = turn.policy.money
    charged = charge(order, units, rules)
    why = ""
    if isinstance(charged, NoRate):
        why = str(charged)
    else:
        own = day or day_of(at, turn.policy.posting.zone)
        booked = turn.periods().next_open(own)
        if booked != own and (rules.closed_period is ClosedPeriod.HOLD or day):
            why = f"finance has closed {own[:7]}"
        else:
            _ask(turn, order, shipment, charged, booked)
    mark = order.shipments.get(shipment)
    if why and (mark is None or mark.withheld != why):
        turn.note("invoice-withheld", f"{order.order_id}/{shipment}", why)
    if mark is not None and mark.withheld != why:
        if not why:
            turn.cure("invoice-withheld", f"{order.order_id}/{shipment}", "it is asked for")
        turn.remember(order, Doing.WITHHELD, why, shipment)


def _ask(turn: Turn, order: OrderState, shipment: str, charged: Charge, day: str) -> None:
    ask = InvoiceAsk(
        shipment,
        {n: Amounts(one.units, one.net, one.tax, one.discount) for n, one in charged.lines.items()},
        charged.total,
        len(asked_of(order, shipment)),
        charged.freight,
        charged.freight_tax,
        charged.rounding,
        day,
    )
    _remember(turn, order, ask)
    _tell(turn, order, ask)


def _remember(turn: Turn, order: OrderState, ask: InvoiceAsk) -> None:
    said = msgspec.json.encode(ask).decode()
    turn.remember(order, Doing.INVOICE_ASKED, said, ask_id(ask.shipment, ask.correction))


def _tell(turn: Turn, order: OrderState, ask: InvoiceAsk) -> None:
    again = f"@{ask.attempt}" if ask.attempt > 1 else ""
    turn.tell(
        turn.routes("invoice", catalogue.INVOICE_REQUESTED, None, order.channel),
        catalogue.INVOICE_REQUESTED,
        order.order_id,
        _request(order, ask),
        f"invoice/{ask_id(ask.shipment, ask.correction)}{again}",
        Lane.FINANCIAL,
    )


def rejected(turn: Turn, order: OrderState, said: InvoiceRejected) -> None:
    """Keep finance's words: the invoice is asked for again when somebody says so."""
    ask = order.asks.get(ask_id(said.shipment_id, said.correction))
    if ask is None:
        turn.hold("nobody was asked for this invoice")
        return
    if said.attempt < ask.attempt or _is_posted(order, ask):
        turn.supersede("the invoice went on since it was rejected")
        return
    key = f"{order.order_id}/{ask_id(ask.shipment, ask.correction)}"
    turn.note("invoice-rejected", key, said.reason or "no reason given")
    _remember(turn, order, msgspec.structs.replace(ask, rejected=said.reason or " "))


def retried(turn: Turn, order: OrderState, known: dict[str, Figures], said: InvoiceRetry) -> None:
    """Ask again for what finance rejected, or for the first time for what was withheld."""
    day = said.posting_date or ""
    mark = order.shipments.get(said.shipment_id)
    if said.attempt == 0:
        units = to_charge(order, known, said.shipment_id, turn.policy.money) if mark else {}
        if mark is None or not mark.withheld or not units:
            turn.supersede("the invoice is not withheld")
            return
        day = day or turn.periods().next_open(day_of(mark.at, turn.policy.posting.zone))
        _ask_or_withhold(turn, order, said.shipment_id, units, mark.at, day)
        return
    ask = order.asks.get(ask_id(said.shipment_id, said.correction))
    if ask is None or not ask.rejected or ask.attempt != said.attempt or _is_posted(order, ask):
        turn.supersede("the invoice is not rejected in that attempt")
        return
    again = msgspec.structs.replace(
        ask,
        attempt=ask.attempt + 1,
        rejected="",
        day=day or turn.periods().next_open(ask.day),
    )
    _remember(turn, order, again)
    key = f"{order.order_id}/{ask_id(ask.shipment, ask.correction)}"
    turn.cure("invoice-rejected", key, f"it is asked for again at {turn.message.place}")
    _tell(turn, order, again)


def _request(order: OrderState, ask: InvoiceAsk) -> InvoiceRequest:
    """What finance is told: asked again, the amounts stand as they were reckoned at first."""
    return InvoiceRequest(
        shipment_id=ask.shipment,
        order_id=order.order_id,
        customer=order.customer,
        currency=order.currency,
        lines=tuple(
            InvoiceRequestLine(
                line=number,
                item=order.lines[number].item,
                quantity=one.units,
                unit_price_e4=order.lines[number].price_e4,
                amount_minor=one.net,
                price_unit=order.lines[number].price_unit or None,
                discount_minor=one.off,
                tax_code=order.lines[number].tax_code or None,
                tax_minor=one.tax,
            )
            for number, one in ask.lines.items()
        ),
        total_minor=ask.total,
        correction=ask.correction,
        attempt=ask.attempt,
        freight_minor=ask.freight,
        freight_tax_minor=ask.freight_tax,
        tax_minor=sum(one.tax for one in ask.lines.values()) + ask.freight_tax,
        rounding_minor=ask.rounding,
        posting_date=ask.day or None,
    )


def _is_posted(order: OrderState, ask: InvoiceAsk) -> bool:
    return any(
        (one.shipment, one.correction) == (ask.shipment, ask.correction)
        for one in order.invoices.values()
    )
