"""The side of the memory engine that only looks: pages in key order, counts, traces.

Pages are sorted when asked for: looking may cost what everything costs, deciding may not.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from crossdock.contracts.vocabulary import Fate
from crossdock.log.records import OrderRow, Recorded
from crossdock.log.views import (
    ABSORBED,
    RECEIVED,
    AcceptedRow,
    BalanceKey,
    BalanceRow,
    ExceptionRow,
    MoneyTotal,
    OutcomeRow,
    PromiseKey,
    PromiseView,
    WeightRow,
)
from crossdock.orders.state import OrderState
from crossdock.orders.totals import totals
from crossdock.storage.memory.data import Data, Partition, Place
from crossdock.storage.memory.messages import recorded

_NONE = Partition()
_ORDER = msgspec.json.Decoder(OrderState)


def position(data: Data) -> dict[int, tuple[int, int]]:
    """Head and decided position of each partition that has a message."""
    return {
        number: (len(partition.messages), partition.decided)
        for number, partition in sorted(data.partitions.items())
        if partition.messages
    }


def fates(data: Data) -> dict[str, int]:
    """Messages by fate."""
    counts = dict.fromkeys([RECEIVED, *Fate, ABSORBED], 0)
    counts = {str(name): count for name, count in counts.items()}
    for partition in data.partitions.values():
        counts[RECEIVED] += len(partition.messages) - partition.decided
        for row in partition.outcomes.values():
            counts[str(row.outcome.fate)] += 1
    counts[ABSORBED] = len(data.absorbed)
    return counts


def messages(data: Data, places: Sequence[Place]) -> list[Recorded]:
    """Messages by place."""
    found = []
    for number, at in places:
        partition = data.partitions.get(number, _NONE)
        if 1 <= at <= len(partition.messages):
            found.append(recorded(number, at, partition.messages[at - 1]))
    return found


def accepted(data: Data, partition: int, after: int, limit: int) -> list[AcceptedRow]:
    """What a partition accepted."""
    return [
        AcceptedRow(at, kept.message.source, kept.message.id, kept.message.sha256)
        for at, kept in data.partitions.get(partition, _NONE).beyond(after, limit)
    ]


def outcomes(data: Data, partition: int, after: int, limit: int) -> list[OutcomeRow]:
    """What was decided."""
    rows = data.partitions.get(partition, _NONE).outcomes
    return [rows[at] for at in heapq.nsmallest(limit, (at for at in rows if at > after))]


def orders(data: Data, after: str, limit: int) -> list[OrderRow]:
    """A page of orders."""
    wanted = heapq.nsmallest(limit, (name for name in data.orders if name > after))
    return [replace(data.orders[name]) for name in wanted]


def unmatched_orders(data: Data, after: str, limit: int) -> list[OrderRow]:
    """A page of orders whose documents do not match."""
    wanted = (name for name, row in data.orders.items() if row.unmatched and name > after)
    return [replace(data.orders[name]) for name in heapq.nsmallest(limit, wanted)]


def money_totals(data: Data, zone: str) -> list[MoneyTotal]:
    """The control totals of all orders."""
    found = totals((_ORDER.decode(row.state) for row in data.orders.values()), zone)
    return [MoneyTotal(*one.key, *one[1:]) for one in found]


def balances(data: Data, after: BalanceKey | None, limit: int) -> list[BalanceRow]:
    """A page of accounts that are not empty."""
    wanted = (
        account
        for account, quantity in data.balances.items()
        if quantity and (after is None or account > after)
    )
    return [BalanceRow(*key, data.balances[key]) for key in heapq.nsmallest(limit, wanted)]


def weights(data: Data, after: BalanceKey | None, limit: int) -> list[WeightRow]:
    """A page of accounts that weigh something."""
    wanted = (
        account
        for account, grams in data.weights.items()
        if grams and (after is None or account > after)
    )
    return [WeightRow(*key, data.weights[key]) for key in heapq.nsmallest(limit, wanted)]


def balances_as_of(
    data: Data,
    item: str | None,
    event_time: datetime | None,
    recorded_time: datetime | None,
    places: Mapping[int, int] | None,
) -> list[BalanceRow]:
    """Accounts as a replay of the movements up to there gives them."""
    sums: Counter[BalanceKey] = Counter()
    lists = data.entries.values() if item is None else [data.entries.get(item, [])]
    for entry in (entry for entries in lists for entry in entries):
        partition, at = entry.place
        if (
            (event_time is None or entry.event_time <= event_time)
            and (recorded_time is None or entry.recorded_time <= recorded_time)
            and (places is None or at <= places.get(partition, 0))
        ):
            for account, change in entry.changes():
                sums[account] += change
    return [
        BalanceRow(*account, quantity) for account, quantity in sorted(sums.items()) if quantity
    ]


def promises(data: Data, after: PromiseKey | None, limit: int) -> list[PromiseView]:
    """A page of promise rows."""
    wanted = (
        (item, site)
        for item, sites in data.promises.items()
        for site in sites
        if after is None or (item, site) > after
    )
    rows = ((key, data.promises[key[0]][key[1]]) for key in heapq.nsmallest(limit, wanted))
    return [
        PromiseView(*key, row.sellable, row.reserved, row.pooled, row.safety) for key, row in rows
    ]


def exceptions(data: Data, limit: int) -> list[ExceptionRow]:
    """Open conditions, the newest first."""
    rows = [row for row in data.conditions.rows.values() if row.is_open]
    rows.sort(key=lambda row: (row.kind, row.key))
    rows.sort(key=lambda row: row.opened_time, reverse=True)
    return rows[:limit]
