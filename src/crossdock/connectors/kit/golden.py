"""The samples beside a connector: what they say and what it means, what we say and how it goes out.

`golden/CASE.wire.json` is a record of theirs, `CASE.canonical.json` the messages it means;
`CASE.document.json` is a list of documents of ours, `CASE.requests.json` the requests that tell
them. Samples are made up or anonymised; a real customer's data has no place here.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from crossdock.connectors.kit.kind import Kind
from crossdock.contracts.connector import Document
from crossdock.contracts.feeds import Said, Unread

WIRE: Final = ".wire.json"
CANONICAL: Final = ".canonical.json"
DOCUMENT: Final = ".document.json"
REQUESTS: Final = ".requests.json"


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    business_key: str
    type: str
    key: str
    body: Any
    correlation: str = ""


def folder_of(kind: Kind) -> Path:
    """The folder of a connector, found by where its `connect` was written."""
    return Path(inspect.getfile(kind.connect)).parent


def cases(folder: Path, ending: str) -> dict[str, bytes]:
    """The samples of one ending, by case."""
    found = sorted((folder / "golden").glob(f"*{ending}"))
    return {path.name.removesuffix(ending): path.read_bytes() for path in found}


def documents(folder: Path) -> dict[str, list[Document]]:
    """The documents of ours that are told as samples, by case."""
    return {
        case: [
            Document(
                one.business_key, one.type, one.key, one.correlation, msgspec.json.encode(one.body)
            )
            for one in msgspec.json.decode(raw, type=list[_Written])
        ]
        for case, raw in cases(folder, DOCUMENT).items()
    }


def in_words(said: Sequence[Said | Unread]) -> list[dict[str, Any]]:
    """Messages as they stand in a golden file: type, id, time and noun of each."""
    return [
        {
            "type": one.type,
            "id": one.id,
            "time": one.time.isoformat(),
            "noun": msgspec.json.decode(msgspec.json.encode(one.noun)),
        }
        if isinstance(one, Said)
        else {"unread": one.record, "where": one.where}
        for one in said
    ]
