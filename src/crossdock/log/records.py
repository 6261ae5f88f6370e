"""The log's records: a message on its way in, what was decided on it, what must be told to whom.

Plain slotted records without behaviour: the store writes and reads them in batches, the deciders
make them, and nothing here knows a database.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

import msgspec

from crossdock.contracts.connector import NO_EVIDENCE, Evidence
from crossdock.contracts.postings import Milestone
from crossdock.contracts.vocabulary import Fate, MovementKind, StockState
from crossdock.log.accounts import Account, Blocked, Counted, Expected, Lot, Moment, WholeLot


@dataclass(slots=True)
class NewMessage:
    """A message that passed the door and waits for its place on the log.

    `transport_key`, `business_key` and `content` are 16-byte digests: of (source, id), of the
    business key, and of type and data. Two messages with one key and one content are the same
    message.
    """

    partition: int
    transport_key: bytes
    business_key: bytes | None
    content: bytes
    source: str
    id: str
    type: str
    key: str
    correlation: str | None
    causation: str | None
    event_time: datetime
    recorded_time: datetime | None
    received_time: datetime
    raw: bytes
    sha256: bytes


class Answer(StrEnum):
    """The three answers of idempotency, the third in two shades."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"  # same key, same content: the first one's position again
    CONFLICT = "conflict"  # same source and id, other content: refused, the first one stands
    RIVAL = "rival"  # same business key, other content: kept on the log, to be held for a person


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the door answers for one message: where it stands, or where the earlier one stands."""

    answer: Answer
    partition: int
    position: int


@dataclass(slots=True)
class Recorded:
    """A message on the log, as a worker reads it."""

    partition: int
    position: int
    source: str
    id: str
    type: str
    key: str
    correlation: str | None
    event_time: datetime
    received_time: datetime
    raw: bytes
    rival: str | None  # "partition:position" of the message that holds the business key

    @property
    def place(self) -> str:
        """The message's address in the log, as people and evidence cite it."""
        return f"{self.partition}:{self.position}"


@dataclass(frozen=True, slots=True)
class Lease:
    """One partition, held by one worker under a fencing epoch, decided up to `position`."""

    partition: int
    epoch: int
    position: int


class Commitment(msgspec.Struct, array_like=True):
    """A change of what is promised on one order line at one site, in base units."""

    order_id: str
    line: str
    site: str
    reserved: int
    released: int


class Movement(msgspec.Struct, array_like=True):
    """Goods from one ledger account to another: the only way a balance ever changes (I12).

    An account is item x site x lot x state x owner; the site of an outside account is the site that
    the goods came from or go to, so that every site balances by itself. It happened at the event
    time of its message, unless it has one of its own: a correction of what a count had found.
    """

    item: str
    lot: str
    owner: str
    from_site: str
    from_state: StockState
    to_site: str
    to_state: StockState
    quantity: int
    document: str
    kind: MovementKind | None = None
    event_time: datetime | None = None


class Weighed(msgspec.Struct, array_like=True):
    """Grams of goods whose pieces differ in weight, from one ledger account to another."""

    item: str
    lot: str
    owner: str
    from_site: str
    from_state: StockState
    to_site: str
    to_state: StockState
    grams: int
    document: str


class Note(msgspec.Struct, array_like=True):
    """A condition that a person should see: its kind, what it is about, and the numbers."""

    kind: str
    key: str
    detail: str


class Closing(msgspec.Struct, array_like=True):
    """A condition that no longer holds: what was noted of it up to there is settled.

    `upto` names the newest note that is settled, by partition (`AFTER_ATTEMPT`: by attempts). What
    is noted later opens the condition again, and the order in which notes and closings are written
    does not matter.
    """

    kind: str
    key: str
    why: str
    upto: dict[int, int]


AFTER_ATTEMPT: Final = -1
"""In place of a partition: a condition that no message noted, but the end of an attempt."""


class Ruling(msgspec.Struct, array_like=True):
    """A person's word on an effect that is held after so many attempts.

    Told again (without doubt, if somebody looked and it is certainly not done), taken as done under
    a number of the far side, or dropped.
    """

    business_key: str
    attempts: int
    action: str  # a name of contracts.operations.Ruled
    reference: str = ""
    why: str = ""


class Memory(msgspec.Struct, array_like=True):
    """What an order remembers from now on of the hub's own doings: what, of which part, its value.

    Values are whole, not changes, so that folding one twice changes nothing.
    """

    what: str  # a name of orders.doings.Doing
    of: tuple[str, ...]
    value: bool | int | str | list[str]


class Document(msgspec.Struct, array_like=True):
    """A thing with a life that is neither order nor master: a transfer, a reservation, a case.

    `revision` grows by one with every change; `due` is when its timer fires (None: it has none).
    All messages about a document have its id as their key.
    """

    kind: str
    id: str
    revision: int
    due: datetime | None
    body: msgspec.Raw  # JSON


class Resolved(msgspec.Struct, array_like=True):
    """A value of a message that was read as another one: a far system's number, or its code."""

    path: tuple[str | int, ...]  # in the message's data
    said: str
    meant: str


NO_ANSWER = msgspec.Raw()
"""Nobody waits; empty, so that it counts as false."""


class FinancialEntry(msgspec.Struct, array_like=True):
    """What a movement means to finance: an entry of the financial ledger, told to the ERP or not.

    Item, owner and document are those of the movement, the outcome's `movement`-th. `asked` is the
    posting that tells it; "" while nobody was asked. `mode` is a name of `bridge.PostingMode`.
    """

    movement: int
    site: str
    milestone: Milestone
    quantity: int  # base units, signed
    period: str
    ends: datetime  # when the period does
    mode: str
    asked: str = ""


class Claim(msgspec.Struct, array_like=True):
    """Which entries a posting adds up: those of a day of a site that nobody had asked for.

    Of one milestone, of (item, owner) from `first` to `last`, in every partition up to the position
    that was decided when they were added up.
    """

    posting: str
    site: str
    period: str
    milestone: Milestone
    first: tuple[str, str]
    last: tuple[str, str]
    upto: dict[int, int]
    entries: int  # how many they are
    ends: datetime


class Outcome(msgspec.Struct, omit_defaults=True):
    """All that one message decided; the log of these rebuilds every projection (decision 14).

    `effects` are business keys; `grants` are set-asides for waiting lines (order, line, item,
    site, quantity) that travel on as messages of their own; `memories` are what the order keeps of
    all this beside its facts and promises; `documents` stand as they are named here; `resolved`
    says what numbers and codes of the message were read as, so that a rebuild asks no table;
    `answer` is kept so that a call which is repeated is told the same again;
    `entries` and `claims` make up the financial ledger; `closings` say which conditions are over,
    and `rulings` what a person had done with held effects.
    """

    fate: Fate = Fate.APPLIED
    reason: str = ""
    commitments: list[Commitment] = []
    movements: list[Movement] = []
    weights: list[Weighed] = []
    effects: list[str] = []
    notes: list[Note] = []
    grants: list[tuple[str, str, str, str, int]] = []
    memories: list[Memory] = []
    documents: list[Document] = []
    resolved: list[Resolved] = []
    answer: msgspec.Raw = NO_ANSWER  # JSON: what whoever waits for this message is told
    entries: list[FinancialEntry] = []
    claims: list[Claim] = []
    closings: list[Closing] = []
    rulings: list[Ruling] = []
    explained: list[str] = []  # why it was decided so, where a choice was made, for people


PeriodKey = tuple[str, str, datetime]
"""A day of a site's financial ledger: site, period, and when it ends."""


class Lane(IntEnum):
    """Which effects go first when a destination is slow (R221)."""

    OPERATIONAL = 0
    FINANCIAL = 1
    ANALYTICAL = 2


class Asker(NamedTuple):
    """The document that wants to be told, on its partition, what becomes of an effect."""

    hub: str  # the hub's name as the source of its messages to itself
    partition: int
    kind: str
    id: str


@dataclass(slots=True)
class Effect:
    """One thing that must be told to one far system, once: the intent, before any attempt."""

    business_key: str
    destination: str
    lane: Lane
    key: str  # effects of one destination and key go out in order
    type: str
    correlation: str
    body: bytes  # the canonical noun as JSON
    held: bool = False  # intended while its flow did not run: kept until that runs again
    newest_only: bool = False  # it says all that older ones of its type and key said
    asker: Asker | None = None  # None: nobody waits for what becomes of it


class EffectState(IntEnum):
    """Where an unsettled effect stands."""

    DUE = 0
    IN_FLIGHT = 1
    HELD = 2


@dataclass(slots=True)
class Claimed:
    """An effect that a delivery worker holds for one attempt.

    `doubtful` says that an earlier attempt may have reached the far side without our knowing:
    ask before sending, and not too soon after `doubted_at`, the latest moment at which that attempt
    can have sent anything.
    """

    effect_id: int
    attempt: int
    business_key: str
    destination: str
    key: str
    type: str
    correlation: str
    body: bytes
    doubtful: bool
    tries: int = 0  # earlier attempts that failed in a way that counts
    doubted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a claim leaves alone.

    The attempts of hubs that are seen to live are theirs, whatever a clock says of their time, and
    so is what the claimer itself is at (T1). `fresh` leaves all that was tried before; `lane` all
    lanes before it; `paused` are message types that are not told for now.
    """

    alive: frozenset[str] = frozenset()
    busy: frozenset[int] = frozenset()  # effects
    fresh: bool = False
    lane: Lane = Lane.OPERATIONAL
    paused: frozenset[str] = frozenset()


NOTHING_LEFT: Final = Leaving()


class Verdict(StrEnum):
    """How an effect's attempt ended, seen from the effect's side."""

    ACCEPTED = "accepted"
    ALREADY_DONE = "already_done"
    RETRY = "retry"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    VOID = "void"  # it exists there and does not stand: held
    LOST = "lost"  # its holder never said; the next attempt is doubtful
    SUPERSEDED = "superseded"
    ADOPTED = "adopted"  # a person found that it is done
    CANCELLED = "cancelled"  # a person took it back before it was done


SETTLED: Final = frozenset(
    {
        Verdict.ACCEPTED,
        Verdict.ALREADY_DONE,
        Verdict.SUPERSEDED,
        Verdict.ADOPTED,
        Verdict.CANCELLED,
    }
)
"""The verdicts after which nothing is left to do."""


@dataclass(slots=True)
class Settlement:
    """The recorded outcome of one attempt; `attempt` fences it against a later holder (I22)."""

    effect_id: int
    attempt: int
    verdict: Verdict
    reference: str = ""
    problem: str = ""
    due_at: datetime | None = None  # for RETRY and UNKNOWN: not before
    doubtful: bool = False
    counts: bool = True  # whether a failed attempt uses up one of the effect's tries
    evidence: Evidence = NO_EVIDENCE


@dataclass(slots=True)
class StockChange:
    """What one batch does to one promise row, in base units of item x site: how much more of each.

    `need` is the free stock (sellable less reserved, pooled and safety stock) that the row must
    show before the change for the batch's reservations to be honest; None when nothing was reserved
    (decision 7). `need_backed` is the same for units taken from a pool: the stock beside promises
    and safety that the row must show.
    """

    item: str
    site: str
    sellable: int
    reserved: int
    need: int | None
    pooled: int = 0
    safety: int = 0
    need_backed: int | None = None

    @property
    def moves_free(self) -> bool:
        """Whether more or less is free afterwards, beside promises, pools and safety stock."""
        return self.sellable != self.reserved + self.pooled + self.safety


class StockRow(NamedTuple):
    """A promise row as the store has it; `version` grows with every change."""

    sellable: int
    reserved: int
    pooled: int = 0
    safety: int = 0
    version: int = 0


@dataclass(slots=True)
class Waiting:
    """An order line that waits; the lowest (priority, since, order, line) is served first."""

    item: str
    order_id: str
    line: str
    quantity: int  # 0 takes the line off the list
    priority: int
    since: datetime
    sites: tuple[str, ...]  # the capable sites, best first
    keep_back: int = 0  # free base units at a site that this line may not have
    channel: str = ""  # whose pool it may take from


class PendingSum(NamedTuple):
    """Entries of one milestone, item and owner that no posting tells yet, added up."""

    milestone: Milestone
    item: str
    owner: str
    quantity: int
    entries: int
    document: str  # of one of them


@dataclass(slots=True)
class Pending:
    """What a day of a site has pending, as it stood when the partitions were decided up to there.

    The sums come in the order of milestone, item and owner by code point.
    """

    upto: dict[int, int] = field(default_factory=dict)
    sums: list[PendingSum] = field(default_factory=list)


@dataclass(slots=True)
class OrderRow:
    """An order's state and the figures that lists are made of."""

    order_id: str
    status: str
    customer: str
    channel: str
    ordered: int
    shipped: int
    invoiced: int
    cancelled: int
    returned: int
    state: bytes
    unmatched: bool = False  # whether something is open or wrong between its documents


@dataclass(slots=True)
class MasterRow:
    """The newest revision of a master record."""

    kind: str
    id: str
    revision: int
    body: bytes


class Promised(msgspec.Struct, array_like=True, frozen=True):
    """Units that are promised at a site: to an order's line (`SO-1/1`) or to a reservation."""

    item: str
    site: str
    to: str
    units: int


@dataclass(frozen=True, slots=True)
class Held:
    """A message that is held or dead, why, and which conditions it left."""

    message: Recorded
    reason: str
    dead: bool = False
    notes: Sequence[Note] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """An effect as a decision about it looks at it: the intent, and where it stands.

    `state` is None once it is settled.
    """

    effect: Effect
    state: EffectState | None
    attempts: int


@dataclass(slots=True)
class Decided:
    """All that one batch changes, applied whole or not at all (T2)."""

    positions: list[tuple[Lease, int]] = field(default_factory=list)  # lease, new position
    outcomes: list[tuple[int, int, Outcome]] = field(default_factory=list)
    event_times: list[datetime] = field(default_factory=list)  # one per outcome
    orders: list[OrderRow] = field(default_factory=list)
    stock: list[StockChange] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)  # items to look at though nothing free moved
    effects: list[tuple[int, int, Effect]] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    masters: list[MasterRow] = field(default_factory=list)
    messages: list[NewMessage] = field(default_factory=list)  # the hub to itself
    documents: list[tuple[Document, int]] = field(default_factory=list)  # the revision before
    expected: list[Expected] = field(default_factory=list)  # what was relied on
    whole: list[WholeLot] = field(default_factory=list)  # likewise, of lots
    counted: list[Counted] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Earlier:
    """The message that stands already under a call's transport key or business key."""

    partition: int
    position: int
    transport: bool  # whether it has the call's source and id, not just its business key
    same: bool  # whether it says what the call says
    outcome: Outcome | None  # None: it is not decided yet


@dataclass(slots=True)
class Wanted:
    """What a batch needs to see before it can be decided."""

    orders: set[str] = field(default_factory=set)
    items: set[str] = field(default_factory=set)  # promise rows and waiting lines
    masters: set[tuple[str, str]] = field(default_factory=set)
    documents: set[tuple[str, str]] = field(default_factory=set)
    held: set[str] = field(default_factory=set)  # places of messages that were held
    pending: set[PeriodKey] = field(default_factory=set)
    promised: set[str] = field(default_factory=set)  # items: to whom units of them are promised
    accounts: set[Moment] = field(default_factory=set)
    lots: set[Lot] = field(default_factory=set)  # all their accounts
    effects: set[str] = field(default_factory=set)  # business keys

    def also(
        self,
        *,
        orders: Collection[str] = (),
        items: Collection[str] = (),
        masters: Collection[tuple[str, str]] = (),
        documents: Collection[tuple[str, str]] = (),
        held: Collection[str] = (),
        promised: Collection[str] = (),
        accounts: Collection[Moment] = (),
        lots: Collection[Lot] = (),
        effects: Collection[str] = (),
    ) -> Wanted:
        """All this and more."""
        return Wanted(
            self.orders.union(orders),
            self.items.union(items),
            self.masters.union(masters),
            self.documents.union(documents),
            self.held.union(held),
            self.pending,
            self.promised.union(promised),
            self.accounts.union(accounts),
            self.lots.union(lots),
            self.effects.union(effects),
        )

    def beyond(self, before: Wanted) -> Wanted:
        """What is wanted here and was not before."""
        return Wanted(
            *(getattr(self, part.name) - getattr(before, part.name) for part in fields(self))
        )


@dataclass(slots=True)
class Loaded:
    """What the store knows of it."""

    orders: dict[str, bytes] = field(default_factory=dict)
    stock: dict[tuple[str, str], StockRow] = field(default_factory=dict)
    waiting: list[Waiting] = field(default_factory=list)
    masters: dict[tuple[str, str], bytes] = field(default_factory=dict)
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    pending: dict[PeriodKey, Pending] = field(default_factory=dict)
    promised: list[Promised] = field(default_factory=list)
    accounts: dict[Moment, int] = field(default_factory=dict)
    lots: dict[Lot, dict[Account, int]] = field(default_factory=dict)
    effects: dict[str, Standing] = field(default_factory=dict)

    def add(self, more: Loaded) -> None:
        """Take in what was wanted beyond what is here already."""
        self.orders |= more.orders
        self.stock |= more.stock
        self.waiting += more.waiting
        self.masters |= more.masters
        self.documents |= more.documents
        self.held |= more.held
        self.pending |= more.pending
        self.promised += more.promised
        self.accounts |= more.accounts
        self.lots |= more.lots
        self.effects |= more.effects
