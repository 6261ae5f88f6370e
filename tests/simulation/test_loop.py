"""Virtual time: waiting costs nothing, chance orders, and the dead stay dead."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from random import Random
from typing import Any, TypeVar

import pytest

from crossdock.runtime.simulation.loop import (
    EndlessWork,
    Life,
    NothingLeft,
    VirtualLoop,
    in_the_name_of,
)

T = TypeVar("T")


def played(main: Coroutine[Any, Any, T], seed: int = 1) -> T:
    """Run a coroutine on a loop of its own."""
    loop = VirtualLoop(Random(seed), steps_max=1000)
    try:
        return loop.run(main)
    finally:
        loop.end_all()


def test_a_day_of_waiting_passes_at_once() -> None:
    """Time jumps to the next timer, and is what was waited for."""

    async def wait() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    assert played(wait()) == 86_400


def test_a_time_limit_holds_in_virtual_time() -> None:
    """What takes longer than its limit is ended at the limit."""

    async def wait() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.sleep(60)
        return asyncio.get_running_loop().time()

    assert played(wait()) == 5


def order_of(seed: int) -> list[int]:
    """In which order eight tasks come to their turn."""
    turns: list[int] = []

    async def turn(number: int) -> None:
        await asyncio.sleep(0)
        turns.append(number)

    async def all_of_them() -> None:
        await asyncio.gather(*(turn(number) for number in range(8)))

    played(all_of_them(), seed)
    return turns


def test_the_seed_decides_who_comes_first() -> None:
    """One seed gives one order, and seeds differ."""
    assert order_of(1) == order_of(1)
    assert len({tuple(order_of(seed)) for seed in range(10)}) > 5


def test_waiting_for_what_never_comes_is_an_error() -> None:
    """A schedule that stands still says so instead of hanging."""

    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(NothingLeft):
        played(wait())


def test_running_in_circles_is_an_error() -> None:
    """A schedule that never comes to rest says so."""

    async def run() -> None:
        while True:  # noqa: ASYNC110 - that is the point
            await asyncio.sleep(0)

    with pytest.raises(EndlessWork):
        played(run())


def in_a_process(*, kill: bool) -> list[str]:
    """Start a process that waits ten seconds, and end or stop it after five for another ten."""
    ours = VirtualLoop(Random(1))
    life = Life("process")
    said: list[str] = []

    async def process() -> None:
        try:
            await asyncio.sleep(10)
            said.append(f"woke at {ours.time():.0f}")
        finally:
            said.append("cleaned up")

    async def world() -> None:
        task = ours.create_task(process(), context=in_the_name_of(life))
        await asyncio.sleep(5)
        if kill:
            ours.end(life)
            await asyncio.sleep(30)
            assert not task.done()
        else:
            life.is_running = False
            await asyncio.sleep(10)
            ours.resume(life)
            await task

    ours.run(world())
    before_the_end = list(said)
    ours.end_all()
    return before_the_end


def test_a_killed_process_cleans_nothing_up() -> None:
    """Nothing of it runs any more, not even its `finally`."""
    assert in_a_process(kill=True) == []


def test_a_stopped_process_goes_on_where_it_stood() -> None:
    """What came up while it stood still comes up when it goes on."""
    assert in_a_process(kill=False) == ["woke at 15", "cleaned up"]
