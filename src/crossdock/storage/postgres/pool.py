"""Connections and transactions: how a unit of work reaches the database, and what its end means.

Killing one backend resets every session of the server, so any statement may find its connection
gone. Two cases must never be mixed up: until COMMIT is sent, a lost connection means that nothing
was kept and the unit may run again (`StoreUnavailable`); from then on nobody knows
(`CommitUnknown`).

Nothing here knows the time or chance: waiting and scattering are passed in.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Self, TypeVar

import asyncpg

from crossdock.log.errors import (
    StoreConflict,
    StoreError,
    StoreTimeout,
    StoreUnavailable,
)
from crossdock.storage.postgres.errors import DRIVER_ERRORS, translate, translating

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
Uniform = Callable[[float, float], float]  # a number between two: Randomness.uniform

# What the driver may raise inside a unit of work. Plain OSErrors are left out: there they are the
# caller's own (a file, another socket) and say nothing about the database.
_IN_A_UNIT = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    ConnectionError,
    TimeoutError,
)
_ROLLBACK_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before trying again: doubling, bounded, and scattered by half."""

    seconds_first: float = 0.02
    seconds_max: float = 2.0

    def seconds(self, attempt: int, uniform: Uniform) -> float:
        """The wait after the `attempt`-th failure, counted from 1."""
        whole = min(self.seconds_first * 2.0 ** min(attempt - 1, 30), self.seconds_max)
        return uniform(whole / 2, whole)


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """The limits of a pool; every one of them ends a wait that would otherwise be endless."""

    application_name: str = "crossdock"
    connections_min: int = 1
    connections_max: int = 10
    statement_seconds_max: float = 30.0  # at the server
    lock_wait_seconds_max: float = 5.0  # at the server, for one lock
    idle_in_transaction_seconds_max: float = 60.0  # at the server, between two statements
    acquire_seconds_max: float = 10.0  # for a free connection with a transaction begun on it
    connect_seconds_max: float = 60.0  # for the first connection, while a server recovers
    answer_grace_seconds: float = 5.0  # beyond the server's limit, for a server that hangs
    backoff: Backoff = field(default_factory=Backoff)
    by_index: bool = False  # for a hub at work: a table that is short now may be long in a moment

    def server_settings(self) -> dict[str, str]:
        """The settings that each connection starts with; durations in milliseconds."""
        return {
            "application_name": self.application_name,
            "statement_timeout": _milliseconds(self.statement_seconds_max),
            "lock_timeout": _milliseconds(self.lock_wait_seconds_max),
            "idle_in_transaction_session_timeout": _milliseconds(
                self.idle_in_transaction_seconds_max
            ),
            "timezone": "UTC",
            **({"enable_seqscan": "off"} if self.by_index else {}),
        }

    @property
    def answer_seconds_max(self) -> float:
        """How long the client waits for one answer, a little longer than the server may take."""
        return self.statement_seconds_max + self.answer_grace_seconds


class Pool:
    """Connections to one database, with the limits they were opened with."""

    __slots__ = ("_connections", "_sleep", "_uniform", "options")

    def __init__(
        self, connections: asyncpg.Pool, options: PoolOptions, *, sleep: Sleep, uniform: Uniform
    ) -> None:
        """Made by `open_pool`."""
        self._connections = connections
        self._sleep = sleep
        self._uniform = uniform
        self.options = options

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; those still at work are cut after the answer limit."""
        try:
            async with asyncio.timeout(self.options.answer_seconds_max):
                await self._connections.close()
        except DRIVER_ERRORS:
            self._connections.terminate()

    async def begin(self, statement: str) -> asyncpg.Connection:
        """Give a connection on which `statement` (a BEGIN) has worked; give it back by `release`.

        A connection that turns out to be dead, a server that is starting and a server without free
        connections are waited out: nothing was sent that could count. Raises `StoreTimeout` when
        all connections were in use for too long, `StoreUnavailable` when the server was away.
        """
        last: StoreError | None = None
        try:
            async with asyncio.timeout(self.options.acquire_seconds_max):
                for attempt in itertools.count(1):
                    try:
                        return await self._begin_once(statement)
                    except StoreUnavailable as problem:
                        last = problem
                    await self._sleep(self.options.backoff.seconds(attempt, self._uniform))
        except TimeoutError as timeout:
            raise self._waited(last) from (last or timeout)
        raise AssertionError  # pragma: no cover - the count has no end

    async def connection(self) -> asyncpg.Connection:
        """Give a connection outside any transaction; give it back by `release`."""
        return await self._connections.acquire(timeout=self.options.acquire_seconds_max)

    async def release(self, connection: asyncpg.Connection) -> None:
        """Take a connection back, dead or alive."""
        with suppress(*DRIVER_ERRORS):
            await self._connections.release(connection)

    async def _begin_once(self, statement: str) -> asyncpg.Connection:
        with translating():
            connection = await self._connections.acquire()
        try:
            with translating():
                await connection.execute(statement)
        except BaseException:
            _cut(connection)  # whether it has begun is unknown: nobody may inherit it
            await self.release(connection)
            raise
        return connection

    def _waited(self, last: StoreError | None) -> StoreError:
        seconds = f"{self.options.acquire_seconds_max:g} s"
        if last is None:
            return StoreTimeout(
                f"No connection became free within {seconds}",
                found=f"{self._connections.get_size()} connections, all in use",
            )
        return StoreUnavailable(f"The database was away for {seconds}", found=str(last))


async def open_pool(
    dsn: str, *, options: PoolOptions | None = None, sleep: Sleep, uniform: Uniform
) -> Pool:
    """Connect, waiting while the server is starting or restarting.

    Raises `StoreUnavailable` after `connect_seconds_max`, and at once what waiting cannot cure
    (no such database or role: `StoreFault`).
    """
    options = options or PoolOptions()
    last: StoreError | None = None
    try:
        async with asyncio.timeout(options.connect_seconds_max):
            for attempt in itertools.count(1):
                try:
                    return await _open_once(dsn, options, sleep=sleep, uniform=uniform)
                except StoreUnavailable as problem:
                    last = problem
                await sleep(options.backoff.seconds(attempt, uniform))
    except TimeoutError as timeout:
        raise StoreUnavailable(
            f"No connection to the database within {options.connect_seconds_max:g} s",
            found=str(last or "no answer"),
        ) from (last or timeout)
    raise AssertionError  # pragma: no cover - the count has no end


@asynccontextmanager
async def transaction(
    pool: Pool, *, begin: str = "BEGIN ISOLATION LEVEL READ COMMITTED"
) -> AsyncIterator[asyncpg.Connection]:
    """Run the block as one transaction; errors say whether anything can have been kept.

    Leaving the block normally commits; any exception rolls back. The driver's errors come out as
    `StoreError`, all others as they are. Use savepoints by SQL, not `connection.transaction()`.
    """
    connection = await pool.begin(begin)
    try:
        async with _ending(connection, pool.options.answer_seconds_max):
            yield connection
    finally:
        await pool.release(connection)


@asynccontextmanager
async def statements(pool: Pool) -> AsyncIterator[asyncpg.Connection]:
    """A connection for statements that each commit by themselves; errors come out as `StoreError`.

    For reads, and for single statements that do no harm if they happened unseen.
    """
    with translating():
        connection = await pool.connection()
    try:
        with translating():
            yield connection
    except BaseException:
        _cut(connection)  # what the server still does for us is cut off
        raise
    finally:
        await pool.release(connection)


@asynccontextmanager
async def transaction_on(
    connection: asyncpg.Connection, *, begin: str = "BEGIN", answer_seconds_max: float | None = None
) -> AsyncIterator[None]:
    """As `transaction`, on a connection that the caller holds."""
    with translating():
        await connection.execute(begin)
    async with _ending(connection, answer_seconds_max):
        yield


async def retrying(
    unit: Callable[[], Awaitable[T]],
    *,
    attempts: int,
    sleep: Sleep,
    uniform: Uniform,
    backoff: Backoff | None = None,
    on_retry: Callable[[int, StoreError], None] | None = None,
) -> T:
    """Run a unit of work again while the store says that nothing was kept and again may help.

    `unit` runs its own transaction from its reads on. Every other error passes through, among them
    `CommitUnknown`, whose caller must ask first; after `attempts` runs the last error does.
    """
    backoff = backoff or Backoff()
    for attempt in itertools.count(1):
        try:
            return await unit()
        except (StoreUnavailable, StoreConflict) as problem:
            if attempt >= attempts:
                raise
            if on_retry is not None:
                on_retry(attempt, problem)
        await sleep(backoff.seconds(attempt, uniform))
    raise AssertionError  # pragma: no cover - the count has no end


@asynccontextmanager
async def _ending(connection: asyncpg.Connection, seconds_max: float | None) -> AsyncIterator[None]:
    """Commit or roll back what was begun, and say which of the two is certain."""
    try:
        yield
    except _IN_A_UNIT as error:
        await _roll_back(connection)
        named = translate(error)
        if named is None:
            raise
        raise named from error
    except BaseException:
        await _roll_back(connection)
        raise
    await _commit(connection, seconds_max)


async def _commit(connection: asyncpg.Connection, seconds_max: float | None) -> None:
    if _is_lost(connection):  # known before COMMIT was sent: certainly not kept
        raise StoreUnavailable(found="a connection that was lost before COMMIT")
    try:
        with translating(at_commit=True):
            answer = await connection.execute("COMMIT", timeout=seconds_max)
    except BaseException:
        _cut(connection)  # it may still be committing: nobody may use it again
        raise
    if answer != "COMMIT":
        # A failed statement whose error was swallowed: the server rolls back and calls it success.
        raise StoreConflict(
            "The transaction had failed before COMMIT, so it was rolled back",
            found=f"the answer {answer} to COMMIT",
            remedy="let errors of statements leave the block, or use a savepoint",
        )


async def _roll_back(connection: asyncpg.Connection) -> None:
    """Roll back; a connection that cannot even do that is cut, which rolls back as well."""
    try:
        await connection.execute("ROLLBACK", timeout=_ROLLBACK_SECONDS_MAX)
    except DRIVER_ERRORS:
        _cut(connection)
    except BaseException:
        _cut(connection)
        raise


def _is_lost(connection: asyncpg.Connection) -> bool:
    """Whether the connection is known to be dead: its pool takes it away from us when it dies."""
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:
        return True


def _cut(connection: asyncpg.Connection) -> None:
    """Close a connection without a word, unless it is dead already."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


async def _open_once(dsn: str, options: PoolOptions, *, sleep: Sleep, uniform: Uniform) -> Pool:
    with translating():
        connections = await asyncpg.create_pool(
            dsn,
            min_size=options.connections_min,
            max_size=options.connections_max,
            command_timeout=options.answer_seconds_max,
            server_settings=options.server_settings(),
            reset=_leave_as_it_is,
        )
    return Pool(connections, options, sleep=sleep, uniform=uniform)


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """Between uses nothing is reset: no statement of ours leaves state in a session.

    The driver's own reset is one more round trip for every transaction.
    """


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
