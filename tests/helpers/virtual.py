"""An event loop whose hours pass in no time: it jumps to the next moment that anybody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from typing import Any, TypeVar

from crossdock.testing.builders import at

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Real asyncio, but for its clock; no socket is ever waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def time(self) -> float:
        """Virtual seconds since the beginning."""
        return self.seconds

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined]
            self.seconds = max(self.seconds, self._scheduled[0]._when)  # type: ignore[attr-defined]
        super()._run_once()  # type: ignore[misc]


class VirtualClock:
    """The civil and the steady time of the running virtual loop."""

    def now(self) -> datetime:
        """The moment, from the test's own beginning on."""
        return at(asyncio.get_running_loop().time())

    def monotonic(self) -> float:
        """The same, as seconds."""
        return asyncio.get_running_loop().time()


def run_virtually(story: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)
