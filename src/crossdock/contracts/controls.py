"""Control totals: what a system's own books add up to for a day (R111)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.vocabulary import TotalKind
from crossdock.contracts.words import (
    AmountMinor,
    Currency,
    Identifier,
    Noun,
    Quantity,
    QuantityOrZero,
)
from crossdock.kernel.limits import DOCUMENT_LINES_MAX

Day = Annotated[str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
"""A day of finance's calendar, as YYYY-MM-DD."""


class ControlTotal(Noun, frozen=True, kw_only=True):
    """So many documents, units and minor units of one site, kind and currency."""

    site: Identifier | None = None
    kind: TotalKind
    currency: Currency | None = None
    documents: QuantityOrZero = 0
    units: QuantityOrZero = 0
    value_minor: AmountMinor = 0


class ControlTotals(Noun, frozen=True, kw_only=True):
    """What a system's own books add up to for a day, to be compared with the hub's (R111)."""

    day: Day
    revision: Quantity = 1
    lines: Annotated[tuple[ControlTotal, ...], Meta(max_length=DOCUMENT_LINES_MAX)] = ()
