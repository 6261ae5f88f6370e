"""A wire between hub and database that can be cut at COMMIT, to lose its answer on purpose."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit


class Cut(enum.Enum):
    """Where the wire breaks."""

    NEVER = "never"
    BEFORE_COMMIT = "COMMIT does not reach the server"
    AFTER_COMMIT = "the answer does not reach the hub"
    SILENT = "the answer is held back for ever, and the connection stays open"


class Cutter:
    """Relays connections, and breaks the one that sends COMMIT as told."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self._target = dsn
        self._folder = folder
        self._writers: set[asyncio.StreamWriter] = set()
        self.cut = Cut.NEVER

    @property
    def dsn(self) -> str:
        """The connection string that leads through this wire."""
        parts = urlsplit(self._target)
        user = parts.netloc.rpartition("@")[0] or parts.username or ""
        query = urlencode({"host": str(self._folder), "port": "5432", "sslmode": "disable"})
        return urlunsplit(parts._replace(netloc=f"{user}@", query=query))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection until either side closes it."""
        far_reader, far_writer = await self._connect()
        self._writers |= {writer, far_writer}
        back = asyncio.create_task(self._relay_answers(far_reader, writer))
        with suppress(OSError):
            await self._relay_requests(reader, writer, far_writer)
        for end in (writer, far_writer):
            end.close()
        await back

    async def _relay_requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, far: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65536):
            if b"COMMIT" in data and self.cut is Cut.BEFORE_COMMIT:
                return
            if b"COMMIT" in data and self.cut is Cut.AFTER_COMMIT:
                writer.transport.abort()
            far.write(data)
            await far.drain()

    async def _relay_answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if b"COMMIT\x00" in data and self.cut is Cut.SILENT:
                    continue
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self._target)
        query = parse_qs(parts.query)
        host, port = query.get("host", [parts.hostname or "localhost"])[0], parts.port or 5432
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{query['port'][0]}")
        return await asyncio.open_connection(host, port)

    def close(self) -> None:
        """Close what is still open."""
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def cutting(dsn: str, folder: Path) -> AsyncIterator[Cutter]:
    """Serve a wire in a (short) folder."""
    cutter = Cutter(dsn, folder)
    server = await asyncio.start_unix_server(cutter.serve, folder / ".s.PGSQL.5432")
    try:
        yield cutter
    finally:
        server.close()
        cutter.close()
        await asyncio.sleep(0)
