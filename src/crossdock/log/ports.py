"""The store's port: what every engine promises to the loops above it.

Every call takes and gives batches, because batching is the whole difference between a thousand
messages a second and ten thousand. The time is always a parameter; no engine has a clock. Errors
are those of `crossdock.log.errors`: a caller may repeat a whole call after `StoreUnavailable` and
`StoreConflict`, and must find out what happened after `CommitUnknown`; every call is written so
that repeating it is safe.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol

from crossdock.log.feeds import FeedRow, FeedTurn
from crossdock.log.looking import Looking
from crossdock.log.records import (
    NOTHING_LEFT,
    Claimed,
    Decided,
    Earlier,
    Lease,
    Leaving,
    Loaded,
    NewMessage,
    OrderRow,
    PeriodKey,
    Receipt,
    Recorded,
    Settlement,
    Wanted,
)
from crossdock.log.views import (
    AcceptedRow,
    AvailabilityView,
    BacklogRow,
    BalanceKey,
    BalanceRow,
    ConditionKey,
    EffectView,
    ExceptionRow,
    FinancialRow,
    MoneyTotal,
    OutcomeRow,
    PromiseKey,
    PromiseView,
    PutAside,
    WeightRow,
)

NOBODY: Final[Mapping[str, int]] = MappingProxyType({})
"""No name that is known to be gone."""


class Intake(Protocol):
    """The door's side of the store."""

    async def append(self, messages: Sequence[NewMessage]) -> list[Receipt]:
        """Put messages on the log, or find where they stand already; durable when it returns (I1).

        Gives one receipt per message, in order. Positions are gapless per partition. Repeating a
        batch after an unknown commit answers with the same positions, as duplicates.
        """
        ...


class Deciding(Protocol):
    """The deciders' side of the store."""

    async def lease(
        self, worker: str, wanted: Sequence[int], now: datetime, until: datetime
    ) -> list[Lease]:
        """Take or prolong the leases of wanted partitions that are free, expired or ours.

        Where others want them too, no more than a fair share; what is held beyond it is given back
        while somebody has less (`log.sharing`).
        """
        ...

    async def release(self, worker: str) -> None:
        """Give all leases of this worker back; it wants none any more."""
        ...

    async def read(self, leases: Sequence[Lease], limit: int) -> list[Recorded]:
        """The next undecided messages, at most `limit`, each partition in order."""
        ...

    async def load(self, wanted: Wanted) -> Loaded:
        """The orders, promise rows, waiting lines and masters that a batch touches, unlocked."""
        ...

    async def stranded(self, limit: int) -> list[str]:
        """Orders with a line that waits although what it waits for is there, at most `limit`.

        Two workers can pass each other: one decides that a line must wait for stock, or that an
        order is held for an unknown item, while the other posts the stock or the item and sees
        nobody waiting. Whoever asks lets these orders be looked at again.
        """
        ...

    async def due_documents(self, now: datetime, limit: int) -> list[tuple[str, str, int]]:
        """The (kind, id, revision) of documents whose timer is due, the longest overdue first."""
        ...

    async def ended_periods(self, now: datetime, limit: int) -> list[tuple[PeriodKey, int]]:
        """Days that are over and have entries that no posting tells, and how often each was closed.

        Found by state: an entry that comes late, or was written while its day was being closed, is
        found the next time.
        """
        ...

    async def policies_to_review(self, after: str, limit: int) -> tuple[list[tuple[str, str]], str]:
        """Look at the next `limit` stock policies beyond `after` ("" starts).

        Gives the (item, site) whose free stock crossed its reorder point unnoticed, and where to
        look on, "" at the end. Two workers can each take stock and neither see the point crossed.
        """
        ...

    async def commit(self, decided: Decided, now: datetime) -> None:
        """Apply a decided batch, whole or not at all.

        Raises:
            LeaseLost: another worker holds a partition, or its position moved; nothing is written.
            StockMoved: a guarded reservation no longer fits; nothing is written, decide again.
            DocumentMoved: a document is not at the revision that was read, or entries were claimed
                by somebody else; likewise.
        """
        ...


class Calling(Protocol):
    """A desk's side of the store: calls are put on the log and decided in one transaction.

    Each desk has a partition of the log to itself, leased like every other, on which it alone puts
    messages and never one that it does not decide at once: its head and its decided position are
    one number (decision 17).
    """

    async def open_desk(self, worker: str, now: datetime, until: datetime) -> Lease | None:
        """Take a desk partition that is free or expired, or prolong ours; None: all are taken."""
        ...

    async def earlier(self, messages: Sequence[NewMessage]) -> list[Earlier | None]:
        """What stands under these messages' keys, anywhere on the log; one answer each."""
        ...

    async def commit_calls(
        self,
        calls: Sequence[tuple[NewMessage, str | None]],
        repeats: Sequence[tuple[NewMessage, Earlier]],
        decided: Decided,
        now: datetime,
    ) -> None:
        """Put calls on their desk's partition and apply what was decided, whole or not at all.

        They take the places behind the only lease in `decided.positions`, in order, and `decided`
        has their outcomes. Beside a call stands the place of its rival, which holds its business
        key with other content, or None. `repeats` are noted as deliveries that said nothing new.

        Raises:
            StoreConflict: a key stands on the log meanwhile: ask `earlier` again.
            LeaseLost, StockMoved, DocumentMoved: as `Deciding.commit`.
        """
        ...


class Delivering(Protocol):
    """The deliverers' side of the store."""

    @property
    def owner(self) -> str:
        """The name of the hub or worker in which this handle claims."""
        ...

    async def claim(
        self,
        destination: str,
        now: datetime,
        until: datetime,
        limit: int,
        leaving: Leaving = NOTHING_LEFT,
    ) -> list[Claimed]:
        """Record the start of an attempt on due effects, at most one per key: each key's head.

        What was left in flight until now is claimed too, as doubtful, save what `leaving` names;
        the attempt that it was left by ends as lost.
        """
        ...

    async def something_due(self, destination: str, now: datetime) -> bool:
        """Whether there may be something to claim; it is for those whose claims are counted."""
        ...

    async def beat(self, gone: Mapping[str, int] = NOBODY) -> dict[str, int]:
        """Say that our name lives; gives how often each name said so.

        Whoever's number does not grow while we look, by our own steady clock, is gone. Those in
        `gone` are forgotten if their number is still the one given there, and nothing that they
        had in flight is left.
        """
        ...

    async def let_go(self, now: datetime, busy: Collection[int]) -> int:
        """End as lost what was begun in our name, is over, and is not among what we are at.

        The answer to its claim was lost, so nobody will tell it: it is due again, in doubt. Gives
        how many effects.
        """
        ...

    async def gate(self, destination: str) -> tuple[int, bytes]:
        """What the workers of a destination share, and its revision; revision 0 is nothing yet."""
        ...

    async def move_gate(self, destination: str, revision: int, state: bytes) -> bool:
        """Keep a new state made from that revision; False: somebody was there first."""
        ...

    async def reclaim(self, now: datetime) -> None:
        """Let attempts that a dead hub of our name left in flight be claimed at once, as doubtful.

        For the start of a hub, when it is certain that no other of its name runs.
        """
        ...

    async def resume(self, stopped: Collection[str]) -> int:
        """Make due what was held because its flow did not run; gives how many effects.

        `stopped` are the message types whose flows still do not run. Effects that are held after an
        attempt stay so: they wait for a person.
        """
        ...

    async def settle(self, results: Sequence[Settlement], now: datetime) -> int:
        """Record how attempts ended; gives how many were not fenced off by a later holder."""
        ...

    async def publish_availability(
        self, channels: Sequence[ChannelView], now: datetime, limit: int
    ) -> int:
        """Turn changed promises into availability effects, newest only; gives how many items.

        At most `limit` changed items, and the kits above them, which change with them. An item
        that changes again meanwhile is looked at again.
        """
        ...

    async def mark_counted_otherwise(self, channel: ChannelView, after: str, limit: int) -> str:
        """Mark what was counted for a channel by other rules than it has now; gives where to go on.

        Of the next `limit` items that the channel was told of, beyond `after`, in an order of the
        store's own; "" when there are no more. They are published like items that changed.
        """
        ...


class ChannelView(Protocol):
    """What publishing availability must know of a channel."""

    @property
    def channel(self) -> str: ...
    @property
    def sites(self) -> Sequence[str]: ...
    @property
    def keep_back(self) -> int: ...
    @property
    def destinations(self) -> Sequence[str]: ...
    @property
    def wants_on_hand(self) -> bool:
        """Whether it subtracts its own open orders from what it is told (P36)."""
        ...

    @property
    def per_site(self) -> bool:
        """Whether it is told of each site by itself."""
        ...


class Feeding(Protocol):
    """The side of whoever asks far systems what they have to say."""

    async def claim_feed(
        self, system: str, feed: str, worker: str, now: datetime, until: datetime, limit: int
    ) -> FeedTurn | None:
        """The feed's turn, if it is due or somebody pointed at its records, and nobody has it.

        With it come at most `limit` records that were pointed at, the longest waiting first. A feed
        that was never read is due.
        """
        ...

    async def keep_feed(
        self, turn: FeedTurn, cursor: str, due: datetime, now: datetime, problem: str = ""
    ) -> bool:
        """End a turn: the feed stands at `cursor` and is due then; False: the turn was lost.

        What had been pointed at is forgotten, unless it was pointed at again meanwhile. After a
        `problem` nothing is forgotten.
        """
        ...

    async def free_feeds(self, worker: str) -> None:
        """Take back the turns that a worker of this name holds: it died, and is here again."""
        ...

    async def nudge(self, system: str, feed: str, records: Sequence[str], now: datetime) -> None:
        """Remember that the far side pointed at these records; durable when it returns."""
        ...

    async def feeds(self) -> list[FeedRow]:
        """How every feed stands, by system and name."""
        ...


class Reading(Protocol):
    """The side of whoever only looks: pages of committed rows, in key order by code point."""

    async def position(self) -> dict[int, tuple[int, int]]:
        """Per partition that has a message: its head, and the position decided up to."""
        ...

    async def fates(self) -> dict[str, int]:
        """How many messages have each fate, how many have none yet, how many were absorbed (I2).

        Every name of `Fate`, `views.RECEIVED` and `views.ABSORBED` is there, even at zero.
        """
        ...

    async def messages(self, places: Sequence[tuple[int, int]]) -> list[Recorded]:
        """The messages at these (partition, position), in the order asked; unknown left out."""
        ...

    async def accepted(self, partition: int, after: int, limit: int) -> list[AcceptedRow]:
        """What a partition accepted beyond position `after`."""
        ...

    async def outcomes(self, partition: int, after: int, limit: int) -> list[OutcomeRow]:
        """What was decided in a partition beyond position `after`; folding it rebuilds (I28)."""
        ...

    async def orders(self, after: str, limit: int) -> list[OrderRow]:
        """Orders by id, beyond `after` ("" starts)."""
        ...

    async def unmatched_orders(self, after: str, limit: int) -> list[OrderRow]:
        """Orders by id, beyond `after`, between whose documents something is open or wrong."""
        ...

    async def money_totals(self, zone: str) -> list[MoneyTotal]:
        """The control totals of all orders, by day of this time zone, site, kind and currency."""
        ...

    async def balances(self, after: BalanceKey | None, limit: int) -> list[BalanceRow]:
        """Accounts that hold something (or owe it), beyond `after`."""
        ...

    async def balances_as_of(
        self,
        item: str | None,
        *,
        event_time: datetime | None = None,
        recorded_time: datetime | None = None,
        places: Mapping[int, int] | None = None,
    ) -> list[BalanceRow]:
        """What the accounts of an item held, or of all items with None; empty ones left out.

        Sums the movements that happened up to `event_time`, that the hub had written down up to
        `recorded_time`, and that stand at or before the position of their partition in `places` (a
        partition that is not named counts for nothing). What is None does not narrow. Moments are
        included. The same question gets the same answer for ever, as far as it names
        `recorded_time` or `places`; facts with an older event time may still arrive.
        """
        ...

    async def weights(self, after: BalanceKey | None, limit: int) -> list[WeightRow]:
        """Accounts of which something was weighed and does not sum to nothing, beyond `after`."""
        ...

    async def promises(self, after: PromiseKey | None, limit: int) -> list[PromiseView]:
        """Promise rows, beyond `after`."""
        ...

    async def financial(self, after: PromiseKey | None, limit: int) -> list[FinancialRow]:
        """Per item and site what warehouses hold and finance accounts for, beyond `after`."""
        ...

    async def availability(
        self, channel: ChannelView, items: Sequence[str], *, explain: bool = False
    ) -> list[AvailabilityView]:
        """What the channel may promise of these items now; explained: what counted, by site.

        Gives one row per item asked for, in the order of their names, all of one moment. The
        version is that under which it would be published: an answer and a published figure compare
        by it. What changes nothing that may be promised, as goods that leave as promised, need not
        raise it.
        """
        ...

    async def effects_summary(self) -> dict[tuple[str, str], int]:
        """How many effects are in each (destination, state); states as in `EffectView`."""
        ...

    async def backlog(self) -> list[BacklogRow]:
        """What is still to be told, by destination, lane and state."""
        ...

    async def effects_of(self, key: str) -> list[EffectView]:
        """Every effect of one ordering key (an order, an item), oldest first, with attempts."""
        ...

    async def effects_known_as(self, references: Sequence[str]) -> list[EffectView]:
        """Effects to which a far system gave one of these numbers of its own, oldest first."""
        ...

    async def exceptions(self, limit: int) -> list[ExceptionRow]:
        """Open conditions, the newest first, then by kind and key."""
        ...

    async def conditions(
        self, kinds: Collection[str], after: ConditionKey, limit: int, *, closed: bool = False
    ) -> list[ExceptionRow]:
        """Conditions of these kinds by (kind, key), beyond `after`; closed ones only if asked."""
        ...

    async def put_aside(self, after: tuple[int, int], limit: int) -> list[PutAside]:
        """Messages that are held or dead, by place, beyond `after`; said again or not."""
        ...

    async def lateness(self, types: Sequence[str], since: datetime) -> float | None:
        """The longest time from event to receipt, in seconds, of what was received since then.

        None where no message of these types was; negative where all happen in the future.
        """
        ...

    async def held_effects(self, after: int, limit: int) -> list[EffectView]:
        """Effects that are held, by number, beyond `after`."""
        ...

    async def places_by_key(self, transport_keys: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
        """Where the messages with these transport keys stand; unknown ones left out."""
        ...

    async def places_of_business_keys(self, keys: Sequence[bytes]) -> list[tuple[int, int]]:
        """Where the messages stand that hold these business keys (digests), by place."""
        ...


class Store(Intake, Deciding, Calling, Delivering, Feeding, Reading, Looking, Protocol):
    """One engine, all sides."""
