"""Goods on their way back (R10)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.orders import LineQuantity
from crossdock.contracts.stock import Serials
from crossdock.contracts.vocabulary import Disposition, ReturnReason
from crossdock.contracts.words import Identifier, Noun, Quantity
from crossdock.kernel.limits import DOCUMENT_LINES_MAX


class ReturnRequest(Noun, frozen=True, kw_only=True):
    """A customer wants to send goods back; the hub authorises against what was shipped."""

    return_id: Identifier
    order_id: Identifier
    lines: Annotated[tuple[LineQuantity, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]
    reason: ReturnReason = ReturnReason.CUSTOMER


class ReturnAuthorisation(Noun, frozen=True, kw_only=True):
    """The hub's answer: the goods may come back to this site."""

    return_id: Identifier
    order_id: Identifier
    site: Identifier
    customer: Identifier
    lines: tuple[LineQuantity, ...]


class ReturnReceiptLine(Noun, frozen=True, kw_only=True):
    """What came back, and what becomes of it."""

    line: Identifier
    item: Identifier
    quantity: Quantity
    disposition: Disposition = Disposition.RESTOCK
    lot: Identifier | None = None
    weight_grams: Quantity | None = None
    serials: Serials = ()


class ReturnReceipt(Noun, frozen=True, kw_only=True):
    """Returned goods received and inspected at a site; a fact."""

    return_receipt_id: Identifier
    order_id: Identifier
    site: Identifier
    lines: Annotated[
        tuple[ReturnReceiptLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)
    ]
    return_id: Identifier | None = None
