"""A far record that may not enter, or that nobody could read, as a message of the hub's own.

It is kept whole (up to a cap, which is said where it is met) and held, with the place, what was
found and what was expected. The same record with the same bytes is set aside once.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime
from hashlib import sha256
from typing import Final

from crossdock.contracts import catalogue
from crossdock.contracts.feeds import Said, Unread
from crossdock.contracts.records import RecordSetAside
from crossdock.kernel.limits import (
    IDENTIFIER_LENGTH_MAX,
    RECORD_KEPT_CHARACTERS_MAX,
    TEXT_LENGTH_MAX,
)
from crossdock.kernel.redaction import one_line
from crossdock.log.records import NewMessage
from crossdock.sagas.policy import Policy
from crossdock.sagas.turn import own_message

_CUT: Final = "... (cut here)"
_STRANGE: Final = re.compile(r"[^A-Za-z0-9._/:+#@=~*(),&-]")
_DIGEST_LENGTH: Final = 16


def set_aside(system: str, feed: str, one: Unread, policy: Policy, now: datetime) -> NewMessage:
    """The message that keeps a record which could not be read, found at `now`."""
    record = named(one.record)
    key = named(f"{system}/{feed}/{record}")
    noun = RecordSetAside(
        key=key,
        system=system,
        feed=feed,
        record=record,
        where=_words(one.where),
        found=_words(one.found),
        expected=_words(one.expected),
        raw=kept(one.raw),
    )
    digest = sha256(f"{key}\n{one.where}\n".encode() + one.raw).hexdigest()
    return own_message(
        policy,
        f"set-aside/{digest}",
        catalogue.RECORD_SET_ASIDE,
        key,
        noun,
        event_time=now,
        received_time=now,
    )


def contradiction(one: Said, raw: bytes) -> Unread:
    """A record that was read before under the same version, and meant something else then.

    A mapping that changed says the same version in other words: what was said first stands.
    """
    return Unread(one.id, "$.id", "other words for a version that was read before", "the same", raw)


def named(text: str) -> str:
    """A far number as an identifier: what may not stand in one is replaced, what is long is cut.

    Something that had to be changed carries a digest, so that two records never share a name.
    """
    plain = _STRANGE.sub("_", text.strip()).lstrip("._/:+@=~*),&-") or "unnamed"
    if plain == text and len(plain) <= IDENTIFIER_LENGTH_MAX:
        return plain
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
    return f"{plain[: IDENTIFIER_LENGTH_MAX - _DIGEST_LENGTH - 1]}~{digest}"


def kept(raw: bytes) -> str:
    """A record as it came: as text where it is some, else in base64; cut at the cap."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = "base64:" + base64.b64encode(raw).decode()
    if len(text) <= RECORD_KEPT_CHARACTERS_MAX:
        return text
    return text[: RECORD_KEPT_CHARACTERS_MAX - len(_CUT)] + _CUT


def _words(text: str) -> str:
    return one_line(text, TEXT_LENGTH_MAX - 3)
