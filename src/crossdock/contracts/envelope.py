"""The envelope around every message: CloudEvents 1.0 attributes plus ours.

Four times are kept apart (R16): `time` is when it happened, `recordedtime` when the source wrote it
down, the received and the processed time are the hub's own and live on the log, not in here.
Unknown extension attributes are allowed, as CloudEvents demands, and kept with the raw bytes.
Source: CloudEvents specification 1.0.2, section 3.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from crossdock.contracts.words import Identifier, Instant

MessageId = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"\A[\x21-\x7e]+\Z")]
"""The sender's id of a message: unique per source, the same on every retry."""


class Envelope(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One message as it travels; `data` stays raw until its type is known."""

    id: MessageId
    source: Identifier
    type: Annotated[str, Meta(min_length=1, max_length=128)]
    time: Instant
    data: Raw
    specversion: Literal["1.0"] = "1.0"
    subject: Annotated[str, Meta(max_length=256)] | None = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: Annotated[str, Meta(max_length=256)] | None = None
    recordedtime: Instant | None = None
    correlationid: MessageId | None = None
    causationid: MessageId | None = None
