"""Does the database keep what the hub promises? Every invariant asked as a question of its own.

All questions are put to one picture of the database in one read-only transaction, so they may be
asked while the hub is at work. A question that cannot even be answered, because stored bytes
cannot be read, counts as a broken promise.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from crossdock.storage.postgres import refold
from crossdock.storage.postgres.pool import Pool, transaction
from crossdock.storage.postgres.queries import read_queries

ROWS_MAX = 20
"""How many of the rows that break a promise are given; all are counted."""

_SECONDS_MAX = 3_600.0
_HEADER = re.compile(r"^-- ([a-z_]+) --\n-- (I\d+) (broken|warning): (.+)$", re.MULTILINE)
_UNREADABLE = (asyncpg.DataError, asyncpg.SyntaxOrAccessError, asyncpg.InternalServerError)


@dataclass(frozen=True, slots=True)
class Check:
    """One question: its name, the invariant behind it, and what holds while nothing breaks it."""

    name: str
    invariant: str
    title: str
    warning: bool = False  # a condition that facts can bring about without any fault of the hub


@dataclass(frozen=True, slots=True)
class Finding:
    """A question that was answered with rows, or with an error."""

    check: Check
    how_many: int
    rows: Sequence[Mapping[str, object]]  # the first ones
    problem: str = ""  # why it could not be answered


@dataclass(slots=True)
class Verification:
    """What was asked, and what was found."""

    checked: list[Check] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def broken(self) -> list[Finding]:
        """Promises that do not hold."""
        return [finding for finding in self.findings if not finding.check.warning]

    @property
    def warnings(self) -> list[Finding]:
        """Conditions that a person should know of."""
        return [finding for finding in self.findings if finding.check.warning]


def read_checks(text: str) -> tuple[Check, ...]:
    """The checks of a file of questions; statements without an invariant are no checks."""
    return tuple(
        Check(name, invariant, title, kind == "warning")
        for name, invariant, kind, title in _HEADER.findall(text)
    )


_TEXT = (Path(__file__).parent / "verify.sql").read_text(encoding="utf-8")
_QUERIES = read_queries(_TEXT)
_REBUILD = (
    Check("orders_rebuilt", "I28", "Folding the log again gives every order to the byte."),
    Check("legal_history", "I7", "Every order's history is a path in the table of its life."),
    Check("figures_derived", "I9", "The figures and statuses of lists follow from the orders."),
    Check("masters_rebuilt", "I28", "Folding the log again gives every master record to the byte."),
)
CHECKS: tuple[Check, ...] = (*read_checks(_TEXT), *_REBUILD)
"""Everything that `verify` asks."""

Listener = Callable[[Check, Finding | None], None]
"""Told of each check when it is done."""


async def verify(
    pool: Pool, keep_back: Mapping[str, int] | None = None, listener: Listener | None = None
) -> Verification:
    """Ask everything.

    `keep_back` names per channel the base units that it never sells: a line may wait beside them.
    Raises `StoreError` where the database cannot be reached.
    """
    asking = _Asking(dict(keep_back or {}), listener)
    async with transaction(
        pool, begin="BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    ) as connection:
        await connection.execute(
            "SET LOCAL statement_timeout = 0; SET LOCAL work_mem = '64MB';"
            " SET LOCAL idle_in_transaction_session_timeout = 0"
        )
        for check in read_checks(_TEXT):
            await asking.ask(connection, check)
        await asking.rebuild(connection)
    return asking.verification


class _Asking:
    """One run of all checks."""

    def __init__(self, keep_back: Mapping[str, int], listener: Listener | None) -> None:
        self.verification = Verification()
        self._keep_back = keep_back
        self._listener = listener

    async def ask(self, connection: asyncpg.Connection, check: Check) -> None:
        """Put one question of the file."""
        statement = (
            f"SELECT *, count(*) OVER () AS how_many FROM ({_QUERIES[check.name]}) broken"  # noqa: S608
            f" LIMIT {ROWS_MAX}"
        )
        values: tuple[Any, ...] = ()
        if "$1" in statement:
            values = (list(self._keep_back), list(self._keep_back.values()))
        try:
            async with _apart(connection):
                rows = await connection.fetch(statement, *values, timeout=_SECONDS_MAX)
        except _UNREADABLE as error:
            self._found(check, Finding(check, 1, (), _first_line(error)))
            return
        self._found(check, _finding(check, [dict(row) for row in rows]))

    async def rebuild(self, connection: asyncpg.Connection) -> None:
        """Fold the log again and compare."""
        problem = ""
        differences = refold.Differences(ROWS_MAX)
        try:
            async with _apart(connection):
                await refold.compare(connection, _QUERIES, differences)
        except _UNREADABLE as error:
            problem = _first_line(error)
        for check in _REBUILD:
            rows = differences.rows[check.name]
            how_many = differences.how_many[check.name]
            if problem and not how_many:
                how_many = 1
            found = Finding(check, how_many, rows, problem) if how_many else None
            self._found(check, found)

    def _found(self, check: Check, finding: Finding | None) -> None:
        self.verification.checked.append(check)
        if finding is not None:
            self.verification.findings.append(finding)
        if self._listener is not None:
            self._listener(check, finding)


@asynccontextmanager
async def _apart(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Let a question fail without ending the transaction for those after it."""
    await connection.execute("SAVEPOINT question")
    try:
        yield
    except _UNREADABLE:
        await connection.execute("ROLLBACK TO SAVEPOINT question")
        raise
    await connection.execute("RELEASE SAVEPOINT question")


def _finding(check: Check, rows: list[dict[str, object]]) -> Finding | None:
    if not rows:
        return None
    how_many = rows[0]["how_many"]
    assert isinstance(how_many, int)
    kept = [{name: one for name, one in row.items() if name != "how_many"} for row in rows]
    return Finding(check, how_many, kept)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
