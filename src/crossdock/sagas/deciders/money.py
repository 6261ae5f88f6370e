"""What finance says of an order: invoices posted or rejected, credits, payments, closed periods."""

from __future__ import annotations

from typing import Any

from crossdock.contracts import catalogue
from crossdock.contracts.invoices import (
    AccountingPeriods,
    Invoice,
    InvoicePaid,
    InvoiceRejected,
    InvoiceRetry,
)
from crossdock.log.records import Wanted
from crossdock.orders.state import all_figures
from crossdock.sagas import checking, exposure, fulfilment, invoicing
from crossdock.sagas.batch import CALENDAR, Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.learning import learn
from crossdock.sagas.turn import Turn


def _learned(batch: Batch, turn: Turn, noun: Any) -> None:
    """An invoice, a credit memo, a payment, a correction: what follows is derived again."""
    order = batch.order(noun.order_id)
    if learn(turn, order, noun) is not None:
        fulfilment.settle(turn, order)
        checking.count_credit(batch, turn, order, invoiced=isinstance(noun, Invoice))
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


def _wants_calendar(wanted: Wanted, noun: AccountingPeriods) -> None:
    wanted.documents.add((CALENDAR, noun.calendar))


DECIDERS: dict[str, Decider] = {
    catalogue.INVOICE_POSTED: Decider(_learned),
    catalogue.INVOICE_PAID: Decider(_learned),
    catalogue.INVOICE_CORRECTED: Decider(_learned),
    catalogue.CREDIT_POSTED: Decider(_learned),
    catalogue.INVOICE_REJECTED: Decider(_rejected),
    catalogue.INVOICE_RETRIED: Decider(_retried),
    catalogue.PERIODS_CHANGED: Decider(_periods_changed, _wants_calendar),
}
"""Every message of finance about invoices and credits."""
