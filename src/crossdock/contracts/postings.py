"""What the ERP hears of stock: milestones, in quantities; what they are worth is its own affair."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from crossdock.contracts.words import (
    Identifier,
    Instant,
    Noun,
    Quantity,
    SignedQuantity,
    Text,
)
from crossdock.kernel.limits import DOCUMENT_LINES_MAX

Period = Annotated[str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
"""A day of the calendar of finance, as YYYY-MM-DD."""


class Milestone(StrEnum):
    """Why the stock that finance accounts for changed at a site."""

    RECEIPT = "receipt"  # from a supplier; below zero: back to one
    SHIPMENT = "shipment"  # to a customer
    RETURN_RECEIPT = "return_receipt"  # back from a customer
    ADJUSTMENT = "adjustment"  # found, lost, counted otherwise
    TRANSFER = "transfer"  # to another site of our own, or from one
    SCRAP = "scrap"  # damaged or condemned goods thrown away


class StockPostingLine(Noun, frozen=True, kw_only=True):
    """So many base units more or fewer of one item, in so many entries of the hub's ledger."""

    item: Identifier
    milestone: Milestone
    quantity: SignedQuantity
    documents: Quantity = 1
    document: Identifier | None = None  # where there is one only
    owner: Identifier | None = None  # whose goods, where they are not our own


class StockPosting(Noun, frozen=True, kw_only=True):
    """The ERP is asked to change its stock at a site; `attempt` grows when it is asked again.

    `number` is there where a day was added up: 1 for the day itself, more for what came late.
    """

    posting_id: Identifier
    site: Identifier
    period: Period
    lines: Annotated[
        tuple[StockPostingLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)
    ]
    number: Quantity | None = None
    attempt: Quantity = 1


class StockPosted(Noun, frozen=True, kw_only=True):
    """The ERP has posted it, under a number of its own."""

    posting_id: Identifier
    reference: Identifier | None = None


class StockPostingRejected(Noun, frozen=True, kw_only=True):
    """The ERP will not post it, and says why in its own words."""

    posting_id: Identifier
    attempt: Quantity = 1
    reason: Text = ""


class StockPostingRetry(Noun, frozen=True, kw_only=True):
    """Somebody cleared what stood against a rejected posting: it is to be asked for again."""

    posting_id: Identifier
    attempt: Quantity = 1  # the one that was rejected
    note: Text = ""


class PostingPeriod(Noun, frozen=True, kw_only=True):
    """A day of a site is over, and entries of it were not asked for; the hub tells itself."""

    site: Identifier
    period: Period
    ended_at: Instant
    closing: Quantity  # how often this day of this site was closed, this time included
