"""A data folder with a finished cluster, so that each test of the server pays for a start only."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from crossdock.storage.postgres.server import EmbeddedServer
from tests.helpers.aio import run


@dataclass(frozen=True)
class Folder:
    """A data folder that holds a cluster; its server is not running between tests."""

    path: Path

    @property
    def base(self) -> Path:
        """What the server module made there."""
        return self.path / "postgres"

    @property
    def pid_file(self) -> Path:
        """Where a server says who it is."""
        return self.base / "cluster" / "postmaster.pid"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """One cluster with a table `kept` per session, below a folder that only we may enter.

    Every test leaves its server stopped, and what it finds in the table is another test's.
    """
    private = tmp_path_factory.mktemp("private")
    private.chmod(0o700)
    folder = Folder(private / "some project" / "data")

    async def make() -> None:
        async with EmbeddedServer(folder.path) as server:
            await execute(server.dsn, "CREATE TABLE kept (value integer NOT NULL)")

    run(make())
    return folder


async def execute(dsn: str, statement: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def fetch_value(dsn: str, query: str) -> object:
    """Fetch one value on a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        value: object = await connection.fetchval(query)
        return value
    finally:
        await connection.close()


async def fetch_value_soon(dsn: str, query: str, seconds_max: float = 20.0) -> object:
    """Fetch one value from a server that is on its way back."""
    async with asyncio.timeout(seconds_max):
        while True:
            try:
                return await fetch_value(dsn, query)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(0.02)
