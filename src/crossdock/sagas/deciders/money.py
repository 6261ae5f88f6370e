"""What finance says of an order: invoices posted or rejected, credits, payments, closed periods."""

from __future__ import annotations

from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.controls import ControlTotals
from crossdock.contracts.invoices import (
    AccountingPeriods,
    Invoice,
    InvoicePaid,
    InvoiceRejected,
    InvoiceRetry,
)
from crossdock.contracts.shipments import (
    Shipment,
    ShipmentAssignment,
    ShipmentClosing,
    ShipmentLine,
    ShipmentLink,
)
from crossdock.log.records import Wanted
from crossdock.orders.doings import Doing
from crossdock.orders.state import OrderState, all_figures
from crossdock.sagas import checking, exposure, fulfilment, invoicing
from crossdock.sagas.batch import CALENDAR, Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.learning import learn
from crossdock.sagas.turn import Turn

_TOTALS = msgspec.json.Decoder(ControlTotals)


def _learned(batch: Batch, turn: Turn, noun: Any) -> None:
    """An invoice, a credit memo, a payment, a correction: what follows is derived again."""
    order = batch.order(noun.order_id)
    if learn(turn, order, noun) is not None:
        fulfilment.settle(turn, order)
        checking.count_credit(batch, turn, order, invoiced=isinstance(noun, Invoice))
        if isinstance(noun, Invoice):
            exposure.invoiced(batch, turn, order, noun.total_minor)
        if isinstance(noun, InvoicePaid):
            exposure.paid(batch, turn, order, noun.amount_minor)


def _rejected(batch: Batch, turn: Turn, noun: InvoiceRejected) -> None:
    invoicing.rejected(turn, batch.order(noun.order_id), noun)


def _retried(batch: Batch, turn: Turn, noun: InvoiceRetry) -> None:
    order = batch.order(noun.order_id)
    invoicing.retried(turn, order, all_figures(order), noun)


def _periods_changed(batch: Batch, turn: Turn, noun: AccountingPeriods) -> None:
    """The newest revision of the calendar counts; what was asked for under it stands."""
    known = batch.document(CALENDAR, noun.calendar)
    if known is not None and batch.periods_said(known).revision >= noun.revision:
        turn.supersede(f"revision {batch.periods_said(known).revision} of the calendar is known")
        return
    batch.store_document(turn, CALENDAR, noun.calendar, noun)


def _shipment_linked(batch: Batch, turn: Turn, noun: ShipmentLink) -> None:
    """A shipment of an order that nobody placed belongs to another one, which learns of it."""
    order = batch.order(noun.order_id)
    if not _stray(turn, order, noun.shipment_id):
        return
    mark = order.shipments[noun.shipment_id]
    turn.remember(order, Doing.SHIPMENT_CLOSED, f"linked to {noun.to_order}", noun.shipment_id)
    turn.say(
        catalogue.SHIPMENT_ASSIGNED,
        noun.to_order,
        ShipmentAssignment(
            order_id=noun.to_order,
            booked_under=noun.order_id,
            shipment=Shipment(
                shipment_id=noun.shipment_id,
                order_id=noun.to_order,
                site=mark.site,
                lines=tuple(
                    ShipmentLine(line=line, item=order.lines[line].item, quantity=units)
                    for line, units in sorted(mark.lines.items())
                ),
            ),
        ),
    )
    fulfilment.settle(turn, order)


def _shipment_closed(batch: Batch, turn: Turn, noun: ShipmentClosing) -> None:
    """A shipment of an order that nobody placed is not to be invoiced; what left has left."""
    order = batch.order(noun.order_id)
    if _stray(turn, order, noun.shipment_id):
        why = f"closed: {noun.note}" if noun.note else "closed"
        turn.remember(order, Doing.SHIPMENT_CLOSED, why, noun.shipment_id)
        fulfilment.settle(turn, order)


def _stray(turn: Turn, order: OrderState, shipment: str) -> bool:
    """Whether this is a shipment without an order that nobody has decided on."""
    mark = order.shipments.get(shipment)
    if mark is None:
        turn.hold("nobody told of this shipment")
    elif order.placed or mark.closed:
        turn.supersede("the shipment has its order, or is decided on")
    else:
        return True
    return False


def _shipment_assigned(batch: Batch, turn: Turn, noun: ShipmentAssignment) -> None:
    """The order learns what left for it; the ledger has it already, under another name."""
    order = batch.order(noun.order_id)
    happened = learn(turn, order, noun)
    if happened is not None:
        document = noun.shipment.shipment_id
        unpromised, freed = fulfilment.apply_goods(turn, order, happened, document, moved=False)
        fulfilment.settle(turn, order, unpromised=sorted(unpromised), freed=freed)


CONTROLS = "control-totals"
"""The kind of document that keeps what a system's books add up to for a day."""


def _totals_reported(batch: Batch, turn: Turn, noun: ControlTotals) -> None:
    """The newest revision of a day's totals counts, for each source its own."""
    number = _controls_id(turn.message.source, noun.day)
    known = batch.document(CONTROLS, number)
    if known is not None:
        revision = _TOTALS.decode(known.body).revision
        if revision >= noun.revision:
            turn.supersede(f"revision {revision} of these totals is known")
            return
    batch.store_document(turn, CONTROLS, number, noun)


def _controls_id(source: str, day: str) -> str:
    return f"{day}/{source}"


def _wants_calendar(wanted: Wanted, noun: AccountingPeriods) -> None:
    wanted.documents.add((CALENDAR, noun.calendar))


def _wants_assigned(wanted: Wanted, noun: ShipmentAssignment) -> None:
    wanted.items.update(line.item for line in noun.shipment.lines)


DECIDERS: dict[str, Decider] = {
    catalogue.INVOICE_POSTED: Decider(_learned),
    catalogue.INVOICE_PAID: Decider(_learned),
    catalogue.INVOICE_CORRECTED: Decider(_learned),
    catalogue.CREDIT_POSTED: Decider(_learned),
    catalogue.INVOICE_REJECTED: Decider(_rejected),
    catalogue.INVOICE_RETRIED: Decider(_retried),
    catalogue.PERIODS_CHANGED: Decider(_periods_changed, _wants_calendar),
    catalogue.SHIPMENT_LINKED: Decider(_shipment_linked),
    catalogue.SHIPMENT_CLOSED: Decider(_shipment_closed),
    catalogue.SHIPMENT_ASSIGNED: Decider(_shipment_assigned, _wants_assigned),
    catalogue.CONTROL_TOTALS_REPORTED: Decider(_totals_reported),
}
"""Every message of finance about invoices and credits."""
