"""A far record that could not be read: kept whole on the log, for a person to look at (R130)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.words import Identifier, Noun, Text
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
