"""Work that people do: whose a condition is, and what was done about a held message.

Both are documents, so the log says how they came to be.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from crossdock.log.accounts import document_id
from crossdock.log.records import Document

WORK: Final = "work-item"
"""The kind of document that says whose a condition is."""

HANDLED: Final = "handled-message"
"""The kind of document that says what a person did about a held or dead message; id: its place."""


class WorkItem(msgspec.Struct, omit_defaults=True):
    """Whose a condition is, and until when it may be left alone."""

    kind: str
    key: str
    to: str = ""
    snoozed_until: datetime | None = None
    by: str = ""
    reason: str = ""
    place: str = ""


class Handled(msgspec.Struct, omit_defaults=True):
    """What a person did: `state` is "retried", "edited", "overridden" or "cancelled"; of a
    correction that waited for a word on it, "approved" or "rejected".
    """

    state: str
    place: str  # of the message that says so
    by: str = ""
    reason: str = ""


_HANDLED = msgspec.json.Decoder(Handled)
_ITEM = msgspec.json.Decoder(WorkItem)


def condition_id(kind: str, key: str) -> str:
    """The id of the work item of a condition, whose key may be too long to be one itself."""
    return document_id(kind, key)


def handled_of(document: Document | None) -> Handled | None:
    """What was done about a message, if anything was."""
    return None if document is None else _HANDLED.decode(document.body)


def work_item_of(document: Document) -> WorkItem:
    """Whose a condition is."""
    return _ITEM.decode(document.body)
