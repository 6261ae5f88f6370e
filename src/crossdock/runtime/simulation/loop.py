"""An event loop on virtual time: waiting costs nothing, and chance decides who runs first.

Time passes only when nobody has anything to do, and then it jumps to the next timer. Everything
that is ready at one moment runs in an order that the seeded generator chooses, so that a schedule
is a function of its seed. Callbacks belong to the process in whose name they were scheduled: a
process that is killed never runs again, not even its `finally`; one that is stopped runs later.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from random import Random
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Life:
    """One simulated process: all callbacks scheduled in its name. It runs, stands still, or ended.

    `OWNER` says in whose name code runs; the world beyond the processes has no owner.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_running = True
        self.has_ended = False
        self.put_off: list[Callback] = []  # what came up while it stood still
        self.tasks: list[
            asyncio.Task[Any]
        ] = []  # kept, so that nothing of a dead one is cleaned up


OWNER: ContextVar[Life | None] = ContextVar("owner", default=None)

_LAST_ROUNDS_MAX = 1_000


class NothingLeft(Exception):
    """Nobody is ready and no timer is set: whatever is waited for never comes."""


class EndlessWork(Exception):
    """More steps than any schedule needs: somebody runs in circles."""


class Callback(asyncio.TimerHandle):
    """What is to run, when, and in whose name. A schedule makes thousands: it holds no more."""

    __slots__ = ("args", "callback", "context", "owner")

    def __init__(
        self, when: float, callback: Callable[..., object], args: tuple[Any, ...], context: Context
    ) -> None:
        self._when = when
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.context = context
        self.owner = context.get(OWNER)

    def cancel(self) -> None:
        """Never run; whoever waits for its turn passes it over."""
        self.callback = None
        self.args = ()

    def cancelled(self) -> bool:
        """Whether it never runs."""
        return self.callback is None


class VirtualLoop(asyncio.BaseEventLoop):
    """One schedule's loop; `run` drives a coroutine to its end."""

    def __init__(self, random: Random, steps_max: int = 2_000_000) -> None:
        super().__init__()
        self.steps = 0
        self.troubles: list[dict[str, Any]] = []  # what nobody caught
        self._random = random
        self._steps_max = steps_max
        self._now = 0.0
        self._number = 0
        self._up: list[Callback] = []
        self._later: list[tuple[float, int, Callback]] = []

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run until this coroutine ends; raises what it raises, `NothingLeft` or `EndlessWork`."""
        asyncio._set_running_loop(self)
        try:
            task = self.create_task(main)
            while not task.done():
                self._round()
            return task.result()
        finally:
            asyncio._set_running_loop(None)

    def _round(self) -> None:
        if not self._up:
            self._skip_time()
        ready, self._up = self._up, []
        if len(ready) > 1:
            self._random.shuffle(ready)
        self.steps += len(ready)
        if self.steps > self._steps_max:
            raise EndlessWork(f"after {self._steps_max} steps at {self._now:.3f} s")
        for callback in ready:
            owner = callback.owner
            if owner is None or owner.is_running:
                self._run(callback)
            elif not owner.has_ended:
                owner.put_off.append(callback)

    def _run(self, handle: Callback) -> None:
        """Run unless cancelled; what nobody caught is kept."""
        if handle.callback is None:
            return
        try:
            handle.context.run(handle.callback, *handle.args)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - as every loop of asyncio does
            self.call_exception_handler({"message": "a callback failed", "exception": error})

    def _skip_time(self) -> None:
        later = self._later
        while later and later[0][2].callback is None:
            heapq.heappop(later)
        if not later:
            raise NothingLeft(f"at {self._now:.3f} s")
        self._now = max(self._now, later[0][0])
        while later and later[0][0] <= self._now:
            self._up.append(heapq.heappop(later)[2])

    def resume(self, life: Life) -> None:
        """Let a process that stood still run again; what came up meanwhile comes up now."""
        life.is_running = True
        self._up += life.put_off
        life.put_off.clear()

    def end(self, life: Life) -> None:
        """End a process as `kill -9` does: nothing of it runs any more."""
        life.is_running = False
        life.has_ended = True
        life.put_off.clear()

    def end_all(self) -> None:
        """Cancel whatever still waits and let it clean up, without a moment passing."""
        asyncio._set_running_loop(self)
        try:
            tasks = asyncio.all_tasks(self)
            for task in tasks:
                task.cancel()
            for _ in range(_LAST_ROUNDS_MAX):
                ready, self._up = self._up, []
                for callback in ready:
                    self._run(callback)
                if not self._up:
                    break
            for task in tasks:
                _break_off(task)
        finally:
            asyncio._set_running_loop(None)
            self.close()

    # --- what asyncio asks of a loop ------------------------------------------------------------

    def time(self) -> float:
        """Virtual seconds since the beginning."""
        return self._now

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> Callback:
        """Run at this moment."""
        handle = Callback(self._now, callback, args, copy_context() if context is None else context)
        self._up.append(handle)
        return handle

    def call_soon_threadsafe(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> Callback:
        """There is one thread only."""
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> Callback:
        """Run after so many seconds."""
        if delay <= 0.0:
            return self.call_soon(callback, *args, context=context)
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> Callback:
        """Run at a moment."""
        handle = Callback(when, callback, args, copy_context() if context is None else context)
        self._number += 1
        heapq.heappush(self._later, (when, self._number, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self,
        coro: Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
        **_: Any,
    ) -> asyncio.Task[T]:
        """A task of this loop; one that is dropped with its process says nothing."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        owner = OWNER.get() if context is None else context.get(OWNER)
        if owner is not None:
            owner.tasks.append(task)
        return task

    def close(self) -> None:
        """Forget everything."""
        self._up.clear()
        self._later.clear()
        super().close()

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody caught, for whoever judges the schedule."""
        self.troubles.append(context)


def _break_off(task: asyncio.Task[Any]) -> None:
    """Close a task that nobody will wake any more, however often it clings to something."""
    for _ in range(_LAST_ROUNDS_MAX):
        with suppress(asyncio.CancelledError):
            try:
                task.get_coro().close()
            except (RuntimeError, ValueError):
                continue
        return


def in_the_world() -> Context:
    """A context that belongs to no process."""
    context = copy_context()
    context.run(OWNER.set, None)
    return context


def in_the_name_of(life: Life) -> Context:
    """A context in which everything that is started belongs to this process."""
    context = copy_context()
    context.run(OWNER.set, life)
    return context
