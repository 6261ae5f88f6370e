"""Group commit: what many callers bring at the same time goes to the store in one append.

There is no artificial delay: while one append is on its way, the next one gathers. A caller is
answered after the commit that holds its messages, never before (I1).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from crossdock.gateway.errors import NotNow, Overloaded, ShuttingDown
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.limits import (
    INTAKE_APPEND_MESSAGES_MAX,
    INTAKE_PAUSE_SECONDS_MAX,
    INTAKE_SECONDS_MAX,
    INTAKE_TRIES_MAX,
    INTAKE_WAITING_MESSAGES_MAX,
)
from crossdock.kernel.ports import Randomness
from crossdock.log.errors import CommitUnknown, StoreError, StoreFault, StoreRefused
from crossdock.log.ports import Intake
from crossdock.log.records import Answer, NewMessage, Receipt

Answered = Receipt | CrossdockError
"""What became of one message: where it stands, or why it could not be kept."""

_PAUSE_SECONDS_FIRST = 0.02

_LOG = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Parcel:
    """The messages that one caller brought together, and the answers so far."""

    messages: Sequence[NewMessage]
    future: asyncio.Future[list[Answered]]
    answers: list[Answered] = field(default_factory=list)
    taken: int = 0  # how many are in an append already

    def answer(self, answers: Sequence[Answered]) -> None:
        self.answers.extend(answers)
        if len(self.answers) == len(self.messages) and not self.future.done():
            self.future.set_result(self.answers)


class GroupCommit:
    """The one road from the door to the log; use it as `async with GroupCommit(...) as intake`.

    On leaving, what waits is still committed, and nothing new is taken.
    """

    def __init__(
        self,
        store: Intake,
        randomness: Randomness,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        waiting_max: int = INTAKE_WAITING_MESSAGES_MAX,
        listener: Callable[[Sequence[Receipt]], None] | None = None,
        patience_seconds: float = INTAKE_SECONDS_MAX,
    ) -> None:
        """Stand ready; nothing is taken before the `async with`.

        `sleep` takes seconds. `waiting_max` counts messages, those being appended included. The
        `listener` hears the receipts of each append that was committed; it must not raise. After
        `patience_seconds` no further try of an append is begun.
        """
        self._store = store
        self._randomness = randomness
        self._sleep = sleep
        self._waiting_max = waiting_max
        self._listener = listener
        self._patience_seconds = patience_seconds
        self._parcels: deque[_Parcel] = deque()
        self._waiting = 0
        self._something = asyncio.Event()
        self._committer: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def is_open(self) -> bool:
        """Whether messages are taken at all."""
        return self._committer is not None and not self._closing

    @property
    def waiting(self) -> int:
        """How many messages are not committed yet."""
        return self._waiting

    async def __aenter__(self) -> Self:
        self._committer = asyncio.create_task(self._commit_forever(), name="group commit")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Take nothing more, commit what waits, stop."""
        self._closing = True
        self._something.set()
        if self._committer is not None:
            await self._committer

    async def submit(self, messages: Sequence[NewMessage]) -> list[Receipt]:
        """Return one receipt per message, in order, once all of them are durable.

        Raises `Overloaded` or `ShuttingDown` when nothing was taken. Raises the first `StoreError`
        when a part could not be kept; the rest may be on the log, and sending all of it again is
        safe.
        """
        receipts = []
        for answer in await self.put(messages):
            if not isinstance(answer, Receipt):
                raise answer
            receipts.append(answer)
        return receipts

    def put(self, messages: Sequence[NewMessage]) -> asyncio.Future[list[Answered]]:
        """Queue messages; the future gives one answer per message, in order, after the commit.

        Raises `Overloaded` or `ShuttingDown`, and then has taken nothing.
        """
        if not self.is_open:
            raise ShuttingDown
        future: asyncio.Future[list[Answered]] = asyncio.get_running_loop().create_future()
        if not messages:
            future.set_result([])
            return future
        if self._waiting + len(messages) > self._waiting_max:
            raise Overloaded(found=f"{self._waiting} messages that wait")
        self._parcels.append(_Parcel(messages, future))
        self._waiting += len(messages)
        self._something.set()
        return future

    async def _commit_forever(self) -> None:
        while True:
            while not self._parcels:
                if self._closing:
                    return
                self._something.clear()
                await self._something.wait()
            await self._commit_some()

    async def _commit_some(self) -> None:
        """Commit the next messages in line and answer their callers, whatever happens."""
        slices = self._gather()
        batch = [
            message for parcel, start, stop in slices for message in parcel.messages[start:stop]
        ]
        try:
            answers = await self._append(batch)
        except asyncio.CancelledError:
            # The loop is being torn down; whoever still waits must not wait for ever.
            self._answer(slices, [CommitUnknown()] * len(batch))
            raise
        except Exception as error:  # noqa: BLE001 - one broken append must not close the door
            _LOG.error("append broke with %s", type(error).__name__)
            answers = [StoreFault("The store's answer makes no sense")] * len(batch)
        self._answer(slices, answers)

    def _gather(self) -> list[tuple[_Parcel, int, int]]:
        """Take the next messages in line; a parcel may be cut, and goes on with the next append."""
        slices = []
        room = INTAKE_APPEND_MESSAGES_MAX
        while room and self._parcels:
            parcel = self._parcels[0]
            start = parcel.taken
            parcel.taken = min(len(parcel.messages), start + room)
            room -= parcel.taken - start
            slices.append((parcel, start, parcel.taken))
            if parcel.taken == len(parcel.messages):
                self._parcels.popleft()
        return slices

    def _answer(self, slices: list[tuple[_Parcel, int, int]], answers: Sequence[Answered]) -> None:
        self._waiting -= len(answers)
        at = 0
        for parcel, start, stop in slices:
            parcel.answer(answers[at : at + stop - start])
            at += stop - start

    async def _append(self, batch: list[NewMessage]) -> list[Answered]:
        """Append with patience; where a message is refused, the others of its batch are not."""
        try:
            return list(await self._append_patiently(batch))
        except StoreRefused as error:
            if len(batch) == 1:
                return [error]
            half = len(batch) // 2
            return [*await self._append(batch[:half]), *await self._append(batch[half:])]
        except StoreError as error:
            return [error] * len(batch)

    async def _append_patiently(self, batch: list[NewMessage]) -> list[Receipt]:
        """Append, and again after whatever passes; raises the `StoreError` of the last try."""
        in_doubt = False
        clock = asyncio.get_running_loop().time
        patient_until = clock() + self._patience_seconds
        for attempt in range(1, INTAKE_TRIES_MAX + 1):
            try:
                receipts = await self._store.append(batch)
            except StoreError as error:
                in_doubt = in_doubt or isinstance(error, CommitUnknown)
                passes = error.retryable or isinstance(error, CommitUnknown)
                if not passes or attempt == INTAKE_TRIES_MAX or clock() >= patient_until:
                    raise
                await self._sleep(self._pause_seconds(attempt))
            else:
                if self._listener is not None:
                    self._listener(receipts)
                return _as_accepted(receipts) if in_doubt else receipts
        raise NotNow  # not reached: the last try returns or raises

    def _pause_seconds(self, attempt: int) -> float:
        """Grow by two each time, scattered so that several doors do not come back together."""
        longest = min(INTAKE_PAUSE_SECONDS_MAX, _PAUSE_SECONDS_FIRST * 2**attempt)
        return self._randomness.uniform(longest / 2, longest)


def _as_accepted(receipts: Sequence[Receipt]) -> list[Receipt]:
    """Read the receipts of a repeated append as those of the first, whose answer was lost.

    What that one had kept comes back as a duplicate. So a message that was on the log long before
    may be called accepted here, at its right position; the other way round would be worse. Twins
    within the batch stay duplicates.
    """
    seen: set[tuple[int, int]] = set()
    result = []
    for receipt in receipts:
        place = receipt.partition, receipt.position
        first = receipt.answer is Answer.DUPLICATE and place not in seen
        result.append(Receipt(Answer.ACCEPTED, *place) if first else receipt)
        seen.add(place)
    return result
