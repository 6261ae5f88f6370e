"""How a loop runs: it waits store trouble out, wakes by a bell, and ends by a defect only.

Chance gives back the shortest pause there is, so nothing here takes time.
"""

from __future__ import annotations

import asyncio
import logging

import pytest

from crossdock.log.errors import (
    CommitUnknown,
    LeaseLost,
    StoreConflict,
    StoreError,
    StoreFault,
    StoreFull,
    StoreTimeout,
    StoreUnavailable,
)
from crossdock.runtime.loops import Bell, run_loop
from tests.helpers.aio import run

AN_HOUR = 3_600.0


class NoPause:
    """Remembers between which bounds a pause was asked for, and makes none."""

    def __init__(self) -> None:
        self.pauses: list[tuple[float, float]] = []

    def uniform(self, low: float, high: float) -> float:
        """Nothing."""
        self.pauses.append((low, high))
        return 0.0

    def token_bytes(self, size_bytes: int) -> bytes:
        """No secret."""
        return bytes(size_bytes)


class Enough(Exception):
    """The test has seen what it wanted; to the loop it is a defect like any other."""


class Turns:
    """What each turn gives or raises; then `Enough`."""

    def __init__(self, *results: int | StoreError) -> None:
        self._results = list(results)
        self.taken = 0

    async def __call__(self) -> int:
        """One turn."""
        if not self._results:
            raise Enough
        self.taken += 1
        result = self._results.pop(0)
        if isinstance(result, StoreError):
            raise result
        return result


def looped(turn: Turns, chance: NoPause | None = None, *, full: int = 1, **seconds: float) -> None:
    """Run a loop until its turns are used up; it must not wait for anything."""

    async def bounded() -> None:
        async with asyncio.timeout(10):
            await run_loop("loop", turn, Bell(), chance or NoPause(), full=full, **seconds)

    with pytest.raises(Enough):
        run(bounded())


@pytest.mark.parametrize(
    "trouble", [StoreUnavailable, StoreConflict, StoreTimeout, StoreFull, StoreFault]
)
def test_trouble_with_the_store_ends_no_loop(trouble: type[StoreError]) -> None:
    """Whatever the store says, the next turn comes."""
    turn = Turns(trouble(), trouble(), 1)
    looped(turn)
    assert turn.taken == 3


def test_pauses_grow_while_the_trouble_lasts() -> None:
    """Each twice as long as the one before, scattered, never longer than the longest."""
    chance = NoPause()
    looped(Turns(*[StoreUnavailable()] * 12), chance, trouble_seconds_max=5.0)
    longest = [high for _, high in chance.pauses]
    assert longest[:4] == [0.04, 0.08, 0.16, 0.32]
    assert longest[-1] == 5.0
    assert longest == sorted(longest)
    assert all(low == high / 2 for low, high in chance.pauses)


def test_a_good_turn_ends_the_trouble() -> None:
    """After it the first pause is the shortest again."""
    chance = NoPause()
    looped(Turns(*[LeaseLost()] * 3, 1, CommitUnknown()), chance)
    assert [high for _, high in chance.pauses] == [0.04, 0.08, 0.16, 0.04]


def test_trouble_that_lasts_is_told_and_not_too_often(caplog: pytest.LogCaptureFixture) -> None:
    """At the fifth turn and the fiftieth, with the store's own word for it."""
    with caplog.at_level(logging.WARNING, "crossdock.loops"):
        looped(Turns(*[StoreUnavailable()] * 60))
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "store-unavailable" in told[0]
    assert "5 turns" in told[0]
    assert "50 turns" in told[1]


def test_a_busy_loop_makes_no_pause() -> None:
    """While turns are full there is neither idling nor gathering."""
    turn = Turns(*[7] * 20)
    looped(turn, full=7, gather_seconds=AN_HOUR, idle_seconds=AN_HOUR)
    assert turn.taken == 20


def test_an_idle_loop_wakes_by_its_bell() -> None:
    """It turns once, waits, and turns again at the ring; not before."""

    async def story() -> None:
        bell, turn = Bell(), Turns(0, 0)
        loop = asyncio.create_task(run_loop("l", turn, bell, NoPause(), idle_seconds=AN_HOUR))
        for _ in range(20):
            await asyncio.sleep(0)
        assert turn.taken == 1
        bell.ring()
        bell.ring()  # twice wakes it once
        for _ in range(20):
            await asyncio.sleep(0)
        assert turn.taken == 2
        loop.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loop

    run(story())


def test_a_ring_while_the_loop_works_is_not_lost() -> None:
    """What rang during a turn that found nothing begins the next turn."""

    async def story() -> None:
        bell = Bell()
        bell.ring()
        async with asyncio.timeout(10):
            with pytest.raises(Enough):
                await run_loop("l", Turns(0), bell, NoPause(), idle_seconds=AN_HOUR)

    run(story())


def test_work_gathers_after_a_turn_that_was_not_full() -> None:
    """The loop sleeps for its moment, though the bell rings."""

    async def story() -> None:
        bell, turn = Bell(), Turns(3, 3)
        options = {"gather_seconds": AN_HOUR, "idle_seconds": 0.0}
        loop = asyncio.create_task(run_loop("l", turn, bell, NoPause(), full=7, **options))
        bell.ring()
        for _ in range(20):
            await asyncio.sleep(0)
        assert turn.taken == 1
        loop.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loop

    run(story())


def test_a_pause_ends_by_itself() -> None:
    """Nobody needs to ring."""
    turn = Turns(0, 0, 0)
    looped(turn, idle_seconds=0.0)
    assert turn.taken == 3
