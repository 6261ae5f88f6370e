"""Plans that were made while nothing was due, or published, still do when much is.

A hub that starts on an empty database keeps the plans of its first minutes. Found by the bench of
10,000 orders released at once: whether an earlier effect of a key is due was asked by comparing
every row with every other.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from crossdock.storage.postgres.migrations import discover, migrate
from crossdock.storage.postgres.pool import PoolOptions
from crossdock.storage.postgres.queries import QUERIES
from tests.helpers.aio import run

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DUE = 3_000
CLAIMED = 100
ITEMS = 20_000
ITEMS_ASKED = 1_000
FIGURES = "text, timestamptz, timestamptz, integer, text, text[], text[], boolean, smallint, text[]"
ASKED = f"'wms', '{NOW}', '{NOW}', {CLAIMED}, 'hub', '{{}}', '{{}}', false, 0::smallint, '{{}}'"
BUSY = """
    INSERT INTO effect (effect_id, business_key, destination, lane, key, type, correlation,
                        partition, position, intended_time, body)
    OVERRIDING SYSTEM VALUE
    SELECT n, 'wms/' || n, 'wms', 0, 'o-' || n, 't', '', 0, n, $2, '{}'
    FROM generate_series(1, $1::bigint) AS n
"""
LONG = """
    INSERT INTO due (effect_id, destination, lane, key, due_time)
    SELECT effect_id, destination, lane, key, intended_time FROM effect
"""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every step of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def looked_at(plan: dict[str, Any]) -> float:
    """How many rows of a plan's tables were read, those that were thrown away among them."""
    return sum(
        one["Actual Loops"]
        * (
            one["Actual Rows"]
            + sum(n for name, n in one.items() if name.startswith("Rows Removed"))
        )
        for one in nodes(plan)
        if "Relation Name" in one or "Join" in one["Node Type"] or "Nested Loop" in one["Node Type"]
    )


@asynccontextmanager
async def on_empty(dsn: str, *tables: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of a hub at work whose plans are made while these tables are empty."""
    settings = PoolOptions(by_index=True).server_settings()
    connection = await asyncpg.connect(dsn, server_settings=settings)
    try:
        await migrate(connection, discover(), now=NOW)
        for table in tables:
            await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
            await connection.execute(f"VACUUM {table}")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        yield connection
    finally:
        await connection.close()


async def looked(connection: asyncpg.Connection, execute: str) -> float:
    """How many rows a prepared statement looks at."""
    said = await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {execute}")
    [told] = json.loads(said)
    return looked_at(told["Plan"])


async def by_old_plans(dsn: str) -> tuple[list[int], float, float]:
    """Claim and lock by plans of an empty table; gives what was claimed, and rows looked at."""
    async with on_empty(dsn, "due", "effect") as connection:
        await connection.execute(f"PREPARE claim ({FIGURES}) AS {QUERIES['claim']}")
        await connection.execute(
            f"PREPARE settle (bigint[], integer[]) AS {QUERIES['lock_in_flight']}"
        )
        await connection.execute(f"EXECUTE claim ({ASKED})")
        await connection.execute("EXECUTE settle ('{1}', '{1}')")
        await connection.execute(BUSY, DUE, NOW)
        await connection.execute(LONG)
        claiming = await looked(connection, f"EXECUTE claim ({ASKED})")
        rows = await connection.fetch("SELECT effect_id FROM due WHERE state = 1")
        claimed = [row[0] for row in rows]
        ones = [1] * len(claimed)
        settling = await looked(connection, f"EXECUTE settle (ARRAY{claimed}, ARRAY{ones})")
        return claimed, claiming, settling


def test_a_claim_looks_at_what_it_claims(database_url: str) -> None:
    """A few rows of each table for every effect, however many are due."""
    claimed, claiming, settling = run(by_old_plans(database_url))
    assert len(claimed) == CLAIMED
    assert claiming < 20 * CLAIMED
    assert settling < 20 * CLAIMED


PUBLISHED = """
    INSERT INTO availability (channel, item, quantity, version, counted_version, counted_under)
    SELECT 'web', 'i-' || n, 9, 1, 1, 'rules' FROM generate_series(1, $1::bigint) AS n
"""
MARKED = """
    INSERT INTO availability_changed SELECT 'i-' || n FROM generate_series(1, $1::bigint, 2) AS n
"""


def keeping(items: Sequence[str]) -> str:
    """Look again at these items: one half is as it was, the other half differs."""
    quantities = [9 + n % 2 for n in range(len(items))]
    twos, nothing = [2] * len(items), [""] * len(items)
    return (
        f"EXECUTE keep ('web', ARRAY{list(items)}, ARRAY{quantities}, ARRAY{twos},"
        f" ARRAY{nothing}, 'rules')"
    )


Kept = dict[tuple[int, int], int]
"""How many rows stand under a version told and a version counted."""


async def by_plans_of_an_unpublished_house(dsn: str) -> tuple[float, float, Kept]:
    """Ask for and keep 1,000 of 20,000 items by plans of empty tables; gives the rows looked at,
    and what is kept in the end.
    """
    async with on_empty(dsn, "availability", "availability_changed") as connection:
        await connection.execute(
            f"PREPARE ask (text, text[], text) AS {QUERIES['published_quantities']}"
        )
        await connection.execute(
            f"PREPARE keep (text, text[], bigint[], bigint[], text[], text)"
            f" AS {QUERIES['put_availability']}"
        )
        await connection.execute("EXECUTE ask ('web', '{x}', 'rules')")
        await connection.execute(keeping([]).replace("ARRAY[]", "'{}'"))
        await connection.execute(PUBLISHED, ITEMS)
        await connection.execute(MARKED, ITEMS)
        items = [f"i-{n}" for n in range(1, ITEMS, ITEMS // ITEMS_ASKED)]
        asking = await looked(connection, f"EXECUTE ask ('web', ARRAY{items}, 'rules')")
        putting = await looked(connection, keeping(items))
        rows = await connection.fetch(
            "SELECT version, counted_version, count(*) FROM availability GROUP BY 1, 2"
        )
        return asking, putting, {(row[0], row[1]): row[2] for row in rows}


def test_a_question_looks_at_what_is_asked_for(database_url: str) -> None:
    """A row and a mark for every item, however many were published; so does keeping them."""
    asking, putting, kept = run(by_plans_of_an_unpublished_house(database_url))
    assert asking < 5 * ITEMS_ASKED
    assert putting < 20 * ITEMS_ASKED
    half = ITEMS_ASKED // 2
    assert kept == {(1, 1): ITEMS - ITEMS_ASKED, (1, 2): half, (2, 2): half}
