"""A desk: calls are decided and kept in one transaction, many callers per commit (decision 17).

A desk holds a partition of the log of its own. It asks what stands under the calls' keys already,
decides the others by the same deciders as every message, and answers after the commit. It begins
again after any error, because an uncommitted batch has changed nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from crossdock.gateway.calls import Answered, Told
from crossdock.gateway.errors import IdConflict, NoDesk, NotDecidedYet
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.limits import CALL_PAUSE_SECONDS_MAX, CALL_TRIES_MAX
from crossdock.kernel.ports import Clock, Randomness
from crossdock.log.errors import MOVED, CommitUnknown, LeaseLost, StoreError
from crossdock.log.keys import DESK_FIRST
from crossdock.log.ports import Calling
from crossdock.log.records import (
    Decided,
    Earlier,
    Lease,
    Loaded,
    NewMessage,
    Outcome,
    Recorded,
    Wanted,
)
from crossdock.runtime.deciding import decide_on_what_stands
from crossdock.runtime.thinking import Thinking, Undecidable, thinking
from crossdock.sagas.decide import opened, wanted_by
from crossdock.sagas.policy import Policy

_LOG = logging.getLogger("crossdock.desk")
_PAUSE_SECONDS_FIRST = 0.005
_PASSING = (*MOVED, LeaseLost, CommitUnknown)
"""After these the same calls end well once the desk has looked again at what stands."""


class DeskStore(Calling, Protocol):
    """What a desk asks of a store; every `log.ports.Store` has it."""

    async def load(self, wanted: Wanted) -> Loaded:
        """What a batch touches, unlocked."""
        ...

    async def release(self, worker: str) -> None:
        """Give all leases of this worker back."""
        ...


class Desk:
    """One desk of one process."""

    def __init__(
        self,
        name: str,
        store: DeskStore,
        policy: Policy,
        clock: Clock,
        randomness: Randomness,
        *,
        lease_seconds: float = 10.0,
        on_commit: Callable[[Decided], None] | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        thinking: Thinking = thinking,
    ) -> None:
        """`name` must be no other desk's, in any process. `on_commit` hears what was kept."""
        self.name = name
        self._store = store
        self._policy = policy
        self._clock = clock
        self._randomness = randomness
        self._lease_seconds = lease_seconds
        self._on_commit = on_commit
        self._sleep = sleep
        self._thinking = thinking
        self._lease: Lease | None = None
        self._leased_at = float("-inf")

    async def close(self) -> None:
        """Give the partition back; it ends by itself where that fails."""
        with suppress(StoreError):
            await self._store.release(self.name)

    async def answer(self, calls: Sequence[NewMessage]) -> list[Answered]:
        """See `gateway.calls.Desk`: no two of the calls have a key in common."""
        in_doubt = False
        for attempt in range(1, CALL_TRIES_MAX):
            try:
                return await self._answer_once(calls, in_doubt=in_doubt)
            except CrossdockError as error:
                self._lease = None  # others moved on, or nobody knows: ask where the desk stands
                if not _passes(error):
                    return await self._answer_apart(calls, error)
                in_doubt = in_doubt or isinstance(error, CommitUnknown)
            await self._sleep(self._pause_seconds(attempt))
        try:
            return await self._answer_once(calls, in_doubt=in_doubt)
        except CrossdockError as error:
            self._lease = None
            return await self._answer_apart(calls, error)

    async def _answer_apart(
        self, calls: Sequence[NewMessage], error: CrossdockError
    ) -> list[Answered]:
        """Give up on a call; where it is one of many, the others are not given up with it."""
        if len(calls) == 1 or not isinstance(error, StoreError | Undecidable):
            _LOG.warning("%d calls have no answer: %s", len(calls), error.code)
            return [error] * len(calls)
        half = len(calls) // 2
        return [*await self.answer(calls[:half]), *await self.answer(calls[half:])]

    def _pause_seconds(self, attempt: int) -> float:
        longest = min(CALL_PAUSE_SECONDS_MAX, _PAUSE_SECONDS_FIRST * 2**attempt)
        return self._randomness.uniform(longest / 2, longest)

    async def _answer_once(self, calls: Sequence[NewMessage], *, in_doubt: bool) -> list[Answered]:
        lease = await self._held()
        found = await self._store.earlier(calls)
        asked = list(zip(calls, found, strict=True))
        fresh = [(call, _rival(known)) for call, known in asked if _is_new(known)]
        repeats = [
            (call, known)
            for call, known in asked
            if known is not None and known.same and not in_doubt
        ]
        outcomes = iter(await self._settle(lease, fresh, repeats))
        position = lease.position
        answers: list[Answered] = []
        for call, known in asked:
            if known is not None and not _is_new(known):
                answers.append(_told_before(call, known))
            else:
                position += 1
                answers.append(Told(lease.partition, position, next(outcomes)))
        return answers

    async def _held(self) -> Lease:
        """Our lease, prolonged in time. Raises `NoDesk` where all are taken."""
        now = self._clock.monotonic()
        if self._lease is None or now - self._leased_at >= self._lease_seconds / 3:
            wall = self._clock.now()
            until = wall + timedelta(seconds=self._lease_seconds)
            self._lease = await self._store.open_desk(self.name, wall, until)
            self._leased_at = now
        if self._lease is None:
            raise NoDesk
        return self._lease

    async def _settle(
        self,
        lease: Lease,
        fresh: Sequence[tuple[NewMessage, str | None]],
        repeats: Sequence[tuple[NewMessage, Earlier]],
    ) -> list[Outcome]:
        """Decide what is new and keep it, on fresh stock as often as that moved meanwhile."""
        if not fresh:
            if repeats:
                await self._store.commit_calls([], repeats, Decided(), self._clock.now())
            return []
        with self._thinking(()):
            pairs = [
                opened(_recorded(lease, number, call, rival), policy=self._policy)
                for number, (call, rival) in enumerate(fresh, 1)
            ]
            wanted = wanted_by(pairs)
        for _ in range(CALL_TRIES_MAX):
            decided, wanted = await decide_on_what_stands(
                self._store, self._policy, pairs, wanted, self._thinking
            )
            decided.positions = [(lease, lease.position + len(fresh))]
            try:
                await self._store.commit_calls(fresh, repeats, decided, self._clock.now())
            except MOVED as moved:
                last = moved
                continue
            self._lease = Lease(lease.partition, lease.epoch, lease.position + len(fresh))
            if self._on_commit is not None:
                self._on_commit(decided)
            return [outcome for _, _, outcome in decided.outcomes]
        raise last


async def rehearsed(store: DeskStore, policy: Policy, call: NewMessage) -> Outcome:
    """What a desk would decide on a call as things stand now; nothing is kept of it.

    Raises:
        StoreError: the store did not answer.
    """
    [known] = await store.earlier([call])
    nowhere = Lease(DESK_FIRST, 0, 0)
    with thinking():
        recorded = _recorded(nowhere, 1, call, None if known is None else _rival(known))
        pairs = [opened(recorded, policy=policy)]
        wanted = wanted_by(pairs, policy)
    if known is not None and known.same and known.outcome is not None and known.outcome.answer:
        return known.outcome
    decided, _ = await decide_on_what_stands(store, policy, pairs, wanted)
    return decided.outcomes[0][2]


def _passes(error: CrossdockError) -> bool:
    return isinstance(error, StoreError) and (error.retryable or isinstance(error, _PASSING))


def _is_new(known: Earlier | None) -> bool:
    """Whether a call is to be decided: nothing stands under its keys, or another's words do."""
    return known is None or not (known.transport or known.same)


def _rival(known: Earlier | None) -> str | None:
    return None if known is None else f"{known.partition}:{known.position}"


def _told_before(message: NewMessage, known: Earlier) -> Answered:
    """What a call is told whose key stands on the log already."""
    place = f"{known.partition}:{known.position}"
    if not known.same:
        return IdConflict(where=message.id, found=f"other content at {place}")
    if known.outcome is None:
        return NotDecidedYet(where=message.id, found=f"the message at {place}")
    return Told(known.partition, known.position, known.outcome)


def _recorded(lease: Lease, number: int, message: NewMessage, rival: str | None) -> Recorded:
    """The call as it will stand on the log."""
    return Recorded(
        lease.partition,
        lease.position + number,
        message.source,
        message.id,
        message.type,
        message.key,
        message.correlation,
        message.event_time,
        message.received_time,
        message.raw,
        rival,
    )
