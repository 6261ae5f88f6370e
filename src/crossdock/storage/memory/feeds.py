"""Feeds in memory: cursors, whose turn it is, and what was pointed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crossdock.log.feeds import FeedRow, FeedTurn, Nudge


@dataclass(slots=True)
class _Feed:
    cursor: str = ""
    due_time: datetime | None = None  # None: never read
    until: datetime | None = None
    worker: str = ""
    epoch: int = 0
    read_time: datetime | None = None
    problem: str = ""
    failures: int = 0


@dataclass(slots=True)
class Feeds:
    """All feeds of all systems."""

    feeds: dict[tuple[str, str], _Feed] = field(default_factory=dict)
    nudges: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    number: int = 0  # of the last nudge


def claim(
    kept: Feeds,
    system: str,
    feed: str,
    worker: str,
    now: datetime,
    until: datetime,
    limit: int,
) -> FeedTurn | None:
    """See `log.ports.Feeding.claim_feed`."""
    row = kept.feeds.setdefault((system, feed), _Feed())
    waiting = sorted(kept.nudges.get((system, feed), {}).items(), key=lambda item: item[1])
    due = row.due_time is None or row.due_time <= now
    if not (due or waiting) or (row.until is not None and row.until > now):
        return None
    row.epoch += 1
    row.until = until
    row.worker = worker
    nudges = tuple(Nudge(*one) for one in waiting[:limit])
    return FeedTurn(system, feed, row.epoch, row.cursor, due, nudges)


def keep(
    kept: Feeds, turn: FeedTurn, cursor: str, due: datetime, now: datetime, problem: str
) -> bool:
    """See `log.ports.Feeding.keep_feed`."""
    row = kept.feeds[(turn.system, turn.feed)]
    if row.epoch != turn.epoch or row.until is None:
        return False
    row.cursor, row.due_time, row.until, row.problem = cursor, due, None, problem
    row.failures = row.failures + 1 if problem else 0
    if problem:
        return True
    row.read_time = now
    waiting = kept.nudges.get((turn.system, turn.feed), {})
    for nudge in turn.nudges:
        if waiting.get(nudge.record) == nudge.number:
            del waiting[nudge.record]
    return True


def free(kept: Feeds, worker: str) -> None:
    """See `log.ports.Feeding.free_feeds`."""
    for row in kept.feeds.values():
        if row.worker == worker:
            row.until = None


def nudge(kept: Feeds, system: str, feed: str, records: Sequence[str]) -> None:
    """See `log.ports.Feeding.nudge`."""
    waiting = kept.nudges.setdefault((system, feed), {})
    for record in records:
        kept.number += 1
        waiting[record] = kept.number


def rows(kept: Feeds) -> list[FeedRow]:
    """See `log.ports.Feeding.feeds`."""
    return [
        FeedRow(
            *key,
            row.cursor,
            row.due_time,
            row.read_time,
            row.problem,
            row.failures,
            len(kept.nudges.get(key, {})),
        )
        for key, row in sorted(kept.feeds.items())
        if row.due_time is not None
    ]
