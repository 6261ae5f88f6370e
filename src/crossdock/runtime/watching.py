"""Looking at a running hub from another process: what is left to do, how far orders are."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

_LEFT = """
SELECT (SELECT coalesce(sum(h.head), 0) FROM log_head h)::bigint AS accepted,
       (SELECT coalesce(sum(l.decided), 0) FROM lease l)::bigint AS decided,
       (SELECT count(*) FROM due WHERE state <> 2) AS due,
       (SELECT count(*) FROM due WHERE state = 2) AS held,
       (SELECT count(*) FROM waiting) AS waiting,
       (SELECT count(*) FROM availability_changed) AS unpublished,
       (SELECT count(*) FROM document
        WHERE kind = 'saga' AND due_time <= now() + interval '30 s') AS soon
"""
_STATUSES = "SELECT status, count(*) AS orders FROM sales_order GROUP BY status ORDER BY status"


@dataclass(frozen=True, slots=True)
class Left:
    """What a hub has still to do, in messages, effects, lines and items."""

    accepted: int
    decided: int
    due: int
    held: int  # effects that wait for a person, and those behind them
    waiting: int
    unpublished: int
    soon: int = 0  # instances of recipes that go on by themselves within half a minute

    @property
    def quiet(self) -> bool:
        """Whether nothing is left that the hub could do by itself."""
        idle = self.accepted == self.decided and not self.due and not self.unpublished
        return idle and not self.soon


async def left_to_do(connection: asyncpg.Connection) -> Left:
    """What is left to do right now."""
    return Left(*await connection.fetchrow(_LEFT))


async def orders_by_status(connection: asyncpg.Connection) -> dict[str, int]:
    """How many orders stand where."""
    return {row["status"]: row["orders"] for row in await connection.fetch(_STATUSES)}
