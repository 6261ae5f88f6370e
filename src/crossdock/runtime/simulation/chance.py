"""Clock and chance from a seed: what the hub asks its ports for, and what the simulator draws.

Every stream has a name, so that leaving one thing out of a schedule does not change what the others
draw. Nothing here depends on how Python hashes text.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

DAY = datetime(2031, 3, 3, tzinfo=UTC)
"""The day on which every schedule begins."""


def stream(seed: int, *names: object) -> Random:
    """A generator of its own for each name."""
    return Random("/".join(map(str, (seed, *names))))


class Chance:
    """One process's randomness; see `kernel.ports.Randomness`."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def uniform(self, low: float, high: float) -> float:
        """A number between the two."""
        return self._random.uniform(low, high)

    def token_bytes(self, size_bytes: int) -> bytes:
        """Bytes that nobody else draws."""
        return self._random.randbytes(size_bytes)


class NodeClock:
    """One machine's clocks over the loop's time; `offset_seconds` is how far its wall clock is off.

    See `kernel.ports.Clock`.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, begins: datetime) -> None:
        self.offset_seconds = 0.0
        self._loop = loop
        self._begins = begins

    def now(self) -> datetime:
        """What this machine takes for the time."""
        return self._begins + timedelta(seconds=self._loop.time() + self.offset_seconds)

    def monotonic(self) -> float:
        """Seconds that never go back, whatever is done to the wall clock."""
        return self._loop.time()
