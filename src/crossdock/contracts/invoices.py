"""What finance is asked to post and has posted (R11): invoices, credit memos, payments.

All amounts of a document are minor units of its one currency, in the role `shop` unless they say
otherwise; what stands under `also` is the same money in another role, and is never added (P53).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.vocabulary import CreditReason, Disposition, MoneyRole
from crossdock.contracts.words import (
    AmountMinor,
    Currency,
    Identifier,
    Noun,
    PriceE4,
    Quantity,
    QuantityOrZero,
    Text,
)
from crossdock.kernel.limits import DOCUMENT_LINES_MAX

PostingDate = Annotated[str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
"""The day under which finance books a document, as YYYY-MM-DD in its own time zone."""

Month = Annotated[str, Meta(pattern=r"\A[0-9]{4}-(?:0[1-9]|1[0-2])\Z")]
"""An accounting period, as YYYY-MM."""

Correction = Annotated[int, Meta(ge=0, le=999)]
"""0: the invoice of the shipment itself; 1 and more: a later one of what it did not charge."""


class Money(Noun, frozen=True, kw_only=True):
    """An amount with its currency, and for whom it is reckoned."""

    amount_minor: AmountMinor
    currency: Currency
    role: MoneyRole


class InvoiceRequestLine(Noun, frozen=True, kw_only=True):
    """A shipped quantity at the order's price; amounts by the rules of docs/concepts/money.md.

    The price is for one `price_unit`, for one base unit where none is named. `amount_minor` is net
    of `discount_minor` and of tax.
    """

    line: Identifier
    item: Identifier
    quantity: Quantity
    unit_price_e4: PriceE4
    amount_minor: AmountMinor
    price_unit: Identifier | None = None
    discount_minor: AmountMinor = 0
    tax_code: Identifier | None = None
    tax_minor: AmountMinor = 0


class InvoiceRequest(Noun, frozen=True, kw_only=True):
    """Please invoice this shipment, once per correction (I10).

    `total_minor` = lines + freight + tax of both + rounding. `attempt` grows when finance rejected
    it and is asked again. Without tax rates in the hub finance adds the tax itself.
    """

    shipment_id: Identifier
    order_id: Identifier
    customer: Identifier
    currency: Currency
    lines: tuple[InvoiceRequestLine, ...]
    total_minor: AmountMinor
    correction: Correction = 0
    attempt: Quantity = 1
    freight_minor: AmountMinor = 0
    freight_tax_minor: AmountMinor = 0
    tax_minor: AmountMinor = 0  # of lines and freight, without the rounding line
    rounding_minor: AmountMinor = 0  # what the rounded parts lack to the rounded total
    posting_date: PostingDate | None = None


class InvoiceLine(Noun, frozen=True, kw_only=True):
    """What finance charged for a line, net and tax."""

    line: Identifier
    quantity: Quantity
    amount_minor: AmountMinor
    tax_minor: AmountMinor = 0


class Invoice(Noun, frozen=True, kw_only=True):
    """Finance has posted; the far system's own number is the id."""

    invoice_id: Identifier
    order_id: Identifier
    shipment_id: Identifier
    currency: Currency
    lines: Annotated[tuple[InvoiceLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]
    total_minor: AmountMinor
    correction: Correction = 0
    freight_minor: AmountMinor = 0
    freight_tax_minor: AmountMinor = 0
    rounding_minor: AmountMinor = 0
    role: MoneyRole = MoneyRole.SHOP
    also: Annotated[tuple[Money, ...], Meta(max_length=8)] = ()
    posting_date: PostingDate | None = None


class InvoiceRejected(Noun, frozen=True, kw_only=True):
    """Finance will not post an invoice, and says why in its own words (R115)."""

    order_id: Identifier
    shipment_id: Identifier
    correction: Correction = 0
    attempt: Quantity = 1
    reason: Text = ""


class InvoiceRetry(Noun, frozen=True, kw_only=True):
    """Somebody cleared what stood against a rejected or held invoice: ask for it again.

    With a `posting_date` it is asked for under that day.
    """

    order_id: Identifier
    shipment_id: Identifier
    correction: Correction = 0
    attempt: QuantityOrZero = 1  # the one that was rejected; 0: it was held, and never asked for
    posting_date: PostingDate | None = None
    note: Text = ""


class InvoicePaid(Noun, frozen=True, kw_only=True):
    """A customer paid an invoice, whole or in part."""

    payment_id: Identifier
    order_id: Identifier
    invoice_id: Identifier
    currency: Currency
    amount_minor: AmountMinor


class CreditRequestLine(Noun, frozen=True, kw_only=True):
    """So many units of an invoiced line are to be credited; none where only its price was wrong."""

    line: Identifier
    item: Identifier
    quantity: QuantityOrZero
    amount_minor: AmountMinor
    tax_minor: AmountMinor = 0
    disposition: Disposition | None = None


class CreditRequest(Noun, frozen=True, kw_only=True):
    """Please credit this return receipt, or this correction of an invoice, once (R103).

    `total_minor` = lines + their tax + rounding - fee.
    """

    credit_request_id: Identifier
    order_id: Identifier
    customer: Identifier
    currency: Currency
    reason: CreditReason
    lines: tuple[CreditRequestLine, ...]
    total_minor: AmountMinor
    fee_minor: AmountMinor = 0
    rounding_minor: AmountMinor = 0  # what the invoices' rounding lines charged
    return_receipt_id: Identifier | None = None
    return_id: Identifier | None = None
    shipment_id: Identifier | None = None  # of the invoice that is corrected


class CreditMemoLine(Noun, frozen=True, kw_only=True):
    """What finance gave back for a line, net and tax."""

    line: Identifier
    quantity: QuantityOrZero
    amount_minor: AmountMinor
    tax_minor: AmountMinor = 0


class CreditMemo(Noun, frozen=True, kw_only=True):
    """Finance has posted a credit; `credit_request_id` says which, where it was asked for."""

    credit_memo_id: Identifier
    order_id: Identifier
    currency: Currency
    lines: Annotated[tuple[CreditMemoLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]
    total_minor: AmountMinor
    fee_minor: AmountMinor = 0
    rounding_minor: AmountMinor = 0
    credit_request_id: Identifier | None = None
    role: MoneyRole = MoneyRole.SHOP
    also: Annotated[tuple[Money, ...], Meta(max_length=8)] = ()


class InvoiceCorrection(Noun, frozen=True, kw_only=True):
    """Somebody of finance says that an invoice charged too much: credit these units."""

    correction_id: Identifier
    order_id: Identifier
    shipment_id: Identifier
    lines: Annotated[tuple[CreditMemoLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]
    note: Text = ""


class AccountingPeriods(Noun, frozen=True, kw_only=True):
    """Which periods finance has closed: all up to `closed_to`, and those named besides (R115)."""

    calendar: Identifier = "main"
    revision: Quantity = 1
    closed_to: Month | None = None
    closed: Annotated[tuple[Month, ...], Meta(max_length=120)] = ()
