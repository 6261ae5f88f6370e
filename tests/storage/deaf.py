"""A wire to PostgreSQL on which every commit arrives and its answer is lost."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

_SOCKET = ".s.PGSQL.5432"
_HEADER = struct.Struct("!cI")  # of every answer: its kind, and its length without the kind
_DONE, _READY = b"C", b"Z"
_IDLE = b"I"  # what a server that is ready says of its transaction: there is none


class Answers:
    """Follows the server's answers until one says that something was committed."""

    def __init__(self) -> None:
        self._unread = b""
        self._done = False

    def tell_of_a_commit(self, data: bytes) -> bool:
        """Whether with this data the server has said that work is done and no transaction open."""
        self._unread += data
        while len(self._unread) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._unread)
            if len(self._unread) < length + 1:
                return False
            body, self._unread = self._unread[5 : length + 1], self._unread[length + 1 :]
            if kind == _DONE:
                self._done = True
            elif kind == _READY:
                if self._done and body == _IDLE:
                    return True
                self._done = False
        return False


class DeafWire:
    """Relays connections; once `deaf`, each is cut when the server tells of a commit."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self._target = urlsplit(dsn)
        self._folder = folder
        self._ends: set[asyncio.StreamWriter] = set()
        self.deaf = False

    @property
    def dsn(self) -> str:
        """The connection string that leads through this wire."""
        user = self._target.netloc.rpartition("@")[0]
        query = urlencode({"host": str(self._folder), "port": "5432", "sslmode": "disable"})
        return urlunsplit(self._target._replace(netloc=f"{user}@" if user else "", query=query))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection until either side closes it."""
        far_reader, far_writer = await self._connect()
        self._ends |= {writer, far_writer}
        back = asyncio.create_task(self._answer(far_reader, writer))
        with suppress(OSError):
            while data := await reader.read(65536):
                far_writer.write(data)
                await far_writer.drain()
        far_writer.close()
        await back

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers: Answers | None = None
        with suppress(OSError):
            while data := await reader.read(65536):
                if self.deaf:
                    answers = answers or Answers()
                    if answers.tell_of_a_commit(data):
                        writer.transport.abort()
                        return
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        query = parse_qs(self._target.query)
        host = query.get("host", [self._target.hostname or "localhost"])[0]
        port = int(query.get("port", [str(self._target.port or 5432)])[0])
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    def close(self) -> None:
        """Close what is still open."""
        for end in self._ends:
            end.close()


@asynccontextmanager
async def deaf_wire(dsn: str, folder: Path) -> AsyncIterator[DeafWire]:
    """Serve a wire in a (short) folder."""
    wire = DeafWire(dsn, folder)
    server = await asyncio.start_unix_server(wire.serve, folder / _SOCKET)
    try:
        yield wire
    finally:
        server.close()
        wire.close()
        await asyncio.sleep(0)
