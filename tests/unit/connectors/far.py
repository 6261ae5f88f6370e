"""A far side for connector tests: a real socket on the loopback that says exactly what it is told.

It reads one whole request, keeps it, writes the given bytes and closes, so that a test decides
over every byte of a reply, also over those that no HTTP library would write.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from crossdock.connectors.rest.client import RestConnector, connect
from crossdock.connectors.rest.settings import Operation, RestSettings
from crossdock.contracts.connector import Ability, Document

TYPE = "crossdock.invoice.requested.v1"
SECRET = "canary-7f3a-never-shown"
JSON = "application/json"


def document(key: str = "erp/invoice/S-1", body: bytes = b'{"shipment_id":"S-1"}') -> Document:
    """One thing to tell."""
    return Document(key, TYPE, "O-1", "corr-1", body)


def reply(
    body: bytes, status: str = "200 OK", kind: str = JSON, *headers: str, length: bool = True
) -> bytes:
    """The bytes of a reply; `length=False` leaves its end to the closing of the connection."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *headers, "Connection: close"]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Far:
    """What a test knows of its far side."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


Script = bytes | None | Callable[[bytes], bytes | None]
"""What to say, or how to find out from the request; None is to close without a word."""


@asynccontextmanager
async def far_side(script: Script, *, hang: bool = False) -> AsyncIterator[Far]:
    """Listen on a free port; with `hang` the connection stays open after the reply's bytes."""
    far = Far()
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _request(reader)
            far.requests.append(request)
            said = script(request) if callable(script) else script
            if said is not None:
                writer.write(said)
                await writer.drain()
            if hang:
                await over.wait()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up first, which some tests want
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    far.port = server.sockets[0].getsockname()[1]
    try:
        yield far
    finally:
        over.set()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0)


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head + (await reader.readexactly(length) if length else b"")


def connector(url: str, **changes: object) -> RestConnector:
    """A connector that tells invoices to /invoices and asks at /effects/{key}."""
    operation = Operation(path="/invoices", ability=Ability.KEYS, look_up="/effects/{key}")
    values: dict[str, object] = {
        "url": url,
        "credential": SECRET,
        "timeout_seconds": 5.0,
        "batch_max": 500,
        "operations": {TYPE: operation},
    }
    return connect(RestSettings(**{**values, **changes}))  # type: ignore[arg-type]
