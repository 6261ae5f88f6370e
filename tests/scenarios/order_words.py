"""The words in which people speak of an order's rules, holds, changes and answers in a story."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from crossdock.contracts import catalogue, credit, holds, parties, prices, steering
from crossdock.contracts.submissions import OrderAnswer, RuleOutcome
from crossdock.contracts.vocabulary import (
    HoldKind,
    OrderAnswerKind,
    OrderRule,
    OverrideAction,
    PartyRole,
    RuleAction,
)
from crossdock.contracts.words import Address, Noun
from crossdock.orders.candidates import Question
from crossdock.orders.policy import (
    Criterion,
    CustomerPolicy,
    HoldPolicy,
    LateCancel,
    OrderPolicy,
    ShortPick,
    SiteTerms,
    Together,
)
from crossdock.ownership.grammar import rule_of
from crossdock.ownership.matrix import Matrix
from crossdock.sagas.policy import Policy
from crossdock.testing.builders import at

Said = tuple[str, Noun]


# The house ---------------------------------------------------------------------------------------


def _asks(policy: OrderPolicy, words: str) -> OrderPolicy:
    pairs = [part.split() for part in words.split(", ")]
    rules = {OrderRule(rule): RuleAction(does) for rule, does in pairs}
    return replace(policy, rules={**policy.rules, **rules})


_OF_ORDERS: dict[str, Callable[[OrderPolicy, str], OrderPolicy]] = {
    "asks ": _asks,
    "tolerates prices within ": lambda p, w: replace(
        p, price_tolerance_percent=int(w.removesuffix(" percent"))
    ),
    "sells by list ": lambda p, w: replace(p, price_list=w),
    "sells on ": lambda p, w: replace(p, terms=tuple(w.split(" or "))),
    "gives shorts to ": lambda p, w: replace(p, short_pick=ShortPick(w)),
    "meets late cancellations with ": lambda p, w: replace(p, late_cancel=LateCancel(w)),
    "ships together by ": lambda p, w: replace(p, together=tuple(map(Together, w.split(", ")))),
}


def is_of_orders(rule: str) -> bool:
    """Whether a rule of the house is about its orders."""
    return any(rule.startswith(word) for word in (*_OF_ORDERS, *_OTHERS))


_OTHERS = (
    "lets ",
    "ranks sites by a rule that ",
    "reminds of ",
    "agrees ",
    "tells ",
    "compares sites by ",
    "at site ",
)


def furnished(policy: Policy, rule: str) -> Policy:
    """The house with one more rule."""
    for word, change in _OF_ORDERS.items():
        if rule.startswith(word):
            said = rule.removeprefix(word)
            return replace(policy, orders_default=change(policy.orders_default, said))
    if rule.startswith("agrees "):  # agrees with globex: shorts cancel
        customer, _, said = rule.removeprefix("agrees with ").partition(": ")
        return _agreed(policy, customer, said)
    if rule.startswith("lets "):  # lets erp release credit
        who, _, kind = rule.removeprefix("lets ").partition(" release ")
        return _hold(policy, kind, released_by=tuple(who.split(" or ")))
    if rule.startswith("tells "):
        return _telling(policy, rule)
    if rule.startswith("compares sites by "):
        by = tuple(map(Criterion, rule.removeprefix("compares sites by ").split(", ")))
        return replace(policy, sourcing=replace(policy.sourcing, by=by))
    if rule.startswith("ranks sites by a rule that "):
        hook = HOOKS[rule.removeprefix("ranks sites by a rule that ")]
        return replace(policy, sourcing=replace(policy.sourcing, hook=hook))
    if rule.startswith("at site "):
        return _site_terms(policy, rule.removeprefix("at site "))
    kind, _, hours = rule.removeprefix("reminds of ").partition(" after ")
    return _hold(policy, kind, remind_hours=int(hours.removesuffix(" hours")))


def _telling(policy: Policy, rule: str) -> Policy:
    """`tells order_notice to shop`: who is told is a row of the matrix."""
    key, _, names = rule.removeprefix("tells ").partition(" to ")
    narrow = rule_of(key)
    assert narrow is not None, key
    row = replace(narrow, consumers=tuple(names.split(" and ")))
    matrix = policy.matrix
    known = [one for one in matrix.rules if one.key == key]
    kept = tuple(one for one in matrix.rules if one.key != key)
    row = replace(known[0], consumers=row.consumers) if known else row
    return replace(policy, matrix=Matrix((*kept, row), matrix.sites, matrix.channels))


def _site_terms(policy: Policy, words: str) -> Policy:
    """`at site EAST closes 15:00, GB 1, DE 3, does 50, costs 500`."""
    site, _, said = words.partition(" ")
    terms = SiteTerms()
    for word, much in (part.split() for part in said.split(", ")):
        if word == "closes":
            hour, _, minute = much.partition(":")
            terms = replace(terms, cut_off_minutes=int(hour) * 60 + int(minute))
        elif word == "does":
            terms = replace(terms, units_per_day=int(much))
        elif word == "costs":
            terms = replace(terms, cost_per_order=int(much))
        else:
            terms = replace(terms, transit_days={**terms.transit_days, word: int(much)})
    sites = {**policy.sourcing.sites, site: terms}
    return replace(policy, sourcing=replace(policy.sourcing, sites=sites))


def _agreed(policy: Policy, customer: str, said: str) -> Policy:
    known = policy.customers.get(customer, CustomerPolicy())
    word, *rest = said.split()
    if word == "shorts":
        known = replace(known, short_pick=ShortPick(rest[0]))
    elif word == "only":
        known = replace(known, only=tuple(rest))
    else:
        known = replace(known, never=tuple(rest))
    return replace(policy, customers={**policy.customers, customer: known})


def _hold(policy: Policy, kind: str, **how: Any) -> Policy:
    known = policy.holds.get(HoldKind(kind), HoldPolicy())
    return replace(policy, holds={**policy.holds, HoldKind(kind): replace(known, **how)})


def _breaks(asked: Question) -> list[str]:
    raise ZeroDivisionError


HOOKS: dict[str, Callable[[Question], list[str]]] = {
    "breaks": _breaks,
    "names a stranger": lambda asked: ["NORTH"],
    "likes the west": lambda asked: ["WEST"],
}
"""Rules of a house's own."""


# What people do ----------------------------------------------------------------------------------


def address(words: str) -> Address:
    """`York GB`: a city, and a country."""
    if not words:
        return Address()
    city, _, country = words.partition(" ")
    return Address(lines=("1 High Street",), city=city, country=country)


def day(words: str) -> datetime | None:
    """`2`: so many days after the story began."""
    return at(int(words) * 86_400) if words else None


def _after(options: tuple[str, ...], name: str) -> str | None:
    return next((one.removeprefix(name) for one in options if one.startswith(name)), None)


def _revision(options: tuple[str, ...]) -> int:
    return int(_after(options, "revision ") or 1)


def _party(name: str, party: str, *options: str) -> Said:
    city = _after(options, "at ")
    there = (parties.ShipTo(ship_to="1", address=address(city)),) if city else ()
    return catalogue.PARTY_CHANGED, parties.Party(
        party=party,
        role=PartyRole(_after(options, "role ") or "customer"),
        terms=_after(options, "terms "),
        blocked="blocked" in options,
        price_list=_after(options, "list "),
        tax_class=_after(options, "taxed "),
        bill_to=_after(options, "billed to "),
        ship_to=there,
        revision=_revision(options),
    )


def _credit(name: str, customer: str, limit: str, *options: str) -> Said:
    return catalogue.CREDIT_CHANGED, credit.Credit(
        credit=customer,
        currency=_after(options, "in ") or "EUR",
        limit_minor=int(Decimal(limit) * 100),
        receivables_minor=int(Decimal(_after(options, "owes ") or "0") * 100),
        stopped="stopped" in options,
        revision=_revision(options),
    )


def _price(name: str, price_list: str, item: str, steps: str, *options: str) -> Said:
    """`price  RETAIL  bolt  1 1.00, 10 0.90`: from so many, so much."""
    unit = _after(options, "per ")
    said = [step.split() for step in steps.split(", ")]
    return catalogue.PRICE_CHANGED, prices.Price(
        price=prices.price_key(price_list, item),
        price_list=price_list,
        item=item,
        steps=tuple(
            prices.PriceStep(
                currency=_after(options, "in ") or "EUR",
                from_quantity=int(many),
                unit_price_e4=int(Decimal(much) * 10_000),
                unit=unit,
            )
            for many, much in said
        ),
        revision=_revision(options),
    )


def _hold_back(name: str, order_id: str, hold_id: str, kind: str, *options: str) -> Said:
    minutes = _after(options, "for ")
    until = at(0) + timedelta(minutes=int(minutes.split()[0])) if minutes else None
    return catalogue.ORDER_HOLD_PLACED, holds.OrderHold(
        hold_id=hold_id,
        order_id=order_id,
        kind=HoldKind(kind),
        by="ann",
        reason=_after(options, "because ") or "",
        expires_at=None if until is None else until.astimezone(UTC),
    )


def _let_on(name: str, order_id: str, hold: str, kind: str) -> Said:
    return catalogue.ORDER_HOLD_RELEASED, holds.OrderHoldRelease(
        release_id=f"release-{name}", order_id=order_id, hold=hold, kind=HoldKind(kind), by="ben"
    )


def _lapsed(name: str, order_id: str, hold: str) -> Said:
    return catalogue.ORDER_HOLD_LAPSED, holds.OrderHoldLapse(order_id=order_id, hold=hold)


def _hurry(name: str, order_id: str, priority: str, *options: str) -> Said:
    return catalogue.ORDER_PRIORITISED, steering.OrderPriority(
        change_id=f"priority-{name}",
        order_id=order_id,
        revision=_revision(options),
        priority=int(priority),
        by="ann",
    )


def _override(name: str, order_id: str, action: str, *options: str) -> Said:
    return catalogue.ORDER_OVERRIDDEN, steering.OrderOverride(
        override_id=f"override-{name}",
        order_id=order_id,
        action=OverrideAction(action),
        line=_after(options, "line "),
        site=_after(options, "from "),
        revision=_revision(options),
        reason="the customer is on the phone",
        by="ann",
    )


DOINGS: dict[str, Callable[..., Said]] = {
    "party": _party,
    "may owe": _credit,
    "price": _price,
    "hold": _hold_back,
    "let on": _let_on,
    "lapsed": _lapsed,
    "hurry": _hurry,
    "force": _override,
}
"""What may be done about an order beside placing, changing and cancelling it."""


# What is answered and told -----------------------------------------------------------------------


def answered(body: bytes | msgspec.Raw) -> str:
    """The answer to an order as a person says it."""
    if not bytes(body):
        return "nothing"
    said = msgspec.json.decode(body, type=OrderAnswer)
    found = [
        f"{one.does} {one.refusal} {one.about}: {one.found}, expected {one.expected}"
        for rule in said.rules
        for one in rule.breaches
    ]
    kept = [rule.rule.value for rule in said.rules if not rule.breaches]
    head = said.answer.value
    if said.answer is OrderAnswerKind.REFUSED:
        head = f"refused {said.refusal}"
    parts = [head, *found, f"kept {' '.join(kept)}" if kept else ""]
    return "; ".join(part for part in parts if part)


class _Rules(msgspec.Struct):
    rules: tuple[RuleOutcome, ...] = ()
    refusal: str | None = None


def refusals(body: bytes | msgspec.Raw) -> set[str]:
    """Every refusal that an answer to an order names; none where it is no such answer."""
    if not bytes(body):
        return set()
    try:
        said = msgspec.json.decode(body, type=_Rules)
    except msgspec.ValidationError:
        return set()
    found = {one.refusal.value for rule in said.rules for one in rule.breaches}
    return found | ({said.refusal} if said.refusal else set())


def told(kind: str, noun: Any) -> str | None:
    """What a system was told about an order, as a person says it; None: about other things."""
    if kind == catalogue.ORDER_RELEASE_CHANGED:
        when = f" by {noun.requested_for:%Y-%m-%d}" if noun.requested_for else ""
        where = f" to {noun.ship_to.city}" if noun.ship_to.city else ""
        return f"now {noun.order_id}: priority {noun.priority}{where}{when}"
    if kind == catalogue.SHIPMENT_INTERCEPT_REQUESTED:
        what = ", ".join(f"{line.line} {line.item} {line.quantity}" for line in noun.lines)
        return f"turn round {', '.join(noun.shipments)}: {what}"
    if kind == catalogue.ORDER_PROGRESSED:
        return f"{noun.order_id} {noun.status}: {' '.join(noun.reached)}"
    if kind == catalogue.ORDER_ACKNOWLEDGED:
        lines = ", ".join(
            f"{line.line} {line.answer} {line.confirmed} of {line.ordered}" for line in noun.lines
        )
        return f"{'first' if noun.first else 'again'} {noun.order_id}: {lines}"
    return None
