"""A unit of work learns whether it was kept, was not kept, or nobody knows."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from crossdock.log.errors import (
    CommitUnknown,
    StoreConflict,
    StoreError,
    StoreFault,
    StoreRefused,
    StoreTimeout,
    StoreUnavailable,
)
from crossdock.storage.postgres.pool import (
    Backoff,
    Pool,
    PoolOptions,
    open_pool,
    retrying,
    transaction,
)
from crossdock.storage.postgres.server import EmbeddedServer
from tests.helpers.aio import run
from tests.storage.postgres.conftest import Folder, execute, fetch_value
from tests.storage.postgres.cutter import Cut, cutting

pytestmark = pytest.mark.postgres

COUNT = "SELECT count(*) FROM kept"
INSERT = "INSERT INTO kept VALUES (1)"
CHANCE = random.Random(7)
QUICK = PoolOptions(
    connections_max=2, acquire_seconds_max=0.3, connect_seconds_max=0.3, backoff=Backoff(0.01, 0.02)
)


@pytest.fixture
def kept_url(database_url: str) -> str:
    """A database with a table that takes positive numbers, each once, checked at COMMIT."""
    run(
        execute(
            database_url,
            "CREATE TABLE kept (value integer CONSTRAINT positive CHECK (value > 0),"
            " CONSTRAINT once UNIQUE (value) DEFERRABLE INITIALLY DEFERRED)",
        )
    )
    return database_url


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A temporary folder whose path leaves room for a socket's name."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


@asynccontextmanager
async def pool_on(dsn: str, options: PoolOptions = QUICK) -> AsyncIterator[Pool]:
    """A pool that really sleeps, with seeded chance."""
    pool = await open_pool(dsn, options=options, sleep=asyncio.sleep, uniform=CHANCE.uniform)
    async with pool:
        yield pool


async def insert_and(pool: Pool, then: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    """One unit of work that writes a row, and then something happens to it."""
    async with transaction(pool) as connection:
        await connection.execute(INSERT)
        await then(connection)


def test_leaving_the_block_commits(kept_url: str) -> None:
    """What the block wrote is there for others after it, and not before."""

    async def write() -> None:
        async with pool_on(kept_url) as pool:
            async with transaction(pool) as connection:
                await connection.execute(INSERT)
                assert await fetch_value(kept_url, COUNT) == 0
            assert await fetch_value(kept_url, COUNT) == 1

    run(write())


def test_any_exception_rolls_back_and_comes_out_as_it_is(kept_url: str) -> None:
    """An error of ours undoes the block, is not renamed, and the connection serves again."""

    async def fail(_: asyncpg.Connection) -> None:
        raise FileNotFoundError

    async def write() -> None:
        async with pool_on(kept_url) as pool:
            for _ in range(3):
                with pytest.raises(FileNotFoundError):
                    await insert_and(pool, fail)
            async with transaction(pool) as connection:
                assert await connection.fetchval(COUNT) == 0

    run(write())


@pytest.mark.parametrize("statement", ["SELECT 1", None], ids=["a statement", "the commit"])
def test_a_connection_lost_before_commit_kept_nothing(kept_url: str, statement: str | None) -> None:
    """A session killed between statements gives `StoreUnavailable`, whatever comes next."""

    async def kill(connection: asyncpg.Connection) -> None:
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        await execute(kept_url, f"SELECT pg_terminate_backend({pid}, 5000)")
        await asyncio.sleep(0.05)  # the driver sees the end of the connection
        if statement:
            await connection.execute(statement)

    async def write() -> None:
        async with pool_on(kept_url) as pool:
            with pytest.raises(StoreUnavailable):
                await insert_and(pool, kill)
            assert await fetch_value(kept_url, COUNT) == 0

    run(write())


@pytest.mark.parametrize(
    ("cut", "kept"),
    [(Cut.BEFORE_COMMIT, 0), (Cut.AFTER_COMMIT, 1), (Cut.SILENT, 1)],
    ids=lambda value: getattr(value, "name", None),
)
def test_c3_a_lost_answer_to_commit_is_unknown(
    kept_url: str, short_folder: Path, cut: Cut, kept: int
) -> None:
    """From COMMIT on nobody knows: the row may be there or not, and the error says just that."""
    options = PoolOptions(statement_seconds_max=0.2, answer_grace_seconds=0.2)

    async def write() -> None:
        async with cutting(kept_url, short_folder) as cutter, pool_on(cutter.dsn, options) as pool:

            async def break_wire(_: asyncpg.Connection) -> None:
                cutter.cut = cut

            with pytest.raises(CommitUnknown):
                await insert_and(pool, break_wire)
            cutter.cut = Cut.NEVER
            async with transaction(pool) as connection:
                assert await connection.fetchval("SELECT 1") == 1
        await asyncio.sleep(0.05)
        assert await fetch_value(kept_url, COUNT) == kept

    run(write())


def test_a_constraint_that_says_no_at_commit_is_certain(kept_url: str) -> None:
    """A deferred constraint that fails at COMMIT names itself; nothing was kept."""

    async def write() -> None:
        async with pool_on(kept_url) as pool:
            with pytest.raises(StoreConflict) as refusal:
                async with transaction(pool) as connection:
                    await connection.execute("INSERT INTO kept VALUES (1), (1)")
            assert refusal.value.constraint == "once"
            assert await fetch_value(kept_url, COUNT) == 0

    run(write())


def test_a_constraint_that_says_no_is_named(kept_url: str) -> None:
    """A check that fails in a statement comes out as `StoreRefused` with its name."""

    async def write() -> None:
        async with pool_on(kept_url) as pool:
            with pytest.raises(StoreRefused) as refusal:
                async with transaction(pool) as connection:
                    await connection.execute("INSERT INTO kept VALUES (-1)")
            assert refusal.value.constraint == "positive"

    run(write())


def test_a_swallowed_error_cannot_pass_for_a_commit(kept_url: str) -> None:
    """The server answers ROLLBACK to the COMMIT of a failed transaction; that is an error here."""

    async def swallow(connection: asyncpg.Connection) -> None:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await connection.execute("SELECT 1 / 0")

    async def write() -> None:
        async with pool_on(kept_url) as pool:
            with pytest.raises(StoreConflict, match="ROLLBACK"):
                await insert_and(pool, swallow)
            assert await fetch_value(kept_url, COUNT) == 0

    run(write())


def test_statements_and_locks_have_limits(kept_url: str) -> None:
    """A statement that runs too long is a timeout; a lock not got in time is a conflict."""
    options = PoolOptions(statement_seconds_max=0.1, lock_wait_seconds_max=0.05)

    async def wait() -> None:
        async with pool_on(kept_url, options) as pool:
            with pytest.raises(StoreTimeout):
                async with transaction(pool) as connection:
                    await connection.execute("SELECT pg_sleep(5)")
            async with transaction(pool) as holder:
                await holder.execute("LOCK TABLE kept")
                with pytest.raises(StoreConflict):
                    async with transaction(pool) as connection:
                        await connection.execute(INSERT)

    run(wait())


def test_connections_keep_utc_and_name_themselves(kept_url: str) -> None:
    """Every session runs in UTC, under our name and with our limits."""

    async def ask() -> list[str]:
        async with pool_on(kept_url) as pool, transaction(pool) as connection:
            names = ("timezone", "application_name", "statement_timeout", "lock_timeout")
            return [await connection.fetchval(f"SHOW {name}") for name in names]

    assert run(ask()) == ["UTC", "crossdock", "30s", "5s"]


def test_d5_a_full_pool_is_a_timeout_not_a_hang(kept_url: str) -> None:
    """When all connections are in use the next unit waits for its limit and is told why."""

    async def wait() -> None:
        async with pool_on(kept_url) as pool, transaction(pool), transaction(pool):
            with pytest.raises(StoreTimeout, match="2 connections, all in use"):
                async with transaction(pool):
                    pass

    run(wait())


def test_connections_that_died_idle_are_replaced_unseen(kept_url: str) -> None:
    """Sessions killed while nobody used them cost the next unit nothing but a moment."""

    async def work() -> None:
        async with pool_on(kept_url) as pool:
            async with transaction(pool), transaction(pool):
                pass
            await execute(
                kept_url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'crossdock' AND datname = current_database()",
            )
            async with transaction(pool) as connection:
                await connection.execute(INSERT)
        assert await fetch_value(kept_url, COUNT) == 1

    run(work())


def test_a_server_on_its_way_is_waited_for(folder: Folder) -> None:
    """Opening a pool and beginning a unit both wait while the server is away."""
    options = PoolOptions(backoff=Backoff(0.01, 0.05))

    async def work() -> object:
        server = EmbeddedServer(folder.path)
        starting = asyncio.create_task(server.start())
        async with pool_on(server.dsn, options) as pool:
            await starting
            await server.stop()
            starting = asyncio.create_task(server.start())
            async with transaction(pool) as connection:
                value = await connection.fetchval("SELECT 1")
            await starting
        await server.stop()
        return value

    assert run(work()) == 1


def test_a_server_that_stays_away_is_named(short_folder: Path) -> None:
    """Opening a pool on nothing ends at the limit with the reason of the last attempt."""
    with pytest.raises(StoreUnavailable, match="No such file"):
        run(_open(f"postgresql://hub@/crossdock?host={short_folder}"))


def test_what_waiting_cannot_cure_fails_at_once(database_url: str) -> None:
    """A database that does not exist is a fault, not something to wait for."""
    with pytest.raises(StoreFault, match="does not exist"):
        run(_open(database_url.replace("crossdock_test_", "crossdock_absent_")))


async def _open(dsn: str) -> None:
    async with pool_on(dsn):
        pass


class Unit:
    """A unit of work that fails as told, one error per run, then gives its number of runs."""

    def __init__(self, *errors: StoreError) -> None:
        self.errors = list(errors)
        self.runs = 0

    async def __call__(self) -> int:
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.runs


async def retry(unit: Unit, attempts: int) -> tuple[int, list[float]]:
    """Run a unit with retries; give its result and the waits in seconds."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    result = await retrying(
        unit,
        attempts=attempts,
        sleep=sleep,
        uniform=lambda _, high: high,
        backoff=Backoff(1.0, 3.0),
    )
    return result, waits


def test_a_unit_runs_again_with_growing_waits() -> None:
    """Unavailable and conflict are tried again, after waits that double up to a bound."""
    unit = Unit(StoreUnavailable(), StoreConflict(), StoreConflict())
    assert run(retry(unit, attempts=5)) == (4, [1.0, 2.0, 3.0])


def test_attempts_end_with_the_last_error() -> None:
    """After the last attempt the error comes out, without another wait."""
    unit = Unit(*(StoreConflict() for _ in range(9)))
    with pytest.raises(StoreConflict):
        run(retry(unit, attempts=3))
    assert unit.runs == 3


@pytest.mark.parametrize("kind", [CommitUnknown, StoreRefused, StoreTimeout, StoreFault])
def test_a_unit_that_may_have_been_kept_is_not_run_again(kind: type[StoreError]) -> None:
    """An unknown commit, a refusal, a timeout and a fault all go to the caller at once."""
    unit = Unit(kind())
    with pytest.raises(kind):
        run(retry(unit, attempts=3))
    assert unit.runs == 1


def test_waits_are_scattered_by_half() -> None:
    """Two hubs that failed together do not come back together."""
    backoff = Backoff(1.0, 8.0)
    assert [backoff.seconds(n, lambda low, _: low) for n in (1, 2, 3, 9)] == [0.5, 1.0, 2.0, 4.0]
