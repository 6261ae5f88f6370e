"""The log itself: which of the answers a message gets at the door, and what stands undecided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crossdock.log.records import Answer, Lease, NewMessage, Receipt, Recorded
from crossdock.storage.memory.data import Absorbed, Data, Kept, Place


def append(data: Data, messages: Iterable[NewMessage]) -> list[Receipt]:
    """Put each message on the log or find where it stands; one by one, so a batch sees itself."""
    return [_append_one(data, message) for message in messages]


def _append_one(data: Data, message: NewMessage) -> Receipt:
    known = data.transport_keys.get(message.transport_key)
    if known is not None:
        if data.at(known).message.content != message.content:
            return Receipt(Answer.CONFLICT, *known)
        return _absorb(data, message, known)
    key = message.business_key
    holder = data.business_keys.get(key) if key is not None else None
    if holder is None:
        place = _place(data, message, None)
        if key is not None:
            data.business_keys[key] = place
        return Receipt(Answer.ACCEPTED, *place)
    if data.at(holder).message.content == message.content:
        return _absorb(data, message, holder)
    return Receipt(Answer.RIVAL, *_place(data, message, f"{holder[0]}:{holder[1]}"))


def _absorb(data: Data, message: NewMessage, place: Place) -> Receipt:
    data.absorbed.append(Absorbed(place, message.source, message.id, message.received_time))
    return Receipt(Answer.DUPLICATE, *place)


def _place(data: Data, message: NewMessage, rival: str | None) -> Place:
    partition = data.partition(message.partition)
    partition.messages.append(Kept(message, rival))
    place = (message.partition, len(partition.messages))
    data.transport_keys[message.transport_key] = place
    return place


def read(data: Data, leases: Sequence[Lease], limit: int) -> list[Recorded]:
    """The next undecided messages: each partition gets its share, small backlogs leave theirs."""
    backlogs = []
    for lease in leases:
        partition = data.partition(lease.partition)
        backlogs.append((len(partition.messages) - partition.decided, lease.partition))
    backlogs = sorted(backlog for backlog in backlogs if backlog[0])
    found: list[Recorded] = []
    for turn, (_, number) in enumerate(backlogs):
        share = -(-(limit - len(found)) // (len(backlogs) - turn))
        partition = data.partitions[number]
        found += (
            recorded(number, position, kept)
            for position, kept in partition.beyond(partition.decided, share)
        )
    return found


def recorded(partition: int, position: int, kept: Kept) -> Recorded:
    """A message as those who read the log see it."""
    message = kept.message
    return Recorded(
        partition=partition,
        position=position,
        source=message.source,
        id=message.id,
        type=message.type,
        key=message.key,
        correlation=message.correlation,
        event_time=message.event_time,
        received_time=message.received_time,
        raw=message.raw,
        rival=kept.rival,
    )
