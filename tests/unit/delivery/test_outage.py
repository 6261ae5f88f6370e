"""A destination that is away for long, or comes back hungry: others notice nothing, it is spared.

Two workers of two names share one store, and hours pass in virtual time.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest

from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    Document,
    Evidence,
    FarAnswer,
    Found,
    NotThere,
    RetryLater,
)
from crossdock.delivery.gate import Sparing
from crossdock.delivery.gatekeeper import AtTheGate, BreakerMoved
from crossdock.delivery.holders import Holders
from crossdock.delivery.pump import Delivered, Pump
from crossdock.runtime.loops import Bell, run_loop
from crossdock.storage.memory.data import Data
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import at, effect
from crossdock.testing.storage.engine import intend
from tests.helpers.virtual import VirtualClock, run_virtually
from tests.unit.delivery.far_side import Even

PER_SECOND = 20
KEYS = 400


class Far:
    """A far system that is down, hangs or answers 429 at times; it honours keys."""

    def __init__(self, *, batch_max: int = 10, bears: float | None = None) -> None:
        self.batch_max = batch_max
        self.down = self.hangs = False
        self.bears = bears  # requests in a second, beyond which it answers 429
        self.requests: list[tuple[float, list[str]]] = []
        self.done: dict[str, float] = {}
        self.too_many = 0

    def ability(self, message_type: str) -> Ability:
        return Ability.KEYS

    def ask_after_seconds(self, message_type: str) -> float:
        return 0.0

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        now = asyncio.get_running_loop().time()
        self.requests.append((now, [one.business_key for one in documents]))
        if self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(0.02)
        if self.down:
            return [RetryLater("not connected", counts=False) for _ in documents]
        lately = sum(1 for moment, _ in self.requests[-200:] if moment > now - 1.0)
        if self.bears is not None and lately > self.bears:
            self.too_many += 1
            return [RetryLater("429", 1.0, counts=False, evidence=Evidence(429))] * len(documents)
        return [self._do(one.business_key, now) for one in documents]

    async def look_up(self, document: Document) -> Found:
        return NotThere()

    async def close(self) -> None:
        """Nothing to let go of."""

    def _do(self, key: str, now: float) -> FarAnswer:
        if key in self.done:
            return AlreadyDone()
        self.done[key] = now
        return Accepted()


class World:
    """Two workers, some destinations, and effects that fall due by the second."""

    def __init__(self, fars: dict[str, Far], limits: dict[str, Sparing] | None = None) -> None:
        self.fars = fars
        self.limits = limits or {}
        self.data = Data()
        self.moves: list[BreakerMoved] = []
        self.intended: dict[str, float] = {}
        self.settled: dict[str, float] = {}
        self.serial = 0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """The loops of both workers, as a hub makes them."""
        for name in ("east", "west"):
            store = MemoryStore(None, self.data, name)
            for destination, far in self.fars.items():
                pump = Pump(
                    destination,
                    far,
                    store,
                    VirtualClock(),
                    Even(),
                    listener=self._heard,
                    holders=Holders(60),
                    sparing=self.limits.get(destination, Sparing(at_once=2)),
                )
                for _ in range(pump.loops):
                    loop = run_loop(destination, pump.turn, Bell(), Even(), idle_seconds=0.2)
                    self._tasks.append(asyncio.create_task(loop))

    async def feed(self, seconds: int, *destinations: str) -> None:
        """Twenty effects a second for each of these destinations."""
        store = MemoryStore(None, self.data, "decider")
        for _ in range(seconds):
            now = asyncio.get_running_loop().time()
            effects = [
                effect(f"{name}/{n}", destination=name, key=f"k{n % KEYS}")
                for n in range(self.serial, self.serial + PER_SECOND)
                for name in destinations
            ]
            self.serial += PER_SECOND
            await intend(store, *effects, seconds=now)
            self.intended.update((one.business_key, now) for one in effects)
            await asyncio.sleep(1.0)

    async def drained(self, seconds_max: float) -> float:
        """Wait until all is told; gives how long that took."""
        began = asyncio.get_running_loop().time()
        while len(self.settled) < len(self.intended):
            assert asyncio.get_running_loop().time() - began < seconds_max
            await asyncio.sleep(0.5)
        return asyncio.get_running_loop().time() - began

    async def end(self) -> None:
        """Stop the loops."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def latencies(self, destination: str) -> list[float]:
        """From intent to settlement, the shortest first."""
        return sorted(
            end - self.intended[key]
            for key, end in self.settled.items()
            if key.startswith(f"{destination}/")
        )

    def _heard(self, heard: Delivered | AtTheGate) -> None:
        if isinstance(heard, BreakerMoved):
            self.moves.append(heard)
        elif isinstance(heard, Delivered):
            now = asyncio.get_running_loop().time()
            for one, told in zip(heard.settlements, heard.effects, strict=True):
                if one.due_at is None:
                    self.settled[told.business_key] = now


def p99(latencies: Sequence[float]) -> float:
    """The latency that one in a hundred exceeds."""
    return latencies[int(len(latencies) * 0.99)]


def in_order(far: Far) -> bool:
    """Whether the effects of each key happened in the order in which they were intended."""
    by_key: dict[int, list[int]] = defaultdict(list)
    for key in far.done:  # in the order in which they happened
        number = int(key.split("/")[1])
        by_key[number % KEYS].append(number)
    return all(rows == sorted(rows) for rows in by_key.values())


def repeated(far: Far) -> float:
    """The part of its requests that told nothing for the first time, counted by effects."""
    told: Counter[str] = Counter()
    again = 0.0
    for _, keys in far.requests:
        again += sum(told[key] > 0 for key in keys) / len(keys)
        told.update(keys)
    return again / len(far.requests)


async def lived(*, outage: int, hangs: bool = False) -> World:
    """A minute as it should be, an outage of one of two destinations, and its end."""
    world = World({"erp": Far(), "wms": Far()})
    world.start()
    await world.feed(60, "erp", "wms")
    world.fars["erp"].down, world.fars["erp"].hangs = not hangs, hangs
    await world.feed(outage, "erp", "wms")
    world.fars["erp"].down = world.fars["erp"].hangs = False
    await world.feed(60, "erp", "wms")
    await world.drained(600)
    await world.end()
    return world


@pytest.mark.parametrize("hangs", [False, True], ids=["down", "hangs"])
def test_n13_a_destination_that_is_away_is_not_noticed_by_others(hangs: bool) -> None:
    """N13, N8, N12: the other's latency is what it is without an outage, to the hundredth.

    A far side that never answers holds its own requests until their time is over, nobody else's.
    """

    async def play() -> None:
        still = await lived(outage=0)
        world = await lived(outage=300, hangs=hangs)
        assert p99(world.latencies("wms")) <= 1.2 * p99(still.latencies("wms"))
        assert set(world.fars["erp"].done) == {
            key for key in world.intended if key.startswith("erp/")
        }
        assert in_order(world.fars["erp"])

    run_virtually(play())


def test_n12_l3_while_it_is_away_it_is_probed_and_no_more() -> None:
    """Five minutes of outage, 6,000 effects due: a handful of requests, then one a minute."""

    async def play() -> None:
        world = await lived(outage=300)
        down = [keys for moment, keys in world.fars["erp"].requests if 65 < moment < 360]
        assert len(down) <= 20
        assert all(len(keys) == 1 for keys in down), "a probe is one effect"
        assert repeated(world.fars["erp"]) <= 0.1
        assert [one.now for one in world.moves][:1] == ["open"]

    run_virtually(play())


def test_n13_n14_what_gathered_is_drained_within_its_quota() -> None:
    """N14: twenty requests a second are its quota; none too many, and no time is lost.

    6,000 effects gathered in batches of ten: 600 requests are half a minute and the ramp.
    """

    async def play() -> None:
        far = Far(bears=21.0)
        world = World({"erp": far}, {"erp": Sparing(at_once=4, per_second=20.0)})
        world.start()
        far.down = True
        await world.feed(300, "erp")
        far.down = False
        back_at = asyncio.get_running_loop().time()
        took = await world.drained(600)
        await world.end()
        assert far.too_many == 0
        moments = [moment for moment, _ in far.requests]
        for number, moment in enumerate(moments):
            assert bisect_right(moments, moment + 1.0 - 1e-6) - number <= 21
        first = next(moment for moment, _ in far.requests if moment >= back_at)
        assert sum(1 for moment in moments if first < moment <= first + 1.0) <= 5, "a ramp"
        assert took <= 60 + 30 + 20, "the last probe's pause, the backlog, the ramp"
        assert repeated(far) <= 0.1
        assert in_order(far)

    run_virtually(play())


def test_n14_a_far_side_with_a_limit_of_its_own_is_not_run_over() -> None:
    """It answers 429 with Retry-After: all workers leave it alone, and little is repeated (N5)."""

    async def play() -> None:
        far = Far(batch_max=1, bears=30.0)
        world = World({"erp": far}, {"erp": Sparing(at_once=4, per_second=25.0)})
        world.start()
        await world.feed(120, "erp")
        await world.drained(600)
        await world.end()
        assert far.too_many == 0
        hungry = Far(batch_max=1, bears=10.0)
        world = World({"erp": hungry})
        world.start()
        await world.feed(60, "erp")
        await world.drained(3_000)
        await world.end()
        assert hungry.too_many <= 0.2 * len(hungry.requests)
        assert repeated(hungry) <= 0.2

    run_virtually(play())


def test_one_document_that_breaks_the_far_side_delays_no_other() -> None:
    """It fails again and again, alone; everybody else's effects go on as ever (I24)."""

    class Poisoned(Far):
        async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
            bad = any(one.business_key == "erp/7" for one in documents)
            answers = await super().send(documents)
            return [_FIVE_HUNDRED] * len(documents) if bad else answers

    async def play() -> None:
        world = World({"erp": Poisoned(batch_max=1)})
        world.start()
        await world.feed(300, "erp")
        await asyncio.sleep(30)
        await world.end()
        waits = world.latencies("erp")
        behind = sum(1 for key in world.intended if int(key.split("/")[1]) % KEYS == 7)
        assert len(waits) >= len(world.intended) - behind
        assert p99(waits) < 5.0
        assert world.moves == []

    run_virtually(play())


_FIVE_HUNDRED = RetryLater("500", evidence=Evidence(500))


def test_the_clock_of_the_story_is_the_loops_own() -> None:
    """Ten minutes pass at once, and the store's moments are those of the virtual clock."""

    async def play() -> None:
        await asyncio.sleep(600)
        assert VirtualClock().now() == at(600)

    run_virtually(play())
