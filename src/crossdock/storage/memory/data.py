"""What the memory engine keeps: the one truth that any number of handles share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from crossdock.log.accounts import Blocked
from crossdock.log.records import (
    Document,
    FinancialEntry,
    MasterRow,
    Movement,
    NewMessage,
    OrderRow,
    PeriodKey,
    Waiting,
)
from crossdock.log.views import BalanceKey, OutcomeRow
from crossdock.storage.memory.conditions import Conditions
from crossdock.storage.memory.effects import Effects
from crossdock.storage.memory.feeds import Feeds

Place = tuple[int, int]
"""Partition and position."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A message in its place; `rival` is the place of the one that holds its business key."""

    message: NewMessage
    rival: str | None


@dataclass(frozen=True, slots=True)
class Absorbed:
    """A delivery that said again what stands at a place already."""

    place: Place
    source: str
    id: str
    received_time: datetime


@dataclass(slots=True)
class Partition:
    """One partition of the log: its messages (the first at position 1), its lease, its outcomes."""

    messages: list[Kept] = field(default_factory=list)
    outcomes: dict[int, OutcomeRow] = field(default_factory=dict)
    owner: str | None = None
    until: datetime | None = None
    epoch: int = 0
    decided: int = 0

    def beyond(self, position: int, limit: int) -> Iterator[tuple[int, Kept]]:
        """The messages after a position, with their positions."""
        for at in range(position, min(position + limit, len(self.messages))):
            yield at + 1, self.messages[at]


@dataclass(frozen=True, slots=True)
class Wants:
    """Which partitions a worker would decide, and until when it is taken to live."""

    wanted: frozenset[int]
    until: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A movement in the ledger: where it was decided, when it happened, when it was written."""

    place: Place
    event_time: datetime
    recorded_time: datetime
    movement: Movement

    def changes(self) -> tuple[tuple[BalanceKey, int], tuple[BalanceKey, int]]:
        """What it takes from one account, and gives to the other."""
        moved = self.movement
        item, lot, owner, quantity = moved.item, moved.lot, moved.owner, moved.quantity
        source = (item, moved.from_site, lot, str(moved.from_state), owner)
        target = (item, moved.to_site, lot, str(moved.to_state), owner)
        return (source, -quantity), (target, quantity)


@dataclass(slots=True)
class Promise:
    """A promise row, in base units."""

    sellable: int = 0
    reserved: int = 0
    pooled: int = 0
    safety: int = 0
    version: int = 0

    @property
    def free(self) -> int:
        """What may be promised to anybody."""
        return self.sellable - self.reserved - self.pooled - self.safety


@dataclass(frozen=True, slots=True)
class Published:
    """What a channel was last told of an item, and how it was counted when last looked at."""

    quantity: int
    said: str  # beside the quantity
    version: int
    counted_version: int
    counted_under: str


@dataclass(slots=True)
class Booked:
    """An entry of the financial ledger in its place; `asked` is the posting that tells it."""

    partition: int
    position: int
    movement: Movement
    entry: FinancialEntry
    asked: str

    @property
    def goods(self) -> tuple[str, str]:
        """Item and owner."""
        return self.movement.item, self.movement.owner


@dataclass(slots=True)
class Data:
    """Everything that a database would hold."""

    partitions: dict[int, Partition] = field(default_factory=dict)
    deciders: dict[str, Wants] = field(default_factory=dict)  # worker
    transport_keys: dict[bytes, Place] = field(default_factory=dict)
    business_keys: dict[bytes, Place] = field(default_factory=dict)
    absorbed: list[Absorbed] = field(default_factory=list)
    orders: dict[str, OrderRow] = field(default_factory=dict)
    balances: Counter[BalanceKey] = field(default_factory=Counter)
    entries: dict[str, list[Entry]] = field(default_factory=dict)  # item
    weights: Counter[BalanceKey] = field(default_factory=Counter)
    promises: dict[str, dict[str, Promise]] = field(default_factory=dict)  # item, site
    waiting: dict[str, dict[tuple[str, str], Waiting]] = field(default_factory=dict)  # item
    masters: dict[tuple[str, str], MasterRow] = field(default_factory=dict)
    components: dict[str, dict[str, int]] = field(default_factory=dict)  # kit, item
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    booked: list[Booked] = field(default_factory=list)
    pending: dict[PeriodKey, list[Booked]] = field(default_factory=dict)  # of them, to be summed
    conditions: Conditions = field(default_factory=Conditions)
    effects: Effects = field(default_factory=Effects)
    beats: Counter[str] = field(default_factory=Counter)  # hub or worker
    gates: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # destination
    feeds: Feeds = field(default_factory=Feeds)
    counted: dict[BalanceKey, tuple[str, datetime]] = field(default_factory=dict)
    recount: set[str] = field(default_factory=set)  # documents of counts to be looked at again
    blocked: dict[tuple[str, str], Blocked] = field(default_factory=dict)  # item, lot
    changed_items: dict[str, None] = field(default_factory=dict)  # in the order of their changes
    published: dict[tuple[str, str], Published] = field(default_factory=dict)  # channel, item

    def partition(self, number: int) -> Partition:
        """A partition, made when it is first spoken of."""
        return self.partitions.setdefault(number, Partition())

    def at(self, place: Place) -> Kept:
        """The message at a place that is known to be taken."""
        return self.partitions[place[0]].messages[place[1] - 1]
