"""What the table of those that would decide keeps, and what not."""

from __future__ import annotations

import asyncpg
import pytest

from crossdock.storage.postgres.pool import PoolOptions
from crossdock.storage.postgres.store import PostgresStore
from crossdock.testing.builders import T0, at
from tests.helpers.aio import run

pytestmark = pytest.mark.postgres

OPTIONS = PoolOptions(connections_min=1, connections_max=2)


def test_who_has_not_been_heard_of_for_a_lease_is_forgotten(database_url: str) -> None:
    """Workers without a name of their own get a new one at each start; the table does not grow."""

    async def play() -> list[str]:
        store = await PostgresStore.open(database_url, now=T0, options=OPTIONS, allow_unsafe=True)
        for start in range(5):
            await store.lease(f"worker-{start}", [0, 1], at(start * 40), at(start * 40 + 30))
        await store.close()
        connection = await asyncpg.connect(database_url)
        rows = await connection.fetch("SELECT name FROM decider")
        await connection.close()
        return [row["name"] for row in rows]

    assert run(play()) == ["worker-4"]
