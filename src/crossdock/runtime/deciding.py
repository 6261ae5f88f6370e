"""The decide loop: read a batch of the partitions that this worker holds, decide it, commit it.

Pure deciders do the thinking; this loop only moves batches, keeps leases fresh, and begins again
after any error, because an uncommitted batch has changed nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Protocol

from crossdock.contracts.vocabulary import Fate
from crossdock.kernel.ports import Clock
from crossdock.log.errors import MOVED, LeaseLost, StockMoved, StoreError, StoreFault, StoreRefused
from crossdock.log.ports import Deciding
from crossdock.log.records import Decided, Lease, Loaded, Note, Outcome, Recorded, Wanted
from crossdock.runtime.suspects import TRIES_MAX_IN_ALL, NoSuspects, Suspects
from crossdock.runtime.thinking import Thinking, Undecidable, thinking
from crossdock.sagas.decide import decide, opened, wanted_by
from crossdock.sagas.policy import Policy

_LOG = logging.getLogger("crossdock.deciding")

STORE_FAULTS_MAX = 5
"""How many turns a message may end with a fault of the store before it is put aside (C10)."""


class Decider:
    """One worker over some partitions of the log."""

    def __init__(
        self,
        name: str,
        partitions: Sequence[int],
        store: Deciding,
        policy: Policy,
        clock: Clock,
        *,
        batch_max: int = 250,
        lease_seconds: float = 10.0,
        on_commit: Callable[[Decided], None] | None = None,
        thinking: Thinking = thinking,
        suspects: Suspects | None = None,
    ) -> None:
        self.name = name
        self._partitions = list(partitions)
        self._store = store
        self._policy = policy
        self._clock = clock
        self._batch_max = batch_max
        self._lease_seconds = lease_seconds
        self._on_commit = on_commit
        self._thinking = thinking
        self._suspects = suspects or NoSuspects()
        self._leases: dict[int, Lease] = {}
        self._leased_at = float("-inf")
        self._faults: dict[str, int] = {}  # place -> how often the store failed on it alone

    async def turn(self) -> int:
        """Decide the next batch; gives how many messages it decided.

        Raises:
            StoreError: the store gave no result; nothing was changed and the next turn begins anew.
        """
        try:
            await self._keep_leases()
            messages = await self._store.read(list(self._leases.values()), self._batch_max)
            if not messages:
                return 0
            await self._decide(messages)
        except StoreError as error:
            self._leased_at = float("-inf")  # positions may have moved: read them again
            if _may_heal(error):
                self._faults.clear()  # the store itself was in trouble, which condemns no message
            raise
        return len(messages)

    async def _keep_leases(self) -> None:
        now = self._clock.monotonic()
        if now - self._leased_at < self._lease_seconds / 3:
            return
        wall = self._clock.now()
        leases = await self._store.lease(
            self.name, self._partitions, wall, wall + timedelta(seconds=self._lease_seconds)
        )
        self._leases = {lease.partition: lease for lease in leases}
        self._leased_at = now

    async def _decide(self, messages: Sequence[Recorded]) -> None:
        if any(self._suspects.tries(message.place) for message in messages):
            # A process ended over one of these: one by one, so that it names itself next time.
            for message in messages:
                await self._decide_alone(message)
            return
        try:
            await self._decide_and_commit(messages)
        except Exception as error:
            if isinstance(error, MOVED) and len(messages) > 1:
                # Too many at once to find a quiet moment in; a single message is quickly done.
                _LOG.warning("stock kept moving under %d messages; one by one", len(messages))
            elif _may_heal(error):
                raise
            else:
                # One message cannot be decided, or what it decides cannot be kept. Deciding each
                # by itself finds it: it alone is put aside and no other key waits for it (I24).
                _LOG.exception("a batch of %d cannot be decided; one by one", len(messages))
            for message in messages:
                await self._decide_alone(message)

    async def _decide_alone(self, message: Recorded) -> None:
        tries = self._suspects.tries(message.place)
        if tries >= TRIES_MAX_IN_ALL:
            reason = f"cannot be decided: {tries} processes ended over it"
            _LOG.error("message %s is dead: %s", message.place, reason)
            await self._bury(message, reason)
            return
        try:
            await self._decide_and_commit([message])
        except Exception as error:
            if _may_heal(error):
                raise
            if not self._is_given_up(message, error):
                if isinstance(error, StoreError):
                    raise
                raise StoreFault(where=message.place, found=type(error).__name__) from error
            reason = _reason(error)
            _LOG.error("message %s is dead: %s", message.place, reason)
            await self._bury(message, reason)
        self._faults.pop(message.place, None)

    def _is_given_up(self, message: Recorded, error: Exception) -> bool:
        """Whether a message that ended so by itself is dead.

        Thinking has no weather: what it cannot decide now, it never will; likewise a value that the
        store refuses. Any other fault may lie with the store (a table that is missing, a driver
        that lost count), and only time tells: that takes some turns, each after a longer pause.
        """
        if isinstance(error, Undecidable | StoreRefused):
            return True
        faults = self._faults[message.place] = self._faults.get(message.place, 0) + 1
        return faults >= STORE_FAULTS_MAX

    async def _bury(self, message: Recorded, reason: str) -> None:
        dead = Outcome(fate=Fate.DEAD, reason=reason, notes=[Note("dead", message.place, reason)])
        decided = Decided(
            outcomes=[(message.partition, message.position, dead)],
            event_times=[message.event_time],
        )
        await self._commit(decided, [message])

    async def _decide_and_commit(self, messages: Sequence[Recorded]) -> None:
        with self._thinking(messages):
            pairs: list[tuple[Recorded, Any]] = [opened(m, policy=self._policy) for m in messages]
            wanted: Wanted = wanted_by(pairs, self._policy)
        for _ in range(_DECISIONS_MAX):
            decided, wanted = await decide_on_what_stands(
                self._store, self._policy, pairs, wanted, self._thinking
            )
            try:
                await self._commit(decided, messages)
            except MOVED:
                await asyncio.sleep(0)  # let the one who moved it finish, decide on what stands now
                continue
            return
        raise StockMoved("stock kept moving under a batch")

    async def _commit(self, decided: Decided, messages: Sequence[Recorded]) -> None:
        newest: dict[int, int] = {}
        for message in messages:
            newest[message.partition] = message.position
        try:
            decided.positions = [(self._leases[p], position) for p, position in newest.items()]
        except KeyError as unknown:
            raise LeaseLost(where=f"partition {unknown}") from unknown
        await self._store.commit(decided, self._clock.now())
        self._suspects.clear(message.place for message in messages)
        for partition, position in newest.items():
            lease = self._leases[partition]
            self._leases[partition] = Lease(partition, lease.epoch, position)
        if self._on_commit is not None:
            self._on_commit(decided)


async def decide_on_what_stands(
    store: Loading,
    policy: Policy,
    pairs: Sequence[tuple[Recorded, Any]],
    wanted: Wanted,
    thinking: Thinking = thinking,
) -> tuple[Decided, Wanted]:
    """Load and decide; asked for more, load that as well. Gives also all that was wanted.

    What was loaded first is not loaded again: it may be older than what follows, as any two reads
    are of two moments, and what relies on it is guarded when it is written.
    """
    loaded = await store.load(wanted)
    while True:
        with thinking([message for message, _ in pairs]):
            decided = decide(policy, pairs, wanted, loaded)
        if isinstance(decided, Decided):
            return decided, wanted
        loaded.add(await store.load(decided.beyond(wanted)))
        wanted = decided  # always more than before, and bounded by what the batch speaks of


class Loading(Protocol):
    """Whoever gives what a batch touches."""

    async def load(self, wanted: Wanted) -> Loaded: ...


_DECISIONS_MAX = 20
"""How often one batch is decided on fresh stock before its messages are decided one by one."""


def _may_heal(error: Exception) -> bool:
    """Whether the same batch may go through later: others moved on, the database comes back."""
    return isinstance(error, StoreError) and not isinstance(error, StoreRefused | StoreFault)


def _reason(error: Exception) -> str:
    """Why a message is dead; an error that is not ours says nothing of itself but its kind."""
    if isinstance(error, Undecidable):
        return f"cannot be decided: {error.found}"
    if isinstance(error, StoreError):
        return f"cannot be kept: {error.code}: {error.found or error.detail}"
    return f"cannot be kept: {type(error).__name__}"
