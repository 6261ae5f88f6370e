"""What a decision may know of the house: channels, sites, routes. Read once, then constant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from crossdock.contracts.vocabulary import HoldKind, StockState
from crossdock.identity.matching import MatchRule
from crossdock.inventory.bridge import PostingPolicy
from crossdock.inventory.limits import CorrectionLimit
from crossdock.orders.charges import MoneyRules
from crossdock.orders.credits import CreditRules
from crossdock.orders.policy import (
    DEFAULT,
    CustomerPolicy,
    HoldPolicy,
    OrderPolicy,
    ShortPick,
    SourcingPolicy,
)
from crossdock.ownership.matrix import Matrix
from crossdock.ownership.survivorship import FieldRule
from crossdock.returns.authorisation import ReturnRules
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.sagas.understanding import Speech


class Backorders(StrEnum):
    """Who is served first when stock comes that several wait for."""

    FIRST_COME = "first_come"
    PRIORITY = "priority"  # the most urgent order, then who waits longer
    SMALLEST_FIRST = "smallest_first"
    CHANNEL_RANK = "channel_rank"  # channels in the order of the configuration


@dataclass(frozen=True, slots=True)
class ChannelPolicy:
    """How one channel sells."""

    channel: str
    system: str
    sells_from: tuple[str, ...]  # capable sites, best first
    keep_back: int = 0  # base units per item and site never promised to this channel
    wants_on_hand: bool = False  # it subtracts its own open orders from what it is told
    per_site: bool = False  # it is told of each site by itself
    sells_ahead_days: int = 0  # how far ahead it promises what is expected; 0: it does not


class AfterLimit(StrEnum):
    """What becomes of parked messages when the missing ones did not come in time."""

    GO_ON = "go_on"  # they are decided without the missing ones, which are shown
    WAIT = "wait"  # they stay parked until the missing ones come, or a person retries one


@dataclass(frozen=True, slots=True)
class SequenceRule:
    """How one source numbers its messages."""

    types: frozenset[str]
    wait_seconds: int = 300
    after_limit: AfterLimit = AfterLimit.GO_ON
    refetch: bool = False  # ask the source for what is missing


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything besides state and message that a decision depends on."""

    partitions: int
    channels: Mapping[str, ChannelPolicy]
    matrix: Matrix
    posting: PostingPolicy = field(default_factory=PostingPolicy)  # what finance hears, and how
    sequences: Mapping[str, SequenceRule] = field(default_factory=dict)  # sources that number
    known_items_only: bool = True  # an order for an item without a master record is held
    survivorship: Mapping[str, Mapping[str, FieldRule]] = field(default_factory=dict)  # by entity
    backorders: Backorders = Backorders.PRIORITY  # who is served first when stock comes
    soft_seconds: int = 900  # how long a soft reservation stands when its caller does not say
    authority: str = "hub"  # whose word an answer about stock is
    speech: Mapping[str, Speech] = field(default_factory=dict)  # systems that do not speak as we do
    matching: Mapping[str, tuple[MatchRule, ...]] = field(default_factory=dict)  # by entity
    adjustment_limits: tuple[CorrectionLimit, ...] = ()  # beyond which somebody must approve
    count_tolerances: tuple[CorrectionLimit, ...] = ()  # beyond which a count is shown
    docks: frozenset[str] = frozenset()  # sites at which nothing is sold before it is put away
    money: MoneyRules = field(default_factory=MoneyRules)  # how invoices are reckoned
    credits: CreditRules = field(default_factory=CreditRules)  # what is paid back
    returns: ReturnRules = field(default_factory=ReturnRules)  # which goods may come back
    transfer_hours: int = 72  # how long a transfer may take that names no time
    newest_only: Mapping[str, frozenset[str]] = field(default_factory=dict)  # system -> types
    stopped: Mapping[str, str] = field(default_factory=dict)  # message type -> why it may not flow
    recipes: RecipeBook = field(default_factory=RecipeBook)  # what this house carries out
    name: str = "crossdock"  # the hub's own name as the source of its messages to itself
    orders: Mapping[str, OrderPolicy] = field(default_factory=dict)  # by channel; else:
    orders_default: OrderPolicy = DEFAULT
    holds: Mapping[HoldKind, HoldPolicy] = field(default_factory=dict)
    customers: Mapping[str, CustomerPolicy] = field(default_factory=dict)
    sourcing: SourcingPolicy = field(default_factory=SourcingPolicy)

    def order_policy(self, channel: str) -> OrderPolicy:
        """How the orders of this channel are treated."""
        return self.orders.get(channel, self.orders_default)

    @property
    def checks_orders(self) -> bool:
        """Whether any channel asks rules of its orders."""
        return bool(self.orders_default.rules) or any(one.rules for one in self.orders.values())

    def short_pick(self, channel: str, customer: str) -> ShortPick:
        """What follows when a picker does not find goods: agreed with the customer, or usual."""
        agreed = self.customers.get(customer)
        if agreed is not None and agreed.short_pick is not None:
            return agreed.short_pick
        return self.order_policy(channel).short_pick

    @property
    def sells_ahead(self) -> bool:
        """Whether anybody promises what is only expected."""
        return any(channel.sells_ahead_days for channel in self.channels.values())

    def state_of_receipt(self, site: str, said: StockState) -> StockState:
        """Where goods stand that came through a site's door in this state."""
        if said is StockState.AVAILABLE and site in self.docks:
            return StockState.RECEIVED
        return said
