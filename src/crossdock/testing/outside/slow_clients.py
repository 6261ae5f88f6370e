"""Clients that hang on the door and never come to their end: half a head, half a body, silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_HEAD = "POST /v1/messages HTTP/1.1\r\nHost: hub\r\nContent-Ty"
_REST = "pe: application/json\r\nContent-Length: 1000\r\nAuthorization: Bearer {key}\r\n\r\n{{"


@asynccontextmanager
async def slow_clients(port: int, key: str, how_many: int) -> AsyncIterator[None]:
    """Keep so many of them on a port of loopback while the block runs; `key` opens the door."""
    beginnings = ("", _HEAD, _HEAD + _REST.format(key=key))
    writers = []
    try:
        for number in range(how_many):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writers.append(writer)
            writer.write(beginnings[number % len(beginnings)].encode())
            await writer.drain()
        yield
    finally:
        for writer in writers:
            writer.transport.abort()
