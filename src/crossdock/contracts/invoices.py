"""What finance is asked to post and has posted (R11)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.words import AmountMinor, Currency, Identifier, Noun, PriceE4, Quantity
from crossdock.kernel.limits import DOCUMENT_LINES_MAX


class InvoiceRequestLine(Noun, frozen=True, kw_only=True):
    """A shipped quantity at the order's price; the amount is rounded half to even per line.

    The price is for one `price_unit`, for one base unit where none is named.
    """

    line: Identifier
    item: Identifier
    quantity: Quantity
    unit_price_e4: PriceE4
    amount_minor: AmountMinor
    price_unit: Identifier | None = None


class InvoiceRequest(Noun, frozen=True, kw_only=True):
    """Please invoice this shipment, once (I10)."""

    shipment_id: Identifier
    order_id: Identifier
    customer: Identifier
    currency: Currency
    lines: tuple[InvoiceRequestLine, ...]
    total_minor: AmountMinor


class InvoiceLine(Noun, frozen=True, kw_only=True):
    """What finance charged for a line."""

    line: Identifier
    quantity: Quantity
    amount_minor: AmountMinor


class Invoice(Noun, frozen=True, kw_only=True):
    """Finance has posted; the far system's own number is the id."""

    invoice_id: Identifier
    order_id: Identifier
    shipment_id: Identifier
    currency: Currency
    lines: Annotated[tuple[InvoiceLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]
    total_minor: AmountMinor
