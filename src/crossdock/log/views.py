"""What the read side of the store gives: rows to page through, to trace by and to rebuild from.

Plain frozen records. Whoever pages asks for what comes `after` the last key that it saw, so a page
is never skipped or shown twice when rows are written in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from crossdock.contracts.connector import NO_EVIDENCE, Evidence
from crossdock.contracts.vocabulary import Fate
from crossdock.log.records import Outcome, Recorded

BalanceKey = tuple[str, str, str, str, str]
"""A ledger account: item, site, lot, state, owner."""

PromiseKey = tuple[str, str]
"""A promise row: item, site."""

ConditionKey = tuple[str, str]
"""A condition: its kind and what it is about."""

ABSORBED = "absorbed"
"""The name under which `fates` counts deliveries that said again what the log had already."""

RECEIVED = "received"
"""The name under which `fates` counts accepted messages that are not decided yet."""


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """What one ledger account holds, in base units."""

    item: str
    site: str
    lot: str
    state: str
    owner: str
    quantity: int

    @property
    def account(self) -> BalanceKey:
        """The account, as the key to page by."""
        return self.item, self.site, self.lot, self.state, self.owner


@dataclass(frozen=True, slots=True)
class LotMovement:
    """One movement of a lot or serial number, and the message that told of it."""

    event_time: datetime
    kind: str | None  # None: written before movements had kinds
    quantity: int
    owner: str
    from_site: str
    from_state: str
    to_site: str
    to_state: str
    document: str
    place: str
    source: str
    key: str  # what the message is about: the order of a shipment
    customer: str | None  # of that order


@dataclass(frozen=True, slots=True)
class WeightRow:
    """What one ledger account weighs, in grams."""

    item: str
    site: str
    lot: str
    state: str
    owner: str
    grams: int


@dataclass(frozen=True, slots=True)
class SiteView:
    """What counted at one site, in base units, and what of it the channel may promise."""

    site: str
    quantity: int
    on_hand: int
    sellable: int
    reserved: int
    pooled: int
    safety: int
    own_pool: int  # of the pooled units, the channel's own
    kept_back: int = 0  # of the free units, what the channel may not have
    quarantined: int = 0  # beside all these: what nobody may have for now


@dataclass(frozen=True, slots=True)
class AvailabilityView:
    """What a channel may promise of an item; `sites` say what counted where they were asked for."""

    item: str
    quantity: int
    on_hand: int | None  # None where the channel does not want it
    version: int
    sites: tuple[SiteView, ...] = ()


@dataclass(frozen=True, slots=True)
class PromiseView:
    """What may be promised of an item at a site, in base units."""

    item: str
    site: str
    sellable: int
    reserved: int
    pooled: int = 0
    safety: int = 0

    @property
    def free(self) -> int:
        """What may be promised to anybody."""
        return self.sellable - self.reserved - self.pooled - self.safety


@dataclass(frozen=True, slots=True)
class FinancialRow:
    """The two ledgers of an item at a site, side by side, in base units.

    `financial` is what the entries add up to: `posted` and `asked` of the ERP, `rejected` by it,
    `pending` until the day is over, and `silent` where the ERP is not to be told.
    """

    site: str
    item: str
    execution: int
    financial: int
    posted: int = 0
    asked: int = 0
    rejected: int = 0
    pending: int = 0
    silent: int = 0


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """What was decided on one message, and when that was written down."""

    partition: int
    position: int
    processed_time: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class AcceptedRow:
    """That a message was accepted: its place, its name and the digest of its bytes."""

    position: int
    source: str
    id: str
    sha256: bytes


@dataclass(frozen=True, slots=True)
class ExceptionRow:
    """A condition that a person should see; one row however often it was met.

    When it is noted again after it was closed it is open again, from that time and place on.
    """

    kind: str
    key: str
    detail: str  # as it was met last
    place: str | None  # the message that opened it; None where no message did
    opened_time: datetime
    times: int  # in all
    upto: Mapping[int, int] = field(default_factory=dict)  # the newest note, by partition
    closed_time: datetime | None = None  # None: it is open
    closed_place: str | None = None  # the message that closed it; None where an attempt did
    closed_why: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it still is to be looked at."""
        return self.closed_time is None


@dataclass(frozen=True, slots=True)
class PutAside:
    """A message that is held or dead, and when and why that was decided."""

    message: Recorded
    fate: Fate
    reason: str
    processed_time: datetime


@dataclass(frozen=True, slots=True)
class AttemptView:
    """How one attempt ended, who made it, and what was seen of it.

    `begun_time` is None where the effect ended without an attempt: superseded before it was sent.
    """

    attempt: int
    verdict: str
    reference: str
    problem: str
    settled_time: datetime
    begun_time: datetime | None = None
    holder: str = ""
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class BacklogRow:
    """What is still to be told of one lane of a destination, in one state."""

    destination: str
    lane: int  # a value of Lane
    state: int  # a value of EffectState
    effects: int
    oldest: datetime  # when the oldest of them was intended


@dataclass(frozen=True, slots=True)
class EffectView:
    """One effect and all that was tried.

    `state` is "due", "in_flight" or "held" while it is unsettled, then the verdict that settled it.
    """

    effect_id: int
    business_key: str
    destination: str
    key: str
    type: str
    place: str | None  # the message that decided it
    state: str
    attempts: int
    ended: list[AttemptView] = field(default_factory=list)  # in the order of attempts


class MoneyTotal(NamedTuple):
    """One line of control totals: documents, base units and minor units of a day (R111)."""

    day: str
    site: str
    kind: str  # a name of `TotalKind`
    currency: str
    documents: int
    units: int
    value_minor: int
