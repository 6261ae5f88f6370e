"""Calls that wait for their answer: what many callers ask at the same time is decided in one batch.

As with group commit there is no artificial delay: while a desk is busy with one batch, the next one
gathers. Calls about one thing are answered one after the other, never in one batch or in two at the
same time, so that the second finds what the first left.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from crossdock.gateway.errors import Overloaded, ShuttingDown
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.limits import CALL_BATCH_MAX, CALLS_WAITING_MAX
from crossdock.log.errors import CommitUnknown, StoreFault
from crossdock.log.records import NewMessage, Outcome

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What was decided on a call, now or when it came first, and where it stands on the log."""

    partition: int
    position: int
    outcome: Outcome


Answered = Told | CrossdockError
"""What became of one call: a decision, or why there is none."""

_Asked = tuple[NewMessage, asyncio.Future[Answered]]


class Desk(Protocol):
    """Whoever decides calls: `runtime.desk` does, on a partition of its own."""

    async def answer(self, calls: Sequence[NewMessage]) -> list[Answered]:
        """Decide and keep calls about different things; one answer each, in order, once durable."""
        ...

    async def close(self) -> None:
        """Let others have what the desk holds."""
        ...


class GroupCalls:
    """The one road from the door to the desks; use it as `async with GroupCalls(...) as calls`.

    On leaving, what waits is still answered, and nothing new is taken.
    """

    def __init__(self, desks: Sequence[Desk], waiting_max: int = CALLS_WAITING_MAX) -> None:
        """Stand ready; each desk takes one batch at a time. `waiting_max` counts calls."""
        self._desks = desks
        self._waiting_max = waiting_max
        self._line: deque[_Asked] = deque()
        self._underway: set[str] = set()  # what the calls that desks are busy with are about
        self._something = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    @property
    def waiting(self) -> int:
        """How many calls have no answer yet."""
        return len(self._line) + len(self._underway)

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._serve(desk), name=f"desk {number}")
            for number, desk in enumerate(self._desks)
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Take nothing more, answer what waits, stop."""
        self._closing = True
        self._something.set()
        await asyncio.gather(*self._tasks)
        for desk in self._desks:
            await desk.close()

    def ask(self, call: NewMessage) -> asyncio.Future[Answered]:
        """Queue a call; the future gives its answer. Raises `Overloaded` or `ShuttingDown`."""
        if self._closing or not self._tasks:
            raise ShuttingDown
        if self.waiting >= self._waiting_max:
            raise Overloaded(found=f"{self.waiting} calls that wait")
        future: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._line.append((call, future))
        self._something.set()
        return future

    async def _serve(self, desk: Desk) -> None:
        while True:
            batch = self._gather()
            if batch:
                await self._answer(desk, batch)
            elif self._closing and not self._line:
                return
            else:
                self._something.clear()
                await self._something.wait()

    def _gather(self) -> list[_Asked]:
        """Take the next calls in line whose things nobody is busy with; the others keep turn."""
        batch: list[_Asked] = []
        held_up: list[_Asked] = []
        while self._line and len(batch) < CALL_BATCH_MAX:
            entry = self._line.popleft()
            about = entry[0].key
            if about in self._underway:
                held_up.append(entry)
            else:
                self._underway.add(about)
                batch.append(entry)
        self._line.extendleft(reversed(held_up))
        return batch

    async def _answer(self, desk: Desk, batch: list[_Asked]) -> None:
        """Let a desk decide a batch and tell its callers, whatever happens."""
        answers: Sequence[Answered] = [CommitUnknown()] * len(batch)
        try:
            answers = await desk.answer([call for call, _ in batch])
        except asyncio.CancelledError:
            raise  # the loop is being torn down; whoever still waits must not wait for ever
        except Exception as error:  # noqa: BLE001 - one broken batch must not close the desk
            _LOG.error("a desk broke with %s", type(error).__name__)
            answers = [StoreFault("The desk's answer makes no sense")] * len(batch)
        finally:
            self._underway.difference_update(call.key for call, _ in batch)
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
            self._something.set()
