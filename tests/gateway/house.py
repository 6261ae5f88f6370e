"""A small house to test the door of: its matrix, its keys, sample messages, a fake store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from itertools import count
from random import Random
from typing import Any

import aiohttp

from crossdock.gateway.app import Deps, Door
from crossdock.gateway.errors import NotNow
from crossdock.gateway.intake import GroupCommit
from crossdock.gateway.keys import LEAST, Key, Keyring, Scope
from crossdock.gateway.routes import Route
from crossdock.gateway.server import serving
from crossdock.gateway.throttle import Shares
from crossdock.kernel import limits
from crossdock.log.records import Answer, NewMessage, Receipt
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix
from crossdock.sagas.policy import ChannelPolicy, Policy

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HAPPENED = "2026-03-02T08:59:00Z"

#: system -> its key. The words are looked for in answers and logs, where they must never be.
KEYS = {
    "shop": "canary-shop-key-8f2d6b1c9e07a345",
    "erp": "canary-erp-key-1b7c3d90aa5e42f6",
    "crm": "canary-crm-key-77aa03c1d5b94e28",
    "wms_east": "canary-east-key-5c0e9f4417ab3d62",
    "wms_west": "canary-west-key-90d1b2c3a4f5e677",
    "viewer": "canary-viewer-key-3f3f3f3f5e5e5e5e",
}

MATRIX = Matrix(
    DEFAULT_RULES,
    sites={"EAST": {"wms": "wms_east"}, "WEST": {"wms": "wms_west"}},
    channels={"web": {"system": "shop"}},
)
POLICY = Policy(16, {"web": ChannelPolicy("web", "shop", ("EAST", "WEST"))}, MATRIX)

ORDER_PLACED = "crossdock.order.placed.v1"
PICK_CONFIRMED = "crossdock.pick.confirmed.v1"


def order(number: str = "SO-1", **changed: Any) -> dict[str, Any]:
    """An order as its channel submits it."""
    line = {"line": "1", "item": "85123A", "quantity": 6, "unit_price_e4": 25500}
    return {
        "order_id": number,
        "channel": "web",
        "customer": "C-17",
        "currency": "GBP",
        "lines": [line],
        **changed,
    }


def pick(number: str = "PK-1", **changed: Any) -> dict[str, Any]:
    """A pick as a warehouse confirms it."""
    line = {"line": "1", "item": "85123A", "quantity": 6}
    return {"pick_id": number, "order_id": "SO-1", "site": "EAST", "lines": [line], **changed}


def message(
    message_id: str = "m-1",
    kind: str = ORDER_PLACED,
    data: Any = None,
    source: str = "shop",
    **changed: Any,
) -> dict[str, Any]:
    """A message in its envelope; an order by default."""
    return {
        "specversion": "1.0",
        "id": message_id,
        "source": source,
        "type": kind,
        "time": HAPPENED,
        "data": order() if data is None else data,
        **changed,
    }


def orders(size: int, start: int = 0) -> list[dict[str, Any]]:
    """That many messages with an order each."""
    return [message(f"m-{n}", data=order(f"SO-{n}")) for n in range(start, start + size)]


def raw(value: Any) -> bytes:
    """Write a value as compact JSON; it may be nothing that the hub takes."""
    return json.dumps(value, separators=(",", ":")).encode()


class TestClock:
    """Stands still, unless it is told to go on."""

    __test__ = False

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class TestIds:
    """Counts."""

    __test__ = False

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self) -> str:
        return f"id-{next(self._numbers)}"


class TestRandomness:
    """A seeded generator behind the port."""

    __test__ = False

    def __init__(self) -> None:
        self._random = Random(7)

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def token_bytes(self, size_bytes: int) -> bytes:
        return self._random.randbytes(size_bytes)


class FakeStore:
    """The intake side of a store, in a dict. `before` and `after` are run around each commit."""

    def __init__(self) -> None:
        self.log: dict[tuple[int, int], NewMessage] = {}
        self.appends: list[int] = []  # the size of each
        self.before: Callable[[Sequence[NewMessage]], Awaitable[None]] = _nothing
        self.after: Callable[[Sequence[NewMessage]], Awaitable[None]] = _nothing
        self._places: dict[bytes, tuple[int, int]] = {}
        self._business: dict[bytes, tuple[int, int]] = {}
        self._heads: dict[int, int] = {}

    async def append(self, messages: Sequence[NewMessage]) -> list[Receipt]:
        self.appends.append(len(messages))
        await self.before(messages)
        receipts = [self._keep(message) for message in messages]
        await self.after(messages)
        return receipts

    def _keep(self, message: NewMessage) -> Receipt:
        place = self._places.get(message.transport_key)
        if place is not None:
            same = self.log[place].content == message.content
            return Receipt(Answer.DUPLICATE if same else Answer.CONFLICT, *place)
        rival = False
        if message.business_key is not None and message.business_key in self._business:
            place = self._business[message.business_key]
            if self.log[place].content == message.content:
                return Receipt(Answer.DUPLICATE, *place)
            rival = True
        position = self._heads.get(message.partition, 0) + 1
        self._heads[message.partition] = position
        place = message.partition, position
        self.log[place] = message
        self._places[message.transport_key] = place
        if message.business_key is not None and not rival:
            self._business[message.business_key] = place
        return Receipt(Answer.RIVAL if rival else Answer.ACCEPTED, *place)


class Gate:
    """Holds commits until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()

    async def __call__(self, _: Sequence[NewMessage]) -> None:
        self.reached.set()
        await self.opened.wait()


class Failing:
    """Raises some errors, one per call, then nothing more."""

    def __init__(self, *raised: Exception) -> None:
        self._raised = list(raised)

    async def __call__(self, _: Sequence[NewMessage]) -> None:
        if self._raised:
            raise self._raised.pop(0)


async def _nothing(_: Sequence[NewMessage]) -> None:
    await asyncio.sleep(0)


@dataclass
class House:
    """A running door."""

    store: FakeStore
    intake: GroupCommit
    clock: TestClock
    door: Door
    port: int
    client: aiohttp.ClientSession
    stop: Callable[[], Coroutine[Any, Any, None]]  # the server, before its time
    pauses: list[float] = field(default_factory=list)  # that the intake has asked for

    async def post(
        self,
        body: bytes | dict[str, Any] | list[Any],
        *,
        key: str | None = KEYS["shop"],
        kind: str = "application/cloudevents+json",
        headers: dict[str, str] | None = None,
        path: str = "/v1/messages",
    ) -> tuple[int, Any]:
        """Post a body; give status and decoded answer, after looking for what must not be in it."""
        sent = {"Content-Type": kind, **(headers or {})}
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {key}")
        content = body if isinstance(body, bytes) else raw(body)
        url = f"http://127.0.0.1:{self.port}{path}"
        # The client warns of large bodies that are handed over as bytes.
        async with self.client.post(url, data=BytesIO(content), headers=sent) as response:
            text = await response.text()
            self.headers = response.headers
        assert_clean(text)
        return response.status, json.loads(text)

    async def batch(self, messages: list[Any], **options: Any) -> tuple[int, Any]:
        """Post messages as a JSON array."""
        return await self.post(messages, kind="application/cloudevents-batch+json", **options)

    async def lines(self, body: bytes, **options: Any) -> tuple[int, Any]:
        """Post a body of one message per line."""
        return await self.post(body, kind="application/x-ndjson", **options)

    async def get(self, path: str, key: str | None = None) -> tuple[int, Any]:
        """Get a path."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.client.get(url, headers=headers) as response:
            text = await response.text()
        assert_clean(text)
        return response.status, json.loads(text)


def assert_clean(text: str) -> None:
    """Check that a text shows no secret and nothing of the program's insides."""
    for word in ("canary", "Traceback", 'File "', ".py", "SELECT", "INSERT"):
        assert word not in text, f"{word!r} in {text[:500]!r}"


@asynccontextmanager
async def a_house(
    *,
    waiting_max: int = limits.INTAKE_WAITING_MESSAGES_MAX,
    receive_seconds: float = limits.RECEIVE_SECONDS_MAX,
    grace_seconds: int = 1,
    connections_max: int = limits.CONNECTIONS_MAX,
    views: tuple[Route, ...] = (),
    pressed: Callable[[], NotNow | None] = lambda: None,
    troubles: tuple[str, ...] = (),
    messages_per_second: dict[str, int] | None = None,
) -> AsyncIterator[House]:
    """Open a house with a door on a free loopback port."""
    store = FakeStore()
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    scopes = {
        "viewer": frozenset({Scope.READ}),
        "shop": LEAST | {Scope.PROMISE},
        "crm": LEAST | {Scope.PROMISE},
    }
    keys = [
        Key(system, sha256(key.encode()).digest(), scopes.get(system, LEAST))
        for system, key in KEYS.items()
    ]
    clock = TestClock()
    async with GroupCommit(store, TestRandomness(), sleep, waiting_max) as intake:
        deps = Deps(
            POLICY,
            Keyring(keys),
            intake,
            clock,
            TestIds(),
            pressed=pressed,
            troubles=lambda: troubles,
            shares=Shares(messages_per_second or {}),
            receive_seconds=receive_seconds,
            views=views,
        )
        door = Door(deps)
        async with AsyncExitStack() as server, aiohttp.ClientSession() as client:
            port = await server.enter_async_context(
                serving(
                    door,
                    grace_seconds=grace_seconds,
                    head_seconds=receive_seconds,
                    connections_max=connections_max,
                )
            )
            yield House(store, intake, clock, door, port, client, server.aclose, pauses)
