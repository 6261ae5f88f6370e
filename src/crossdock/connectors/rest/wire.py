"""The far side's shapes: the events that it takes and the results that it gives.

An event is a CloudEvent 1.0 in JSON whose `id` is the key that makes it one effect. A result names
that id, an HTTP status, and their own number for what they did. What else they say is ignored.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

EVENT: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """One event as it is posted; ids live as long as the effect, so it bears no time of sending."""

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    subject: str | UnsetType = UNSET
    correlationid: str | UnsetType = UNSET
    datacontenttype: str = "application/json"
    data: Raw


class Result(Struct, frozen=True, kw_only=True, gc=False):
    """What they say of one event; a single event's reply has the same shape, status optional."""

    id: str | None = None
    status: int | None = None
    reference: str | int | None = None
    state: str | None = None  # of the record that there is now, in their word
    replayed: bool = False
    retry_after: float | None = None  # seconds
    detail: str | None = None
    title: str | None = None  # of a problem+json


class Results(Struct, frozen=True, kw_only=True):
    """The reply to a batch."""

    results: list[Result]


class RawResults(Struct, frozen=True, kw_only=True):
    """The same, when one of the results is not as it should be."""

    results: list[Raw]


encode = msgspec.json.Encoder().encode
decode_result = msgspec.json.Decoder(Result).decode
decode_results = msgspec.json.Decoder(Results).decode
decode_raw_results = msgspec.json.Decoder(RawResults).decode
