"""Takes a request's body off the line: never more than its cap, never longer than its deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from crossdock.gateway.asgi import Request
from crossdock.gateway.errors import CutShort, Overloaded, TooSlow
from crossdock.kernel.decode import inflate
from crossdock.kernel.diagnosis import too_large
from crossdock.kernel.limits import KIB, RECEIVING_BYTES_MAX

# Longer ones are unpacked in a thread, so that the others need not wait.
_INFLATED_HERE_BYTES_MAX = 32 * KIB


class Room:
    """How many bytes of bodies all requests together may hold."""

    def __init__(self, bytes_max: int = RECEIVING_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self.held_bytes = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Give one request its share, and take it back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held_bytes -= share.bytes

    def take(self, size_bytes: int) -> None:
        """Count bytes in. Raises `Overloaded` when there is no room, and counts nothing."""
        if self.held_bytes + size_bytes > self._bytes_max:
            raise Overloaded("Too many bodies arrive at the same time")
        self.held_bytes += size_bytes


class Share:
    """What one request holds of the room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.bytes = 0

    def take(self, size_bytes: int) -> None:
        """Count more bytes in. Raises `Overloaded`."""
        self._room.take(size_bytes)
        self.bytes += size_bytes


async def chunks(request: Request, bytes_max: int, seconds_max: float) -> AsyncIterator[bytes]:
    """Give the body as it comes; the seconds count while we wait for the sender only.

    Raises `TooLarge` past `bytes_max`, at once where the length is announced, `TooSlow` or
    `CutShort`.
    """
    declared = request.header(b"content-length")
    if declared.isascii() and declared.isdigit() and int(declared[:18]) > bytes_max:
        raise too_large(int(declared[:18]), bytes_max, "")
    clock = asyncio.get_running_loop().time
    left_seconds = seconds_max
    size_bytes = 0
    more = True
    while more:
        before = clock()
        event = await _next_event(request, left_seconds)
        left_seconds -= clock() - before
        if event["type"] != "http.request":
            raise CutShort
        chunk: bytes = event.get("body", b"")
        more = event.get("more_body", False)
        size_bytes += len(chunk)
        if size_bytes > bytes_max:
            raise too_large(size_bytes, bytes_max, "")
        yield chunk


async def _next_event(request: Request, seconds: float) -> Any:
    try:
        async with asyncio.timeout(max(seconds, 0)):
            return await request.receive()
    except TimeoutError:
        raise TooSlow from None


async def whole_body(request: Request, share: Share, bytes_max: int, seconds_max: float) -> bytes:
    """Return the body, unpacked where it is compressed. Raises as `chunks` and `inflate` do."""
    parts = []
    async for chunk in chunks(request, bytes_max, seconds_max):
        share.take(len(chunk))
        parts.append(chunk)
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    encoding = request.header(b"content-encoding")
    if not encoding:
        return body
    if len(body) > _INFLATED_HERE_BYTES_MAX:
        plain = await asyncio.to_thread(inflate, body, encoding, bytes_max)
    else:
        plain = inflate(body, encoding, bytes_max)
    share.take(len(plain))
    return plain
