"""A shadow: what was said, decided once more in memory, under another policy or mapping (M3).

Inputs are decided in the order in which history decided them, each at the place where it stands on
the log, so that nothing differs for want of another number. What the hub said to itself is decided
only if the shadow says it too; what history never said gets places of the shadow's own. Nothing is
written anywhere, and nobody is told anything.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.vocabulary import Fate
from crossdock.kernel.errors import CrossdockError
from crossdock.log.keys import content_digest, transport_digest
from crossdock.log.ports import Reading
from crossdock.log.records import Decided, Loaded, NewMessage, Outcome, Recorded, Wanted
from crossdock.runtime.deciding import decide_on_what_stands
from crossdock.runtime.rehearsal import differences
from crossdock.runtime.thinking import Undecidable, thinking
from crossdock.sagas.decide import opened, wanted_by
from crossdock.sagas.policy import Policy
from crossdock.storage.memory import batches
from crossdock.storage.memory.data import Data, Kept, Place

Mapping = Callable[[dict[str, Any]], dict[str, Any]]
"""From an envelope as it was said to the envelope as it is to be read."""

_SHADOW: Final = 30_000
"""The partition of what history never said."""

_PAGE = 1_000
_DERIVED = re.compile(r"\A(?:[0-9]+:[0-9]+/[0-9]+|again/[0-9]+:[0-9]+)\Z")


class BadMapping(CrossdockError):
    """A mapping failed on a message."""

    code = "bad-mapping"
    expects = "a function of an envelope that gives an envelope"


@dataclass(frozen=True, slots=True)
class Logged:
    """A decided message of history."""

    message: Recorded
    outcome: Outcome
    processed_time: datetime

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.message.partition, self.message.position

    def is_derived(self) -> bool:
        """Whether a decision of the hub said it, so that a shadow says it by itself."""
        return _DERIVED.match(self.message.id) is not None


async def history(store: Reading, upto: dict[int, int] | None = None) -> list[Logged]:
    """Every decided message in the order of deciding, up to these places if any are given.

    Keeps the log in memory.
    """
    found: list[Logged] = []
    for partition, (_, decided) in (await store.position()).items():
        last = decided if upto is None else min(decided, upto.get(partition, 0))
        after = 0
        while page := await store.outcomes(partition, after, _PAGE):
            rows = [row for row in page if row.position <= last]
            messages = await store.messages([(partition, row.position) for row in rows])
            found += [
                Logged(message, row.outcome, row.processed_time)
                for message, row in zip(messages, rows, strict=True)
            ]
            if len(rows) < len(page):
                break
            after = page[-1].position
    found.sort(key=lambda one: (one.processed_time, one.place))
    return found


@dataclass(slots=True)
class Shadow:
    """A world in memory in which history is decided again."""

    policy: Policy
    mapping: Mapping | None = None
    data: Data = field(default_factory=Data)
    unsaid: int = 0  # messages of the hub to itself that the shadow does not say

    async def play(self, logged: Sequence[Logged]) -> None:
        """Decide all of it.

        Raises:
            BadMapping: the mapping failed.
        """
        known = {self._key(one.message) for one in logged}
        for one in sorted(logged, key=lambda one: one.place):
            partition = self.data.partition(one.message.partition)
            partition.messages.append(Kept(self._new(one.message), one.message.rival))
        said: dict[bytes, NewMessage] = {}
        early: dict[bytes, Logged] = {}  # of one moment with their cause, and listed before it
        for one in logged:
            ready = deque([one])
            while ready:
                await self._play_one(ready.popleft(), known, said, early)
                ready.extend(early.pop(key) for key in sorted(said.keys() & early.keys()))
        self.unsaid = len(early)

    async def _play_one(
        self,
        one: Logged,
        known: set[bytes],
        said: dict[bytes, NewMessage],
        early: dict[bytes, Logged],
    ) -> None:
        """Decide one message of history, and what follows from it that history never said."""
        key = self._key(one.message)
        new = said.pop(key, None) if one.is_derived() else None
        if one.is_derived() and new is None:
            early[key] = one
            return
        message = self._mapped(one.message) if new is None else _at(new, *one.place)
        fresh = deque(await self._decide(message, one.processed_time, known, said))
        while fresh:
            put = self._put(fresh.popleft())
            fresh.extend(await self._decide(put, one.processed_time, known, said))

    def _key(self, message: Recorded) -> bytes:
        derived = _DERIVED.match(message.id) is not None
        source = self.policy.name if derived else message.source
        return transport_digest(source, message.id)

    def _new(self, message: Recorded) -> NewMessage:
        return NewMessage(
            partition=message.partition,
            transport_key=self._key(message),
            business_key=None,
            content=content_digest(message.type, message.raw),
            source=message.source,
            id=message.id,
            type=message.type,
            key=message.key,
            correlation=message.correlation,
            causation=None,
            event_time=message.event_time,
            recorded_time=None,
            received_time=message.received_time,
            raw=message.raw,
            sha256=sha256(message.raw).digest(),
        )

    def _mapped(self, message: Recorded) -> Recorded:
        """An input as the mapping reads it; the hub's own words are nobody's to map."""
        if self.mapping is None or message.source == self.policy.name:
            return message
        try:
            raw = msgspec.json.encode(self.mapping(msgspec.json.decode(message.raw)))
        except Exception as error:
            raise BadMapping(where=message.place, found=type(error).__name__) from error
        mapped = msgspec.json.decode(raw, type=_Named)
        data = msgspec.json.decode(raw)["data"]
        row = CATALOGUE[mapped.type]
        key = str(data.get(row.key, message.key)) if isinstance(data, dict) else message.key
        return _replaced(message, raw=raw, kind=mapped.type, key=key)

    def _put(self, new: NewMessage) -> Recorded:
        """Give a message that history never said a place of the shadow's own."""
        partition = self.data.partition(_SHADOW)
        partition.messages.append(Kept(new, None))
        return _at(new, _SHADOW, len(partition.messages))

    async def _decide(
        self, message: Recorded, now: datetime, known: set[bytes], said: dict[bytes, NewMessage]
    ) -> Iterator[NewMessage]:
        """Decide one; gives what it says that history never said."""
        decided = await self._decided(message)
        spoken, decided.messages = decided.messages, []
        batches.commit(self.data, decided, now)
        self.data.partition(message.partition).decided = message.position
        said |= {one.transport_key: one for one in spoken if one.transport_key in known}
        return iter([one for one in spoken if one.transport_key not in known])

    async def _decided(self, message: Recorded) -> Decided:
        try:
            with thinking():
                pairs = [opened(message, policy=self.policy)]
                wanted = wanted_by(pairs)
            found, _ = await decide_on_what_stands(self, self.policy, pairs, wanted)
        except Undecidable as error:
            dead = Outcome(fate=Fate.DEAD, reason=f"cannot be decided: {error.found}")
            return Decided(
                outcomes=[(message.partition, message.position, dead)],
                event_times=[message.event_time],
            )
        return found

    async def load(self, wanted: Wanted) -> Loaded:
        """See `deciding.Loading`."""
        return batches.load(self.data, wanted)


class _Named(msgspec.Struct):
    type: str


def _at(new: NewMessage, partition: int, position: int) -> Recorded:
    return Recorded(
        partition,
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


def _replaced(message: Recorded, *, raw: bytes, kind: str, key: str) -> Recorded:
    return Recorded(
        message.partition,
        message.position,
        message.source,
        message.id,
        kind,
        key,
        message.correlation,
        message.event_time,
        message.received_time,
        raw,
        message.rival,
    )


# Comparing --------------------------------------------------------------------------------------


def outcome_differences(history: Sequence[Logged], shadow: Shadow) -> list[dict[str, Any]]:
    """The messages of history that end otherwise in the shadow, or that it does not say at all."""
    found = []
    for one in history:
        row = shadow.data.partition(one.message.partition).outcomes.get(one.message.position)
        then = (str(one.outcome.fate), one.outcome.reason)
        now = ("unsaid", "") if row is None else (str(row.outcome.fate), row.outcome.reason)
        if then != now:
            found.append({"place": one.message.place, "before": then, "after": now})
    return found


def compare(before: Shadow, after: Shadow) -> dict[str, list[dict[str, Any]]]:
    """What differs between two shadows of one history, field by field."""
    return {
        "outcomes": list(_outcomes(before.data, after.data)),
        "orders": list(_orders(before.data, after.data)),
        "balances": list(_balances(before.data, after.data)),
        "effects": list(_effects(before.data, after.data)),
        "conditions": list(_conditions(before.data, after.data)),
    }


def _outcomes(before: Data, after: Data) -> Iterator[dict[str, Any]]:
    for number in sorted({*before.partitions, *after.partitions}):
        old, new = before.partition(number).outcomes, after.partition(number).outcomes
        for position in sorted({*old, *new}):
            pair = [
                (str(rows[position].outcome.fate), rows[position].outcome.reason)
                if position in rows
                else ("unsaid", "")
                for rows in (old, new)
            ]
            if pair[0] != pair[1]:
                place = f"{number}:{position}"
                yield {"place": place, "before": pair[0], "after": pair[1]}


def _orders(before: Data, after: Data) -> Iterator[dict[str, Any]]:
    for order_id in sorted({*before.orders, *after.orders}):
        states = [
            msgspec.json.decode(data.orders[order_id].state) if order_id in data.orders else {}
            for data in (before, after)
        ]
        for path, old, new in differences(*states):
            yield {"order": order_id, "path": path, "before": old, "after": new}


def _balances(before: Data, after: Data) -> Iterator[dict[str, Any]]:
    for account in sorted({*before.balances, *after.balances}):
        old, new = before.balances[account], after.balances[account]
        if old != new:
            yield {"account": account, "before": old, "after": new}


def _effects(before: Data, after: Data) -> Iterator[dict[str, Any]]:
    told = [
        {kept.effect.business_key: kept.effect for kept in data.effects.by_id.values()}
        for data in (before, after)
    ]
    for key in sorted({*told[0], *told[1]}):
        bodies = [
            msgspec.json.decode(effects[key].body) if key in effects else None for effects in told
        ]
        for path, old, new in differences(bodies[0], bodies[1]):
            yield {"effect": key, "path": path, "before": old, "after": new}


def _conditions(before: Data, after: Data) -> Iterator[dict[str, Any]]:
    for key in sorted({*before.conditions.rows, *after.conditions.rows}):
        pair = [data.conditions.rows.get(key) for data in (before, after)]
        words = [None if row is None else (row.detail, row.is_open) for row in pair]
        if words[0] != words[1]:
            kind, about = key
            yield {"kind": kind, "key": about, "before": words[0], "after": words[1]}
