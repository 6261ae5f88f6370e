"""Bringing the schema to what this release needs: numbered files, each applied once and for ever.

A *pre* file only adds (the release before keeps working); a *post* file takes away what only older
releases used, and may run once none of them does. Files are ordered by number, and pre comes before
post within one number. Each file runs in a transaction of its own together with the row that says
so, under an advisory lock of that transaction: a killed run leaves nothing half done, two hubs that
start at once migrate once, and no connection pooler in between can lose the lock.

A waiting ALTER TABLE makes every later reader of the table wait behind it, so a file waits for a
lock only briefly, gives up, and tries again.
"""

from __future__ import annotations

import asyncio
import enum
import hashlib
import itertools
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from crossdock.log.errors import StoreConflict, StoreFault, StoreRefused, StoreTimeout
from crossdock.storage.postgres.errors import (
    MigrationBlocked,
    MigrationChanged,
    MigrationFailed,
    MigrationFileWrong,
    MigrationOutOfOrder,
    SchemaTooNew,
    translating,
)
from crossdock.storage.postgres.pool import transaction_on

FOLDER = Path(__file__).with_name("migrations")

_NAME = re.compile(r"(?P<number>\d{4})_(?P<phase>pre|post)_(?P<name>[a-z0-9]+(?:_[a-z0-9]+)*)\.sql")
_ENDS_TRANSACTION = re.compile(
    rb"^\s*(begin|start\s+transaction|commit|rollback|abort)(\s+work|\s+transaction)?\s*;",
    re.IGNORECASE | re.MULTILINE,
)
_ADVISORY_KEY = 0x63726F7373646F63  # "crossdoc" in ASCII: any fixed number that is ours

_CREATE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    number     integer     NOT NULL CHECK (number > 0),
    phase      text        NOT NULL CHECK (phase IN ('pre', 'post')),
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL,
    PRIMARY KEY (number, phase)
)
"""
_INSERT = """
INSERT INTO schema_migration (number, phase, name, checksum, applied_at)
VALUES ($1, $2, $3, $4, $5)
"""

Sleep = Callable[[float], Awaitable[None]]


class Phase(enum.StrEnum):
    """When a migration may run: before or after the last hub of the older release is gone."""

    PRE = "pre"
    POST = "post"


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file."""

    number: int
    phase: Phase
    name: str
    checksum: str  # SHA-256 of the text with LF line ends, in hexadecimal
    sql: str

    def __str__(self) -> str:
        """The file's name."""
        return f"{self.number:04d}_{self.phase}_{self.name}.sql"

    @property
    def order(self) -> tuple[int, int]:
        """Sorts files into the order in which they run."""
        return self.number, self.phase is Phase.POST


@dataclass(frozen=True, slots=True)
class Applied:
    """One row of schema_migration."""

    number: int
    phase: Phase
    name: str
    checksum: str
    applied_at: datetime

    def __str__(self) -> str:
        """The file's name."""
        return f"{self.number:04d}_{self.phase}_{self.name}.sql"

    @property
    def order(self) -> tuple[int, int]:
        """Sorts as the files do."""
        return self.number, self.phase is Phase.POST


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """How the database stands to the files of this release, for `crossdock check`."""

    applied: tuple[Applied, ...]
    pending: tuple[Migration, ...]
    changed: tuple[Migration, ...]  # applied with other content
    newer: tuple[Applied, ...]  # applied by a newer release, whose files we do not have

    @property
    def is_current(self) -> bool:
        """Whether nothing is left to do and nothing is wrong."""
        return not (self.pending or self.changed or _removed_by_newer(self.newer))


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a migration waits for others."""

    lock_seconds: float = 0.3  # for one lock inside a file; readers may queue behind us so long
    attempts: int = 40  # of one file, when a lock was not free
    pause_seconds: float = 0.5  # between attempts, so that the readers behind us get through
    turn_seconds: float = 1800.0  # for another hub that is migrating


def discover(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """Read the files of a folder in the order in which they run; raises `MigrationFileWrong`."""
    migrations = [_read(path) for path in folder.glob("*.sql")]
    migrations.sort(key=lambda migration: migration.order)
    for earlier, later in itertools.pairwise(migrations):
        if earlier.order == later.order:
            raise MigrationFileWrong("Two files have one number", where=f"{earlier} and {later}")
    numbers = sorted({migration.number for migration in migrations})
    for expected, number in enumerate(numbers, start=1):
        if number != expected:
            raise MigrationFileWrong(
                "A number is missing",
                where=str(folder),
                found=f"{number:04d} after {expected - 1:04d}",
            )
    return tuple(migrations)


async def migrate(
    connection: asyncpg.Connection,
    migrations: Sequence[Migration],
    *,
    now: datetime,
    include_post: bool = True,
    patience: Patience | None = None,
    sleep: Sleep = asyncio.sleep,
) -> tuple[Migration, ...]:
    """Apply what is pending and give what this call applied; safe to repeat after any error.

    `connection` is a dedicated one, outside a transaction. Without `include_post` the hubs of the
    older release may go on running. `now`, with a time zone, is recorded with each file.
    Raises `MigrationError` and `StoreError`.
    """
    run = _Run(connection, migrations, now, include_post, patience or Patience(), sleep)
    return await run.to_the_end()


async def schema_status(
    connection: asyncpg.Connection, migrations: Sequence[Migration]
) -> SchemaStatus:
    """Compare the database with the files; changes nothing. Raises `StoreError` only."""
    with translating():
        if await connection.fetchval("SELECT to_regclass('schema_migration')") is None:
            return SchemaStatus((), tuple(migrations), (), ())
        rows = await connection.fetch(
            "SELECT number, phase, name, checksum, applied_at FROM schema_migration"
            " ORDER BY number, phase DESC"
        )
    applied = {
        (row["number"], row["phase"]): Applied(
            row["number"], Phase(row["phase"]), row["name"], row["checksum"], row["applied_at"]
        )
        for row in rows
    }
    known = {(migration.number, str(migration.phase)) for migration in migrations}
    return SchemaStatus(
        applied=tuple(applied.values()),
        pending=tuple(one for one in migrations if (one.number, str(one.phase)) not in applied),
        changed=tuple(one for one in migrations if _has_changed(one, applied)),
        newer=tuple(row for key, row in applied.items() if key not in known),
    )


def _read(path: Path) -> Migration:
    matched = _NAME.fullmatch(path.name)
    if matched is None:
        raise MigrationFileWrong(where=str(path), found=path.name)
    content = path.read_bytes().replace(b"\r\n", b"\n")  # as released, whatever the checkout did
    ending = _ENDS_TRANSACTION.search(content)
    if ending is not None:
        raise MigrationFileWrong(
            "A migration begins or ends a transaction itself",
            where=str(path),
            found=ending.group().decode(errors="replace").strip(),
            expected="statements for the one transaction that each file runs in",
            remedy="remove the statement",
        )
    return Migration(
        number=int(matched["number"]),
        phase=Phase(matched["phase"]),
        name=matched["name"],
        checksum=hashlib.sha256(content).hexdigest(),
        sql=content.decode(),
    )


def _has_changed(migration: Migration, applied: dict[tuple[int, str], Applied]) -> bool:
    row = applied.get((migration.number, str(migration.phase)))
    return row is not None and row.checksum != migration.checksum


def _removed_by_newer(newer: Sequence[Applied]) -> tuple[Applied, ...]:
    """What newer releases took away, which this one cannot live with; they may add."""
    return tuple(row for row in newer if row.phase is Phase.POST)


def _next(status: SchemaStatus, *, include_post: bool) -> Migration | None:
    """The file to apply next, or None; raises what forbids to go on."""
    if status.changed:
        raise MigrationChanged(where=", ".join(map(str, status.changed)))
    removed = _removed_by_newer(status.newer)
    if removed:
        raise SchemaTooNew(where="schema_migration", found=", ".join(map(str, removed)))
    if not status.pending:
        return None
    first = status.pending[0]
    if status.applied and first.order < status.applied[-1].order:
        raise MigrationOutOfOrder(
            where=str(first),
            found=f"{status.applied[-1]} was applied before it",
            expected="each file after all that come before it",
            remedy="give the file the next free number",
        )
    if include_post or first.phase is Phase.PRE:
        return first
    later = [one for one in status.pending if one.phase is Phase.PRE]
    if later:
        raise MigrationOutOfOrder(where=str(later[0]), found=f"{first} is not applied yet")
    return None


@dataclass(frozen=True, slots=True)
class _Run:
    """One call of `migrate`."""

    connection: asyncpg.Connection
    migrations: Sequence[Migration]
    now: datetime
    include_post: bool
    patience: Patience
    sleep: Sleep

    async def to_the_end(self) -> tuple[Migration, ...]:
        """Apply file after file until there is none."""
        applied: list[Migration] = []
        while await self._pending() is not None:
            done = await self._patiently()
            if done is not None:
                applied.append(done)
        return tuple(applied)

    async def _pending(self) -> Migration | None:
        status = await schema_status(self.connection, self.migrations)
        return _next(status, include_post=self.include_post)

    async def _patiently(self) -> Migration | None:
        """Apply the next file, trying again while others hold what it locks."""
        for attempt in itertools.count(1):
            try:
                return await self._once()
            except StoreConflict as problem:
                if attempt >= self.patience.attempts:
                    raise MigrationBlocked(
                        where=str(await self._pending()), found=problem.found
                    ) from problem
            await self.sleep(self.patience.pause_seconds)
        raise AssertionError  # pragma: no cover - the count has no end

    async def _once(self) -> Migration | None:
        """Apply one file in one transaction; None if another hub left nothing to do meanwhile."""
        async with transaction_on(self.connection):
            await self._take_turn()
            await self.connection.execute(_CREATE)
            migration = await self._pending()
            if migration is not None:
                await self._wait_at_most(self.patience.lock_seconds)
                await self._run_file(migration)
                await self._record(migration)
        return migration

    async def _take_turn(self) -> None:
        """Wait for a hub that is migrating already; its death or its COMMIT ends the wait."""
        await self.connection.execute(
            "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
        )
        await self._wait_at_most(self.patience.turn_seconds)
        try:
            await self.connection.execute(f"SELECT pg_advisory_xact_lock({_ADVISORY_KEY})")
        except asyncpg.LockNotAvailableError as problem:
            raise MigrationBlocked(
                where="the lock of migrations", found="another hub that is still migrating"
            ) from problem

    async def _wait_at_most(self, seconds: float) -> None:
        await self.connection.execute(f"SET LOCAL lock_timeout = {round(seconds * 1000)}")

    async def _run_file(self, migration: Migration) -> None:
        """Run the statements; what waiting cannot cure comes out with the file's name."""
        try:
            with translating():
                await self.connection.execute(migration.sql)
        except StoreConflict as problem:
            if problem.constraint is None:
                raise  # a lock was not free
            raise MigrationFailed(where=str(migration), found=problem.found) from problem
        except (StoreFault, StoreRefused, StoreTimeout) as problem:
            raise MigrationFailed(where=str(migration), found=problem.found) from problem

    async def _record(self, migration: Migration) -> None:
        await self.connection.execute(
            _INSERT,
            migration.number,
            str(migration.phase),
            migration.name,
            migration.checksum,
            self.now,
        )
