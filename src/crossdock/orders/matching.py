"""Order against shipment against invoice, and return against credit: what does not match (R108).

A pure function of one order, evaluated with every change of it, so the list of what is open is
always true. What merely takes its time (shipped and not invoiced yet) stands in it with its age and
value; what contradicts is shown as a condition too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from crossdock.contracts.vocabulary import ItemKind
from crossdock.orders.charges import ask_id
from crossdock.orders.credits import CreditRules, counts, credited, invoiced
from crossdock.orders.receipts import sent
from crossdock.orders.state import (
    Amounts,
    CreditAsk,
    CreditMark,
    InvoiceAsk,
    InvoiceMark,
    OrderState,
    ShipmentMark,
)


class Finding(StrEnum):
    """What is open or wrong between an order's documents."""

    SHIPMENT_WITHOUT_ORDER = "shipment-without-order"  # nobody placed it: not invoiced (R112)
    SHIPPED_NOT_INVOICED = "shipped-not-invoiced"  # asked for, and not posted yet
    INVOICE_WITHHELD = "invoice-withheld"  # not asked for, with a reason
    NOT_CHARGED = "not-charged"  # more left, or other things, than was ordered
    INVOICE_REJECTED = "invoice-rejected"
    INVOICED_NOT_SHIPPED = "invoiced-not-shipped"
    INVOICE_DUPLICATE = "invoice-duplicate"
    QUANTITY_DIFFERS = "invoice-quantity-differs"
    PRICE_DIFFERS = "invoice-price-differs"
    TAX_DIFFERS = "invoice-tax-differs"
    CURRENCY_DIFFERS = "currency-differs"
    RETURNED_NOT_CREDITED = "returned-not-credited"  # asked for, and not posted yet
    CREDIT_DIFFERS = "credit-differs"
    CREDIT_DUPLICATE = "credit-duplicate"
    CREDIT_NOT_ASKED = "credit-not-asked"
    CREDITED_BEYOND_INVOICED = "credited-beyond-invoiced"


NOTED = frozenset(Finding) - {
    Finding.SHIPPED_NOT_INVOICED,
    Finding.RETURNED_NOT_CREDITED,
    Finding.INVOICE_WITHHELD,  # shown when it is withheld, with its reason
    Finding.INVOICE_REJECTED,  # shown when it is rejected, in finance's words
    Finding.NOT_CHARGED,  # shown as `over-shipped` or `unordered-line`
    Finding.INVOICED_NOT_SHIPPED,  # an invoice may be told before its shipment
}
"""What contradicts: shown as a condition, under its own name."""


class MatchRow(msgspec.Struct, frozen=True, kw_only=True):
    """One open point: which document, since when, what was expected and what is there.

    `units` and `value_minor` are what is open: of a mismatch, what is there less what was expected.
    """

    order_id: str
    document: str
    finding: Finding
    currency: str
    site: str = ""
    since: str = ""  # ISO 8601 in UTC; when the goods left, or came back
    units: int = 0
    value_minor: int = 0
    detail: str = ""


def match(order: OrderState, rules: CreditRules | None = None) -> list[MatchRow]:
    """Everything that is open or wrong between the documents of one order, by document."""
    if not (order.shipments or order.invoices or order.receipts or order.credits or order.asks):
        return []
    found = [*_shipments(order), *_invoices(order), *_credits(order, rules or CreditRules())]
    return sorted(found, key=lambda row: (row.document, row.finding))


def _row(order: OrderState, document: str, finding: Finding, **more: Any) -> MatchRow:
    return MatchRow(
        order_id=order.order_id,
        document=document,
        finding=finding,
        currency=order.currency,
        **more,
    )


# --- shipments --------------------------------------------------------------------------------


def _shipments(order: OrderState) -> Iterator[MatchRow]:
    for number, mark in order.shipments.items():
        if mark.closed:
            continue
        if not order.placed:
            units = sum(mark.lines.values())
            yield _shipped(order, number, mark, Finding.SHIPMENT_WITHOUT_ORDER, units=units)
            continue
        if mark.withheld:
            yield _shipped(
                order, number, mark, Finding.INVOICE_WITHHELD, detail=mark.withheld,
                units=sum(mark.lines.values()),
            )  # fmt: skip
        missing = _not_charged(order, number, mark)
        if missing and not mark.withheld:
            yield _shipped(
                order, number, mark, Finding.NOT_CHARGED, units=sum(missing.values()),
                detail=", ".join(f"{n} of line {line}" for line, n in sorted(missing.items())),
            )  # fmt: skip


def _shipped(
    order: OrderState, number: str, mark: ShipmentMark, finding: Finding, **more: Any
) -> MatchRow:
    return _row(order, number, finding, site=mark.site, since=mark.at, **more)


def _not_charged(order: OrderState, number: str, mark: ShipmentMark) -> dict[str, int]:
    """Units of a shipment that no invoice was asked for; what belongs to a kit goes with it."""
    charged: Counter[str] = Counter()
    for ask in order.asks.values():
        if ask.shipment == number:
            charged.update({line: one.units for line, one in ask.lines.items()})
    return {
        line: units - charged[line]
        for line, units in mark.lines.items()
        if order.lines[line].kind is ItemKind.STOCK
        and not order.lines[line].kit
        and units > charged[line]
    }


def _when(pair: tuple[str, InvoiceMark | CreditMark]) -> tuple[str, str]:
    """The document that was posted first is the one that counts."""
    return pair[1].at, pair[0]


# --- invoices ---------------------------------------------------------------------------------


def _invoices(order: OrderState) -> Iterator[MatchRow]:
    by_ask: dict[str, list[tuple[str, InvoiceMark]]] = {}
    for number, mark in sorted(order.invoices.items(), key=_when):
        by_ask.setdefault(ask_id(mark.shipment, mark.correction), []).append((number, mark))
    for name, ask in order.asks.items():
        posted = by_ask.pop(name, [])
        if not posted:
            yield _not_posted(order, name, ask)
            continue
        yield from _compared(order, name, ask, posted[0][1])
        yield from _doubles(order, name, posted)
    for name, posted in by_ask.items():
        number, mark = posted[0]
        if mark.shipment in order.shipments:
            yield from _currency(order, name, mark)
            if order.placed:
                yield _row(
                    order, name, Finding.QUANTITY_DIFFERS, units=_units(mark.lines),
                    value_minor=mark.total, detail=f"{number} was not asked for",
                )  # fmt: skip
        else:
            yield _row(
                order, name, Finding.INVOICED_NOT_SHIPPED, units=_units(mark.lines), since=mark.at,
                value_minor=mark.total, detail=f"{number} names a shipment that nobody told of",
            )  # fmt: skip
        yield from _doubles(order, name, posted)


def _not_posted(order: OrderState, name: str, ask: InvoiceAsk) -> MatchRow:
    mark = order.shipments.get(ask.shipment)
    finding = Finding.INVOICE_REJECTED if ask.rejected else Finding.SHIPPED_NOT_INVOICED
    return _row(
        order,
        name,
        finding,
        site=mark.site if mark is not None else "",
        since=mark.at if mark is not None else order.since,
        units=_units(ask.lines),
        value_minor=ask.total,
        detail=ask.rejected.strip(),
    )


def _doubles(
    order: OrderState, name: str, posted: list[tuple[str, InvoiceMark]]
) -> Iterator[MatchRow]:
    if len(posted) > 1:
        yield _row(
            order, name, Finding.INVOICE_DUPLICATE,
            units=sum(_units(mark.lines) for _, mark in posted[1:]),
            value_minor=sum(mark.total for _, mark in posted[1:]),
            detail=", ".join(number for number, _ in posted),
        )  # fmt: skip


def _compared(
    order: OrderState, name: str, ask: InvoiceAsk, mark: InvoiceMark
) -> Iterator[MatchRow]:
    """What was asked for against what was posted: units, then net amounts, then tax."""
    wrong = list(_currency(order, name, mark))
    if wrong:
        yield from wrong
        return
    expected, there = ask.lines, mark.lines
    numbers = sorted({*expected, *there})
    none = Amounts(0)
    units = [n for n in numbers if there.get(n, none).units != expected.get(n, none).units]
    if units:
        yield _row(
            order, name, Finding.QUANTITY_DIFFERS, units=_units(there) - _units(expected),
            value_minor=mark.total - ask.total, detail=f"lines {', '.join(units)}",
        )  # fmt: skip
        return
    nets = [n for n in numbers if there[n].net != expected[n].net]
    if nets or mark.freight != ask.freight:
        yield _row(
            order, name, Finding.PRICE_DIFFERS, value_minor=mark.total - ask.total,
            detail=f"lines {', '.join(nets)}" if nets else "freight",
        )  # fmt: skip
    elif mark.total != ask.total or [n for n in numbers if there[n].tax != expected[n].tax]:
        yield _row(order, name, Finding.TAX_DIFFERS, value_minor=mark.total - ask.total)


def _currency(order: OrderState, name: str, mark: InvoiceMark | CreditMark) -> Iterator[MatchRow]:
    if order.placed and not counts(order, mark):
        yield _row(
            order, name, Finding.CURRENCY_DIFFERS,
            detail=f"{mark.total} {mark.currency} as {mark.role}, the order is in {order.currency}",
        )  # fmt: skip


def _units(lines: Mapping[str, Amounts]) -> int:
    return sum(one.units for one in lines.values())


# --- credits ----------------------------------------------------------------------------------


def _credits(order: OrderState, rules: CreditRules) -> Iterator[MatchRow]:
    memos: dict[str, list[tuple[str, CreditMark]]] = {}
    for number, mark in sorted(order.credits.items(), key=_when):
        memos.setdefault(mark.ask, []).append((number, mark))
    for name, ask in order.credit_asks.items():
        posted = memos.pop(name, [])
        if not posted:
            yield _not_credited(order, name, ask)
            continue
        yield from _memo_compared(order, name, ask, posted[0][1])
        if len(posted) > 1:
            yield _row(
                order, name, Finding.CREDIT_DUPLICATE,
                value_minor=sum(mark.total for _, mark in posted[1:]),
                detail=", ".join(number for number, _ in posted),
            )  # fmt: skip
    for posted in memos.values():
        for number, mark in posted:
            yield _row(
                order, number, Finding.CREDIT_NOT_ASKED, units=_units(mark.lines),
                value_minor=mark.total, since=mark.at,
            )  # fmt: skip
    yield from _beyond(order)
    yield from _uncredited(order, rules)


def _not_credited(order: OrderState, name: str, ask: CreditAsk) -> MatchRow:
    receipt = order.receipts.get(ask.receipt)
    return _row(
        order,
        name,
        Finding.RETURNED_NOT_CREDITED,
        site=receipt.site if receipt is not None else "",
        since=receipt.at if receipt is not None else "",
        units=_units(ask.lines),
        value_minor=ask.total,
    )


def _memo_compared(
    order: OrderState, name: str, ask: CreditAsk, mark: CreditMark
) -> Iterator[MatchRow]:
    wrong = list(_currency(order, name, mark))
    if wrong:
        yield from wrong
        return
    none = Amounts(0)
    for number in sorted({*ask.lines, *mark.lines}):
        said, asked = mark.lines.get(number, none), ask.lines.get(number, none)
        if (said.units, said.net, said.tax) != (asked.units, asked.net, asked.tax):
            break
    else:
        if mark.total == ask.total:
            return
    yield _row(
        order, name, Finding.CREDIT_DIFFERS, units=_units(mark.lines) - _units(ask.lines),
        value_minor=mark.total - ask.total, detail=f"{mark.total} of {ask.total} credited",
    )  # fmt: skip


def _beyond(order: OrderState) -> Iterator[MatchRow]:
    """No line gives back more units, or more money, than finance charged for it."""
    charged = invoiced(order)
    for number, back in sorted(credited(order).items()):
        have = charged.get(number, Amounts(0))
        if back.units > have.units or back.net + back.tax > max(0, have.net + have.tax):
            yield _row(
                order, f"{order.order_id}/{number}", Finding.CREDITED_BEYOND_INVOICED,
                units=max(0, back.units - have.units),
                value_minor=back.net + back.tax - have.net - have.tax,
                detail=f"{back.units} units credited of {have.units} invoiced",
            )  # fmt: skip


def _uncredited(order: OrderState, rules: CreditRules) -> Iterator[MatchRow]:
    """Goods that came back and are to be credited, for which no credit was asked yet."""
    for name, mark in order.receipts.items():
        asked = sum(_units(ask.lines) for ask in order.credit_asks.values() if ask.receipt == name)
        back = sum(
            units
            for line, parts in sent(mark).items()
            if not order.lines[line].kit
            for disposition, units in parts.items()
            if disposition in rules.credited
        )
        if back > asked:
            yield _row(
                order, name, Finding.RETURNED_NOT_CREDITED, site=mark.site, since=mark.at,
                units=back - asked, detail="no credit is asked for: it was not invoiced",
            )  # fmt: skip
