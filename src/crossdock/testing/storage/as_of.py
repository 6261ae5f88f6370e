"""The contract of looking back: what accounts held at a time, as known at a time, at a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from crossdock.contracts.vocabulary import StockState
from crossdock.log.ports import Store
from crossdock.log.records import Movement, Outcome
from crossdock.log.views import BalanceRow
from crossdock.testing.builders import at, movement
from crossdock.testing.storage.engine import ContractBase, Engine, next_batch, scene


@dataclass(frozen=True, slots=True)
class Told:
    """A message that moves goods: when that happened, when it was written down, and where."""

    movements: tuple[Movement, ...]
    happened: float = 0
    written: float = 0
    partition: int = 0


async def tell(store: Store, *told: Told) -> None:
    """Commit one batch for each message, in this order."""
    for one in told:
        batch = await next_batch(
            store, Outcome(movements=list(one.movements)), partition=one.partition
        )
        batch.event_times = [at(one.happened)]
        await store.commit(batch, at(one.written))


def replayed(
    told: Sequence[Told],
    item: str | None,
    event_time: datetime | None = None,
    recorded_time: datetime | None = None,
    places: Mapping[int, int] | None = None,
) -> list[BalanceRow]:
    """What the accounts held, by counting every movement up to there: slow, and plainly right."""
    sums: Counter[tuple[str, str, str, str, str]] = Counter()
    for one, position in _placed(told):
        if event_time is not None and at(one.happened) > event_time:
            continue
        if recorded_time is not None and at(one.written) > recorded_time:
            continue
        if places is not None and position > places.get(one.partition, 0):
            continue
        for m in one.movements:
            sums[(m.item, m.from_site, m.lot, str(m.from_state), m.owner)] -= m.quantity
            sums[(m.item, m.to_site, m.lot, str(m.to_state), m.owner)] += m.quantity
    return [
        BalanceRow(*account, quantity)
        for account, quantity in sorted(sums.items())
        if quantity and item in (None, account[0])
    ]


def _placed(told: Iterable[Told]) -> Iterable[tuple[Told, int]]:
    heads: Counter[int] = Counter()
    for one in told:
        heads[one.partition] += 1
        yield one, heads[one.partition]


_SHELF, _FLOOR, _GONE = StockState.AVAILABLE, StockState.PICKED, StockState.CUSTOMER
_DAY = (
    Told((movement(10), movement(7, item="nut")), happened=10, written=11),
    Told((movement(4, source=_SHELF, target=_FLOOR),), happened=20, written=21, partition=1),
    Told((movement(4, source=_FLOOR, target=_GONE),), happened=30, written=31, partition=1),
    Told((movement(3, to_site="WEST", source=_SHELF),), happened=15, written=40),  # told late
    Told((movement(6, source=_SHELF, target=_FLOOR),), happened=50, written=51),
    Told((movement(2, item="nut", source=_SHELF, target=_GONE),), happened=5, written=60),
    Told((movement(1, source=_FLOOR),), happened=50, written=61, partition=1),
)


def sums(rows: list[BalanceRow]) -> dict[tuple[str, str], int]:
    """Quantities by site and state."""
    return {(row.site, row.state): row.quantity for row in rows}


class AsOfContract(ContractBase):
    """What an engine says of the past."""

    @scene
    async def test_nothing_was_there_before_the_first_movement(self, on: Engine) -> None:
        """Of an item that is unknown, or was then."""
        store = await on.handle()
        assert await store.balances_as_of("bolt") == []
        assert await store.balances_as_of("bolt", event_time=at(0)) == []
        await tell(store, *_DAY)
        assert await store.balances_as_of("bolt", event_time=at(9)) == []
        assert await store.balances_as_of("screw", event_time=at(90)) == []
        assert await store.balances_as_of("bolt", places={}) == []
        assert await store.balances_as_of("bolt", recorded_time=at(10)) == []

    @scene
    async def test_without_a_bound_it_is_what_stands_now(self, on: Engine) -> None:
        """Account by account, for one item and for all."""
        store = await on.handle()
        await tell(store, *_DAY)
        now = await store.balances(None, 100)
        assert await store.balances_as_of(None) == now
        assert await store.balances_as_of("bolt") == [row for row in now if row.item == "bolt"]

    @scene
    async def test_what_was_told_late_counts_when_it_happened(self, on: Engine) -> None:
        """And not in what was known before it was told."""
        store = await on.handle()
        await tell(store, *_DAY)
        known_now = await store.balances_as_of("bolt", event_time=at(30))
        known_then = await store.balances_as_of("bolt", event_time=at(30), recorded_time=at(31))
        assert sums(known_then)[("EAST", "available")] == 6
        assert sums(known_now)[("EAST", "available")] == 3
        assert sums(known_now)[("WEST", "available")] == 3

    @scene
    async def test_a_bound_includes_its_own_moment_and_place(self, on: Engine) -> None:
        """Up to and with."""
        store = await on.handle()
        await tell(store, *_DAY)
        for bound in ({"event_time": at(10)}, {"recorded_time": at(11)}, {"places": {0: 1}}):
            [shelf, supplier] = await store.balances_as_of("bolt", **bound)
            assert (shelf.quantity, supplier.quantity) == (10, -10)

    @scene
    async def test_every_question_is_answered_as_a_replay_answers_it(self, on: Engine) -> None:
        """Each bound alone, and all together; near the beginning, near the end, beyond both."""
        store = await on.handle()
        await tell(store, *_DAY)
        moments = (None, at(9), at(15), at(30), at(45), at(50), at(90))
        vectors: tuple[dict[int, int] | None, ...] = (None, {0: 2}, {0: 1, 1: 2}, {0: 9, 1: 9})
        for event_time, recorded_time, places in product(moments, moments, vectors):
            for item in ("bolt", "nut", None):
                found = await store.balances_as_of(
                    item, event_time=event_time, recorded_time=recorded_time, places=places
                )
                assert found == replayed(_DAY, item, event_time, recorded_time, places)
