"""Looks into the hub's database from outside; it may be away at any moment."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import datetime

import asyncpg
import msgspec

from crossdock.runtime.watching import Left, left_to_do
from crossdock.storage.postgres.errors import DRIVER_ERRORS


class Eyes:
    """One connection, made again whenever it was lost."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: asyncpg.Connection | None = None

    async def close(self) -> None:
        """Look no more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def connection(self) -> asyncpg.Connection:
        """A connection that was alive a moment ago; raises one of the driver's errors."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._dsn, timeout=5.0, command_timeout=20.0)
        return self._connection

    async def look(self) -> Left | None:
        """What is left to do; None while the database is away."""
        try:
            return await left_to_do(await self.connection())
        except DRIVER_ERRORS:
            await self.close()
            return None

    async def first_decided(self, since: datetime) -> float | None:
        """Seconds from a moment until the first message was decided after it; None: none was."""
        try:
            at = await (await self.connection()).fetchval(
                "SELECT min(processed_time) FROM outcome WHERE processed_time > $1", since
            )
        except DRIVER_ERRORS:
            await self.close()
            return None
        return None if at is None else (at - since).total_seconds()

    async def sessions(self) -> list[int]:
        """The pids of the hub's and its workers' sessions; none while the database is away."""
        try:
            rows = await (await self.connection()).fetch(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'crossdock'"
            )
        except DRIVER_ERRORS:
            await self.close()
            return []
        return [row["pid"] for row in rows]


def because(port: int) -> list[str]:
    """What a hub's health says it is short of; nothing where it is ready, or does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1.0):
            return []
    except urllib.error.HTTPError as refusal:
        found: list[str] = msgspec.json.decode(refusal.read()).get("because", [])
        return found
    except OSError:
        return []
