"""How the hub speaks to itself: a message of its own, ready for the log."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec

from crossdock.contracts.envelope import Envelope
from crossdock.log.keys import content_digest, transport_digest
from crossdock.log.records import NewMessage


class OwnWords(NamedTuple):
    """What the hub says to itself, under which id, and where it is decided."""

    hub: str  # the hub's name as the source of its messages to itself
    partition: int  # that of the key
    message_id: str  # the transport key: said twice, it is on the log once
    kind: str
    key: str
    said: msgspec.Struct


def own_words(
    words: OwnWords,
    *,
    event_time: datetime,
    received_time: datetime,
    correlation: str | None = None,
    causation: str | None = None,
) -> NewMessage:
    """A message that the hub says to itself, with its keys and its bytes."""
    data = msgspec.json.encode(words.said)
    raw = msgspec.json.encode(
        Envelope(
            id=words.message_id,
            source=words.hub,
            type=words.kind,
            time=event_time,
            subject=words.key,
            correlationid=correlation,
            causationid=causation,
            data=msgspec.Raw(data),
        )
    )
    return NewMessage(
        partition=words.partition,
        transport_key=transport_digest(words.hub, words.message_id),
        business_key=None,
        content=content_digest(words.kind, data),
        source=words.hub,
        id=words.message_id,
        type=words.kind,
        key=words.key,
        correlation=correlation,
        causation=causation,
        event_time=event_time,
        recorded_time=None,
        received_time=received_time,
        raw=raw,
        sha256=sha256(raw).digest(),
    )
