"""May this message go on the log? Decoded strictly, from its owner, at a believable time.

Pure, and on the way of every message: nothing is looked at twice, and what only an error needs is
worked out when there is one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec

from crossdock.contracts.catalogue import CATALOGUE, MessageType
from crossdock.contracts.envelope import Envelope
from crossdock.contracts.versions import lifted
from crossdock.contracts.words import Noun
from crossdock.gateway.errors import (
    FlowNotActive,
    HubOnly,
    NotYours,
    TimeOutOfRange,
    UnknownMessageType,
    WrongSource,
)
from crossdock.gateway.keys import Caller
from crossdock.kernel.decode import strict, typed
from crossdock.kernel.limits import EVENT_AHEAD_SECONDS_MAX
from crossdock.kernel.redaction import shown
from crossdock.log.keys import business_digest, content_digest, partition_of, transport_digest
from crossdock.log.records import NewMessage
from crossdock.ownership.judging import Place, lets_in, owners_at_the_door, places_of
from crossdock.ownership.matrix import Matrix
from crossdock.sagas.policy import Policy
from crossdock.sagas.understanding import readable

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before the oldest fact that a distributor still moves; earlier times are broken clocks."""

_AHEAD_MAX = timedelta(seconds=EVENT_AHEAD_SECONDS_MAX)
_ID_DIGEST_LENGTH = 16
_encode = msgspec.json.Encoder().encode


def admit(raw: bytes, caller: Caller, policy: Policy, now: datetime) -> NewMessage:
    """Return the message `raw` ready for the log, said by `caller` and received at `now`.

    Raises an error of the `BadInput` tree: those of the kernel's decoder with paths from the
    message's root (`$.data.lines[0].quantity`), `WrongSource`, `UnknownMessageType`, `HubOnly`,
    `FlowNotActive`, `NotYours` or `TimeOutOfRange`.
    """
    strict(raw)
    envelope = typed(raw, Envelope)
    if envelope.source != caller.system:
        raise WrongSource(
            where="$.source", found=shown(envelope.source), expected=shown(caller.system)
        )
    said = _inbound(envelope.type)
    data = _in_our_words(said, envelope, policy)
    noun = typed(data if data is not None else envelope.data, said.noun, "$.data")
    content = None if data is None else _as_said(envelope.data)
    return _judged(raw, envelope, said, noun, content, policy, now)


def admit_call(kind: str, noun: Noun, caller: Caller, policy: Policy, now: datetime) -> NewMessage:
    """Return the message that a call stands for, whose body was decoded strictly as `noun`.

    Its id follows from what it says, so that a call which is repeated is the same message. Raises
    `FlowNotActive` or `NotYours`.
    """
    said = _inbound(kind)
    data = _encode(noun)
    source = caller.system
    digest = content_digest(kind, data).hex()
    envelope = Envelope(
        id=f"{said.business_key_of(source, noun)}/{digest[:_ID_DIGEST_LENGTH]}",
        source=source,
        type=kind,
        time=now,
        data=msgspec.Raw(data),
    )
    ours = _in_our_words(said, envelope, policy)
    told = noun if ours is None else typed(ours, said.noun, "$")
    try:
        return _judged(_encode(envelope), envelope, said, told, None, policy, now)
    except NotYours as error:
        error.where = error.where.replace("$.data", "$", 1)
        raise


def _in_our_words(said: MessageType, envelope: Envelope, policy: Policy) -> bytes | None:
    """The data with the codes of its sender read; None where the sender has none of its own."""
    speech = policy.speech.get(envelope.source)
    return readable(said.name, envelope.data, speech) if speech and speech.codes else None


def _judged(
    raw: bytes,
    envelope: Envelope,
    said: MessageType,
    told: Any,
    content: bytes | None,
    policy: Policy,
    now: datetime,
) -> NewMessage:
    """The message, lifted to the newest version, if its sender may say that and at that time.

    Its `content` tells it from others; None: the noun does.
    """
    if said.name in policy.stopped:
        raise FlowNotActive(where="$.type", found=f"{said.name}: {policy.stopped[said.name]}")
    source = envelope.source
    newest, noun = lifted(said.name, told)
    kind = CATALOGUE[newest]
    for place in places_of(noun):
        if not lets_in(policy.matrix, source, kind, place):
            raise _not_yours(source, kind, place, policy.matrix)
    recorded = envelope.recordedtime
    key: str = getattr(noun, kind.key)
    business_key = kind.business_key_of(source, noun)
    return NewMessage(
        partition=partition_of(key, policy.partitions),
        transport_key=transport_digest(source, envelope.id),
        business_key=business_digest(business_key) if business_key else None,
        content=content_digest(kind.name, _encode(noun) if content is None else content),
        source=source,
        id=envelope.id,
        type=said.name,
        key=key,
        correlation=envelope.correlationid or key,
        causation=envelope.causationid,
        event_time=_believable(envelope.time, now, "$.time"),
        recorded_time=(None if recorded is None else _believable(recorded, now, "$.recordedtime")),
        received_time=now,
        raw=raw,
        sha256=sha256(raw).digest(),
    )


def _as_said(data: msgspec.Raw) -> bytes:
    """Data in one form whatever its white space and order; its codes as they are spelled."""
    return msgspec.json.encode(msgspec.json.decode(data), order="sorted")


def _inbound(name: str) -> MessageType:
    kind = CATALOGUE.get(name)
    if kind is None:
        raise UnknownMessageType(where="$.type", found=shown(name))
    if not kind.inbound:
        raise HubOnly(where="$.type", found=shown(name))
    return kind


def _believable(time: datetime, now: datetime, where: str) -> datetime:
    """Return the time in UTC; what is far off would also be out of a database's reach."""
    if not EARLIEST <= time <= now + _AHEAD_MAX:
        raise TimeOutOfRange(
            where=where,
            found=shown(time),
            expected=f"{EARLIEST:%Y-%m-%d} to {EVENT_AHEAD_SECONDS_MAX} s after now",
        )
    return time if time.tzinfo is UTC else time.astimezone(UTC)


def _not_yours(source: str, row: MessageType, place: Place, matrix: Matrix) -> NotYours:
    owners = owners_at_the_door(matrix, row, place)
    here = shown(place.site or place.channel) if place.site or place.channel else "anywhere"
    return NotYours(
        where=place.where,
        found=f"{row.entity} of {here} from {shown(source)}",
        expected=" or ".join(owners) if owners else f"an owner of {row.entity} there; it has none",
    )
