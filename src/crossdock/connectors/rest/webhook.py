"""Signed webhooks both ways: what a REST system says of itself, and what we tell it.

Theirs are canonical messages, or what was declared. The signature stands for the key that others
show at the door; from there on the door's own rules hold. What is signed and cannot be read is kept
whole as unread, and so is a webhook that nobody declared: a kind that is of no interest is declared
as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from crossdock.connectors.kit import mapping, signatures
from crossdock.connectors.kit.reading import Odd, shaped
from crossdock.connectors.rest.inbound import BAD_JSON
from crossdock.connectors.rest.records import meaning, member
from crossdock.connectors.rest.settings import Hook, RestSettings
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.envelope import MessageId
from crossdock.contracts.feeds import Heard, NotBelieved, Said, Unread
from crossdock.contracts.words import Instant
from crossdock.kernel.ports import Clock

_DIGEST = 16


class _Event(msgspec.Struct, frozen=True):
    """What is read of a CloudEvent here; the door looks at the rest."""

    id: MessageId
    type: str
    time: Instant
    data: dict[str, Any]
    recordedtime: Instant | None = None
    correlationid: MessageId | None = None


class Signing:
    """What proves to them that a request is ours: Standard Webhooks, by one secret or two.

    While they change over to another secret, each request bears a signature of each.
    """

    def __init__(self, keys: Sequence[bytes], clock: Clock | None) -> None:
        """Raises ValueError for keys without a clock: nothing goes out unsigned for want of one."""
        if keys and clock is None:
            raise ValueError("a signature bears the time, so whoever signs needs a clock")
        self._keys = keys
        self._clock = clock

    @classmethod
    def of(cls, settings: RestSettings, clock: Clock | None) -> Signing:
        """By the secrets of these settings; without any, nothing is signed."""
        secrets = (settings.signing_secret, settings.signing_secret_before)
        return cls([signatures.secret_bytes(one) for one in secrets if one], clock)

    def signed(self, headers: Mapping[str, str], body: bytes, name: str = "") -> Mapping[str, str]:
        """The headers with the signatures; `name` is the same on every attempt."""
        if not self._keys or self._clock is None:
            return headers
        called = name or f"batch-{sha256(body).hexdigest()}"
        return {**headers, **signatures.headers(self._keys, called, self._clock.now(), body)}


class Signed:
    """The webhooks of one system, by Standard Webhooks or by a digest in a header of its own."""

    def __init__(self, settings: RestSettings) -> None:
        self._settings = settings
        self._header = settings.webhook_header.lower()
        self._time_header = settings.webhook_time_header.lower()
        secrets = [one for one in (settings.webhook_secret, settings.webhook_secret_before) if one]
        self._keys: Sequence[bytes] = [
            secret.encode() if self._header else signatures.secret_bytes(secret)
            for secret in secrets
        ]

    def hear(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Heard:
        """What it says in full, and which records it points at; raises `NotBelieved`."""
        self._believe(headers, body, now)
        try:
            read = mapping.decode(body) if self._settings.hooks else msgspec.json.decode(body)
        except BAD_JSON as error:
            return Heard([_unread(body, Odd("$", str(error)[:80], "JSON"))])
        if self._settings.hooks:
            return self._declared(read, body, now)
        return Heard([_said(one) for one in (read if isinstance(read, list) else [read])])

    def _believe(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        if not self._keys:
            raise NotBelieved("no webhook_secret is configured for this system")
        if not self._header:
            signatures.check(self._keys, headers, body, now)
        elif not self._time_header:
            signatures.check_body(self._keys, self._header, headers, body)
        else:
            signatures.check_timed_body(
                self._keys, self._header, self._time_header, headers, body, now
            )

    def _declared(self, read: Any, body: bytes, now: datetime) -> Heard:
        """What the hook means whose conditions the body meets."""
        for hook in self._settings.hooks.values():
            if _meets(read, hook):
                break
        else:
            kinds = " or ".join(str(dict(one.when)) for one in self._settings.hooks.values())
            return Heard([_unread(body, Odd("$", read, f"a webhook that was declared: {kinds}"))])
        if not hook.feed:
            return Heard()
        if hook.record is not None:
            record = member(read, hook.record)
            return Heard(meaning(hook.feed, self._settings.feeds[hook.feed], record, now))
        where = f"$.{hook.number}"
        try:
            number = mapping.text(read, hook.number or "", where)
        except Odd as odd:
            return Heard([_unread(body, odd)])
        return Heard(pointed={hook.feed: [number]})


def _meets(read: Any, hook: Hook) -> bool:
    """Whether each named place of a body holds what the hook says."""
    return isinstance(read, dict) and all(
        str(mapping.value(read, path)) == wanted for path, wanted in hook.when.items()
    )


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
