"""Who decides a partition: one owner at a time, under an epoch that grows with every new owner."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from crossdock.log.records import Lease
from crossdock.storage.memory.data import Data, Partition


def take(
    data: Data, worker: str, wanted: Iterable[int], now: datetime, until: datetime
) -> list[Lease]:
    """Take what is free or expired and prolong what is ours; gives only what was obtained."""
    taken = []
    for number in sorted(set(wanted)):
        partition = data.partition(number)
        if not _may_take(partition, worker, now):
            continue
        if partition.owner != worker:
            partition.owner = worker
            partition.epoch += 1
        partition.until = until
        taken.append(Lease(number, partition.epoch, partition.decided))
    return taken


def _may_take(partition: Partition, worker: str, now: datetime) -> bool:
    if partition.owner is None or partition.until is None or partition.owner == worker:
        return True
    return partition.until <= now


def give_back(data: Data, worker: str) -> None:
    """Free everything that this worker holds."""
    for partition in data.partitions.values():
        if partition.owner == worker:
            partition.owner = partition.until = None
