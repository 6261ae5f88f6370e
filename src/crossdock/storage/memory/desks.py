"""Calls at a desk: put on the log and decided in one step, each key once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from crossdock.log.errors import StoreConflict
from crossdock.log.keys import DESK_FIRST, DESKS_MAX
from crossdock.log.records import Decided, Earlier, Lease, NewMessage
from crossdock.storage.memory import batches, leases
from crossdock.storage.memory.data import Absorbed, Data, Kept

_DESKS = range(DESK_FIRST, DESK_FIRST + DESKS_MAX)


def open_desk(data: Data, worker: str, now: datetime, until: datetime) -> Lease | None:
    """Prolong the desk that is ours, or take the first that is free or expired."""
    ours = [number for number in _DESKS if data.partition(number).owner == worker]
    for number in (*ours, *_DESKS):
        taken = leases.take(data, worker, [number], now, until)
        if taken:
            return taken[0]
    return None


def earlier(data: Data, messages: Iterable[NewMessage]) -> list[Earlier | None]:
    """What stands under the messages' keys; the transport key tells first."""
    return [_earlier(data, message) for message in messages]


def _earlier(data: Data, message: NewMessage) -> Earlier | None:
    place = data.transport_keys.get(message.transport_key)
    transport = place is not None
    if place is None and message.business_key is not None:
        place = data.business_keys.get(message.business_key)
    if place is None:
        return None
    row = data.partitions[place[0]].outcomes.get(place[1])
    same = data.at(place).message.content == message.content
    return Earlier(*place, transport, same, None if row is None else row.outcome)


def commit(
    data: Data,
    calls: Sequence[tuple[NewMessage, str | None]],
    repeats: Iterable[tuple[NewMessage, Earlier]],
    decided: Decided,
    now: datetime,
) -> None:
    """Apply, or raise and change nothing: see `log.ports.Calling.commit_calls`."""
    for message, rival in calls:
        found = _earlier(data, message)
        if found is not None and (found.transport or rival is None):
            raise StoreConflict("A key of these calls stands on the log meanwhile")
    if calls:
        batches.commit(data, decided, now)
        [(lease, _)] = decided.positions
        for message, rival in calls:
            _place(data, lease.partition, message, rival)
    data.absorbed += (
        Absorbed((at.partition, at.position), message.source, message.id, message.received_time)
        for message, at in repeats
    )


def _place(data: Data, number: int, message: NewMessage, rival: str | None) -> None:
    partition = data.partition(number)
    partition.messages.append(Kept(message, rival))
    place = (number, len(partition.messages))
    data.transport_keys[message.transport_key] = place
    if message.business_key is not None and rival is None:
        data.business_keys[message.business_key] = place
