"""Goods on their way back (R10)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.orders import LineQuantity
from crossdock.contracts.stock import Serials
from crossdock.contracts.vocabulary import (
    Disposition,
    ReturnCondition,
    ReturnReason,
    ReturnRefusal,
    ReturnStatus,
)
from crossdock.contracts.words import Identifier, Noun, Quantity, QuantityOrZero
from crossdock.kernel.limits import DOCUMENT_LINES_MAX


class ReturnRequest(Noun, frozen=True, kw_only=True):
    """A customer wants to send goods back; the hub authorises against what was shipped."""

    return_id: Identifier
    order_id: Identifier
    lines: Annotated[tuple[LineQuantity, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]
    reason: ReturnReason = ReturnReason.CUSTOMER
    condition: ReturnCondition | None = None  # as the customer says; None: nobody asked


class ReturnSubmission(ReturnRequest, frozen=True, kw_only=True):
    """The same, said by a caller who waits for the answer: a refusal ends it (R99)."""


class ReturnableLine(Noun, frozen=True, kw_only=True):
    """How much of a line may still come back, in base units."""

    line: Identifier
    item: Identifier
    quantity: QuantityOrZero


class ReturnAnswer(Noun, frozen=True, kw_only=True):
    """What a caller is told who wants to send goods back; `refusal` is None where it may.

    `line` is the one that the refusal is about, `returnable` what may come back of the order now,
    this return not counted.
    """

    return_id: Identifier
    order_id: Identifier
    authorised: bool
    refusal: ReturnRefusal | None = None
    line: Identifier | None = None
    returnable: tuple[ReturnableLine, ...] = ()


class ReturnStatusLine(Noun, frozen=True, kw_only=True):
    """How far one line of a return has come, in base units."""

    line: Identifier
    item: Identifier
    wished: QuantityOrZero = 0
    received: QuantityOrZero = 0
    credited: QuantityOrZero = 0


class ReturnStatusChange(Noun, frozen=True, kw_only=True):
    """What portal, shop and customer desk are told when a return moves on (R102)."""

    return_id: Identifier
    order_id: Identifier
    customer: Identifier
    status: ReturnStatus
    site: Identifier | None = None  # where the goods came back
    refusal: ReturnRefusal | None = None
    lines: tuple[ReturnStatusLine, ...] = ()


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


class ReturnInspection(Noun, frozen=True, kw_only=True):
    """What a later look made of goods that stood apart after they had come back; a fact."""

    inspection_id: Identifier
    order_id: Identifier
    site: Identifier
    return_receipt_id: Identifier
    lines: Annotated[
        tuple[ReturnReceiptLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)
    ]
