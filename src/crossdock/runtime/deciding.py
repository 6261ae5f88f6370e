"""The decide loop: read a batch of the partitions that this worker holds, decide it, commit it.

Pure deciders do the thinking; this loop only moves batches, keeps leases fresh, and begins again
after any error, because an uncommitted batch has changed nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from crossdock.contracts.vocabulary import Fate
from crossdock.kernel.ports import Clock
from crossdock.log.errors import LeaseLost, StockMoved, StoreError
from crossdock.log.ports import Deciding
from crossdock.log.records import Decided, Lease, Note, Outcome, Recorded, Wanted
from crossdock.sagas import batch
from crossdock.sagas.policy import Policy

_LOG = logging.getLogger("crossdock.deciding")


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
    ) -> None:
        self.name = name
        self._partitions = list(partitions)
        self._store = store
        self._policy = policy
        self._clock = clock
        self._batch_max = batch_max
        self._lease_seconds = lease_seconds
        self._on_commit = on_commit
        self._leases: dict[int, Lease] = {}
        self._leased_at = float("-inf")

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
        except StoreError:
            self._leased_at = float("-inf")  # positions may have moved: read them again
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
        try:
            await self._decide_and_commit(messages)
        except StoreError:
            raise
        except Exception:  # noqa: BLE001
            # One message cannot be decided. Find it by deciding each by itself, so that it alone
            # is put aside and no other key waits for it (I24).
            _LOG.exception("a batch of %d cannot be decided; deciding one by one", len(messages))
            for message in messages:
                await self._decide_alone(message)

    async def _decide_alone(self, message: Recorded) -> None:
        try:
            await self._decide_and_commit([message])
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the others
            reason = f"cannot be decided: {type(error).__name__}"
            dead = Outcome(
                fate=Fate.DEAD, reason=reason, notes=[Note("dead", message.place, reason)]
            )
            decided = Decided(
                outcomes=[(message.partition, message.position, dead)],
                event_times=[message.event_time],
            )
            await self._commit(decided, [message])

    async def _decide_and_commit(self, messages: Sequence[Recorded]) -> None:
        pairs: list[tuple[Recorded, Any]] = [(m, batch.noun_of(m)) for m in messages]
        wanted: Wanted = batch.wanted_by(pairs)
        for _ in range(_DECISIONS_MAX):
            decided, wanted = await self._decide_on_fresh_stock(pairs, wanted)
            try:
                await self._commit(decided, messages)
            except StockMoved:
                await asyncio.sleep(
                    0
                )  # let the one who moved it finish, then decide on fresh stock
                continue
            return
        raise StockMoved("stock kept moving under a batch")

    async def _decide_on_fresh_stock(
        self, pairs: Sequence[tuple[Recorded, Any]], wanted: Wanted
    ) -> tuple[Decided, Wanted]:
        """Load and decide; asked for more, load that too. Gives also all that was wanted."""
        while True:
            loaded = await self._store.load(wanted)
            decided = batch.decide(self._policy, pairs, wanted, loaded)
            if isinstance(decided, Decided):
                return decided, wanted
            wanted = decided  # always more than before, and bounded by what the batch speaks of

    async def _commit(self, decided: Decided, messages: Sequence[Recorded]) -> None:
        newest: dict[int, int] = {}
        for message in messages:
            newest[message.partition] = message.position
        try:
            decided.positions = [(self._leases[p], position) for p, position in newest.items()]
        except KeyError as unknown:
            raise LeaseLost(where=f"partition {unknown}") from unknown
        await self._store.commit(decided, self._clock.now())
        for partition, position in newest.items():
            lease = self._leases[partition]
            self._leases[partition] = Lease(partition, lease.epoch, position)
        if self._on_commit is not None:
            self._on_commit(decided)


_DECISIONS_MAX = 50
"""How often one batch is decided again on fresh stock before the turn gives up and starts over."""
