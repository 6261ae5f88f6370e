"""The shapes on the wire between the estate and the hub, as the estate spells them.

They are not the hub's own structs on purpose: the estate stands for programs of other people.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

BATCH: Final = "application/cloudevents-batch+json"
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"


class Told(Struct, frozen=True, kw_only=True, gc=False):
    """An event that the hub tells a system; its id is the key of the effect."""

    id: str
    type: str
    data: Raw


class Result(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a system answers for one event."""

    id: str
    status: int
    reference: str = ""
    replayed: bool = False
    detail: str = ""


class Results(Struct, frozen=True, kw_only=True):
    """What a system answers to a batch."""

    results: list[Result]


class Said(Struct, frozen=True, kw_only=True, gc=False):
    """An event that a system tells the hub."""

    specversion: str = "1.0"
    id: str
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str = "application/json"
    data: Raw


class HubReceipt(Struct, frozen=True, kw_only=True, gc=False):
    """What the hub answers for one message."""

    answer: str
    id: str | None = None  # missing where the hub could not read it
    position: str | None = None
    problem: dict[str, Any] | None = None


class HubReply(Struct, frozen=True, kw_only=True):
    """What the hub answers to a post."""

    receipts: list[HubReceipt]


encode = msgspec.json.Encoder().encode
decode_told = msgspec.json.Decoder(Told).decode
decode_batch = msgspec.json.Decoder(list[Told]).decode
decode_hub_reply = msgspec.json.Decoder(HubReply).decode
