"""One transaction's connection, and the statements of `queries.sql` by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg

from crossdock.storage.postgres.queries import QUERIES
from crossdock.storage.postgres.reading import Fault


class Session:
    """One transaction's connection, with the statements by name."""

    __slots__ = ("_connection", "_fault")

    def __init__(self, connection: asyncpg.Connection, fault: Fault | None) -> None:
        self._connection = connection
        self._fault = fault

    async def rows(self, name: str, *values: Any) -> list[Any]:
        """Run a named statement; gives its rows."""
        if self._fault is not None:
            await self._fault(name)
        found: list[Any] = await self._connection.fetch(QUERIES[name], *values)
        return found

    async def rows_each(self, name: str, values: Sequence[tuple[Any, ...]]) -> None:
        """Run a named statement once per row of values, in one go."""
        if self._fault is not None:
            await self._fault(name)
        await self._connection.executemany(QUERIES[name], values)

    async def copy(self, table: str, columns: Sequence[str], rows: list[Any]) -> None:
        """Write rows by COPY, the fastest way in."""
        if not rows:
            return
        if self._fault is not None:
            await self._fault(f"copy_{table}")
        await self._connection.copy_records_to_table(table, records=rows, columns=columns)


def columns(rows: Sequence[Any], fields: Sequence[str]) -> list[list[Any]]:
    """Records as columns, one list per field: what `unnest` takes."""
    return [[getattr(row, field) for row in rows] for field in fields]
