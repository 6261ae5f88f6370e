"""The contract under lost connections: broken at any point and repeated, a call ends the same.

The suite does not know an engine's points. It counts them in one undisturbed run, then breaks a
fresh run at each of them in turn: nothing half done may be seen, the error must be one of the
store's and tell the truth, and the same call again must end where the undisturbed run ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from crossdock.contracts.vocabulary import StockState
from crossdock.log.errors import CommitUnknown, LeaseLost, StoreUnavailable
from crossdock.log.ports import Store
from crossdock.log.records import Decided, Lease, MasterRow, Note, Outcome, Verdict, Wanted
from crossdock.testing.builders import (
    asker,
    at,
    decided,
    effect,
    message,
    movement,
    order_row,
    settlement,
    stock,
    waiting,
)
from crossdock.testing.storage.availability import WEB
from crossdock.testing.storage.engine import ContractBase, Engine, next_batch, scene
from crossdock.testing.storage.picture import picture


class Breaker:
    """A fault hook that counts points and loses the connection at one of them, once."""

    def __init__(self, engine: Engine, at_point: int | None = None) -> None:
        self.points: list[str] = []
        self.armed = False
        self._engine = engine
        self._at_point = at_point

    async def __call__(self, point: str) -> None:
        """Let a point pass, or break there."""
        if not self.armed:
            return
        self.points.append(point)
        if len(self.points) - 1 == self._at_point:
            raise self._engine.lost_at(point)


async def full_batch(store: Store) -> Decided:
    """A batch with something of every kind on stock that is there."""
    said = Outcome(
        movements=[movement(3, source=StockState.AVAILABLE, target=StockState.PICKED)],
        notes=[Note("odd", "k", "a detail")],
    )
    batch = await next_batch(store, said, Outcome())
    batch.orders.append(order_row("o-1"))
    batch.stock.append(stock(sellable=-3, reserved=2, need=2))
    batch.effects.append((0, 1, effect("wms/release/1", key="order-2")))
    batch.waiting.extend([waiting("o-1", 3), waiting("o-2", 0)])
    batch.masters.append(MasterRow("item", "bolt", 1, b"{}"))
    batch.messages.append(message("grant", source="crossdock", partition=1))
    return batch


async def furnish(store: Store) -> Decided:
    """A store with a bit of everything; gives a batch that is decided and not yet committed."""
    first = await next_batch(store, Outcome(movements=[movement(10)]))
    first.stock.append(stock(sellable=10))
    first.waiting.append(waiting("o-2", 1))
    first.effects += [
        (0, 1, replace(effect(f"wms/e{n}", key=f"order-{n}"), asker=asker("saga-1")))
        for n in range(1, 3)
    ]
    await store.commit(first, at(0))
    await store.release("set-up")
    await store.lease("set-up", [0], at(0), at(10_000))
    await store.claim("wms", at(0), at(1000), 1)
    return await full_batch(store)


async def _append(store: Store, _: Decided) -> None:
    await store.append(
        [
            message("new", business_key="b"),
            message("else", partition=2),
            message("rival", business_key="b", says="else"),
        ]
    )


async def _commit(store: Store, batch: Decided) -> None:
    """Commit, or find that it was committed, as a worker does after an unknown end."""
    lease, position = batch.positions[0]
    try:
        await store.commit(batch, at(5))
    except LeaseLost:
        if (await store.position())[lease.partition][1] != position:
            raise


async def _call(store: Store, _: Decided) -> None:
    """Ask what stands and decide what does not, as a desk does after whatever happened."""
    lease = await store.open_desk("desk", at(4), at(40))
    assert lease is not None
    if await store.earlier([message("asked")]) == [None]:
        batch = decided(lease, Outcome(movements=[movement(2)]))
        batch.stock.append(stock(sellable=2))
        await store.commit_calls([(message("asked"), None)], [], batch, at(5))


async def _settle(store: Store, _: Decided) -> None:
    [one] = await store.effects_of("order-1")
    await store.settle([settlement(one.effect_id, 1, Verdict.REFUSED)], at(6))


async def _publish(store: Store, _: Decided) -> None:
    await store.publish_availability([WEB], at(7), 10)


async def _lease(store: Store, _: Decided) -> list[Lease]:
    return await store.lease("one", [1, 2], at(1), at(100))


async def _look(store: Store, batch: Decided) -> Any:
    loaded = await store.load(Wanted({"o-1"}, {"bolt"}, {("item", "bolt")}))
    return loaded, await store.read([batch.positions[0][0]], 10)


CALLS: dict[str, Callable[[Store, Decided], Awaitable[Any]]] = {
    "append": _append,
    "commit": _commit,
    "call": _call,
    "settle": _settle,
    "publish": _publish,
    "lease": _lease,
    "look": _look,
}


class FaultContract(ContractBase):
    """What every call promises when its connection is lost."""

    @pytest.mark.parametrize("name", CALLS)
    def test_a_call_broken_anywhere_and_repeated_ends_the_same(self, name: str) -> None:
        """Whole or not at all, the error says truly which, and once more is safe (I1, I18)."""
        points, _, meant, answer = asyncio.run(self._play(name, None))
        assert points, "an engine without points cannot be broken"
        for number, point in enumerate(points):
            broken_at, seen, ended, again = asyncio.run(self._play(name, number))
            assert broken_at[number] == point, "the same call passes the same points"
            assert seen == meant or seen is None, f"half done at {point}"
            assert ended == meant, f"ends otherwise after a break at {point}"
            assert again == answer

    async def _play(
        self, name: str, broken_at: int | None
    ) -> tuple[list[str], dict[str, Any] | None, dict[str, Any], Any]:
        """Run a call, broken or not; gives its points, what it left behind (None: nothing), the
        picture after repeating it, and the last answer.
        """
        call = CALLS[name]
        async with self.opened() as engine:
            good = await engine.handle()
            breaker = Breaker(engine, broken_at)
            faulty = await engine.handle(breaker)
            batch = await furnish(good)
            before = await picture(good, absorbed=False)
            breaker.armed = True
            if broken_at is None:
                answer = await call(faulty, batch)
                return breaker.points, None, await picture(good, absorbed=False), answer
            with pytest.raises((StoreUnavailable, CommitUnknown)) as lost:
                await call(faulty, batch)
            seen: dict[str, Any] | None = await picture(good, absorbed=False)
            if seen == before:
                seen = None
            assert lost.type is CommitUnknown or seen is None, "kept, and said that it was not"
            answer = await call(good, batch)
            return breaker.points, seen, await picture(good, absorbed=False), answer

    @scene
    async def test_a_claim_broken_anywhere_loses_no_effect(self, on: Engine) -> None:
        """The effect is claimed again, and is doubtful exactly if the lost attempt was recorded.

        A claim may be lost after it was kept under either error: nothing was sent, and its time
        runs out.
        """
        counter = Breaker(on)
        await self._claim_broken(on, counter)
        for number in range(len(counter.points)):
            async with self.opened() as fresh:
                await self._claim_broken(fresh, Breaker(fresh, number))

    async def _claim_broken(self, engine: Engine, breaker: Breaker) -> None:
        good = await engine.handle()
        batch = await next_batch(good)
        batch.effects.append((0, 1, effect("wms/a")))
        await good.commit(batch, at(0))
        faulty = await engine.handle(breaker)
        breaker.armed = True
        with suppress(StoreUnavailable, CommitUnknown):
            await faulty.claim("wms", at(1), at(10), 5)
        [again] = await good.claim("wms", at(11), at(20), 5)
        assert (again.attempt == 2) == again.doubtful

    @scene
    async def test_a_handle_works_on_after_its_connection_was_lost(self, on: Engine) -> None:
        """The next call of the same handle finds a connection of its own."""
        breaker = Breaker(on, 0)
        store = await on.handle(breaker)
        breaker.armed = True
        with pytest.raises((StoreUnavailable, CommitUnknown)):
            await store.append([message("a")])
        [receipt] = await store.append([message("a")])
        assert (receipt.partition, receipt.position) == (0, 1)
