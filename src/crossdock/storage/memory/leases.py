"""Who decides a partition: one owner at a time, under an epoch that grows with every new owner."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from crossdock.log.records import Lease
from crossdock.log.sharing import share_out
from crossdock.storage.memory.data import Data, Partition, Wants


def take(
    data: Data, worker: str, wanted: Collection[int], now: datetime, until: datetime
) -> list[Lease]:
    """Take a fair share of what is free or expired, and prolong what is ours and remains so."""
    data.deciders = {name: one for name, one in data.deciders.items() if one.until > now}
    data.deciders[worker] = Wants(frozenset(wanted), until)
    owners = {
        number: partition.owner
        for number, partition in data.partitions.items()
        if partition.owner is not None and _holds(partition, worker, now)
    }
    wants = {name: one.wanted for name, one in data.deciders.items()}
    shares = share_out(worker, wants, owners)
    for number in shares.gives_back:
        data.partition(number).owner = data.partition(number).until = None
    return [_taken(data.partition(number), number, worker, until) for number in shares.keeps]


def _holds(partition: Partition, worker: str, now: datetime) -> bool:
    """Whether its lease stands; ours does until somebody else takes it."""
    return partition.owner == worker or (partition.until is not None and partition.until > now)


def _taken(partition: Partition, number: int, worker: str, until: datetime) -> Lease:
    if partition.owner != worker:
        partition.owner = worker
        partition.epoch += 1
    partition.until = until
    return Lease(number, partition.epoch, partition.decided)


def give_back(data: Data, worker: str) -> None:
    """Free everything that this worker holds, and want nothing any more."""
    data.deciders.pop(worker, None)
    for partition in data.partitions.values():
        if partition.owner == worker:
            partition.owner = partition.until = None
