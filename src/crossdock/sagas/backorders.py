"""Who is served first when stock comes that several wait for: one of four orders (R84)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crossdock.log.records import Waiting
from crossdock.sagas.policy import Backorders, Policy

Rank = Callable[[Waiting], tuple[Any, ...]]
"""What waiting lines are sorted by; no two lines have the same."""


def ranking(policy: Policy) -> Rank:
    """The order of the house; where it leaves two equal, who waits longer goes first."""
    channels = {name: place for place, name in enumerate(policy.channels)}
    last = len(channels)
    first_come: Rank = lambda row: (row.since, row.order_id, row.line)  # noqa: E731
    ranks: dict[Backorders, Rank] = {
        Backorders.FIRST_COME: first_come,
        Backorders.PRIORITY: lambda row: (row.priority, *first_come(row)),
        Backorders.SMALLEST_FIRST: lambda row: (row.quantity, *first_come(row)),
        Backorders.CHANNEL_RANK: lambda row: (
            channels.get(row.channel, last),
            row.priority,
            *first_come(row),
        ),
    }
    return ranks[policy.backorders]
