"""Serves the door over HTTP: uvicorn, with the deadlines and caps that it lacks.

uvicorn alone waits for ever for the rest of a header, and takes headers of any length. The
protocol here closes a connection whose request head does not arrive in time or is too long, and
one that goes on sending a body that nobody reads any more. The body's own deadline and cap are the
app's (`gateway.receiving`).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any, ClassVar, cast

import msgspec
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from crossdock.gateway.asgi import ASGIApp
from crossdock.gateway.errors import BadRequest, HeadersTooLong, Overloaded, TooSlow
from crossdock.gateway.problems import RETRY_AFTER_SECONDS, problem_details
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.limits import (
    CONNECTIONS_MAX,
    HEADERS_BYTES_MAX,
    LINGER_SECONDS_MAX,
    RECEIVE_SECONDS_MAX,
)

GRACE_SECONDS = 5
"""How long requests under way may take to end once the server is told to stop."""

LOOPBACK = "127.0.0.1"
_BACKLOG = 2_048
_KEEP_ALIVE_SECONDS = 30


class _TooLong(Exception):
    """Stops the parser; it never leaves this module."""


class GuardedProtocol(HttpToolsProtocol):
    """One connection, with a deadline for each request's head and a cap on its length."""

    head_seconds: ClassVar[float] = RECEIVE_SECONDS_MAX
    linger_seconds: ClassVar[float] = LINGER_SECONDS_MAX
    connections_max: ClassVar[int] = CONNECTIONS_MAX

    _deadline: asyncio.TimerHandle | None = None
    _head_open = True  # the request's head is not complete
    _message_open = False  # a request has begun and its body is not complete
    _head_bytes = 0
    _too_long = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock for the first request's head; turn away what is one too many."""
        super().connection_made(cast(asyncio.Transport, transport))
        if len(self.connections) > self.connections_max:
            self._refuse(Overloaded("Too many connections are open"))
            return
        self._start(self.head_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes of a head, and watch that it ends."""
        if self._head_open:
            self._head_bytes += len(data)
            if self._deadline is None:
                self._start(self.head_seconds, self._too_slow)
        super().data_received(data)
        if self._head_open and self._head_bytes > HEADERS_BYTES_MAX:
            self._refuse_once(HeadersTooLong())

    def on_message_begin(self) -> None:
        """Note that a request is on its way."""
        self._message_open = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Check the head's length, then let the request go on."""
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > HEADERS_BYTES_MAX:
            self._too_long = True
            raise _TooLong
        self._head_open = False
        self._stop()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the body is whole; the next byte belongs to another request."""
        self._message_open = False
        self._head_open = True
        self._head_bytes = 0
        if self._deadline is not None:  # a body that lingered has come to its end
            self._stop()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Give a sender that is still sending a moment to notice that it was answered."""
        super().on_response_complete()
        if self._message_open and not self.transport.is_closing():
            self._start(self.linger_seconds, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser refused as a problem, in our words."""
        if self._too_long:
            self._refuse_once(HeadersTooLong())
        else:
            self._refuse_once(BadRequest())

    def _too_slow(self) -> None:
        self._refuse_once(TooSlow("The request's head took too long to arrive"))

    def _refuse_once(self, error: CrossdockError) -> None:
        """Refuse, unless an answer is being written: then the line is only closed."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            self.transport.close()
        else:
            self._refuse(error)

    def _refuse(self, error: CrossdockError) -> None:
        problem = msgspec.structs.replace(problem_details(error, ""), instance="")
        body = msgspec.json.encode(problem)
        head = [
            f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}",
            "content-type: application/problem+json",
            f"content-length: {len(body)}",
            f"retry-after: {RETRY_AFTER_SECONDS}",
            "connection: close",
        ]
        self.transport.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        self.transport.close()

    def _start(self, seconds: float, then: Any) -> None:
        self._stop()
        self._deadline = self.loop.call_later(seconds, then)

    def _stop(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _Server(uvicorn.Server):
    """A server that leaves signals to the program around it and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@asynccontextmanager
async def serving(
    app: ASGIApp,
    host: str = LOOPBACK,
    port: int = 0,
    *,
    grace_seconds: int = GRACE_SECONDS,
    head_seconds: float = RECEIVE_SECONDS_MAX,
    connections_max: int = CONNECTIONS_MAX,
) -> AsyncIterator[int]:
    """Serve `app` in the running loop; gives the port that is bound (one that is free for 0).

    On leaving, no new connection is taken, requests under way get `grace_seconds` to end, and
    whatever is left is cut. Raises `OSError` where the address cannot be bound.
    """
    listener = await _bound(host, port)
    chosen = {"head_seconds": head_seconds, "connections_max": connections_max}
    protocol = type("Protocol", (GuardedProtocol,), chosen)
    config = uvicorn.Config(
        cast(Any, app),
        http=protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace_seconds,
        backlog=_BACKLOG,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve([listener]), name="http server")
    try:
        await _until_listening(server, task)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
        for connection in list(server.server_state.connections):
            connection.transport.abort()


async def _bound(host: str, port: int) -> socket.socket:
    """Bind a socket. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    kind = {"type": socket.SOCK_STREAM, "proto": socket.IPPROTO_TCP}
    family, _, _, _, address = (await loop.getaddrinfo(host, port, **kind))[0]
    # asyncio switches off Nagle's delay only where the protocol is named, and accepted connections
    # have it from here; with the delay each answer waits 40 ms for an acknowledgement.
    listener = socket.socket(family, **kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


async def _until_listening(server: _Server, task: asyncio.Task[None]) -> None:
    """Wait until connections are taken. Raises what kept the server from it."""
    listening = asyncio.create_task(server.listening.wait())
    await asyncio.wait({listening, task}, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    if task.done():
        await task
