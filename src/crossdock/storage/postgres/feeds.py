"""Feeds in PostgreSQL: cursors, whose turn it is, and what was pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crossdock.log.feeds import FeedRow, FeedTurn, Nudge
from crossdock.storage.postgres.session import Session


async def claim(
    session: Session,
    system: str,
    feed: str,
    worker: str,
    now: datetime,
    until: datetime,
    limit: int,
) -> FeedTurn | None:
    """See `log.ports.Feeding.claim_feed`."""
    rows = await session.rows("claim_feed", system, feed, worker, now, until)
    if not rows:
        return None
    epoch, cursor, due = rows[0]
    found = await session.rows("load_nudges", system, feed, limit)
    return FeedTurn(system, feed, epoch, cursor, due, tuple(Nudge(*row) for row in found))


async def keep(
    session: Session, turn: FeedTurn, cursor: str, due: datetime, now: datetime, problem: str
) -> bool:
    """See `log.ports.Feeding.keep_feed`."""
    kept = await session.rows(
        "keep_feed", turn.system, turn.feed, turn.epoch, cursor, due, now, problem
    )
    if kept and turn.nudges and not problem:
        await session.rows(
            "forget_nudges",
            turn.system,
            turn.feed,
            [one.record for one in turn.nudges],
            [one.number for one in turn.nudges],
        )
    return bool(kept)


async def free(session: Session, worker: str) -> None:
    """See `log.ports.Feeding.free_feeds`."""
    await session.rows("free_feeds", worker)


async def nudge(
    session: Session, system: str, feed: str, records: Sequence[str], now: datetime
) -> None:
    """See `log.ports.Feeding.nudge`."""
    await session.rows("nudge", system, feed, sorted(set(records)), now)


async def feeds(session: Session) -> list[FeedRow]:
    """See `log.ports.Feeding.feeds`."""
    return [FeedRow(*row) for row in await session.rows("feeds")]
