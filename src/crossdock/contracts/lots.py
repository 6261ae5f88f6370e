"""Lots: what was made together, until when it may be sold, and what was called back (R13)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.words import Identifier, Instant, Noun, Quantity, Text
from crossdock.kernel.limits import DOCUMENT_LINES_MAX


class LotRecord(Noun, frozen=True, kw_only=True):
    """A lot of an item; from `expires_at` on it is not sold."""

    lot: Identifier
    item: Identifier
    batch: Identifier | None = None
    expires_at: Instant | None = None
    revision: Quantity = 1  # grows with every change; a lower one never overwrites a higher


class Recall(Noun, frozen=True, kw_only=True):
    """Lots of an item are called back, or not any more (`lifted`); no sites: at every site.

    A unit with a serial number is a lot of one, so `lots` may name serial numbers.
    """

    recall_id: Identifier
    item: Identifier
    lots: Annotated[tuple[Identifier, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]
    sites: Annotated[tuple[Identifier, ...], Meta(max_length=100)] = ()
    reason: Text = ""
    lifted: bool = False
