"""How a plain test function runs asynchronous code; there is no plugin for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on an event loop of its own."""
    return asyncio.run(coroutine)


async def eventually(holds: Callable[[], bool], seconds_max: float = 20.0) -> None:
    """Wait by short polls until something is true; fails if it takes too long."""

    async def ask() -> bool:
        return holds()

    await eventually_async(ask, seconds_max)


async def eventually_async(
    holds: Callable[[], Awaitable[object]], seconds_max: float = 20.0, pause_seconds: float = 0.01
) -> None:
    """As `eventually`, for a question that must be awaited; a costly one is asked less often."""
    async with asyncio.timeout(seconds_max):
        while not await holds():  # noqa: ASYNC110 - other processes give no event to wait for
            await asyncio.sleep(pause_seconds)
