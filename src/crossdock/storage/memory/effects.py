"""Effects and their turns: per destination and key only the oldest unsettled one may go out.

Two heaps per destination keep a claim as cheap as what it takes: heads that are ready, by (lane,
effect), and heads that become ready later, by time. Only heads are entered, and a head stays one
until it is settled. An entry may have outlived its reason, so it is checked when it comes up;
whatever changes an effect's turn adds an entry.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crossdock.log.answers import Told, answer_to
from crossdock.log.records import (
    SETTLED,
    Claimed,
    Effect,
    EffectState,
    Leaving,
    NewMessage,
    Settlement,
    Verdict,
)
from crossdock.log.views import AttemptView, BacklogRow, EffectView

_HELD = frozenset({Verdict.REFUSED, Verdict.VOID})
_WAIT_MAX = timedelta(hours=25)


@dataclass(slots=True)
class Kept:
    """An effect and where it stands; `state` is None once it is settled."""

    effect_id: int
    effect: Effect
    place: str | None
    intended_at: datetime
    due_at: datetime
    state: EffectState | None = EffectState.DUE
    attempts: int = 0
    tries: int = 0
    doubtful: bool = False
    doubted_at: datetime | None = None
    begun_at: datetime | None = None
    until: datetime | None = None
    owner: str = ""  # the hub that has it in flight
    ended: list[AttemptView] = field(default_factory=list)

    @property
    def wakes_at(self) -> datetime | None:
        """When it may next be claimed; None while it is held or settled."""
        if self.state is EffectState.DUE:
            return self.due_at
        return self.until if self.state is EffectState.IN_FLIGHT else None

    @property
    def state_name(self) -> str:
        """As `EffectView` names it."""
        return self.ended[-1].verdict if self.state is None else self.state.name.lower()


@dataclass(slots=True)
class Queue:
    """The unsettled effects of one destination."""

    by_key: dict[str, dict[int, None]] = field(default_factory=dict)  # head first
    ready: list[tuple[int, int]] = field(default_factory=list)  # heap of (lane, effect)
    later: list[tuple[datetime, int]] = field(default_factory=list)  # heap of (when, effect)
    farthest: datetime | None = None  # nothing that is due becomes so later than this

    def is_head(self, kept: Kept) -> bool:
        """Whether nothing older of its key is unsettled."""
        line = self.by_key.get(kept.effect.key)
        return line is not None and next(iter(line)) == kept.effect_id


class Effects:
    """Every effect ever intended, found by number, business key and ordering key."""

    def __init__(self) -> None:
        self.by_id: dict[int, Kept] = {}
        self.ids_by_key: dict[str, list[int]] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        self._business_keys: dict[str, int] = {}
        self._queues: dict[str, Queue] = {}

    def intend(self, effect: Effect, place: str | None, now: datetime) -> None:
        """Make an effect due at once; nothing when its business key is known: it exists already."""
        if effect.business_key in self._business_keys:
            return
        state = EffectState.HELD if effect.held else EffectState.DUE
        kept = Kept(len(self.by_id) + 1, effect, place, now, now, state)
        self.by_id[kept.effect_id] = kept
        self._business_keys[effect.business_key] = kept.effect_id
        self.ids_by_key.setdefault(effect.key, []).append(kept.effect_id)
        self.counts[(effect.destination, kept.state_name)] += 1
        queue = self._queues.setdefault(effect.destination, Queue())
        queue.by_key.setdefault(effect.key, {})[kept.effect_id] = None
        self._schedule(queue, kept)

    def claim(
        self,
        destination: str,
        now: datetime,
        until: datetime,
        limit: int,
        owner: str,
        leaving: Leaving,
    ) -> list[Claimed]:
        """Start an attempt on due heads, and on those left in flight by a holder that is gone."""
        queue = self._queues.get(destination, Queue())
        self._wake(queue, now)
        taken: list[Claimed] = []
        left: list[tuple[int, int]] = []
        while len(taken) < limit and queue.ready:
            entry = heapq.heappop(queue.ready)
            kept = self.by_id[entry[1]]
            wakes_at = kept.wakes_at
            if wakes_at is None:
                continue
            if wakes_at > now:
                heapq.heappush(queue.later, (wakes_at, kept.effect_id))
            elif _is_left(kept, owner, leaving):
                left.append(entry)
            else:
                taken.append(self._start(queue, kept, now, until, owner))
        for entry in left:
            heapq.heappush(queue.ready, entry)
        return taken

    def something_due(self, destination: str, now: datetime) -> bool:
        """Whether a claim may find something."""
        queue = self._queues.get(destination, Queue())
        self._wake(queue, now)
        return bool(queue.ready)

    def let_go(self, owner: str, now: datetime, busy: Collection[int]) -> int:
        """End as lost what this owner began, is over, and is not at; gives how many effects."""
        over = [
            kept
            for kept in self.by_id.values()
            if kept.state is EffectState.IN_FLIGHT
            and kept.owner == owner
            and kept.until is not None
            and kept.until <= now
            and kept.effect_id not in busy
        ]
        for kept in over:
            kept.ended.append(
                _ended(kept, Settlement(kept.effect_id, kept.attempts, Verdict.LOST), now)
            )
            kept.doubtful, kept.doubted_at, kept.due_at = True, kept.until, now
            kept.until = kept.begun_at = None
            kept.owner = ""
            self._move(kept, EffectState.DUE)
            self._schedule(self._queues[kept.effect.destination], kept)
        return len(over)

    def has_in_flight(self, owner: str) -> bool:
        """Whether this owner began an attempt that has not ended."""
        return any(
            kept.state is EffectState.IN_FLIGHT and kept.owner == owner
            for kept in self.by_id.values()
        )

    def reclaim(self, owner: str, now: datetime) -> None:
        """End the time of everything that this owner has in flight."""
        for queue in self._queues.values():
            for line in queue.by_key.values():
                kept = self.by_id[next(iter(line))]  # nothing but a head is ever in flight
                if kept.state is EffectState.IN_FLIGHT and kept.owner == owner:
                    kept.until = now
                    self._schedule(queue, kept)

    def resume(self, stopped: Collection[str]) -> int:
        """Make due what was held before any attempt, but for these types; gives how many."""
        waiting = [
            kept
            for kept in self.by_id.values()
            if kept.state is EffectState.HELD
            and not kept.attempts
            and kept.effect.type not in stopped
        ]
        for kept in waiting:
            self._move(kept, EffectState.DUE)
            self._schedule(self._queues[kept.effect.destination], kept)
        return len(waiting)

    def in_flight(self, result: Settlement) -> Kept | None:
        """The effect of this attempt, unless a later holder has it or it ended before (I22)."""
        kept = self.by_id.get(result.effect_id)
        if kept is None or kept.state is not EffectState.IN_FLIGHT:
            return None
        return kept if kept.attempts == result.attempt else None

    def settle(self, kept: Kept, result: Settlement, now: datetime) -> None:
        """Record how an attempt ended, and what may happen next."""
        kept.ended.append(_ended(kept, result, now))
        kept.until = kept.begun_at = None
        kept.owner = ""
        doubt = result.doubtful or result.verdict is Verdict.UNKNOWN
        if result.verdict is Verdict.UNKNOWN or (doubt and kept.doubted_at is None):
            kept.doubted_at = now
        kept.doubtful = kept.doubtful or doubt
        kept.tries += result.counts
        if result.verdict in SETTLED:
            self._move(kept, None)
            self._leave(kept)
        elif result.verdict in _HELD or result.due_at is None:
            self._move(kept, EffectState.HELD)
        else:
            self._move(kept, EffectState.DUE)
            kept.due_at = result.due_at
            self._schedule(self._queues[kept.effect.destination], kept)

    def supersede(self, kept: Kept, newer: str, now: datetime) -> None:
        """Settle an effect that is not being sent and needs no sending beside the newer one."""
        ended = Settlement(kept.effect_id, kept.attempts + 1, Verdict.SUPERSEDED, newer)
        self.settle(kept, ended, now)

    def named(self, business_key: str) -> Kept | None:
        """The effect of this business key."""
        number = self._business_keys.get(business_key)
        return None if number is None else self.by_id[number]

    def help_on(self, kept: Kept, now: datetime, *, certain: bool) -> None:
        """Let a held effect be told again, with all its tries; `certain`: it is not done yet."""
        kept.tries, kept.due_at = 0, now
        kept.doubtful = kept.doubtful and not certain
        self._move(kept, EffectState.DUE)
        self._schedule(self._queues[kept.effect.destination], kept)

    def supersede_older(self, business_keys: Collection[str], now: datetime) -> None:
        """What these say all of is due no more, where nobody waits to hear how that ended."""
        newest: dict[tuple[str, str, str], Kept] = {}
        for number in sorted(self._business_keys[name] for name in business_keys):
            kept = self.by_id[number]
            newest[(kept.effect.destination, kept.effect.key, kept.effect.type)] = kept
        for (destination, key, kind), last in newest.items():
            for kept in self.unsettled(destination, key):
                due = kept.state is EffectState.DUE and not kept.doubtful
                older = kept.effect_id < last.effect_id and kept.effect.type == kind
                if due and older and kept.effect.asker is None:
                    self.supersede(kept, last.effect.business_key, now)

    def unsettled(self, destination: str, key: str) -> list[Kept]:
        """The unsettled effects of a key, oldest first."""
        queue = self._queues.get(destination, Queue())
        return [self.by_id[number] for number in queue.by_key.get(key, {})]

    def held(self, after: int) -> Iterator[EffectView]:
        """Everything that is held, by number, beyond `after`."""
        for number in sorted(self.by_id):
            if number > after and self.by_id[number].state is EffectState.HELD:
                yield _view(self.by_id[number])

    def backlog(self) -> list[BacklogRow]:
        """What is unsettled, by destination, lane and state."""
        found: dict[tuple[str, int, int], list[Kept]] = {}
        for kept in self.by_id.values():
            if kept.state is not None:
                place = (kept.effect.destination, int(kept.effect.lane), int(kept.state))
                found.setdefault(place, []).append(kept)
        return [
            BacklogRow(*place, len(found[place]), found[place][0].intended_at)
            for place in sorted(found)
        ]

    def views(self, key: str) -> list[EffectView]:
        """Everything of one ordering key."""
        return [_view(self.by_id[number]) for number in self.ids_by_key.get(key, [])]

    def decided_at(self, places: Collection[str]) -> list[EffectView]:
        """Everything that messages at these places decided, by number."""
        return [_view(kept) for kept in self.by_id.values() if kept.place in places]

    def known_as(self, references: Collection[str]) -> list[EffectView]:
        """Everything that a far system gave one of these numbers, by number."""
        return [
            _view(kept)
            for kept in self.by_id.values()
            if any(
                one.reference and one.reference in references and one.verdict != Verdict.SUPERSEDED
                for one in kept.ended
            )
        ]

    def _wake(self, queue: Queue, now: datetime) -> None:
        self._wake_far_ahead(queue, now)
        while queue.later and queue.later[0][0] <= now:
            wakes_at, number = heapq.heappop(queue.later)
            kept = self.by_id[number]
            if kept.wakes_at == wakes_at:
                heapq.heappush(queue.ready, (kept.effect.lane, number))

    def _wake_far_ahead(self, queue: Queue, now: datetime) -> None:
        """No wait is longer than a day: what is due later was written by a clock that was wrong."""
        if queue.farthest is None or queue.farthest <= now + _WAIT_MAX:
            return
        for wakes_at, number in queue.later:
            kept = self.by_id[number]
            if wakes_at > now + _WAIT_MAX and kept.state is EffectState.DUE:
                kept.due_at = now
                heapq.heappush(queue.ready, (kept.effect.lane, number))
        queue.farthest = None

    def _start(
        self, queue: Queue, kept: Kept, now: datetime, until: datetime, owner: str
    ) -> Claimed:
        if kept.state is EffectState.IN_FLIGHT:
            kept.doubtful, kept.doubted_at = True, kept.until
            lost = Settlement(kept.effect_id, kept.attempts, Verdict.LOST)
            kept.ended.append(_ended(kept, lost, now))
        kept.attempts += 1
        kept.begun_at, kept.until, kept.owner = now, until, owner
        self._move(kept, EffectState.IN_FLIGHT)
        heapq.heappush(queue.later, (until, kept.effect_id))
        effect = kept.effect
        return Claimed(
            effect_id=kept.effect_id,
            attempt=kept.attempts,
            business_key=effect.business_key,
            destination=effect.destination,
            key=effect.key,
            type=effect.type,
            correlation=effect.correlation,
            body=effect.body,
            doubtful=kept.doubtful,
            tries=kept.tries,
            doubted_at=kept.doubted_at,
        )

    def _leave(self, kept: Kept) -> None:
        """Take a settled effect off its queue; the next of its key may go."""
        queue = self._queues[kept.effect.destination]
        line = queue.by_key[kept.effect.key]
        del line[kept.effect_id]
        if line:
            self._schedule(queue, self.by_id[next(iter(line))])
        else:
            del queue.by_key[kept.effect.key]

    def _schedule(self, queue: Queue, kept: Kept) -> None:
        if kept.wakes_at is not None and queue.is_head(kept):
            heapq.heappush(queue.later, (kept.wakes_at, kept.effect_id))
            queue.farthest = max(kept.wakes_at, queue.farthest or kept.wakes_at)

    def _move(self, kept: Kept, state: EffectState | None) -> None:
        """Change the state and keep the counts true; the attempt's end is recorded before."""
        destination = kept.effect.destination
        before = EffectState.DUE if kept.state is None else kept.state
        self.counts[(destination, before.name.lower())] -= 1
        kept.state = state
        self.counts[(destination, kept.state_name)] += 1


def answers_of(kept: Kept, result: Settlement, now: datetime) -> list[NewMessage]:
    """What its asker is told of an effect whose attempt ended so; nothing where nobody asked."""
    effect = kept.effect
    if effect.asker is None:
        return []
    told = Told(effect.business_key, effect.destination, effect.type, effect.correlation)
    answer = answer_to(effect.asker, told, result, now)
    return [] if answer is None else [answer]


def _is_left(kept: Kept, owner: str, leaving: Leaving) -> bool:
    """Whether a claim leaves this one alone."""
    if kept.effect.lane < leaving.lane or (leaving.fresh and kept.attempts):
        return True
    if kept.effect.type in leaving.paused:
        return True
    if kept.state is not EffectState.IN_FLIGHT:
        return False
    theirs = kept.owner in leaving.alive and kept.owner != owner
    return theirs or kept.effect_id in leaving.busy


def _ended(kept: Kept, result: Settlement, now: datetime) -> AttemptView:
    return AttemptView(
        result.attempt,
        result.verdict.value,
        result.reference,
        result.problem,
        now,
        kept.begun_at,
        kept.owner,
        result.evidence,
    )


def _view(kept: Kept) -> EffectView:
    effect = kept.effect
    return EffectView(
        effect_id=kept.effect_id,
        business_key=effect.business_key,
        destination=effect.destination,
        key=effect.key,
        type=effect.type,
        place=kept.place,
        state=kept.state_name,
        attempts=kept.attempts,
        ended=list(kept.ended),
    )
