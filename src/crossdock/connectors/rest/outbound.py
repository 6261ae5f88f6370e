"""Our documents in the far side's shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import UNSET, Raw

from crossdock.connectors.kit.http import quoted
from crossdock.connectors.kit.reading import shaped
from crossdock.connectors.kit.telling import told, whole
from crossdock.connectors.rest import wire
from crossdock.connectors.rest.settings import Operation
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.connector import Document

SOURCE = "crossdock"


def event(document: Document) -> wire.Event:
    """The event of a document; its body is JSON already and goes in as it is."""
    return wire.Event(
        id=document.business_key,
        source=SOURCE,
        type=document.type,
        subject=document.key or UNSET,
        correlationid=document.correlation or UNSET,
        data=Raw(document.body),
    )


def single(document: Document) -> bytes:
    """The body of a request that tells one document."""
    return wire.encode(event(document))


def batch(documents: Sequence[Document]) -> bytes:
    """The body of a request that tells several."""
    return wire.encode([event(document) for document in documents])


def path_of(operation: Operation, document: Document) -> str:
    """Where a document of a declared shape goes."""
    return operation.path.replace("{subject}", quoted(document.key))


def declared(operation: Operation, document: Document) -> dict[str, Any]:
    """A document in the shape that was declared for it; raises `Odd`."""
    said = msgspec.json.decode(document.body)
    noun = shaped(said, CATALOGUE[document.type].noun)
    return told(whole(noun), operation.body or {}, operation.lines)


def look_up_path(template: str, document: Document) -> str:
    """Where to ask about a document."""
    return template.replace("{key}", quoted(document.business_key))


def path_and_query(address: str) -> tuple[str, list[tuple[str, str]]]:
    """The two halves of an address of theirs without its host."""
    path, _, query = address.partition("?")
    return path, parse_qsl(query, keep_blank_values=True)
