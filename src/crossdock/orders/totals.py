"""Control totals: what left, was invoiced, came back, was credited, by site, money, day (R111).

A day is one of finance's time zone, of when it happened as its source said. Amounts in another role
than the shop's are left out: they are the same money once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crossdock.contracts.vocabulary import MoneyRole, TotalKind
from crossdock.orders.periods import day_of
from crossdock.orders.state import Amounts, OrderState


class TotalKey(NamedTuple):
    """One line of control totals."""

    day: str  # YYYY-MM-DD
    site: str
    kind: TotalKind
    currency: str


class Total(NamedTuple):
    """How many documents, base units and minor units."""

    key: TotalKey
    documents: int
    units: int
    value_minor: int


def totals(orders: Iterable[OrderState], zone: str) -> list[Total]:
    """The control totals of these orders, sorted by their key."""
    documents: Counter[TotalKey] = Counter()
    units: Counter[TotalKey] = Counter()
    value: Counter[TotalKey] = Counter()
    for order in orders:
        for at, site, kind, currency, many, minor in _documents(order):
            key = TotalKey(day_of(at, zone), site, kind, currency)
            documents[key] += 1
            units[key] += many
            value[key] += minor
    return [Total(key, documents[key], units[key], value[key]) for key in sorted(documents)]


def _documents(order: OrderState) -> Iterator[tuple[str, str, TotalKind, str, int, int]]:
    """Per document: when, where, what, in which money, units, minor units."""
    for number, left in order.shipments.items():
        asked = sum(ask.total for ask in order.asks.values() if ask.shipment == number)
        units = sum(left.lines.values())
        yield left.at, left.site, TotalKind.SHIPPED, order.currency, units, asked
    for invoice in order.invoices.values():
        if invoice.role == MoneyRole.SHOP:
            shipment = order.shipments.get(invoice.shipment)
            site = shipment.site if shipment is not None else ""
            yield (
                invoice.at, site, TotalKind.INVOICED, invoice.currency,
                _units(invoice.lines), invoice.total,
            )  # fmt: skip
    for back in order.receipts.values():
        if back.pieces:
            units = sum(piece.units for piece in back.pieces)
            yield back.at, back.site, TotalKind.RETURNED, order.currency, units, 0
    for memo in order.credits.values():
        if memo.role == MoneyRole.SHOP:
            ask = order.credit_asks.get(memo.ask)
            receipt = order.receipts.get(ask.receipt) if ask is not None else None
            site = receipt.site if receipt is not None else ""
            yield (
                memo.at, site, TotalKind.CREDITED, memo.currency, _units(memo.lines), memo.total
            )  # fmt: skip


def _units(lines: dict[str, Amounts]) -> int:
    return sum(one.units for one in lines.values())
