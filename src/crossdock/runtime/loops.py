"""How a loop runs: turn after turn while there is work, then a pause that a bell can end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from crossdock.kernel.ports import Randomness
from crossdock.log.errors import StoreError

_LOG = logging.getLogger("crossdock.loops")


class Bell:
    """Wakes a loop that waits for work; ringing it twice wakes it once."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """There may be work."""
        self._event.set()

    async def wait(self, seconds_max: float) -> None:
        """Return when rung, or after the pause."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                await self._event.wait()
        self._event.clear()


async def run_loop(
    name: str,
    turn: Callable[[], Awaitable[int]],
    bell: Bell,
    randomness: Randomness,
    *,
    full: int = 1,
    gather_seconds: float = 0.0,
    idle_seconds: float = 0.05,
    trouble_seconds_max: float = 5.0,
) -> None:
    """Run turns for ever; store trouble is waited out with growing pauses, and told if it lasts.

    After a turn that did less than `full`, the loop lets work gather for a moment: a message that
    finds the hub idle is taken up at once, a stream of them in batches worth a commit.
    """
    trouble = 0
    while True:
        try:
            did = await turn()
            trouble = 0
        except StoreError as error:
            trouble += 1
            if trouble in (5, 50, 500):
                _LOG.warning("%s: %s (%s) for %d turns", name, error, error.code, trouble)
            wait = min(trouble_seconds_max, 0.02 * 2 ** min(trouble, 10))
            await asyncio.sleep(randomness.uniform(wait / 2, wait))
            continue
        if not did:
            await bell.wait(idle_seconds)
        elif did < full and gather_seconds:
            await asyncio.sleep(gather_seconds)
