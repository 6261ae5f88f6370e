"""The store on PostgreSQL: every call one transaction of a few set-based statements.

Locks are taken in one order everywhere: log heads before messages, promise rows and balances in key
order, and all of them only at the end of a batch, after the thinking (decision 16).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg

from crossdock.log.errors import StoreFault
from crossdock.log.feeds import FeedRow, FeedTurn
from crossdock.log.keys import DESK_FIRST, DESKS_MAX
from crossdock.log.ports import NOBODY, ChannelView
from crossdock.log.records import (
    NOTHING_LEFT,
    Claimed,
    Decided,
    Earlier,
    Lease,
    Leaving,
    Loaded,
    NewMessage,
    PeriodKey,
    Receipt,
    Recorded,
    Settlement,
    Wanted,
)
from crossdock.log.views import AvailabilityView
from crossdock.storage.postgres import feeds as feeding
from crossdock.storage.postgres.calling import find_earlier
from crossdock.storage.postgres.delivering import (
    answered,
    mark_counted_otherwise,
    publish_changed,
    settle,
)
from crossdock.storage.postgres.errors import translating
from crossdock.storage.postgres.leases import take_leases
from crossdock.storage.postgres.loading import load
from crossdock.storage.postgres.migrations import discover, migrate
from crossdock.storage.postgres.pool import (
    Pool,
    PoolOptions,
    Sleep,
    Uniform,
    open_pool,
    statements,
    transaction,
)
from crossdock.storage.postgres.reading import (
    ONE_PICTURE,
    Fault,
    PostgresReading,
)
from crossdock.storage.postgres.session import Session
from crossdock.storage.postgres.settings import check_settings
from crossdock.storage.postgres.writing import append, write, write_absorbed


class PostgresStore(PostgresReading):
    """The store port on one PostgreSQL database."""

    def __init__(
        self,
        pool: Pool,
        fault: Fault | None = None,
        warnings: tuple[str, ...] = (),
        owner: str = "crossdock",
    ) -> None:
        super().__init__(pool, fault)
        self._owner = owner
        self.warnings = warnings  # to be printed on every start

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        partitions: int = 16,
        now: datetime,
        sleep: Sleep = asyncio.sleep,
        uniform: Uniform = lambda low, high: (low + high) / 2,
        options: PoolOptions | None = None,
        allow_unsafe: bool = False,
        owner: str = "crossdock",
        fault: Fault | None = None,
    ) -> PostgresStore:
        """Connect, refuse an unsafe database, bring the schema up to date, lay out the partitions.

        Raises:
            UnsafeDatabase: accepted work would be lost in a crash, and nobody allowed that.
            MigrationError: the schema cannot be brought to what this release needs.
            StoreFault: the database was laid out with another number of partitions.
        """
        options = options or PoolOptions()
        pool = await open_pool(dsn, options=options, sleep=sleep, uniform=uniform)
        try:
            warnings = await _prepare(dsn, options, now, allow_unsafe)
            store = cls(pool, fault, warnings, owner)
            await store.lay_out(partitions)
        except BaseException:
            await pool.close()
            raise
        return store

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        async with transaction(self._pool, begin="BEGIN") as connection:
            yield Session(connection, self._fault)
            if self._fault is not None:
                await self._fault("commit")

    @asynccontextmanager
    async def _statements(self) -> AsyncIterator[Session]:
        async with statements(self._pool) as connection:
            yield Session(connection, self._fault)

    @asynccontextmanager
    async def _one_picture(self) -> AsyncIterator[Session]:
        async with transaction(self._pool, begin=ONE_PICTURE) as connection:
            yield Session(connection, self._fault)

    async def lay_out(self, partitions: int) -> None:
        """Make the partitions of the log and their leases; raises `StoreFault` on other numbers."""
        async with transaction(self._pool) as connection:
            await connection.execute(
                "INSERT INTO hub (name, value) VALUES ('partitions', $1) ON CONFLICT DO NOTHING",
                str(partitions),
            )
            known = int(await connection.fetchval("SELECT value FROM hub WHERE name='partitions'"))
            if known != partitions:
                raise StoreFault(
                    "The number of partitions cannot change once the log has been laid out",
                    where="hub.partitions",
                    found=str(partitions),
                    expected=str(known),
                    remedy="set hub.partitions back, or start a new database",
                )
            for table in ("log_head", "lease"):
                await connection.execute(
                    f"INSERT INTO {table} (partition) SELECT generate_series(0, $1 - 1)"
                    " UNION ALL SELECT generate_series($2::int, $3 - 1) ON CONFLICT DO NOTHING",
                    partitions,
                    DESK_FIRST,
                    DESK_FIRST + DESKS_MAX,
                )

    # Intake ---------------------------------------------------------------------------------

    async def append(self, messages: Sequence[NewMessage]) -> list[Receipt]:
        """See `log.ports.Intake.append`."""
        if not messages:
            return []
        async with self._session() as session:
            return await append(session, messages)

    # Deciding -------------------------------------------------------------------------------

    async def lease(
        self, worker: str, wanted: Sequence[int], now: datetime, until: datetime
    ) -> list[Lease]:
        """See `log.ports.Deciding.lease`."""
        async with self._session() as session:
            return await take_leases(session, worker, wanted, now, until)

    async def release(self, worker: str) -> None:
        """See `log.ports.Deciding.release`."""
        async with self._session() as session:
            await session.rows("leave", worker)

    async def read(self, leases: Sequence[Lease], limit: int) -> list[Recorded]:
        """See `log.ports.Deciding.read`."""
        partitions = [lease.partition for lease in leases]
        async with self._statements() as session:
            rows = await session.rows("read_undecided", partitions, limit, limit)
        return [Recorded(*row) for row in rows]

    async def load(self, wanted: Wanted) -> Loaded:
        """See `log.ports.Deciding.load`."""
        async with self._statements() as session:
            return await load(session, wanted)

    async def stranded(self, limit: int) -> list[str]:
        """See `log.ports.Deciding.stranded`."""
        async with self._statements() as session:
            return [row[0] for row in await session.rows("stranded_orders", limit)]

    async def due_documents(self, now: datetime, limit: int) -> list[tuple[str, str, int]]:
        """See `log.ports.Deciding.due_documents`."""
        async with self._statements() as session:
            rows = await session.rows("due_documents", now, limit)
        return [(row[0], row[1], row[2]) for row in rows]

    async def ended_periods(self, now: datetime, limit: int) -> list[tuple[PeriodKey, int]]:
        """See `log.ports.Deciding.ended_periods`."""
        async with self._statements() as session:
            rows = await session.rows("ended_periods", now, limit)
        return [((row[0], row[1], row[2]), row[3]) for row in rows]

    async def policies_to_review(self, after: str, limit: int) -> tuple[list[tuple[str, str]], str]:
        """See `log.ports.Deciding.policies_to_review`."""
        async with self._statements() as session:
            rows = await session.rows("policies_to_review", after, limit)
        found = [(row["item"], row["site"]) for row in rows if row["astray"]]
        return found, rows[-1]["id"] if rows and rows[-1]["looked_at"] >= limit else ""

    async def commit(self, decided: Decided, now: datetime) -> None:
        """See `log.ports.Deciding.commit`."""
        async with self._session() as session:
            await write(session, decided, now)

    # Calling --------------------------------------------------------------------------------

    async def open_desk(self, worker: str, now: datetime, until: datetime) -> Lease | None:
        """See `log.ports.Calling.open_desk`."""
        async with self._session() as session:
            rows = await session.rows("open_desk", DESK_FIRST, worker, now, until)
        return Lease(*rows[0]) if rows else None

    async def earlier(self, messages: Sequence[NewMessage]) -> list[Earlier | None]:
        """See `log.ports.Calling.earlier`."""
        async with self._statements() as session:
            return await find_earlier(session, messages)

    async def commit_calls(
        self,
        calls: Sequence[tuple[NewMessage, str | None]],
        repeats: Sequence[tuple[NewMessage, Earlier]],
        decided: Decided,
        now: datetime,
    ) -> None:
        """See `log.ports.Calling.commit_calls`."""
        async with self._session() as session:
            await write_absorbed(session, repeats)
            if calls:
                await write(session, decided, now, calls)

    # Feeding --------------------------------------------------------------------------------

    async def claim_feed(
        self, system: str, feed: str, worker: str, now: datetime, until: datetime, limit: int
    ) -> FeedTurn | None:
        """See `log.ports.Feeding.claim_feed`."""
        async with self._session() as session:
            return await feeding.claim(session, system, feed, worker, now, until, limit)

    async def keep_feed(
        self, turn: FeedTurn, cursor: str, due: datetime, now: datetime, problem: str = ""
    ) -> bool:
        """See `log.ports.Feeding.keep_feed`."""
        async with self._session() as session:
            return await feeding.keep(session, turn, cursor, due, now, problem)

    async def free_feeds(self, worker: str) -> None:
        """See `log.ports.Feeding.free_feeds`."""
        async with self._session() as session:
            await feeding.free(session, worker)

    async def nudge(self, system: str, feed: str, records: Sequence[str], now: datetime) -> None:
        """See `log.ports.Feeding.nudge`."""
        async with self._session() as session:
            await feeding.nudge(session, system, feed, records, now)

    async def feeds(self) -> list[FeedRow]:
        """See `log.ports.Feeding.feeds`."""
        async with self._statements() as session:
            return await feeding.feeds(session)

    # Delivering -----------------------------------------------------------------------------

    @property
    def owner(self) -> str:
        """See `log.ports.Delivering.owner`."""
        return self._owner

    async def claim(
        self,
        destination: str,
        now: datetime,
        until: datetime,
        limit: int,
        leaving: Leaving = NOTHING_LEFT,
    ) -> list[Claimed]:
        """See `log.ports.Delivering.claim`."""
        # One statement that commits by itself. Lost on the way back it leaves attempts in flight,
        # which run out and are asked about, like those of a hub that died.
        async with self._statements() as session:
            rows = await session.rows(
                "claim",
                destination,
                now,
                until,
                limit,
                self._owner,
                list(leaving.alive - {self._owner}),
                list(map(str, leaving.busy)),  # a type that the driver need not ask for
                leaving.fresh,
                int(leaving.lane),
                list(leaving.paused),
            )
        return [Claimed(*row) for row in rows]

    async def reclaim(self, now: datetime) -> None:
        """Let attempts that a dead hub of our name left in flight be claimed at once, as doubtful.

        For the start of a hub, when it is certain that no other of its name runs.
        """
        async with self._session() as session:
            await session.rows("reclaim", self._owner, now)

    async def resume(self, stopped: Collection[str]) -> int:
        """See `log.ports.Delivering.resume`."""
        async with self._session() as session:
            return len(await session.rows("resume", list(stopped)))

    async def settle(self, results: Sequence[Settlement], now: datetime) -> int:
        """See `log.ports.Delivering.settle`."""
        if not results:
            return 0
        async with self._session() as session:
            return await settle(session, results, now)

    async def beat(self, gone: Mapping[str, int] = NOBODY) -> dict[str, int]:
        """See `log.ports.Delivering.beat`."""
        async with self._session() as session:
            rows = await session.rows("beat", self._owner, list(gone), list(gone.values()))
        return {row[0]: row[1] for row in rows}

    async def let_go(self, now: datetime, busy: Collection[int]) -> int:
        """See `log.ports.Delivering.let_go`."""
        async with self._session() as session:
            return len(await session.rows("let_go", self._owner, now, list(map(str, busy))))

    async def gate(self, destination: str) -> tuple[int, bytes]:
        """See `log.ports.Delivering.gate`."""
        async with self._statements() as session:
            rows = await session.rows("gate", destination)
        return (rows[0][0], rows[0][1]) if rows else (0, b"")

    async def move_gate(self, destination: str, revision: int, state: bytes) -> bool:
        """See `log.ports.Delivering.move_gate`."""
        async with self._session() as session:
            return bool(await session.rows("move_gate", destination, revision, state))

    async def something_due(self, destination: str, now: datetime) -> bool:
        """See `log.ports.Delivering.something_due`."""
        async with self._statements() as session:
            return bool((await session.rows("something_due", destination, now))[0][0])

    async def publish_availability(
        self, channels: Sequence[ChannelView], now: datetime, limit: int
    ) -> int:
        """See `log.ports.Delivering.publish_availability`."""
        async with self._session() as session:
            return await publish_changed(session, channels, now, limit)

    async def mark_counted_otherwise(self, channel: ChannelView, after: str, limit: int) -> str:
        """See `log.ports.Delivering.mark_counted_otherwise`."""
        async with self._session() as session:
            return await mark_counted_otherwise(session, channel, after, limit)

    async def availability(
        self, channel: ChannelView, items: Sequence[str], *, explain: bool = False
    ) -> list[AvailabilityView]:
        """See `log.ports.Reading.availability`."""
        async with self._one_picture() as session:
            return await answered(session, channel, items, explain=explain)


async def _prepare(
    dsn: str, options: PoolOptions, now: datetime, allow_unsafe: bool
) -> tuple[str, ...]:
    """Check and migrate on a connection of its own; gives warnings about the database."""
    with translating():
        connection = await asyncpg.connect(dsn, server_settings=options.server_settings())
    try:
        warnings = await check_settings(connection, allow_unsafe=allow_unsafe)
        await migrate(connection, discover(), now=now)
    finally:
        connection.terminate()
    return warnings
