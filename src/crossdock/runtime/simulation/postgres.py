"""SIM-P: the same schedules on a real PostgreSQL server.

Every transaction runs whole while virtual time stands still, on a loop of its own; so a schedule is
a function of its seed here too, at the grain of transactions. A connection can break at any
statement of one. The server answers before its disk has anything: only schedules live here.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import tempfile
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import uvloop

from crossdock.runtime.collecting import look_rarely
from crossdock.runtime.simulation.chance import DAY
from crossdock.runtime.simulation.plan import Plan, in_brief
from crossdock.runtime.simulation.playing import play, play_seed
from crossdock.runtime.simulation.world import Result
from crossdock.storage.postgres.pool import Pool, PoolOptions, open_pool
from crossdock.storage.postgres.server import EmbeddedServer
from crossdock.storage.postgres.store import PostgresStore
from crossdock.storage.postgres.verify import verify

T = TypeVar("T")

_OPTIONS = PoolOptions(connections_min=0, connections_max=1)
_SETTINGS = {"shared_buffers": "64MB", "autovacuum": "off"}
_ORDERING_KEYS = 'SELECT DISTINCT key COLLATE "C" AS key FROM effect ORDER BY 1'
_CHUNK = 5
_TRUNCATE_EVERY = 25
"""Emptying tables row by row is quicker, but leaves dead rows behind."""


def play_there(database: Database, seed_plan: Plan) -> Result:
    """Play a plan, in brief, on a database that is emptied for it."""
    plan = in_brief(seed_plan)
    return play(plan, PostgresEngine(database, plan))


class Database:
    """One database whose schema is up to date, and the loop on which it is spoken to."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._loop = uvloop.new_event_loop()
        self._idle: list[Pool] = []
        self._tables = self.wait(self._prepare())
        self._emptied = 0

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something there, and only that, until it is done.

        A loop of virtual time that is in the middle of a turn stands still meanwhile.
        """
        turning = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            return self._loop.run_until_complete(work)
        finally:
            asyncio._set_running_loop(turning)

    def pool(self) -> Pool:
        """One connection that nobody else has."""
        if self._idle:
            return self._idle.pop()
        return self.wait(self._open())

    def give_back(self, pool: Pool) -> None:
        """The process that had it is gone; what it had begun was rolled back."""
        self._idle.append(pool)

    def close(self) -> None:
        """Close the connections and the loop."""
        for pool in self._idle:
            self.wait(pool.close())
        self._loop.close()

    def empty(self, partitions: int) -> None:
        """Forget everything, and lay out the log anew."""
        self.wait(self._empty(partitions))

    async def _prepare(self) -> list[str]:
        store = await PostgresStore.open(
            self._dsn, now=DAY, options=_OPTIONS, allow_unsafe=True, partitions=1
        )
        await store.close()
        connection = await asyncpg.connect(self._dsn)
        rows = await connection.fetch(
            "SELECT quote_ident(tablename) FROM pg_tables"
            " WHERE schemaname = current_schema() AND tablename NOT LIKE '%migration%'"
            " ORDER BY tablename"
        )
        sequences = await connection.fetch(
            "SELECT quote_ident(sequencename) FROM pg_sequences"
            " WHERE schemaname = current_schema() ORDER BY 1"
        )
        await connection.close()
        self._sequences = [row[0] for row in sequences]
        return [row[0] for row in rows]

    async def _empty(self, partitions: int) -> None:
        pool = self._idle.pop() if self._idle else await self._open()
        connection = await pool.connection()
        try:
            self._emptied += 1
            if self._emptied % _TRUNCATE_EVERY == 1:
                await connection.execute(f"TRUNCATE {', '.join(self._tables)} RESTART IDENTITY")
            else:
                await connection.execute("; ".join(map("DELETE FROM {}".format, self._tables)))
                for name in self._sequences:
                    await connection.execute(f"ALTER SEQUENCE {name} RESTART")
        finally:
            await pool.release(connection)
        await PostgresStore(pool).lay_out(partitions)
        self._idle.append(pool)

    async def _open(self) -> Pool:
        return await open_pool(
            self._dsn,
            options=_OPTIONS,
            sleep=asyncio.sleep,
            uniform=lambda low, high: (low + high) / 2,
        )


class PostgresEngine:
    """The data of one schedule."""

    def __init__(self, database: Database, plan: Plan) -> None:
        self.database = database
        self._keep_back = {"web": plan.keep_back}
        database.empty(plan.partitions)

    def open(self, owner: str) -> PostgresHandle:
        """One more handle, on a connection of its own."""
        return PostgresHandle(self.database, owner)

    def in_flight(self, numbers: Iterable[int]) -> dict[int, int]:
        """It is not asked: every settlement would cost a statement more."""
        return {}

    def effects(self) -> Sequence[Any]:
        """Every effect, key by key."""
        handle = self.open("looking")
        try:
            found: Sequence[Any] = handle.run("effects_of_all", handle.names(_ORDERING_KEYS))
            return found
        finally:
            handle.close()

    def marked(self) -> list[str]:
        """From the table of marks."""
        handle = self.open("looking")
        try:
            return handle.names("SELECT item FROM availability_changed ORDER BY 1")
        finally:
            handle.close()

    def broken(self) -> list[str]:
        """What `crossdock verify` finds."""
        pool = self.database.pool()
        try:
            found = self.database.wait(verify(pool, self._keep_back))
        finally:
            self.database.give_back(pool)
        return [
            f"{one.check.invariant} {one.check.name}: {one.problem or list(one.rows)[:3]}"
            for one in found.broken
        ]


class PostgresHandle:
    """One process's handle."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._pool = database.pool()
        self._store = PostgresStore(self._pool, self._fault, (), owner)
        self._statements = 0
        self._lost_at: int | None = None

    def run(self, call: str, *args: Any, lost_at: int | None = None, **named: Any) -> Any:
        """Make the call in a transaction of its own."""
        self._statements, self._lost_at = 0, lost_at
        return self._database.wait(getattr(self._store, call)(*args, **named))

    def close(self) -> None:
        """Give the connection back."""
        self._database.give_back(self._pool)

    def names(self, query: str) -> list[str]:
        """The first column of what a query gives."""
        return self._database.wait(self._names(query))

    async def _names(self, query: str) -> list[str]:
        connection = await self._pool.connection()
        try:
            return [row[0] for row in await connection.fetch(query)]
        finally:
            await self._pool.release(connection)

    async def _fault(self, _: str) -> None:
        self._statements += 1
        if self._statements == self._lost_at:
            raise ConnectionResetError("lost on purpose")


# --- many of them -------------------------------------------------------------------------------


def played(seeds: Sequence[int], jobs: int) -> Iterator[Result]:
    """Play seeds on a server that lives as long as they do."""
    with tempfile.TemporaryDirectory(prefix="crossdock-sim") as folder:
        server = EmbeddedServer(Path(folder), fsync=False, unsafe=True, settings=_SETTINGS)
        asyncio.run(server.start())
        try:
            context = multiprocessing.get_context("spawn")
            with context.Pool(jobs, _take_server, (server.dsn_of("postgres"),)) as pool:
                yield from pool.imap_unordered(_play_there, seeds, chunksize=_CHUNK)
        finally:
            asyncio.run(server.stop())


_SERVER = {"dsn": ""}


def _take_server(dsn: str) -> None:
    look_rarely()
    _SERVER["dsn"] = dsn


@cache
def _ours() -> Database:
    """This process's own database."""
    name = f"simulation_{os.getpid()}"
    asyncio.run(_create(name))
    return Database(urlunsplit(urlsplit(_SERVER["dsn"])._replace(path=f"/{name}")))


async def _create(name: str) -> None:
    connection = await asyncpg.connect(_SERVER["dsn"])
    try:
        await connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
    finally:
        await connection.close()


def _play_there(seed: int) -> Result:
    return play_seed(seed, lambda plan: play_there(_ours(), plan))
