"""A dry run: what messages would do if they were put on the log now, decided by the deciders.

Nothing is written. State is loaded from the store without locks, and what the first message changes
is laid over it for the next, so that a message which the first one brings about is seen too. What
others do meanwhile may change it; what it shows is what stands.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from crossdock.contracts.vocabulary import Fate
from crossdock.kernel.limits import REHEARSED_MESSAGES_MAX
from crossdock.log.errors import StoreError
from crossdock.log.records import (
    Decided,
    EffectState,
    Held,
    Loaded,
    NewMessage,
    Outcome,
    Recorded,
    Standing,
    StockRow,
    Waiting,
    Wanted,
)
from crossdock.runtime.deciding import decide_on_what_stands
from crossdock.runtime.thinking import Undecidable, thinking
from crossdock.sagas.decide import opened, wanted_by
from crossdock.sagas.policy import Policy


class Store(Protocol):
    """What a rehearsal needs of a store."""

    async def load(self, wanted: Wanted) -> Loaded: ...

    async def position(self) -> dict[int, tuple[int, int]]: ...


@dataclass(slots=True)
class Step:
    """One message that would be decided, and what would become of it."""

    place: str  # as it would be, if nobody else speaks first
    type: str
    key: str
    source: str
    fate: str
    reason: str
    asked: bool  # whether it was asked for, or follows from the others


@dataclass(slots=True)
class Rehearsed:
    """Everything that would happen, in the words of records and figures."""

    steps: list[Step] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)  # order, path, before, after
    stock: list[dict[str, Any]] = field(default_factory=list)  # item, site, by how much
    effects: list[dict[str, Any]] = field(default_factory=list)
    rulings: list[dict[str, Any]] = field(default_factory=list)
    noted: list[dict[str, Any]] = field(default_factory=list)
    closed: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)  # masters and documents
    more: bool = False  # whether it ended before everything was decided

    @property
    def applies(self) -> bool:
        """Whether all that was asked for would be applied."""
        return all(step.fate == Fate.APPLIED for step in self.steps if step.asked)


class Overlay:
    """A store's state with what was rehearsed laid over it; nothing reaches the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.orders: dict[str, bytes] = {}
        self._masters: dict[tuple[str, str], bytes] = {}
        self._documents: dict[tuple[str, str], Any] = {}
        self._stock: dict[tuple[str, str], list[int]] = {}
        self._waiting: dict[tuple[str, str, str], Waiting] = {}
        self._held: dict[str, Held] = {}
        self._effects: dict[str, Standing] = {}

    async def load(self, wanted: Wanted) -> Loaded:
        """See `Store.load`."""
        loaded = await self._store.load(wanted)
        loaded.orders |= {key: one for key, one in self.orders.items() if key in wanted.orders}
        loaded.masters |= {k: one for k, one in self._masters.items() if k in wanted.masters}
        loaded.documents |= {k: one for k, one in self._documents.items() if k in wanted.documents}
        loaded.held |= {place: one for place, one in self._held.items() if place in wanted.held}
        loaded.effects |= {k: one for k, one in self._effects.items() if k in wanted.effects}
        for (item, site), by in self._stock.items():
            if item in wanted.items:
                row = loaded.stock.get((item, site), StockRow(0, 0))
                loaded.stock[item, site] = StockRow(
                    row.sellable + by[0],
                    row.reserved + by[1],
                    row.pooled + by[2],
                    row.safety + by[3],
                    row.version + 1,
                )
        kept = [w for w in loaded.waiting if (w.item, w.order_id, w.line) not in self._waiting]
        more = [w for w in self._waiting.values() if w.quantity and w.item in wanted.items]
        loaded.waiting = [*kept, *more]
        return loaded

    def take(self, message: Recorded, decided: Decided) -> None:
        """Lay what was decided over the rest."""
        self.orders |= {row.order_id: row.state for row in decided.orders}
        self._masters |= {(row.kind, row.id): row.body for row in decided.masters}
        self._documents |= {(one.kind, one.id): one for one, _ in decided.documents}
        for change in decided.stock:
            by = self._stock.setdefault((change.item, change.site), [0, 0, 0, 0])
            parts = (change.sellable, change.reserved, change.pooled, change.safety)
            by[:] = [old + new for old, new in zip(by, parts, strict=True)]
        for row in decided.waiting:
            self._waiting[row.item, row.order_id, row.line] = row
        for _, _, effect in decided.effects:
            self._effects[effect.business_key] = Standing(effect, EffectState.DUE, 0)
        for _, _, outcome in decided.outcomes:
            if outcome.fate in (Fate.HELD, Fate.DEAD):
                dead = outcome.fate is Fate.DEAD
                self._held[message.place] = Held(message, outcome.reason, dead, outcome.notes)


async def rehearse(store: Store, policy: Policy, messages: Sequence[NewMessage]) -> Rehearsed:
    """Decide these messages, and those that follow from them, on what stands; write nothing.

    Raises:
        StoreError: the store could not be read.
    """
    heads = {partition: head for partition, (head, _) in (await store.position()).items()}
    overlay, found = Overlay(store), Rehearsed()
    before: dict[str, bytes] = {}
    waiting = deque((message, True) for message in messages)
    while waiting:
        if len(found.steps) >= REHEARSED_MESSAGES_MAX:
            found.more = True
            break
        new, asked = waiting.popleft()
        heads[new.partition] = heads.get(new.partition, 0) + 1
        message = _recorded(new, heads[new.partition])
        decided = await _decide(overlay, policy, message, before)
        overlay.take(message, decided)
        waiting.extend((said, False) for said in decided.messages)
        _note(found, message, decided, asked=asked)
    found.orders = list(_orders(before, overlay.orders))
    return found


def _recorded(new: NewMessage, position: int) -> Recorded:
    return Recorded(
        new.partition,
        position,
        new.source,
        new.id,
        new.type,
        new.key,
        new.correlation,
        new.event_time,
        new.received_time,
        new.raw,
        None,
    )


async def _decide(
    overlay: Overlay, policy: Policy, message: Recorded, before: dict[str, bytes]
) -> Decided:
    """What would be decided on one message; what cannot be decided would be dead."""
    try:
        with thinking():
            pairs = [opened(message, policy=policy)]
            wanted = wanted_by(pairs)
        decided, wanted = await decide_on_what_stands(overlay, policy, pairs, wanted)
    except Undecidable as error:
        dead = Outcome(fate=Fate.DEAD, reason=f"cannot be decided: {error.found}")
        return Decided(outcomes=[(message.partition, message.position, dead)])
    except StoreError:
        raise
    missing = wanted.orders - before.keys()
    if missing:
        stored = (await overlay.load(Wanted(orders=missing))).orders
        before |= {order_id: stored.get(order_id, b"{}") for order_id in missing}
    return decided


def _note(found: Rehearsed, message: Recorded, decided: Decided, *, asked: bool) -> None:
    """Take what one message would do into the picture."""
    [(_, _, outcome)] = decided.outcomes
    found.steps.append(
        Step(
            message.place,
            message.type,
            message.key,
            message.source,
            outcome.fate.value,
            outcome.reason,
            asked,
        )
    )
    found.stock += [
        {
            "item": one.item,
            "site": one.site,
            "sellable": one.sellable,
            "reserved": one.reserved,
            "pooled": one.pooled,
            "safety": one.safety,
        }
        for one in decided.stock
    ]
    found.effects += [
        {"effect": one.business_key, "destination": one.destination, "type": one.type}
        for _, _, one in decided.effects
    ]
    found.rulings += [
        {"effect": one.business_key, "action": one.action, "reference": one.reference}
        for one in outcome.rulings
    ]
    found.noted += [msgspec.structs.asdict(one) for one in outcome.notes]
    found.closed += [{"kind": one.kind, "key": one.key, "why": one.why} for one in outcome.closings]
    found.records += [{"kind": row.kind, "id": row.id} for row in decided.masters]
    found.records += [{"kind": one.kind, "id": one.id} for one, _ in decided.documents]


def _orders(before: dict[str, bytes], after: dict[str, bytes]) -> Iterator[dict[str, Any]]:
    for order_id in sorted(after):
        old = msgspec.json.decode(before.get(order_id, b"{}"))
        new = msgspec.json.decode(after[order_id])
        for path, was, now in differences(old, new):
            yield {"order": order_id, "path": path, "before": was, "after": now}


def differences(before: Any, after: Any, at: str = "$") -> Iterator[tuple[str, Any, Any]]:
    """Every leaf in which two JSON values differ, with its path; None for what is absent."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from differences(before.get(key), after.get(key), f"{at}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from differences(old, new, f"{at}[{number}]")
    elif before != after:
        yield at, before, after
