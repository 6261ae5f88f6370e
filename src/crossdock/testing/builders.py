"""Short ways to make the records and messages that tests are about; all defaults are harmless.

Every moment is given as seconds after `T0`, so a test reads as a story with a clock of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.envelope import Envelope
from crossdock.contracts.vocabulary import StockState
from crossdock.contracts.words import Noun
from crossdock.log.keys import business_digest, content_digest, partition_of, transport_digest
from crossdock.log.records import (
    Asker,
    Decided,
    Effect,
    Lane,
    Lease,
    Movement,
    NewMessage,
    OrderRow,
    Outcome,
    Settlement,
    StockChange,
    Verdict,
    Waiting,
)

T0 = datetime(2031, 3, 3, 8, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A moment of the test's own time."""
    return T0 + timedelta(seconds=seconds)


class StillClock:
    """A clock that stands at a moment of the test's own time; a `kernel.ports.Clock`."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def now(self) -> datetime:
        """The moment at which it stands."""
        return at(self.seconds)

    def monotonic(self) -> float:
        """The same in seconds."""
        return self.seconds


def message(
    name: str,
    *,
    partition: int = 0,
    says: str = "something",
    business_key: str | None = None,
    source: str = "shop",
    key: str = "order-1",
    seconds: float = 0,
) -> NewMessage:
    """A message by the id `name`; `says` is its content, told apart by nothing else."""
    raw = says.encode()
    return NewMessage(
        partition=partition,
        transport_key=transport_digest(source, name),
        business_key=None if business_key is None else business_digest(business_key),
        content=content_digest(catalogue.ORDER_PLACED, raw),
        source=source,
        id=name,
        type=catalogue.ORDER_PLACED,
        key=key,
        correlation=None,
        causation=None,
        event_time=at(seconds),
        recorded_time=None,
        received_time=at(seconds),
        raw=raw,
        sha256=sha256(raw).digest(),
    )


def noun_message(
    kind: str,
    noun: Noun,
    name: str,
    *,
    source: str = "",
    partitions: int = 1,
    seconds: float = 0,
) -> NewMessage:
    """A message that carries a canonical noun, with the keys that the door would give it."""
    row = CATALOGUE[kind]
    source = source or ("erp" if row.by_source else "estate")  # masters come from their owner
    data = msgspec.json.encode(noun)
    key = getattr(noun, row.key)
    business_key = row.business_key_of(source, noun)
    raw = msgspec.json.encode(
        Envelope(id=name, source=source, type=kind, time=at(seconds), data=msgspec.Raw(data))
    )
    return NewMessage(
        partition=partition_of(key, partitions),
        transport_key=transport_digest(source, name),
        business_key=business_digest(business_key) if business_key else None,
        content=content_digest(kind, data),
        source=source,
        id=name,
        type=kind,
        key=key,
        correlation=None,
        causation=None,
        event_time=at(seconds),
        recorded_time=None,
        received_time=at(seconds),
        raw=raw,
        sha256=sha256(raw).digest(),
    )


def movement(
    quantity: int,
    *,
    item: str = "bolt",
    source: StockState = StockState.SUPPLIER,
    target: StockState = StockState.AVAILABLE,
    from_site: str = "EAST",
    to_site: str = "EAST",
    document: str = "receipt-1",
) -> Movement:
    """Goods from account to account."""
    return Movement(item, "", "", from_site, source, to_site, target, quantity, document)


def stock(
    item: str = "bolt",
    site: str = "EAST",
    *,
    sellable: int = 0,
    reserved: int = 0,
    need: int | None = None,
    pooled: int = 0,
    need_backed: int | None = None,
) -> StockChange:
    """A change of a promise row."""
    return StockChange(item, site, sellable, reserved, need, pooled, need_backed=need_backed)


def effect(
    business_key: str,
    *,
    destination: str = "wms",
    key: str = "order-1",
    lane: Lane = Lane.OPERATIONAL,
    body: bytes = b"{}",
) -> Effect:
    """An intent to tell a far system."""
    return Effect(business_key, destination, lane, key, catalogue.ORDER_RELEASED, key, body)


def asker(document: str, *, kind: str = "saga", partition: int = 1) -> Asker:
    """A document that wants to be told how an effect ends."""
    return Asker("crossdock", partition, kind, document)


def settlement(
    effect_id: int,
    attempt: int,
    verdict: Verdict,
    *,
    due_at: datetime | None = None,
    doubtful: bool = False,
) -> Settlement:
    """How an attempt ended; the reference and the problem name the attempt."""
    ended = f"{effect_id}/{attempt}"
    return Settlement(effect_id, attempt, verdict, f"ref {ended}", f"why {ended}", due_at, doubtful)


def order_row(order_id: str, *, state: bytes = b"{}", shipped: int = 0) -> OrderRow:
    """An order as its row."""
    return OrderRow(
        order_id=order_id,
        status="released",
        customer="acme",
        channel="web",
        ordered=5,
        shipped=shipped,
        invoiced=0,
        cancelled=0,
        returned=0,
        state=state,
    )


def waiting(order_id: str, quantity: int, *, item: str = "bolt", line: str = "1") -> Waiting:
    """A line that waits."""
    return Waiting(item, order_id, line, quantity, 5, T0, ("EAST", "WEST"))


def decided(lease: Lease, *outcomes: Outcome) -> Decided:
    """A batch that decides the next messages of one partition with these outcomes."""
    batch = Decided(positions=[(lease, lease.position + len(outcomes))])
    for number, outcome in enumerate(outcomes, start=1):
        batch.outcomes.append((lease.partition, lease.position + number, outcome))
        batch.event_times.append(T0)
    return batch
