"""Work that is due later: one timer for all of it, so that ten thousand jobs cost no tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Final

AT_ONCE_MAX: Final = 500
"""Jobs done in one go before requests are looked at again."""


class Work:
    """A schedule of small synchronous jobs."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = 0.0  # of the loop's clock; uvloop's handles do not tell
        self._closed = False

    def __len__(self) -> int:
        """How many jobs wait."""
        return len(self._due)

    def later(self, seconds: float, job: Callable[[], None]) -> None:
        """Do a job after so many seconds; jobs due at one moment are done in order."""
        loop = asyncio.get_running_loop()
        self._number += 1
        heappush(self._due, (loop.time() + seconds, self._number, job))
        first = self._due[0][0]
        if self._timer is None or first < self._wakes_at:
            self._wake_at(first)

    def close(self) -> None:
        """Do nothing more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _wake_at(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self._closed:
            self._wakes_at = moment
            self._timer = asyncio.get_running_loop().call_at(moment, self._do_due)

    def _do_due(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        try:
            for _ in range(AT_ONCE_MAX):
                if not self._due or self._due[0][0] > now:
                    break
                heappop(self._due)[2]()
        finally:  # a job that fails is reported by the loop and stops no other
            if self._due and self._timer is None:
                self._wake_at(self._due[0][0])
