"""What finance is asked to charge for units of an order's lines: net, discount, freight, tax.

Every amount is the difference of two cumulative ones: what all units up to now cost, less what
those before did. So the parts of a line that leaves in several shipments add up to the line, to
the minor unit, however it was split and in whatever order it left (P44). How tax is rounded is
data, by country and currency: line by line, or once per invoice, the rest going where the rule
says (P52).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from crossdock.contracts.money import (
    Remainder,
    RoundingMode,
    line_amount_minor,
    rounded,
    shares,
)
from crossdock.contracts.vocabulary import ItemKind
from crossdock.orders.state import Amounts, Figures, InvoiceAsk, Line, OrderState

RATE_SCALE = 10_000
"""A rate of 20 % is 2,000."""

ANYWHERE = "*"
"""A country or currency that a rule does not narrow."""


class RoundedPer(StrEnum):
    """On what tax is rounded."""

    LINE = "line"
    TOTAL = "total"  # of all lines of an invoice with one rate


@dataclass(frozen=True, slots=True)
class TaxRate:
    """Goods of this code that go to this country are taxed so; no code is the standard rate."""

    rate: int  # in ten-thousandths
    country: str = ANYWHERE
    code: str = ""


@dataclass(frozen=True, slots=True)
class TaxRounding:
    """How tax is rounded there; `remainder` says where the rest goes that `TOTAL` leaves."""

    per: RoundedPer = RoundedPer.LINE
    mode: RoundingMode = RoundingMode.HALF_EVEN
    remainder: Remainder = Remainder.CARRIED
    country: str = ANYWHERE
    currency: str = ANYWHERE


class ClosedPeriod(StrEnum):
    """What becomes of an invoice whose period finance has closed."""

    NEXT_OPEN = "next_open"  # asked for under the first day of the next open one
    HOLD = "hold"  # not asked for until somebody says so


@dataclass(frozen=True, slots=True)
class MoneyRules:
    """How a house charges. Without rates the hub knows no tax, and finance adds it."""

    rates: tuple[TaxRate, ...] = ()
    rounding: tuple[TaxRounding, ...] = ()
    over_ship_percent: int = 0  # of a line's units that may leave beyond it and are charged
    closed_period: ClosedPeriod = ClosedPeriod.NEXT_OPEN

    def rate(self, country: str, code: str) -> int | None:
        """The rate of a code in a country, else of the code anywhere; None: nobody said."""
        known = {(one.country, one.code): one.rate for one in self.rates}
        found = known.get((country, code))
        return known.get((ANYWHERE, code)) if found is None else found

    def without_rates(self) -> MoneyRules:
        """The same house before anybody said how it taxes."""
        return replace(self, rates=())

    def rounds(self, country: str, currency: str) -> TaxRounding:
        """The rule that names most of country and currency; the country goes first."""
        for rule in sorted(
            self.rounding, key=lambda one: (one.country == ANYWHERE, one.currency == ANYWHERE)
        ):
            if rule.country in (country, ANYWHERE) and rule.currency in (currency, ANYWHERE):
                return rule
        return TaxRounding()


@dataclass(slots=True)
class LineCharge:
    """What a line's units cost: net of discount, the discount, the tax, in minor units."""

    units: int
    net: int
    discount: int = 0
    code: str = ""
    tax: int = 0


@dataclass(slots=True)
class Charge:
    """All that an invoice asks for."""

    lines: dict[str, LineCharge]
    freight: int = 0
    freight_tax: int = 0
    rounding: int = 0

    @property
    def tax(self) -> int:
        """The tax of lines and freight, the rounding line not included."""
        return sum(line.tax for line in self.lines.values()) + self.freight_tax

    @property
    def total(self) -> int:
        """Lines, freight, tax and rounding (I11)."""
        return sum(one.net for one in self.lines.values()) + self.freight + self.tax + self.rounding


@dataclass(frozen=True, slots=True)
class NoRate:
    """Nobody said how this is taxed; it is never guessed."""

    country: str
    code: str

    def __str__(self) -> str:
        return f"no tax rate for code {self.code or 'standard'} in {self.country or 'no country'}"


@dataclass(frozen=True, slots=True)
class _Part:
    """What is taxed at one rate: before this invoice and with it, net."""

    rate: int
    before: int
    after: int


def charge(order: OrderState, units: Mapping[str, int], rules: MoneyRules) -> Charge | NoRate:
    """What so many further units of these lines cost, beyond what finance was asked for already."""
    lines: dict[str, LineCharge] = {}
    asked = asked_amounts(order)
    for number in sorted(units):
        line, before = order.lines[number], asked.get(number, Amounts(0))
        after = before.units + units[number]
        gross = _gross(order, line, after) - _gross(order, line, before.units)
        less = _off(line, after) - before.off
        lines[number] = LineCharge(units[number], gross - less, less, line.tax_code)
    found = Charge(lines, _freight(order, units))
    return _taxed(order, found, rules, asked) if rules.rates else found


def asked_amounts(order: OrderState) -> dict[str, Amounts]:
    """What finance was asked to charge so far, by line."""
    return summed(ask.lines for ask in order.asks.values())


def summed(parts: Iterable[Mapping[str, Amounts]]) -> dict[str, Amounts]:
    """Amounts of several documents added up, by line."""
    found: dict[str, Amounts] = {}
    for lines in parts:
        for number, one in lines.items():
            known = found.get(number, Amounts(0))
            found[number] = Amounts(
                known.units + one.units,
                known.net + one.net,
                known.tax + one.tax,
                known.off + one.off,
            )
    return found


def _gross(order: OrderState, line: Line, units: int) -> int:
    each = line.price_each
    priced = units if each == (1, 1) else Fraction(units) / Fraction(*each)
    return line_amount_minor(priced, line.price_e4, order.currency)


def _off(line: Line, units: int) -> int:
    """What is off the first so many units of a line."""
    if not line.discount or not line.ordered:
        return 0
    return rounded(Fraction(line.discount * min(units, line.ordered), line.ordered))


def _is_charged(line: Line) -> bool:
    """Whether a line has a price of its own: a kit's components have none."""
    return not line.kit and (line.kind is not ItemKind.STOCK or line.priced or line.revision[0] > 0)


def _freight(order: OrderState, units: Mapping[str, int]) -> int:
    """The part of the freight that goes with these units: all of it has gone with the last one.

    By what the units are worth; by their number where nothing has a price. What is cancelled takes
    its part with it.
    """
    if not order.freight or not units:
        return 0
    asked = sum(ask.freight for ask in order.asks.values())
    gone = whole = 0
    for weigh in (_gross, _number):
        gone = whole = 0
        for number, line in order.lines.items():
            if _is_charged(line):
                upto = min(line.ordered, line.asked + units.get(number, 0))
                gone += max(0, weigh(order, line, upto))
                whole += max(0, weigh(order, line, line.ordered))
        if whole > 0:
            break
    part = rounded(Fraction(order.freight * gone, whole)) if whole > 0 else order.freight
    return part - asked


def _number(order: OrderState, line: Line, units: int) -> int:
    return units


def _taxed(
    order: OrderState, found: Charge, rules: MoneyRules, asked: Mapping[str, Amounts]
) -> Charge | NoRate:
    country = order.ship_to.country
    rule = rules.rounds(country, order.currency)
    parts: dict[str, _Part] = {}
    for number, one in found.lines.items():
        rate = rules.rate(country, one.code)
        if rate is None:
            return NoRate(country, one.code)
        before = asked.get(number, Amounts(0)).net
        parts[number] = _Part(rate, before, before + one.net)
    if found.freight:
        rate = rules.rate(country, "")
        if rate is None:
            return NoRate(country, "")
        gone = sum(ask.freight for ask in order.asks.values())
        parts[_FREIGHT] = _Part(rate, gone, gone + found.freight)
    taxes = {
        name: _between(part.rate, part.before, part.after, rule.mode)
        for name, part in parts.items()
    }
    if rule.per is RoundedPer.TOTAL:
        taxes, found.rounding = _rounded_once(order, parts, taxes, rules, rule, asked)
    found.freight_tax = taxes.pop(_FREIGHT, 0)
    for number, tax in taxes.items():
        found.lines[number].tax = tax
    return found


_FREIGHT = ""
"""Stands for the freight among lines; no line is called so."""


def _between(rate: int, before: int, after: int, mode: RoundingMode) -> int:
    """The tax on what lies between two cumulative amounts."""
    return rounded(Fraction(after * rate, RATE_SCALE), mode) - rounded(
        Fraction(before * rate, RATE_SCALE), mode
    )


def _rounded_once(
    order: OrderState,
    parts: Mapping[str, _Part],
    taxes: dict[str, int],
    rules: MoneyRules,
    rule: TaxRounding,
    asked: Mapping[str, Amounts],
) -> tuple[dict[str, int], int]:
    """Taxes whose sum per rate is rounded once; gives them and the rounding line."""
    carried = 0
    spread = dict(taxes)
    for rate in sorted({part.rate for part in parts.values()}):
        names = [name for name, part in parts.items() if part.rate == rate]
        before = _asked_at(order, rate, rules, asked)
        more = sum(parts[name].after - parts[name].before for name in names)
        tax = _between(rate, before, before + more, rule.mode)
        weights = [parts[name].after - parts[name].before for name in names]
        if rule.remainder is Remainder.CARRIED or min(weights) < 0:
            carried += tax - sum(taxes[name] for name in names)
        else:
            spread.update(zip(names, shares(tax, weights, rule.remainder), strict=True))
    return spread, carried


def _asked_at(order: OrderState, rate: int, rules: MoneyRules, asked: Mapping[str, Amounts]) -> int:
    """What finance was asked for so far that is taxed at a rate, net."""
    country = order.ship_to.country
    found = sum(
        one.net
        for number, one in asked.items()
        if rules.rate(country, order.lines[number].tax_code) == rate
    )
    if rules.rate(country, "") == rate:
        found += sum(ask.freight for ask in order.asks.values())
    return found


def ask_id(shipment: str, correction: int) -> str:
    """The name of an invoice that finance is asked for: the shipment's own, then `S1/1`, `S1/2`."""
    return f"{shipment}/{correction}" if correction else shipment


def asked_of(order: OrderState, shipment: str) -> list[InvoiceAsk]:
    """What finance was asked to invoice of a shipment, the first request first."""
    return [ask for ask in order.asks.values() if ask.shipment == shipment]


def cap(line: Line, rules: MoneyRules) -> int:
    """How many units of a line are charged at most; what leaves beyond waits, and is shown."""
    return line.ordered + line.ordered * rules.over_ship_percent // 100


def to_charge(
    order: OrderState, known: Mapping[str, Figures], shipment: str, rules: MoneyRules
) -> dict[str, int]:
    """The units that the next invoice of a shipment asks for, by line; empty where there is none.

    Goods of the shipment that were ordered and not charged yet, the kits that are whole by now,
    and the services of the order.
    """
    mark = order.shipments.get(shipment)
    found: dict[str, int] = {}
    if mark is not None and mark.closed:
        return {}
    if mark is not None:
        charged: dict[str, int] = {}
        for ask in asked_of(order, shipment):
            for number, one in ask.lines.items():
                charged[number] = charged.get(number, 0) + one.units
        for number, units in mark.lines.items():
            line = order.lines[number]
            if line.kind is ItemKind.STOCK and _is_charged(line):
                found[number] = min(units - charged.get(number, 0), cap(line, rules) - line.asked)
    for number, now in known.items():
        line = order.lines[number]
        if line.kind is not ItemKind.STOCK:
            found[number] = min(now.shipped, max(line.ordered, line.asked)) - line.asked
    return {number: units for number, units in found.items() if units > 0}
