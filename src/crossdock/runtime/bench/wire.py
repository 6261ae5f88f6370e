"""HTTP small enough not to be what is measured: a consumer that says yes, a client that posts.

Both speak HTTP/1.1 with Content-Length over loopback, and nothing more: the bench shares two cores
with the hub and its database, and every microsecond spent here is taken from what is measured.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import cast

import msgspec

_LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: *([0-9]+)")


class _Named(msgspec.Struct, gc=False):
    id: str


_MANY = msgspec.json.Decoder(list[_Named])
_ONE = msgspec.json.Decoder(_Named)


class Consumer(asyncio.Protocol):
    """A far system that accepts whatever it is told, one event or a batch of them."""

    def __init__(self, counter: list[int]) -> None:
        self._buffer = bytearray()
        self._counter = counter
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.Transport", transport)  # a TCP server gives nothing else

    def data_received(self, data: bytes) -> None:
        """Answer every whole request in the buffer."""
        self._buffer += data
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            found = _LENGTH.search(self._buffer[:end])
            length = int(found.group(1)) if found else 0
            if len(self._buffer) < end + 4 + length:
                return
            body = bytes(self._buffer[end + 4 : end + 4 + length])
            del self._buffer[: end + 4 + length]
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        if body.startswith(b"["):
            said = _MANY.decode(body)
            results = [{"id": one.id, "status": 201, "reference": "ok"} for one in said]
            answer = msgspec.json.encode({"results": results})
            self._counter[0] += len(said)
        else:
            answer = msgspec.json.encode({"id": _ONE.decode(body).id, "reference": "ok"})
            self._counter[0] += 1
        self._counter[1] += 1
        if self._transport is not None:
            self._transport.write(
                b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: "
                + str(len(answer)).encode()
                + b"\r\n\r\n"
                + answer
            )


async def consume() -> tuple[asyncio.Server, int, list[int]]:
    """Start a consumer on a free loopback port; gives server, port, [effects, requests]."""
    counter = [0, 0]
    server = await asyncio.get_running_loop().create_server(
        lambda: Consumer(counter), "127.0.0.1", 0
    )
    port: int = server.sockets[0].getsockname()[1]
    return server, port, counter


async def post_all(
    port: int, bodies: Sequence[bytes], kind: str, key: str, connections: int
) -> dict[int, int]:
    """Post bodies over so many connections, each waiting for its answer; gives counts by status."""
    head = (
        f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: "
    ).encode()
    todo = iter(bodies)
    statuses: dict[int, int] = {}

    async def connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for body in todo:
            writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
            answered = await reader.readuntil(b"\r\n\r\n")
            found = _LENGTH.search(answered)
            await reader.readexactly(int(found.group(1)) if found else 0)
            status = int(answered[9:12])
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    await asyncio.gather(*(connection() for _ in range(connections)))
    return statuses
