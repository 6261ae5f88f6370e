"""What went wrong in asking a far system: a record that nobody can read (R130), a run too long."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.words import Identifier, Instant, Noun, Text
from crossdock.kernel.limits import RECORD_KEPT_CHARACTERS_MAX

Kept = Annotated[str, Meta(max_length=RECORD_KEPT_CHARACTERS_MAX)]
"""A record as it came: text, or `base64:` and its bytes where it is none."""


class RecordSetAside(Noun, frozen=True, kw_only=True):
    """A record of a far system's feed that has no meaning here: where, what, and what was due."""

    key: Identifier  # system/feed/record
    system: Identifier
    feed: Identifier
    record: Identifier
    where: Text
    found: Text
    expected: Text
    raw: Kept


class FeedOverrun(Noun, frozen=True, kw_only=True):
    """A run of a feed that was not at its end when the next one was due; it goes on (R40)."""

    key: Identifier  # system/feed
    system: Identifier
    feed: Identifier
    began: Instant
    due: Instant
