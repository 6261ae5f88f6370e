"""May this order be taken? Each rule is a function of values that names what it finds (R56).

A rule takes the case (the order, and what the masters and the stock say of it) and the channel's
policy; it gives every breach with the numbers that caused it. What follows from a breach, refusal,
hold or warning, is the policy's to say. The same rules judge an order that is submitted, one that
is only asked about, and one that has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from crossdock.contracts.credit import Credit
from crossdock.contracts.money import line_amount_minor
from crossdock.contracts.parties import Party
from crossdock.contracts.prices import Price, price_of
from crossdock.contracts.submissions import Breach, RuleOutcome
from crossdock.contracts.vocabulary import (
    ItemKind,
    OrderRefusal,
    OrderRule,
    PartyRole,
    RuleAction,
)
from crossdock.contracts.words import Address
from crossdock.orders.policy import OrderPolicy
from crossdock.orders.refusals import KINDS, RULES, rule_hold
from crossdock.orders.state import Figures, Line, OrderState

_NO_ADDRESS = Address()


@dataclass(frozen=True, slots=True)
class Case:
    """An order to be judged, and all that its rules look at.

    `owed_minor` is what counts against the credit already, without this order; `price` and
    `available` (base units that the channel may take now) are asked for by item.
    """

    order: OrderState
    figures: dict[str, Figures]
    at: datetime
    party: Party | None
    credit: Credit | None
    owed_minor: int
    price: Callable[[str], Price | None]
    available: Callable[[str], int]
    rival: str = ""  # the place of an order under the same number of the customer

    @property
    def payer(self) -> str:
        """Who pays, and whose credit it is."""
        return payer_of(self.order.customer, self.party)


def payer_of(customer: str, party: Party | None) -> str:
    """Whose credit an order of this customer uses: of the account that is billed."""
    return (party.bill_to or customer) if party is not None else customer


def open_value_minor(order: OrderState, known: dict[str, Figures]) -> int:
    """What of the order's value is neither cancelled nor invoiced yet, in minor units."""
    total = 0
    for number, now in known.items():
        line = order.lines[number]
        left = now.ordered - now.cancelled - now.invoiced
        if left > 0 and not line.kit:
            priced = Fraction(left) / Fraction(*line.price_each)
            total += line_amount_minor(priced, line.price_e4, order.currency)
    return total


Broken = tuple[OrderRefusal, str, str, str]
"""What is broken, what it is about, what was found, what was expected."""


def _duplicate(case: Case, policy: OrderPolicy) -> Iterator[Broken]:
    if case.rival:
        number = case.order.purchase_order or case.order.order_id
        found = f"{number} stands at {case.rival} with other content"
        yield OrderRefusal.DUPLICATE_PURCHASE_ORDER, case.order.customer, found, "a number once"


def _customer(case: Case, policy: OrderPolicy) -> Iterator[Broken]:
    customer = case.order.customer
    if case.party is None:
        yield OrderRefusal.CUSTOMER_UNKNOWN, customer, "no record", "a party of this number"
    elif case.party.blocked:
        yield OrderRefusal.CUSTOMER_BLOCKED, customer, "blocked", "not blocked"
    elif case.party.role is not PartyRole.CUSTOMER:
        yield OrderRefusal.NO_CUSTOMER_ROLE, customer, case.party.role.value, "customer"


def _terms(case: Case, policy: OrderPolicy) -> Iterator[Broken]:
    customer, theirs = case.order.customer, case.party.terms if case.party is not None else None
    named = case.order.terms or theirs
    if named is None:
        yield OrderRefusal.TERMS_UNKNOWN, customer, "none", "terms on the order or the party"
    elif theirs is not None and named != theirs:
        yield OrderRefusal.TERMS_NOT_THEIRS, customer, named, theirs
    elif policy.terms and named not in policy.terms:
        expected = " or ".join(policy.terms)
        yield OrderRefusal.TERMS_NOT_ALLOWED, customer, named, expected


def _credit(case: Case, policy: OrderPolicy) -> Iterator[Broken]:
    wanted = open_value_minor(case.order, case.figures)
    if wanted <= 0:
        return
    credit, payer, currency = case.credit, case.payer, case.order.currency
    if credit is None:
        yield OrderRefusal.CREDIT_UNKNOWN, payer, "no record", "a credit record"
    elif credit.stopped:
        yield OrderRefusal.CREDIT_STOPPED, payer, "stopped", "not stopped"
    elif credit.currency != currency:
        yield OrderRefusal.CREDIT_OTHER_CURRENCY, payer, currency, credit.currency
    elif case.owed_minor + wanted > credit.limit_minor:
        found = f"{case.owed_minor} owed + {wanted} ordered, minor units of {currency}"
        yield OrderRefusal.CREDIT_EXCEEDED, payer, found, f"at most {credit.limit_minor}"


def _price(case: Case, policy: OrderPolicy) -> Iterator[Broken]:
    order = case.order
    for number in sorted(order.lines):
        line = order.lines[number]
        if line.kit or line.kind is ItemKind.SERVICE or not line.item or not line.ordered:
            continue  # what was not counted yet is held for its unit
        prices = case.price(line.item)
        step = listed(order, line, prices, case.at) if prices is not None else None
        if step is None:
            found = f"none of {line.item} in {order.currency}"
            yield OrderRefusal.PRICE_UNKNOWN, number, found, "a price on the list"
            continue
        most = abs(step) * policy.price_tolerance_percent
        off = (line.price_e4 - step) * 100
        if abs(off) > most:
            low = off < 0
            refusal = OrderRefusal.PRICE_TOO_LOW if low else OrderRefusal.PRICE_TOO_HIGH
            within = f"{float(step / 10_000):.4f} within {policy.price_tolerance_percent} %"
            yield refusal, number, f"{line.price_e4 / 10_000:.4f} for {line.item}", within


def listed(order: OrderState, line: Line, price: Price, at: datetime) -> Fraction | None:
    """The list's price per unit of the line's own price; None where the list has none.

    A price of the very unit goes before that of so many base units.
    """
    each = Fraction(*line.price_each)
    if line.price_unit:
        step = price_of(price, order.currency, line.price_unit, int(line.ordered / each), at)
        if step is not None:
            return Fraction(step.unit_price_e4)
    step = price_of(price, order.currency, "", line.ordered, at)
    return None if step is None else step.unit_price_e4 * each


def _tax(case: Case, policy: OrderPolicy) -> Iterator[Broken]:
    customer = case.order.customer
    if case.party is None or case.party.tax_class is None:
        yield OrderRefusal.TAX_CLASS_UNKNOWN, customer, "none", "a tax class of the party"
    if not case.order.ship_to.country:
        yield OrderRefusal.TAX_COUNTRY_UNKNOWN, customer, "none", "a country to ship to"


def _address(case: Case, policy: OrderPolicy) -> Iterator[Broken]:
    if case.order.services_only():
        return
    if case.order.ship_to == _NO_ADDRESS:
        yield OrderRefusal.ADDRESS_MISSING, case.order.customer, "none", "an address to ship to"


def _availability(case: Case, policy: OrderPolicy) -> Iterator[Broken]:
    wanted: dict[str, int] = {}
    for _, line in case.order.stock_lines():
        wanted[line.item] = wanted.get(line.item, 0) + line.ordered
    for item, units in sorted(wanted.items()):
        there = max(0, case.available(item)) if units else 0
        if units > there:
            yield OrderRefusal.NOT_ENOUGH_AVAILABLE, item, f"{there} available", f"{units} ordered"


_RULES: dict[OrderRule, Callable[[Case, OrderPolicy], Iterator[Broken]]] = {
    OrderRule.DUPLICATE: _duplicate,
    OrderRule.CUSTOMER: _customer,
    OrderRule.TERMS: _terms,
    OrderRule.CREDIT: _credit,
    OrderRule.PRICE: _price,
    OrderRule.TAX: _tax,
    OrderRule.ADDRESS: _address,
    OrderRule.AVAILABILITY: _availability,
}


def judge(case: Case, policy: OrderPolicy, *, duplicate: bool = False) -> list[RuleOutcome]:
    """Ask every rule that the policy asks, and `duplicate` besides where that is so.

    Gives one outcome per rule, in the order of precedence; one without breaches is kept.
    """
    outcomes = []
    for rule, ask in _RULES.items():
        does = RuleAction.REJECT if rule is OrderRule.DUPLICATE else policy.action(rule)
        if does is RuleAction.OFF or (rule is OrderRule.DUPLICATE and not duplicate):
            continue
        breaches = tuple(
            Breach(
                rule=RULES[refusal],
                refusal=refusal,
                does=does,
                about=about,
                found=found,
                expected=expected,
            )
            for refusal, about, found, expected in ask(case, policy)
        )
        outcomes.append(RuleOutcome(rule=rule, does=does, breaches=breaches))
    return outcomes


def refusal_of(outcomes: list[RuleOutcome]) -> Breach | None:
    """The first finding that refuses the order, or None."""
    return next(
        (one for rule in outcomes for one in rule.breaches if one.does is RuleAction.REJECT), None
    )


def holds_of(outcomes: list[RuleOutcome], *, admitted: bool) -> list[str]:
    """The names of the holds that follow; an order that is `admitted` is held, not refused."""
    wanted = {RuleAction.HOLD, RuleAction.REJECT} if admitted else {RuleAction.HOLD}
    return [
        rule_hold(one.refusal, one.about)
        for rule in outcomes
        for one in rule.breaches
        if one.does in wanted and rule.rule in KINDS
    ]
