"""Does the money add up? The story's amounts, the hub's orders and the ERP's books, to the penny.

Three accounts of the same trade that were kept apart: the story knows what its lines are worth, the
hub what it asked for, the ERP what it posted. Tax is reckoned here once more, from the ERP's net
amounts and the demo's own table, by other code than the hub's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import msgspec

from crossdock.contracts.money import line_amount_minor
from crossdock.contracts.vocabulary import Disposition, HoldKind, ItemKind
from crossdock.estate.estate import Estate
from crossdock.estate.stories.story import Accounting
from crossdock.log.ports import Reading
from crossdock.orders.credits import CreditRules
from crossdock.orders.matching import match
from crossdock.orders.refusals import kind_of
from crossdock.orders.state import Line, OrderState, figures
from crossdock.runtime.demo.house import TAXES

_ORDER = msgspec.json.Decoder(OrderState)
_PAGE = 500
_PAID = CreditRules().credited


@dataclass(slots=True)
class Money:
    """What the hub's orders say, in minor units by order, and in units."""

    charged: Counter[str] = field(default_factory=Counter)  # order -> invoiced, tax included
    tax: Counter[str] = field(default_factory=Counter)  # order -> tax on invoices
    credited: Counter[str] = field(default_factory=Counter)  # order -> credited, tax included
    country: dict[str, str] = field(default_factory=dict)  # order -> where it goes
    ordered: Counter[str] = field(default_factory=Counter)  # currency -> at the order's prices
    cancelled: Counter[str] = field(default_factory=Counter)  # likewise
    open: Counter[str] = field(default_factory=Counter)  # likewise: not shipped yet
    invoiced: Counter[str] = field(default_factory=Counter)  # currency -> net
    taxed: Counter[str] = field(default_factory=Counter)  # currency
    given_back: Counter[str] = field(default_factory=Counter)  # currency
    findings: Counter[str] = field(default_factory=Counter)
    credited_units: int = 0
    paid: Counter[str] = field(default_factory=Counter)  # order -> paid, tax included
    holds: Counter[str] = field(default_factory=Counter)  # what became of holds, in orders
    released: Counter[str] = field(default_factory=Counter)  # hold that was let go -> in orders


async def money_of(store: Reading) -> Money:
    """Read every order's money."""
    found = Money()
    async for order in _orders(store):
        _add(found, order)
    return found


async def _orders(store: Reading) -> AsyncIterator[OrderState]:
    after = ""
    while page := await store.orders(after, _PAGE):
        for row in page:
            yield _ORDER.decode(row.state)
        after = page[-1].order_id


def _add(found: Money, order: OrderState) -> None:
    found.findings.update(row.finding.value for row in match(order))
    found.country[order.order_id] = order.ship_to.country
    for line in order.lines.values():
        if order.placed and not line.kit:
            now = figures(order, line)
            last = now.ordered - now.cancelled
            gone = line.asked if line.kind is ItemKind.STOCK else now.shipped
            found.ordered[order.currency] += _worth(order, line, now.ordered)
            found.cancelled[order.currency] += _worth(order, line, now.ordered) - _worth(
                order, line, last
            )
            found.open[order.currency] += _worth(order, line, last) - _worth(order, line, gone)
    for mark in order.invoices.values():
        tax = sum(one.tax for one in mark.lines.values()) + mark.freight_tax + mark.rounding
        found.charged[order.order_id] += mark.total
        found.tax[order.order_id] += tax
        found.invoiced[mark.currency] += mark.total - tax
        found.taxed[mark.currency] += tax
    _add_holds(found, order)
    for memo in order.credits.values():
        found.credited[order.order_id] += memo.total
        found.given_back[memo.currency] += memo.total
        found.credited_units += sum(one.units for one in memo.lines.values())


def _add_holds(found: Money, order: OrderState) -> None:
    for payment in order.payments.values():
        found.paid[order.order_id] += payment.amount
    found.holds["placed"] += len(order.placed_holds)
    for known in order.released_holds:
        kind, _, hold = known.partition("/")
        if order.placed_holds.get(hold, kind) == kind:  # a rule's hold is placed by nobody
            found.holds["released"] += hold in order.placed_holds
            found.holds["price_holds_released"] += hold not in order.placed_holds
            found.released[hold] += 1
    found.holds["still_held"] += bool(order.holds)
    found.holds["still_waiting_for_credit"] += any(
        kind_of(hold) is HoldKind.CREDIT for hold in order.holds
    )


def _worth(order: OrderState, line: Line, units: int) -> int:
    priced = Fraction(units) / Fraction(*line.price_each)
    return line_amount_minor(priced, line.price_e4, order.currency)


def reckoned_tax(estate: Estate, country: dict[str, str]) -> dict[str, int]:
    """The tax that each order's invoices should carry, from the ERP's net amounts."""
    found = {}
    for order, net in estate.erp.net.items():
        place = country.get(order, "")
        percent = _setting("rates", place)["percent"]
        rule = _setting("rounding", place)
        mode = ROUND_HALF_UP if rule["mode"] == "half_up" else ROUND_HALF_EVEN
        bases = list(net.values()) if rule["per"] == "line" else [net.total()]
        taxes = [(Decimal(base) * Decimal(str(percent)) / 100).quantize(1, mode) for base in bases]
        found[order] = int(sum(taxes))
    return {order: tax for order, tax in found.items() if tax}


def _setting(name: str, country: str) -> dict[str, Any]:
    """The row of the demo's table for a country, else the one for all others."""
    rows = TAXES[name]
    named = [row for row in rows if row.get("country") == country]
    return (named or [row for row in rows if "country" not in row])[0]


def reconciled(
    money: Money, accounting: Accounting, estate: Estate, currency: str
) -> dict[str, dict[str, int]]:
    """By currency what was ordered, cancelled, invoiced, taxed, credited, and what is left over.

    `difference_*` are zero when story, hub and ERP agree: the story's lines against the hub's
    orders; what the hub's orders are worth against the ERP's invoices; what came back at the
    warehouses and is paid for against the ERP's credits, in units; credits between hub and ERP.
    """
    erp = estate.erp
    said = accounting.value_ordered_minor - accounting.value_credited_minor
    net = erp.total_minor[currency] - erp.tax_minor[currency]
    came_back = Counter[Disposition]()
    for site in ("EAST", "WEST"):
        came_back.update(estate.wms(site).came_back)
    return {
        currency: {
            "ordered_minor": said,
            "cancelled_minor": money.cancelled[currency],
            "open_minor": money.open[currency],
            "invoiced_net_minor": net,
            "tax_minor": erp.tax_minor[currency],
            "invoiced_minor": erp.total_minor[currency],
            "credited_minor": erp.credited_minor[currency],
            "difference_ordered": said - money.ordered[currency],
            "difference_invoiced": money.ordered[currency]
            - money.cancelled[currency]
            - money.open[currency]
            - net,
            "difference_credited": money.given_back[currency] - erp.credited_minor[currency],
            "difference_units_credited": sum(came_back[one] for one in _PAID) - erp.credited_units,
        }
    }
