"""Plans that were made while nothing was due still do when much is.

A hub that starts on an empty database keeps the plans of its first minutes. Found by the bench of
10,000 orders released at once: whether an earlier effect of a key is due was asked by comparing
every row with every other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
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


async def by_old_plans(dsn: str) -> tuple[list[int], float, float]:
    """Claim and lock by plans of an empty table; gives what was claimed, and rows looked at."""
    settings = PoolOptions(by_index=True).server_settings()
    connection = await asyncpg.connect(dsn, server_settings=settings)

    async def looked(execute: str) -> float:
        said = await connection.fetchval(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {execute}")
        [told] = json.loads(said)
        return looked_at(told["Plan"])

    try:
        await migrate(connection, discover(), now=NOW)
        await connection.execute("ALTER TABLE due SET (autovacuum_enabled = off)")
        await connection.execute("VACUUM due")
        await connection.execute("VACUUM effect")
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute(f"PREPARE claim ({FIGURES}) AS {QUERIES['claim']}")
        await connection.execute(
            f"PREPARE settle (bigint[], integer[]) AS {QUERIES['lock_in_flight']}"
        )
        await connection.execute(f"EXECUTE claim ({ASKED})")
        await connection.execute("EXECUTE settle ('{1}', '{1}')")
        await connection.execute(BUSY, DUE, NOW)
        await connection.execute(LONG)
        claiming = await looked(f"EXECUTE claim ({ASKED})")
        rows = await connection.fetch("SELECT effect_id FROM due WHERE state = 1")
        claimed = [row[0] for row in rows]
        ones = [1] * len(claimed)
        settling = await looked(f"EXECUTE settle (ARRAY{claimed}, ARRAY{ones})")
        return claimed, claiming, settling
    finally:
        await connection.close()


def test_a_claim_looks_at_what_it_claims(database_url: str) -> None:
    """A few rows of each table for every effect, however many are due."""
    claimed, claiming, settling = run(by_old_plans(database_url))
    assert len(claimed) == CLAIMED
    assert claiming < 20 * CLAIMED
    assert settling < 20 * CLAIMED
