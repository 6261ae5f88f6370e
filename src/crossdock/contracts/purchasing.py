"""What a house has ordered from its suppliers, and when it is expected (R3, R80)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.words import Identifier, Instant, Noun, Quantity, QuantityOrZero
from crossdock.kernel.limits import DOCUMENT_LINES_MAX


class PurchaseOrderLine(Noun, frozen=True, kw_only=True):
    """So many base units of an item, expected at a time; a line of 0 is cancelled."""

    line: Identifier
    item: Identifier
    quantity: QuantityOrZero
    expected_at: Instant


class PurchaseOrder(Noun, frozen=True, kw_only=True):
    """Goods on their way to a site; the highest revision stands, without lines it is cancelled.

    `quantity` is what was ordered, not what is still to come: receipts that name the purchase
    order reduce it.
    """

    purchase_order: Identifier
    site: Identifier
    revision: Quantity
    lines: Annotated[tuple[PurchaseOrderLine, ...], Meta(max_length=DOCUMENT_LINES_MAX)] = ()
    supplier: Identifier | None = None
