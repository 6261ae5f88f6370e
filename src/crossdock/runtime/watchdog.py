"""Ends what does not come to its end: one piece of thinking, or the whole process.

Three walls, each for what the one before it cannot stop:

- **A piece of thinking** may use so many processor seconds; then a signal raises `Overlong` in the
  midst of it (`limited`). Pure code holds nothing that could be left half-way, so its caller goes
  on. This stops every loop of Python's own.
- **The process** ends itself, with a traceback in its log, when its event loop has not turned for
  so many ticks of a thread. This stops what waits for ever (a lock, a sleep). Ticks and not
  seconds: a process that was stopped as a whole and is continued has missed nothing.
- **The kernel** ends the process when it uses up twice as many processor seconds without a turn of
  the loop. This stops what never lets another thread run, such as a bad pattern in a library of C.

Whoever runs the hub starts it again, and `runtime.suspects` says what it was thinking about.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STUCK = 70
"""The exit code of a process whose loop did not turn: sysexits calls it a software error."""

_TICK_SECONDS = 1.0


class Overlong(BaseException):
    """A piece of thinking used up its time; no handler of ordinary errors may swallow it."""


class _Limit:
    """Whether the alarm is wanted; one for the process, as the timer is."""

    armed = False


def prepare() -> None:
    """Let the alarm of `limited` raise; call it from the main thread of the process."""
    signal.signal(signal.SIGVTALRM, _alarm)


@contextmanager
def limited(seconds_max: float) -> Iterator[None]:
    """Raise `Overlong` in the block when it uses more processor seconds than this.

    Only in the main thread after `prepare`, and not within itself: there is one timer.
    """
    _Limit.armed = True
    # It comes again every second, in case that something swallows the first.
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds_max, 1.0)
    try:
        yield
    finally:
        _Limit.armed = False  # first: the alarm may already be on its way
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)


def _alarm(_: int, __: FrameType | None) -> None:
    if _Limit.armed:
        raise Overlong


class Heartbeat:
    """Sees that the event loop turns; use it as `async with Heartbeat(seconds)`."""

    def __init__(self, stuck_seconds: float, tick_seconds: float = _TICK_SECONDS) -> None:
        """`stuck_seconds` without a turn of the loop end the process."""
        self._stuck_seconds = stuck_seconds
        self._tick_seconds = tick_seconds
        self._ticks = 0  # of the thread, since the loop turned last
        self._over = threading.Event()
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Heartbeat:
        """Begin to watch."""
        faulthandler.register(signal.SIGPROF, chain=True)  # tell where, then end as a default does
        self._arm()
        self._beating = asyncio.create_task(self._beat(), name="heartbeat")
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Watch no more."""
        self._over.set()
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        assert self._beating is not None
        self._beating.cancel()
        await asyncio.gather(self._beating, return_exceptions=True)

    async def _beat(self) -> None:
        while True:
            self._arm()
            await asyncio.sleep(self._tick_seconds)

    def _arm(self) -> None:
        self._ticks = 0
        signal.setitimer(signal.ITIMER_PROF, 2 * self._stuck_seconds)

    def _watch(self) -> None:
        while not self._over.wait(self._tick_seconds):
            self._ticks += 1
            if self._ticks * self._tick_seconds >= self._stuck_seconds:
                sys.stderr.write(f"the event loop has not turned for {self._stuck_seconds:g} s\n")
                faulthandler.dump_traceback(all_threads=True)
                os._exit(STUCK)
