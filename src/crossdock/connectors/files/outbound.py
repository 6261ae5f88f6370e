"""Our documents as files: one each, named by the business key, in JSON."""

from __future__ import annotations

import msgspec

from crossdock.connectors.kit.http import quoted
from crossdock.contracts.connector import Document

_ENDING = ".json"


def name(document: Document) -> str:
    """The name of its file: the same on every attempt."""
    return quoted(document.business_key) + _ENDING


def content(document: Document) -> bytes:
    """Its file, to the byte the same on every attempt."""
    written = {
        "id": document.business_key,
        "type": document.type,
        "subject": document.key,
        "data": msgspec.Raw(document.body),
    }
    return msgspec.json.encode(written) + b"\n"
