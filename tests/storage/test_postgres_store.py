"""The PostgreSQL engine keeps the storage contract, on a real server."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from crossdock.storage.postgres.pool import PoolOptions, open_pool
from crossdock.storage.postgres.store import PostgresStore
from crossdock.testing.builders import T0
from crossdock.testing.storage.engine import Engine, Fault
from crossdock.testing.storage_contract import StoreContract
from tests.conftest import PostgresServer
from tests.helpers.aio import run
from tests.storage.deaf import deaf_wire

pytestmark = pytest.mark.postgres

OPTIONS = PoolOptions(connections_min=1, connections_max=2)


async def open_store(
    dsn: str, fault: Fault | None = None, owner: str = "crossdock"
) -> PostgresStore:
    """A handle to a database whose schema is up to date."""
    pool = await open_pool(
        dsn, options=OPTIONS, sleep=asyncio.sleep, uniform=lambda low, high: (low + high) / 2
    )
    return PostgresStore(pool, fault, owner=owner)


class PostgresEngine:
    """Handles to one database."""

    def __init__(self, dsn: str, handles: AsyncExitStack) -> None:
        self._dsn = dsn
        self._handles = handles

    async def handle(self, fault: Fault | None = None) -> PostgresStore:
        """One more handle, with connections of its own."""
        store = await open_store(self._dsn, fault)
        self._handles.push_async_callback(store.close)
        return store

    async def named_handle(self, owner: str) -> PostgresStore:
        """A handle of that name, with connections of its own."""
        store = await open_store(self._dsn, owner=owner)
        self._handles.push_async_callback(store.close)
        return store

    async def deaf_handle(self) -> PostgresStore:
        """A handle whose wire is cut whenever the server answers that it has committed."""
        folder = Path(self._handles.enter_context(tempfile.TemporaryDirectory(prefix="deaf")))
        wire = await self._handles.enter_async_context(deaf_wire(self._dsn, folder))
        store = await open_store(wire.dsn)
        self._handles.push_async_callback(store.close)
        wire.deaf = True
        return store

    def lost_at(self, point: str) -> BaseException:
        """What the driver raises; the engine must make one of the store's errors of it."""
        return ConnectionResetError(f"lost at {point}")


@pytest.fixture(scope="module")
def template(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with an up-to-date schema and nothing in it, to be copied."""
    name = postgres_server.create()

    async def lay_out() -> None:
        store = await PostgresStore.open(
            postgres_server.dsn_of(name), now=T0, options=OPTIONS, allow_unsafe=True
        )
        await store.close()

    run(lay_out())
    yield name
    postgres_server.drop(name)


class TestPostgresStore(StoreContract):
    """The PostgreSQL engine keeps every promise of the port."""

    @pytest.fixture(autouse=True)
    def _on(self, postgres_server: PostgresServer, template: str) -> None:
        self.server = postgres_server
        self.template = template

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Engine]:
        """A fresh copy of the empty database."""
        name = await asyncio.to_thread(self.server.create, self.template)
        try:
            async with AsyncExitStack() as handles:
                yield PostgresEngine(self.server.dsn_of(name), handles)
        finally:
            await asyncio.to_thread(self.server.drop, name)
