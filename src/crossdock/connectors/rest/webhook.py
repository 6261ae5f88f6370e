"""What a REST system says of itself by signed webhooks: canonical messages, one or several.

The signature stands for the key that others show at the door; from there on the door's own rules
hold. What is signed and cannot be read is kept whole as unread.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from crossdock.connectors.kit import signatures
from crossdock.connectors.kit.reading import Odd, shaped
from crossdock.connectors.rest.settings import RestSettings
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.envelope import MessageId
from crossdock.contracts.feeds import Heard, NotBelieved, Said, Unread
from crossdock.contracts.words import Instant

_DIGEST = 16
_BAD_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _Event(msgspec.Struct, frozen=True):
    """What is read of a CloudEvent here; the door looks at the rest."""

    id: MessageId
    type: str
    time: Instant
    data: dict[str, Any]
    recordedtime: Instant | None = None
    correlationid: MessageId | None = None


class Signed:
    """The webhooks of one system, by Standard Webhooks or by a digest in a header of its own."""

    def __init__(self, settings: RestSettings) -> None:
        self._secret = settings.webhook_secret
        self._header = settings.webhook_header.lower()

    def hear(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
        """What it says in full; raises `NotBelieved`."""
        if not self._secret:
            raise NotBelieved("no webhook_secret is configured for this system")
        if self._header:
            signatures.check_body(self._secret.encode(), self._header, headers, body)
        else:
            signatures.check([signatures.secret_bytes(self._secret)], headers, body, now)
        try:
            read = msgspec.json.decode(body)
        except _BAD_JSON as error:
            return Heard([_unread(body, Odd("$", str(error)[:80], "JSON"))])
        return Heard([_said(one) for one in (read if isinstance(read, list) else [read])])


def _said(event: object) -> Said | Unread:
    """One message, or the whole of it as unread."""
    raw = msgspec.json.encode(event)
    try:
        known = shaped(event, _Event)
        row = CATALOGUE.get(known.type)
        if row is None or not row.inbound:
            raise Odd("$.type", known.type, "a message that a far system may say")
        try:
            noun = msgspec.json.decode(msgspec.json.encode(known.data), type=row.noun)
        except msgspec.ValidationError as error:
            raise Odd("$.data", str(error), f"the data of {known.type}") from None
    except Odd as odd:
        return _unread(raw, odd)
    correlation = known.correlationid or ""
    return Said(known.type, known.id, known.time, noun, correlation, known.recordedtime)


def _unread(raw: bytes, odd: Odd) -> Unread:
    name = f"webhook/{sha256(raw).hexdigest()[:_DIGEST]}"
    return Unread(name, odd.where, odd.found, odd.expected, raw)
