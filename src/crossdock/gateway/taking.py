"""Takes messages in for one caller and writes the receipts: one per message, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from crossdock.contracts.envelope import MessageId
from crossdock.gateway.admission import admit
from crossdock.gateway.asgi import Reply
from crossdock.gateway.errors import IdConflict, NotNow
from crossdock.gateway.intake import Answered, GroupCommit
from crossdock.gateway.keys import Caller
from crossdock.gateway.lines import Line
from crossdock.gateway.problems import ProblemDetails, problem_details, problem_reply
from crossdock.kernel.errors import BadInput, CrossdockError
from crossdock.kernel.ports import Clock
from crossdock.log.records import Answer, NewMessage, Receipt
from crossdock.sagas.policy import Policy

REFUSED = "refused"

CHUNK_MESSAGES = 200
"""Messages admitted in one go: some milliseconds, after which other requests have their turn."""


class ReceiptLine(msgspec.Struct, omit_defaults=True):
    """What is answered for one message; `id` is missing where none could be read."""

    answer: str
    id: str | None = None
    position: str | None = None  # partition:position on the log
    problem: ProblemDetails | None = None


class Receipts(msgspec.Struct):
    """What is answered for a request; accepted + duplicates + refused = messages."""

    accepted: int
    duplicates: int
    refused: int
    receipts: list[ReceiptLine]


@dataclass(slots=True)
class Chunk:
    """Some messages of a request: what was refused at once, and what waits for the commit."""

    entries: list[str | ReceiptLine]  # the id of a message that waits, or an answer
    future: asyncio.Future[list[Answered]] | CrossdockError


class Taker:
    """Takes messages in the name of one caller, for one request."""

    def __init__(
        self,
        caller: Caller,
        policy: Policy,
        clock: Clock,
        intake: GroupCommit,
        correlate: Callable[[], str],
    ) -> None:
        """`correlate` names the request, for refusals."""
        self._caller = caller
        self._policy = policy
        self._clock = clock
        self._intake = intake
        self._correlate = correlate

    async def take_one(self, raw: bytes) -> Reply:
        """Take a single message. Raises the `BadInput` or `StoreError` that refuses it."""
        message = admit(raw, self._caller, self._policy, self._clock.now())
        [answer] = await self._intake.put([message])
        if not isinstance(answer, Receipt):
            raise answer
        if answer.answer is Answer.CONFLICT:
            return problem_reply(self._conflict(answer))
        return receipts_reply([self._line(message.id, answer)])

    def take(self, lines: Sequence[Line]) -> Chunk:
        """Admit messages and queue them for the next commit; give the rest to `finish`."""
        now = self._clock.now()
        entries: list[str | ReceiptLine] = []
        messages: list[NewMessage] = []
        for line in lines:
            try:
                if isinstance(line, BadInput):
                    raise line
                message = admit(line, self._caller, self._policy, now)
            except BadInput as error:
                raw = line if isinstance(line, bytes) else b""
                entries.append(self.refused(error, _id_in(raw)))
            else:
                messages.append(message)
                entries.append(message.id)
        try:
            return Chunk(entries, self._intake.put(messages))
        except NotNow as error:
            return Chunk(entries, error)

    async def finish(self, chunk: Chunk) -> list[ReceiptLine]:
        """Wait for the commit and give the answers, in order."""
        if isinstance(chunk.future, CrossdockError):
            error = chunk.future
            return [
                e if isinstance(e, ReceiptLine) else self.refused(error, e) for e in chunk.entries
            ]
        answers = iter(await chunk.future)
        return [
            entry if isinstance(entry, ReceiptLine) else self._line(entry, next(answers))
            for entry in chunk.entries
        ]

    def refused(self, error: CrossdockError, message_id: str | None = None) -> ReceiptLine:
        """Write the receipt of a message that is not taken."""
        return ReceiptLine(REFUSED, message_id, problem=problem_details(error, self._correlate()))

    def _line(self, message_id: str, answer: Answered) -> ReceiptLine:
        if not isinstance(answer, Receipt):
            return self.refused(answer, message_id)
        problem = self._conflict(answer) if answer.answer is Answer.CONFLICT else None
        return ReceiptLine(answer.answer.value, message_id, _place(answer), problem)

    def _conflict(self, receipt: Receipt) -> ProblemDetails:
        error = IdConflict(where="$.id", found="an id that stands for something else")
        return problem_details(error, self._correlate(), position=_place(receipt))


async def take_all(taker: Taker, raws: Sequence[bytes]) -> list[ReceiptLine]:
    """Take a whole batch; the first chunks are on their way to the store while others are read."""
    underway = []
    for at in range(0, len(raws), CHUNK_MESSAGES):
        underway.append(taker.take(raws[at : at + CHUNK_MESSAGES]))
        await asyncio.sleep(0)
    return [line for chunk in underway for line in await taker.finish(chunk)]


def receipts_reply(lines: list[ReceiptLine]) -> Reply:
    """Answer 202 when every message was taken, 207 when some were not.

    Where nothing was taken and that is the hub's own doing, the request as a whole is to come
    again: the answer is that problem.
    """
    duplicates = sum(line.answer == Answer.DUPLICATE for line in lines)
    refused = [line for line in lines if line.problem is not None]
    if lines and len(refused) == len(lines):
        ours = [line.problem for line in refused if line.problem and line.problem.status >= 500]
        if len(ours) == len(lines):
            return problem_reply(ours[0])
    accepted = len(lines) - duplicates - len(refused)
    body = Receipts(accepted, duplicates, len(refused), lines)
    return Reply(207 if refused else 202, msgspec.json.encode(body))


def _place(receipt: Receipt) -> str:
    return f"{receipt.partition}:{receipt.position}"


class _JustId(msgspec.Struct, gc=False):
    id: Annotated[MessageId, "as the envelope has it"]


_read_id = msgspec.json.Decoder(_JustId).decode


def _id_in(raw: bytes) -> str | None:
    """Find the id of a message that was refused, if it can be read at all."""
    try:
        return _read_id(raw).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
