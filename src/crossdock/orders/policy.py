"""How a house treats its orders: data per channel, read once, on which decisions may depend.

What is not said is as an order was always treated: no rule beyond what the hub must know, a short
pick is served from elsewhere, what was cancelled too late is asked back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from crossdock.contracts.vocabulary import OrderRule, RuleAction


class ShortPick(StrEnum):
    """What follows when a picker does not find what was promised."""

    RESOURCE = "resource"  # it is served from wherever stock is free, else it waits
    BACKORDER = "backorder"  # it waits for stock of the site that was short
    CANCEL = "cancel"  # the customer gets less


class LateCancel(StrEnum):
    """What follows when goods are cancelled that have left the house."""

    RETURN = "return"  # they are asked back, as a return that the hub requests
    INTERCEPT = "intercept"  # whoever carries them is asked to turn round
    NONE = "none"  # a person decides


class Together(StrEnum):
    """What must be the same for goods of two orders to leave together, beside the address."""

    CUSTOMER = "customer"
    CHANNEL = "channel"
    REQUESTED_DAY = "requested_day"
    PRIORITY = "priority"


@dataclass(frozen=True, slots=True)
class HoldPolicy:
    """Who may release a kind of hold (nobody named: who may place one), and when to be reminded."""

    released_by: tuple[str, ...] = ()
    remind_hours: int = 0  # 0: never


@dataclass(frozen=True, slots=True)
class CustomerPolicy:
    """What is agreed with one customer."""

    only: tuple[str, ...] = ()  # the sites that may serve it; none named: all
    never: tuple[str, ...] = ()
    short_pick: ShortPick | None = None


class Criterion(StrEnum):
    """By what sites are compared, beside being at work on the order already."""

    SERVICE = "service"  # those that deliver in time first
    CAPACITY = "capacity"  # those that have work for the day left to take first
    COST = "cost"  # the cheapest first


@dataclass(frozen=True, slots=True)
class SiteTerms:
    """What a site can do, and what it costs, in minor units of the house's currency."""

    time_zone: str = "UTC"
    cut_off_minutes: int | None = None  # after midnight there; what comes later leaves next day
    transit_days: Mapping[str, int] = field(default_factory=dict)  # by country; "*": elsewhere
    units_per_day: int | None = None
    cost_per_order: int = 0
    cost_per_unit: int = 0


@dataclass(frozen=True, slots=True)
class SourcingPolicy:
    """How sites are chosen; nothing said: by the order in which the channel names them."""

    by: tuple[Criterion, ...] = ()
    sites: Mapping[str, SiteTerms] = field(default_factory=dict)
    hook: Callable[..., Sequence[str]] | None = None  # a house's own rule, see orders.candidates


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """How the orders of one channel are treated."""

    rules: Mapping[OrderRule, RuleAction] = field(default_factory=dict)  # others are not asked
    price_list: str = ""  # whose prices hold for a customer without a list of its own
    price_tolerance_percent: int = 0
    terms: tuple[str, ...] = ()  # of payment, that this channel sells on; none named: any
    short_pick: ShortPick = ShortPick.RESOURCE
    late_cancel: LateCancel = LateCancel.RETURN
    together: tuple[Together, ...] = (Together.CUSTOMER,)

    def action(self, rule: OrderRule) -> RuleAction:
        """What follows when an order breaks this rule."""
        return self.rules.get(rule, RuleAction.OFF)

    @property
    def asks(self) -> tuple[OrderRule, ...]:
        """The rules that are asked, in their order."""
        if not self.rules:
            return ()
        return tuple(rule for rule in OrderRule if self.action(rule) is not RuleAction.OFF)


DEFAULT = OrderPolicy()
"""Where the file says nothing."""
