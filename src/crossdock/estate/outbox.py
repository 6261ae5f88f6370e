"""What a system has to tell the hub: sent again under the same id until there is a receipt.

One post is on its way at a time, so what is said about one order arrives in the order in which it
was said, unless a fault shuffles it on purpose. The hub may be killed at any moment: what has no
receipt is sent again, and the hub knows the ids.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from itertools import islice
from typing import Any, Final, NamedTuple

import aiohttp
import msgspec

from crossdock.estate import wire
from crossdock.estate.faults import Chance, Faults
from crossdock.kernel.limits import MIB

POST_MESSAGES_MAX: Final = 500
POST_BYTES_MAX: Final = 4 * MIB
WAITING_MAX: Final = 20_000
"""Messages that may wait before whoever reports has to wait too."""

POST_SECONDS_MAX: Final = 30.0
PAUSE_SECONDS_FIRST: Final = 0.05
PAUSE_SECONDS_MAX: Final = 2.0
ASKED_WAIT_SECONDS_MAX: Final = 30.0
REFUSALS_SHOWN_MAX: Final = 100
MESSAGE_ID_LENGTH_MAX: Final = 128

_TAKEN: Final = frozenset({200, 202, 207})

_WHOLE_REFUSED: Final = frozenset({400, 413, 415, 422})
"""Statuses by which the hub says that the messages are wrong and not the moment."""


class Receipt(NamedTuple):
    """What the hub said of a message."""

    answer: str  # accepted, duplicate, rival, conflict or refused
    position: str  # where it stands on the log, as partition:number; empty where it does not
    problem: str = ""


Message = tuple[str, bytes]
"""An id and the whole event as JSON."""


class Posted(NamedTuple):
    """What the hub answered to a post, whole."""

    status: int
    body: bytes
    wait_seconds: float = 0.0  # its Retry-After


Post = Callable[[bytes], Awaitable[Posted | None]]
"""Brings a batch to the hub and gives its answer, or None where no whole answer came."""


class Outbox:
    """The messages of one system on their way to the hub."""

    def __init__(self, hub: str, key: str, faults: Faults, chance: Chance) -> None:
        self.hub = hub  # may be set anew while nothing is lost; the next post goes there
        self.faults = faults
        self.receipts: dict[str, Receipt] = {}  # the first receipt of each id
        self.again: Counter[str] = Counter()  # how often an id got a further receipt
        self.refusals: list[tuple[str, Receipt]] = []
        self.posts = 0
        self.failed_posts = 0
        self.trouble = ""  # why the last failed post failed
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._chance = chance
        self._queue: deque[Message] = deque()
        self._sending: list[Message] = []
        self._wait_seconds = 0.0  # what the hub asked us to wait, last time
        self._something = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._post_one: Post = self._by_http
        self._session: aiohttp.ClientSession | None = None

    def __len__(self) -> int:
        """How many messages have no receipt yet."""
        return len(self._queue) + len(self._sending)

    def put(self, message_id: str, event: bytes) -> None:
        """Keep a message until the hub has it."""
        self._queue.append((message_id, event))
        self._something.set()
        self._idle.clear()
        if len(self._queue) >= WAITING_MAX:
            self._room.clear()

    async def room(self) -> None:
        """Wait until not too many messages wait."""
        await self._room.wait()

    async def empty(self) -> None:
        """Wait until every message has a receipt."""
        await self._idle.wait()

    def start(self, post: Post | None = None) -> None:
        """Begin to send: by HTTP, or by the way that is given instead."""
        if post is not None:
            self._post_one = post
            self._task = asyncio.create_task(self._send_forever())
            return
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            timeout=aiohttp.ClientTimeout(total=POST_SECONDS_MAX, sock_connect=2.0),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._task = asyncio.create_task(self._send_forever())

    async def close(self) -> None:
        """Stop sending; what has no receipt stays here and is not lost."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def summary(self) -> dict[str, Any]:
        """Counts for the truth."""
        answers = Counter(receipt.answer for receipt in self.receipts.values())
        return {
            "waiting": len(self),
            "receipts": len(self.receipts),
            "answers": dict(sorted(answers.items())),
            "duplicates": self.again.total(),
            "posts": self.posts,
            "failed_posts": self.failed_posts,
            "trouble": self.trouble,
            "refusals": [
                {"id": number, "answer": said.answer, "problem": said.problem}
                for number, said in self.refusals[:REFUSALS_SHOWN_MAX]
            ],
        }

    async def _send_forever(self) -> None:
        pause = PAUSE_SECONDS_FIRST
        while True:
            if not self._sending:
                await self._take_next()
            self._wait_seconds = 0.0
            self._sending = await self._post(self._sending)
            if not self._sending:
                pause = PAUSE_SECONDS_FIRST
                continue
            self.failed_posts += 1
            wait = self._chance.between((pause / 2, pause))
            await asyncio.sleep(max(wait, min(self._wait_seconds, ASKED_WAIT_SECONDS_MAX)))
            pause = min(pause * 2, PAUSE_SECONDS_MAX)

    async def _take_next(self) -> None:
        while not self._queue:
            self._idle.set()
            self._something.clear()
            await self._something.wait()
        if self._chance.hits(self.faults.reordering):
            self._shuffle()
        size = 0
        while self._queue and len(self._sending) < POST_MESSAGES_MAX and size < POST_BYTES_MAX:
            message = self._queue.popleft()
            size += len(message[1])
            self._sending.append(message)
            if self._chance.hits(self.faults.duplicates):
                self._queue.append(message)
        if len(self._queue) < WAITING_MAX:
            self._room.set()

    def _shuffle(self) -> None:
        """Mix what would go now with what would go after it."""
        mixed = list(islice(self._queue, 2 * POST_MESSAGES_MAX))
        self._chance.shuffle(mixed)
        for _ in mixed:
            self._queue.popleft()
        self._queue.extendleft(reversed(mixed))

    async def _post(self, messages: list[Message]) -> list[Message]:
        """Send messages and keep their receipts; gives those that have none yet.

        One message goes as a batch too: so it has a receipt of its own, and a status that is no
        success speaks of the request.
        """
        self.posts += 1
        reply = await self._post_one(b"[" + b",".join(m[1] for m in messages) + b"]")
        if reply is None:
            return messages
        status, said, self._wait_seconds = reply
        if self._chance.hits(self.faults.forgotten_receipts):
            self.trouble = "receipts forgotten on purpose"
            return messages
        if status in _TAKEN:
            return self._keep(messages, said)
        self.trouble = f"status {status}"
        if status not in _WHOLE_REFUSED:
            return messages
        if len(messages) == 1:
            self._receipt(messages[0][0], Receipt("refused", "", f"status {status}"))
            return []
        middle = len(messages) // 2
        left = await self._post(messages[:middle])
        # One after the other, or a later message would overtake an earlier one.
        return left + (messages[middle:] if left else await self._post(messages[middle:]))

    async def _by_http(self, body: bytes) -> Posted | None:
        """Post once."""
        assert self._session is not None
        try:
            async with self._session.post(
                f"{self.hub}/v1/messages",
                data=body,
                headers={"Content-Type": wire.BATCH},
                allow_redirects=False,
            ) as response:
                wait = response.headers.get("Retry-After", "")
                seconds = float(wait) if wait.isdigit() else 0.0
                return Posted(response.status, await response.read(), seconds)
        except (aiohttp.ClientError, OSError) as error:
            self.trouble = type(error).__name__
            return None

    def _keep(self, messages: list[Message], body: bytes) -> list[Message]:
        """Match receipts with messages; gives those that the hub could not judge yet."""
        try:
            receipts = wire.decode_hub_reply(body).receipts
        except (msgspec.MsgspecError, UnicodeDecodeError):
            receipts = []
        pairs = list(zip(messages, receipts, strict=False))
        if len(receipts) != len(messages) or any(r.id not in (None, m[0]) for m, r in pairs):
            self.trouble = "receipts that are not those of the messages"
            return messages
        unjudged = []
        for message, receipt in pairs:
            problem = receipt.problem or {}
            status = problem.get("status")
            if receipt.answer == "refused" and isinstance(status, int) and status >= 500:
                self.trouble = f"status {status} for some messages"
                unjudged.append(message)  # its trouble, not ours: the same may do next time
                continue
            why = ": ".join(str(problem[k]) for k in ("code", "detail", "where") if k in problem)
            self._receipt(message[0], Receipt(receipt.answer, receipt.position or "", why))
        return unjudged

    def _receipt(self, message_id: str, receipt: Receipt) -> None:
        if message_id in self.receipts:
            self.again[message_id] += 1
        else:
            self.receipts[message_id] = receipt
        if receipt.answer not in ("accepted", "duplicate"):
            self.refusals.append((message_id, receipt))


def message_id_of(business_key: str) -> str:
    """The id of the message that says a business fact: the same whenever it is said again.

    Business keys may hold blanks and be long, ids may not.
    """
    plain = business_key.replace(" ", "_")
    if len(plain) <= MESSAGE_ID_LENGTH_MAX and plain == business_key:
        return plain
    digest = blake2b(business_key.encode(), digest_size=12).hexdigest()
    return f"{plain[: MESSAGE_ID_LENGTH_MAX - 25]}~{digest}"
