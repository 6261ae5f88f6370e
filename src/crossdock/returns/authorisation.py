"""Which returns may come back, and why others may not: a function of all wishes at once.

The refusals have a fixed order (`contracts.vocabulary.ReturnRefusal`): the first that applies is
the answer. First asked is first served; what a desk granted to a caller stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from crossdock.contracts.vocabulary import ReturnCondition, ReturnReason, ReturnRefusal


class BlindReturns(StrEnum):
    """What becomes of goods that come back unasked; the fact is kept either way."""

    HOLD = "hold"  # they stand as returned, apart, until a person decides
    AS_INSPECTED = "as_inspected"  # they go where inspection sends them


@dataclass(frozen=True, slots=True)
class ReturnRules:
    """Which goods a house takes back."""

    days: int | None = None  # after the last unit of the line left; None: for ever
    reasons: frozenset[ReturnReason] = frozenset(ReturnReason)
    conditions: frozenset[ReturnCondition] = frozenset(ReturnCondition)
    blind: BlindReturns = BlindReturns.HOLD


class Wish(Protocol):
    """A wish to return: since when, how many base units of which lines, which items, and why."""

    since: str
    lines: dict[str, int]
    items: dict[str, str]
    reason: str
    condition: str
    granted: bool


@dataclass(frozen=True, slots=True)
class Sold:
    """What is known of an order's line: its item, how much left the house, when last."""

    item: str
    shipped: int
    last: str = ""  # ISO 8601 in UTC
    returnable: bool = True


@dataclass(frozen=True, slots=True)
class Blind:
    """Goods that came back without being asked for: since when, and how many of which lines."""

    since: str
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a wish is refused, and which of its lines is the reason."""

    refusal: ReturnRefusal
    line: str


def judged(
    wishes: Mapping[str, Wish],
    sold: Mapping[str, Sold],
    rules: ReturnRules,
    blind: Sequence[Blind] = (),
) -> dict[str, Refused | None]:
    """Per wish why it is refused, or None: what was granted at a desk first, then by (since, id).

    What came back `blind` leaves so much less to those who ask after it. A function of the whole
    set, so that it does not matter which message came first.
    """
    left = {line: known.shipped for line, known in sold.items()}
    found: dict[str, Refused | None] = {}
    unasked = sorted(blind, key=lambda one: one.since)
    for number, wish in sorted(wishes.items(), key=_turn):
        while unasked and unasked[0].since < wish.since and not wish.granted:
            _take(left, unasked.pop(0).lines)
        found[number] = None if wish.granted else refused(wish, sold, left, rules)
        if found[number] is None:
            _take(left, wish.lines)
    return found


def _turn(named: tuple[str, Wish]) -> tuple[bool, bool, str, str]:
    """Who is served first: what a desk granted, then who asked first, last what the hub asks back.

    The hub asks for goods that were cancelled too late, and so never takes from a customer's wish.
    """
    number, wish = named
    late = wish.reason == ReturnReason.LATE_CANCELLATION
    return not wish.granted, late, wish.since, number


def _take(left: dict[str, int], lines: Mapping[str, int]) -> None:
    for line, quantity in lines.items():
        left[line] = left.get(line, 0) - quantity


def refused(
    wish: Wish, sold: Mapping[str, Sold], left: Mapping[str, int], rules: ReturnRules
) -> Refused | None:
    """The first reason of the fixed order for which some line of the wish may not come back."""
    lines = sorted(wish.lines)
    for refusal, applies in _REASONS:
        for line in lines:
            if applies(wish, line, sold.get(line), left.get(line, 0), rules):
                return Refused(refusal, line)
    return None


def _unknown(wish: Wish, line: str, sold: Sold | None, left: int, rules: ReturnRules) -> bool:
    return sold is None


def _other_item(wish: Wish, line: str, sold: Sold | None, left: int, rules: ReturnRules) -> bool:
    return sold is not None and wish.items.get(line, sold.item) != sold.item


def _not_shipped(wish: Wish, line: str, sold: Sold | None, left: int, rules: ReturnRules) -> bool:
    return sold is None or sold.shipped <= 0


def _not_returnable(
    wish: Wish, line: str, sold: Sold | None, left: int, rules: ReturnRules
) -> bool:
    return sold is not None and not sold.returnable


def _reason(wish: Wish, line: str, sold: Sold | None, left: int, rules: ReturnRules) -> bool:
    return bool(wish.reason) and wish.reason not in rules.reasons


def _condition(wish: Wish, line: str, sold: Sold | None, left: int, rules: ReturnRules) -> bool:
    return bool(wish.condition) and wish.condition not in rules.conditions


def _too_late(wish: Wish, line: str, sold: Sold | None, left: int, rules: ReturnRules) -> bool:
    if rules.days is None or sold is None or not sold.last:
        return False
    return _moment(wish.since) > _moment(sold.last) + timedelta(days=rules.days)


def _too_much(wish: Wish, line: str, sold: Sold | None, left: int, rules: ReturnRules) -> bool:
    return wish.lines[line] > left


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_REASONS = (
    (ReturnRefusal.UNKNOWN_LINE, _unknown),
    (ReturnRefusal.OTHER_ITEM, _other_item),
    (ReturnRefusal.NOT_SHIPPED, _not_shipped),
    (ReturnRefusal.ITEM_NOT_RETURNABLE, _not_returnable),
    (ReturnRefusal.REASON_NOT_TAKEN, _reason),
    (ReturnRefusal.CONDITION_NOT_TAKEN, _condition),
    (ReturnRefusal.OUT_OF_TIME, _too_late),
    (ReturnRefusal.MORE_THAN_RETURNABLE, _too_much),
)
"""Why a return of a known order is refused, in the order of the vocabulary."""
