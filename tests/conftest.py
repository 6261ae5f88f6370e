"""What tests of several folders share: a real database server, and a fresh database on it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from crossdock.storage.postgres.server import EmbeddedServer
from tests.helpers.aio import run

#: A server to test against instead of the embedded one; its role must be allowed to make databases.
SERVER_VARIABLE = "CROSSDOCK_TEST_DATABASE_URL"


@dataclass(frozen=True)
class PostgresServer:
    """A running server that gives databases to tests."""

    dsn: str
    keeps_data: bool  # somebody else's server: what we make there we drop
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def dsn_of(self, database: str) -> str:
        """The connection string of one database."""
        return urlunsplit(urlsplit(self.dsn)._replace(path=f"/{database}"))

    def create(self, template: str = "template0") -> str:
        """Make a database as a copy of another (no session may be in that one); give its name."""
        name = f"crossdock_test_{os.getpid()}_{next(self.numbers)}"
        run(self._execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'"))
        return name

    def drop(self, database: str) -> None:
        """Remove a database and its sessions; an embedded server just ends with all it has."""
        if self.keeps_data:
            run(self._execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)"))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One server for the tests of this process: the given one, or a fast unsafe one of ours."""
    given = os.environ.get(SERVER_VARIABLE)
    if given:
        yield PostgresServer(given, keeps_data=True)
        return
    folder: Path = tmp_path_factory.mktemp("postgres")
    server = EmbeddedServer(
        folder, fsync=False, unsafe=True, settings={"shared_buffers": "32MB", "autovacuum": "off"}
    )
    run(server.start())
    try:
        yield PostgresServer(server.dsn_of("postgres"), keeps_data=False)
    finally:
        run(server.stop())


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The connection string of an empty database that nobody else uses."""
    name = postgres_server.create()
    yield postgres_server.dsn_of(name)
    postgres_server.drop(name)
