"""A TCP proxy that breaks lines on purpose: what a network does between two programs, at will.

It stands between a client and a server on loopback and knows nothing of what they say, save that
bytes which go up after bytes came down begin a new *exchange* (true for HTTP and for PostgreSQL).
Its faults may be set anew at any moment and then count for open lines too. All chance comes from a
seed; the moments at which bytes arrive are the machine's.

What can be done to a line, each way by itself (`Toxics`): latency and jitter, a rate, nothing at
all any more (blackhole), a cut, a reset or a half-close after so many bytes. What can be done to an
exchange (`Faults`): the request is lost, the request is forwarded and its reply lost (the far side
did it and nobody hears), the request comes twice. What can be done to all of them: nobody listens.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from types import TracebackType
from typing import Final, Self

LOOPBACK: Final = "127.0.0.1"
PIECE_BYTES_MAX: Final = 16_384
REMEMBERED_BYTES_MAX: Final = 1_048_576
"""Of one request that is to come twice; a longer one comes once."""

_REPEAT_SECONDS_MAX: Final = 30.0

Address = tuple[str, int] | str
"""Host and port, or the path of a Unix socket."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Toxics:
    """What is wrong with one direction of every line; nothing unless named."""

    latency_seconds: float = 0.0  # before each piece
    jitter_seconds: float = 0.0  # up to so much more or less
    bytes_per_second: float | None = None
    blackhole: bool = False  # nothing goes on and nothing is refused
    cut_after_bytes: int | None = None  # both sides are closed in good order
    reset_after_bytes: int | None = None  # both sides are reset
    half_close_after_bytes: int | None = None  # this direction ends, the other goes on

    def ends_after_bytes(self) -> tuple[int, _End] | None:
        """The first limit that is reached and what happens there; None: there is none."""
        limits = (
            (self.reset_after_bytes, _End.RESET),
            (self.cut_after_bytes, _End.CUT),
            (self.half_close_after_bytes, _End.HALF_CLOSE),
        )
        reached = [(after, end) for after, end in limits if after is not None]
        return min(reached, key=lambda limit: limit[0], default=None)


class _End(Enum):
    RESET = "reset"
    CUT = "cut"
    HALF_CLOSE = "half-close"


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with the network now. Shares are of exchanges: 0 none, 1 every one."""

    up: Toxics = Toxics()  # from client to server
    down: Toxics = Toxics()  # from server to client
    refusing: bool = False  # whoever connects is reset at once; open lines are not touched
    lost_requests: float = 0.0  # nothing is forwarded, and the line is reset
    lost_replies: float = 0.0  # forwarded, and the line is reset when the reply comes
    duplicates: float = 0.0  # the request is sent again on a line of its own, after its reply
    lose_request_with: bytes = b""  # the same, for every exchange in which these bytes go up
    lose_reply_to: bytes = b""


NONE: Final = Faults()


class _Fate(Enum):
    PASSES = "passed"
    REQUEST_LOST = "request lost"
    REPLY_LOST = "reply lost"
    TWICE = "sent twice"


class FaultProxy:
    """One listener in front of one server; use it as `async with FaultProxy(upstream) as proxy`."""

    def __init__(
        self, upstream: Address, *, seed: int = 0, faults: Faults = NONE, port: int = 0
    ) -> None:
        """Stand ready; `port` 0 is any free one."""
        self.upstream = upstream
        self.port = port
        self.did: Counter[str] = Counter()  # what was done to lines and exchanges, by its name
        self.chance = Random(f"{seed}/fault proxy")
        self._faults = faults
        self._changed = asyncio.Event()
        self._lines: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def faults(self) -> Faults:
        """What is wrong at the moment; set it anew at will."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def lines(self) -> int:
        """How many lines are open."""
        return len(self._lines)

    async def changed(self) -> None:
        """Return when the faults are set anew."""
        await self._changed.wait()

    async def __aenter__(self) -> Self:
        """Listen on loopback. Raises `OSError` where the port is taken."""
        self._server = await asyncio.start_server(self._take, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Reset every open line."""
        lines = list(self._lines)
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._faults.refusing:
            self.did["refused"] += 1
            _reset(writer)
            return
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        try:
            await self._carry((reader, writer))
        finally:
            self._lines.discard(task)
            writer.close()

    async def _carry(self, client: Streams) -> None:
        """One line from its beginning to its end."""
        try:
            server = await connect(self.upstream)
        except OSError:
            self.did["server away"] += 1
            _reset(client[1])
            return
        self.did["opened"] += 1
        line = _Line(self, client, server)
        ways = [asyncio.create_task(line.up()), asyncio.create_task(line.down())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:
            line.reset()  # and then as if it had ended: who cut us waits for no more
        finally:
            for way in ways:
                way.cancel()
            line.hang_up()
            with suppress(asyncio.CancelledError):  # cut again while it ends: it ends all the same
                await line.ended(ways)


@dataclass(slots=True, eq=False)
class _Exchange:
    """One request and its reply, as far as it has come."""

    fate: _Fate = _Fate.PASSES
    request: bytearray = field(default_factory=bytearray)
    answered: bool = False


class _Ended(Exception):
    """Both ways of this line are at their end."""


class _Line:
    """A client's connection and the one that was opened for it."""

    def __init__(self, proxy: FaultProxy, client: Streams, server: Streams) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._exchange = _Exchange(answered=True)
        self._repeats: set[asyncio.Task[None]] = set()

    async def up(self) -> None:
        """Carry what the client says."""
        sent = 0
        while piece := await self._client[0].read(PIECE_BYTES_MAX):
            self._judge(piece)
            if self._exchange.fate is _Fate.REQUEST_LOST:
                self._done(_Fate.REQUEST_LOST)
            sent = await self._forward(piece, sent, self._proxy.faults.up, self._server[1], up=True)
        _end(self._server[1])

    async def down(self) -> None:
        """Carry what the server says."""
        sent = 0
        while piece := await self._server[0].read(PIECE_BYTES_MAX):
            exchange = self._exchange
            if exchange.fate is _Fate.REPLY_LOST:
                self._done(_Fate.REPLY_LOST)
            if exchange.fate is _Fate.TWICE and not exchange.answered:
                self._repeat(bytes(exchange.request))
            exchange.answered = True
            sent = await self._forward(
                piece, sent, self._proxy.faults.down, self._client[1], up=False
            )
        _end(self._client[1])

    def reset(self) -> None:
        """End it the hard way, on both sides."""
        _reset(self._client[1])
        _reset(self._server[1])

    def hang_up(self) -> None:
        """End it in good order, where it has not ended."""
        for _, writer in (self._client, self._server):
            writer.close()

    async def ended(self, ways: list[asyncio.Task[None]]) -> None:
        """Return when nothing of it is left; what is being repeated ends first."""
        closing = [writer.wait_closed() for _, writer in (self._client, self._server)]
        await asyncio.gather(*ways, *closing, *self._repeats, return_exceptions=True)

    def _judge(self, piece: bytes) -> None:
        """Begin a new exchange where one begins, and decide what becomes of it."""
        if self._exchange.answered:
            self._exchange = _Exchange(self._drawn())
        exchange = self._exchange
        if len(exchange.request) <= REMEMBERED_BYTES_MAX:
            exchange.request += piece
        faults = self._proxy.faults
        if faults.lose_request_with and faults.lose_request_with in exchange.request:
            exchange.fate = _Fate.REQUEST_LOST
        elif faults.lose_reply_to and faults.lose_reply_to in exchange.request:
            exchange.fate = _Fate.REPLY_LOST

    def _drawn(self) -> _Fate:
        faults = self._proxy.faults
        drawn = self._proxy.chance.random()
        for share, fate in (
            (faults.lost_requests, _Fate.REQUEST_LOST),
            (faults.lost_replies, _Fate.REPLY_LOST),
            (faults.duplicates, _Fate.TWICE),
        ):
            if drawn < share:
                return fate
            drawn -= share
        return _Fate.PASSES

    def _done(self, fate: _Fate) -> None:
        self._proxy.did[fate.value] += 1
        self.reset()
        raise _Ended

    async def _forward(
        self, piece: bytes, sent: int, toxics: Toxics, to: asyncio.StreamWriter, *, up: bool
    ) -> int:
        """Pass a piece on as the toxics allow; gives how many bytes went this way by now."""
        if toxics.blackhole:
            self._proxy.did["held"] += 1
        while (self._proxy.faults.up if up else self._proxy.faults.down).blackhole:
            await self._proxy.changed()
        await self._wait(toxics, len(piece))
        limit = toxics.ends_after_bytes()
        if limit is None or sent + len(piece) < limit[0]:
            to.write(piece)
            await to.drain()
            return sent + len(piece)
        to.write(piece[: max(limit[0] - sent, 0)])
        await to.drain()
        await self._end_as(limit[1], to)
        return limit[0]

    async def _wait(self, toxics: Toxics, size_bytes: int) -> None:
        jitter = toxics.jitter_seconds
        seconds = toxics.latency_seconds + self._proxy.chance.uniform(-jitter, jitter)
        if toxics.bytes_per_second is not None:
            seconds = max(seconds, 0.0) + size_bytes / toxics.bytes_per_second
        if seconds > 0:
            await asyncio.sleep(seconds)

    async def _end_as(self, end: _End, to: asyncio.StreamWriter) -> None:
        self._proxy.did[end.value] += 1
        if end is _End.HALF_CLOSE:
            _end(to)
            await asyncio.Event().wait()  # the other way goes on until it ends by itself
        if end is _End.RESET:
            self.reset()
        raise _Ended

    def _repeat(self, request: bytes) -> None:
        if len(request) <= REMEMBERED_BYTES_MAX:
            self._repeats.add(asyncio.create_task(self._say_again(request)))

    async def _say_again(self, request: bytes) -> None:
        """Send a request once more, as a network that delivers twice; its reply is nobody's."""
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_REPEAT_SECONDS_MAX):
                reader, writer = await connect(self._proxy.upstream)
                try:
                    writer.write(request)
                    await reader.read(PIECE_BYTES_MAX)
                    self._proxy.did[_Fate.TWICE.value] += 1
                finally:
                    writer.close()


async def connect(address: Address) -> Streams:
    """Open a line to a server. Raises `OSError`."""
    if isinstance(address, str):
        return await asyncio.open_unix_connection(address)
    return await asyncio.open_connection(*address)


def _end(writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the other side gets a reset, not an end of file."""
    sock: socket.socket | None = writer.get_extra_info("socket")
    if sock is not None and sock.family != socket.AF_UNIX:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
