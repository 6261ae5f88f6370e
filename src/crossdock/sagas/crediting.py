"""Asking finance for credits: one per return receipt, once, and for corrections of invoices.

A credit is due when goods have come back, inspection has said that they are paid for, and finance
had invoiced them; whichever of the three is told last. More of the same receipt that becomes due
later is asked for under the receipt's next number.
"""

from __future__ import annotations

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.invoices import CreditRequest, CreditRequestLine
from crossdock.contracts.vocabulary import CreditReason
from crossdock.log.records import Lane
from crossdock.orders.credits import Credit, due_for_correction, due_for_receipt
from crossdock.orders.doings import Doing
from crossdock.orders.state import CreditAsk, Figures, OrderState
from crossdock.sagas.turn import Turn


def ask_for_credits(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    """Ask for every credit that is due and was not asked for."""
    if not order.invoices:
        return
    for correction in sorted(order.corrections):
        if not any(ask.correction == correction for ask in order.credit_asks.values()):
            due = due_for_correction(order, correction)
            if due is not None:
                shipment = order.corrections[correction].shipment
                ask = _ask_of(
                    due, CreditReason.CORRECTION, correction=correction, shipment=shipment
                )
                _ask(turn, order, f"C-{correction}", ask, due)
    for receipt in sorted(order.receipts, key=lambda name: (order.receipts[name].at, name)):
        due = due_for_receipt(order, receipt, known, turn.policy.credits)
        if due is not None:
            asked = sum(ask.receipt == receipt for ask in order.credit_asks.values())
            name = f"{receipt}/{asked + 1}" if asked else receipt
            _ask(turn, order, name, _ask_of(due, CreditReason.RETURNED, receipt=receipt), due)


def _ask_of(
    due: Credit,
    reason: CreditReason,
    *,
    receipt: str = "",
    shipment: str = "",
    correction: str = "",
) -> CreditAsk:
    return CreditAsk(
        reason.value,
        due.lines,
        due.total,
        due.fee,
        due.rounding,
        receipt,
        shipment,
        correction,
    )


def _ask(turn: Turn, order: OrderState, name: str, ask: CreditAsk, due: Credit) -> None:
    turn.remember(order, Doing.CREDIT_ASKED, msgspec.json.encode(ask).decode(), name)
    receipt = order.receipts.get(ask.receipt)
    said = CreditRequest(
        credit_request_id=name,
        order_id=order.order_id,
        customer=order.customer,
        currency=order.currency,
        reason=CreditReason(ask.reason),
        lines=tuple(
            CreditRequestLine(
                line=number,
                item=order.lines[number].item,
                quantity=one.units,
                amount_minor=one.net,
                tax_minor=one.tax,
                disposition=due.dispositions.get(number),
            )
            for number, one in ask.lines.items()
        ),
        total_minor=ask.total,
        fee_minor=ask.fee,
        rounding_minor=ask.rounding,
        return_receipt_id=ask.receipt or None,
        return_id=(receipt.return_id or None) if receipt is not None else None,
        shipment_id=ask.shipment or None,
    )
    turn.tell(
        turn.routes("credit_memo", catalogue.CREDIT_REQUESTED, None, order.channel),
        catalogue.CREDIT_REQUESTED,
        order.order_id,
        said,
        f"credit/{order.order_id}/{name}",
        Lane.FINANCIAL,
    )


def is_credited(order: OrderState, receipt: str) -> bool:
    """Whether finance posted every credit that it was asked for because of a receipt."""
    asked = {name for name, ask in order.credit_asks.items() if ask.receipt == receipt}
    return bool(asked) and asked <= {mark.ask for mark in order.credits.values()}
