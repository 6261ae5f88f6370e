"""One message's turn: what it decides is collected here, and seen by the batch at once.

A turn changes nothing outside the batch. When the batch is written, the outcomes say everything
that changed; folding them again rebuilds every projection (decision 14).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from crossdock.contracts.vocabulary import Fate
from crossdock.inventory import ledger
from crossdock.inventory.promise import PromiseBook
from crossdock.log.keys import content_digest, lasting_name, partition_of, transport_digest
from crossdock.log.own import OwnWords, own_words
from crossdock.log.records import (
    Asker,
    Closing,
    Commitment,
    Effect,
    Lane,
    Memory,
    Movement,
    NewMessage,
    Note,
    Outcome,
    Recorded,
    Waiting,
)
from crossdock.orders import doings
from crossdock.orders.doings import Doing
from crossdock.orders.periods import Periods
from crossdock.orders.state import Figures, OrderState
from crossdock.sagas.ahead import AheadBook
from crossdock.sagas.loads import LoadBook
from crossdock.sagas.policy import Policy
from crossdock.sagas.pools import PoolBook


class Turn:
    """The working view of one message: its batch's books, its own outcome."""

    __slots__ = (
        "ahead", "book", "effects", "entered", "loads", "message", "messages", "outcome",
        "periods", "policy", "pools", "settled", "waiting",
    )  # fmt: skip

    def __init__(
        self,
        message: Recorded,
        policy: Policy,
        book: PromiseBook,
        waiting: WaitingList,
        pools: PoolBook,
        ahead: AheadBook,
        settled: dict[str, dict[str, Figures]],
        entered: list[tuple[Movement, datetime]],
        loads: LoadBook,
        periods: Callable[[], Periods] = Periods,
    ) -> None:
        self.periods = periods  # what finance has closed by now
        self.loads = loads
        self.entered = entered  # the batch's movements so far, with their event times
        self.settled = settled  # order -> its figures when it was settled last in this batch
        self.message = message
        self.policy = policy
        self.book = book
        self.waiting = waiting
        self.pools = pools
        self.ahead = ahead
        self.outcome = Outcome(
            commitments=[],
            movements=[],
            effects=[],
            notes=[],
            grants=[],
            memories=[],
            documents=[],
            closings=[],
            rulings=[],
        )
        self.effects: list[Effect] = []
        self.messages: list[NewMessage] = []

    def hold(self, reason: str) -> None:
        """This message is kept and not applied; a person decides."""
        self.outcome.fate = Fate.HELD
        self.outcome.reason = reason

    def refuse(self, reason: str) -> None:
        """This message is kept and will never be applied: a commitment that is refused."""
        self.outcome.fate = Fate.DEAD
        self.outcome.reason = reason

    def supersede(self, reason: str) -> None:
        """A newer message already said more."""
        self.outcome.fate = Fate.SUPERSEDED
        self.outcome.reason = reason

    def note(self, kind: str, key: str, detail: str) -> None:
        """Show a condition to people."""
        self.outcome.notes.append(Note(kind, key, detail))

    def cure(self, kind: str, key: str, why: str, noted: Mapping[int, int] | None = None) -> None:
        """A condition holds no longer; where it is not there, nothing happens.

        `noted` are the places, by partition, at which it was noted elsewhere than on the partition
        of this turn.
        """
        message = self.message
        upto = {**(noted or {}), message.partition: message.position}
        self.outcome.closings.append(Closing(kind, key, why, upto))

    def move(self, movement: Movement) -> None:
        """Enter a movement in the ledger; what it does to the shelf is seen at once."""
        if movement.quantity == 0:
            return
        self.outcome.movements.append(movement)
        self.entered.append((movement, movement.event_time or self.message.event_time))
        for item, site, change in ledger.sellable_change(movement):
            self.book.shelve(item, site, change)

    def commit(self, order: OrderState, line: str, site: str, reserved: int, released: int) -> None:
        """Change what is promised on a line at a site; the promise row is the caller's affair."""
        if not reserved and not released:
            return
        doings.promise(order, line, site, reserved, released)
        self.outcome.commitments.append(Commitment(order.order_id, line, site, reserved, released))

    def remember(
        self, order: OrderState, what: Doing, value: bool | int | str | list[str], *of: str
    ) -> None:
        """Let the order remember what the hub did, and the log that it does (I28)."""
        doings.remember(order, what, of, value)
        self.outcome.memories.append(Memory(what.value, of, value))

    def routes(
        self,
        entity: str,
        kind: str,
        site: str | None = None,
        channel: str | None = None,
        stage: str | None = None,
    ) -> tuple[str, ...]:
        """Who is told messages of this type there: the ownership matrix is the routing table."""
        return self.policy.matrix.consumers(entity, site, channel, stage=stage, event=kind)

    def tell(
        self,
        destinations: tuple[str, ...],
        kind: str,
        key: str,
        said: msgspec.Struct,
        business_key: str,
        lane: Lane = Lane.OPERATIONAL,
        asker: Asker | None = None,
        correlation: str | None = None,
    ) -> None:
        """Intend to tell these systems, once each; written with the decision (I18).

        `asker` is the document that will be told how each of them ended: see `asks`.
        """
        if not destinations:
            return
        if kind in self.policy.stopped:
            self.note("flow-not-active", kind, self.policy.stopped[kind])
        body = msgspec.json.encode(said)
        correlation = correlation or self.message.correlation or key
        for destination in destinations:
            intent = f"{destination}/{business_key}"
            self.outcome.effects.append(intent)
            self.effects.append(
                Effect(
                    intent,
                    destination,
                    lane,
                    key,
                    kind,
                    correlation,
                    body,
                    held=kind in self.policy.stopped,
                    newest_only=kind in self.policy.newest_only.get(destination, ()),
                    asker=asker,
                )
            )

    @property
    def lasting_name(self) -> str:
        """A name of the message that goes with it to any place of a log; see `log.keys`."""
        return lasting_name(self.message.source, self.message.id)

    def asks(self, kind: str, number: str, key: str) -> Asker:
        """A document as one that is told how an effect ended, on the partition of this key."""
        return Asker(self.policy.name, partition_of(key, self.policy.partitions), kind, number)

    def say(self, kind: str, key: str, said: msgspec.Struct) -> None:
        """Put a message of the hub's own on the log, for another key's turn."""
        message_id = f"{self.message.place}/{len(self.messages) + 1}"
        self.messages.append(
            own_message(
                self.policy,
                message_id,
                kind,
                key,
                said,
                event_time=self.message.event_time,
                received_time=self.message.received_time,
                correlation=self.message.correlation,
                causation=self.message.place,
            )
        )

    def tell_again(self, effect: Effect, business_key: str) -> None:
        """Intend an effect once more under another key, which nobody can take for the old one."""
        self.outcome.effects.append(business_key)
        self.effects.append(replace(effect, business_key=business_key, held=False, asker=None))

    def say_again(
        self, held: Recorded, *, source: str = "", data: msgspec.Raw | None = None
    ) -> None:
        """Put a held message on the log once more, as its sender said it; at most once for ever.

        A person may have given it other `data`, or the owner as its `source`.
        """
        self.messages.append(_said_again(self.policy, held, source, data))


def again(place: str) -> str:
    """The id of the message that says the one at this place again."""
    return f"again/{place}"


def _said_again(
    policy: Policy, held: Recorded, source: str, data: msgspec.Raw | None
) -> NewMessage:
    """The same message in the name of its sender, caused by the one that is held.

    Its transport key is of the hub's making, so no sender can take it, and no second copy of one
    held message is ever kept. Everything else that the sender wrote stays as it was.
    """
    envelope = msgspec.json.decode(held.raw, type=dict[str, msgspec.Raw])
    name = again(held.place)
    if source:
        envelope["source"] = msgspec.Raw(msgspec.json.encode(source))
    if data is not None:
        envelope["data"] = data
    envelope["id"] = msgspec.Raw(msgspec.json.encode(name))
    envelope["causationid"] = msgspec.Raw(msgspec.json.encode(held.place))
    raw = msgspec.json.encode(envelope)
    return NewMessage(
        partition=held.partition,
        transport_key=transport_digest(policy.name, name),
        business_key=None,
        content=content_digest(held.type, held.raw),
        source=source or held.source,
        id=name,
        type=held.type,
        key=held.key,
        correlation=held.correlation,
        causation=held.place,
        event_time=held.event_time,
        recorded_time=msgspec.json.decode(held.raw, type=_Recorded).recordedtime,
        received_time=held.received_time,
        raw=raw,
        sha256=sha256(raw).digest(),
    )


class _Recorded(msgspec.Struct, gc=False):
    """When the source itself wrote it down, if it said so."""

    recordedtime: datetime | None = None


def own_message(
    policy: Policy,
    message_id: str,
    kind: str,
    key: str,
    said: msgspec.Struct,
    *,
    event_time: datetime,
    received_time: datetime,
    correlation: str | None = None,
    causation: str | None = None,
) -> NewMessage:
    """A message that the hub says to itself, ready for the log."""
    return own_words(
        OwnWords(policy.name, partition_of(key, policy.partitions), message_id, kind, key, said),
        event_time=event_time,
        received_time=received_time,
        correlation=correlation,
        causation=causation,
    )


class WaitingList:
    """The order lines that wait for stock, as a batch sees and changes them."""

    def __init__(self, rows: list[Waiting], rank: Callable[[Waiting], tuple[Any, ...]]) -> None:
        self._rank = rank
        self._by_item: dict[str, dict[tuple[str, str], Waiting]] = {}
        self._changed: dict[tuple[str, str, str], Waiting] = {}
        for row in rows:
            self._by_item.setdefault(row.item, {})[(row.order_id, row.line)] = row

    def put(self, row: Waiting) -> None:
        """Let a line wait for so much from now on; zero takes it off."""
        self._by_item.setdefault(row.item, {})[(row.order_id, row.line)] = row
        self._changed[(row.item, row.order_id, row.line)] = row

    def served_in_order(self, item: str) -> list[Waiting]:
        """Who waits for this item, in the order in which the policy serves them."""
        rows = [row for row in self._by_item.get(item, {}).values() if row.quantity > 0]
        rows.sort(key=self._rank)
        return rows

    def changes(self) -> list[Waiting]:
        """What the batch changes, in key order."""
        return [self._changed[key] for key in sorted(self._changed)]
