"""A system that takes CloudEvents, honours keys, can be asked by them, and lists its shipments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

from crossdock.contracts.connector import Document
from crossdock.testing.fakes.fake import Asked, FakeFarSystem, Reply

_LOOK_UP = "/effects/"
_NAMES = "/items/"
_SHIPMENTS = "/shipments"
SHIPMENTS = {
    "path": _SHIPMENTS,
    "query": {"state": "left"},
    "records": "data.shipments",
    "type": "crossdock.shipment.shipped.v1",
    "key": ["number"],
    "version": "rev",
    "changed": {"stamp": "touched", "parameter": "since"},
    "pages": {"by": "page"},
    "one": _SHIPMENTS + "/{record}",
    "time": "left_at",
    "fields": {
        "shipment_id": {"from": "number"},
        "order_id": {"from": "refs[0].order"},
        "site": {"constant": "EAST"},
        "carrier": {"from": "via", "codes": {"U1": "ups", "H7": "dhl"}},
        "tracking": {"from": "parcel.code", "optional": True},
    },
    "lines": {
        "from": "rows",
        "fields": {
            "line": {"from": "pos"},
            "item": {"from": "article"},
            "quantity": {"from": "qty", "as": "whole"},
        },
    },
}
"""How its list of shipments is declared."""


NAMES = {
    "method": "PUT",
    "path": _NAMES + "{subject}",
    "ability": "keys",
    "over_seen": True,
    "reference": "number",
    "body": {
        "sku": {"from": "item"},
        "label.en": {"from": "description"},
        "state": {"from": "status", "codes": {"active": "A", "blocked": "X"}},
        "rev": {"from": "revision"},
        "origin": {"constant": "hub"},
    },
}
"""How it is told items: by records that have versions."""


def _tag(record: Any) -> str:
    return f'"{sha256(repr(record).encode()).hexdigest()[:12]}"'


class FakeRest(FakeFarSystem):
    """Keeps one record per key, under a number of its own, and numbers the pages of its list."""

    lists: ClassVar[tuple[str, ...]] = ("shipments",)

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[str, dict[str, Any]] = {}
        self._shipments: dict[str, dict[str, Any]] = {}
        self._records: dict[str, dict[str, Any]] = {}

    def settings(self) -> dict[str, Any]:
        """Everything is told to one path, by keys, and can be asked for."""
        told = {"path": "/told", "ability": "keys", "look_up": _LOOK_UP + "{key}"}
        return {
            "url": self.url,
            "credential": "canary-of-the-fake-rest",
            "operations": {"default": told, "crossdock.item.changed.v1": NAMES},
            "webhook_header": "X-Signature",
            "feeds": {"shipments": SHIPMENTS},
        }

    def answer(self, asked: Asked) -> Reply:
        """Take one event or several; say of a key what stands under it."""
        if asked.method == "GET" and asked.path.startswith(_LOOK_UP):
            record = self._records.get(asked.path.removeprefix(_LOOK_UP))
            return Reply(404, {"title": "not here"}) if record is None else Reply(200, record)
        if asked.method == "GET" and asked.path.startswith(_SHIPMENTS):
            return self._list(asked)
        if asked.path.startswith(_NAMES):
            return self._name(asked, asked.path.removeprefix(_NAMES))
        if asked.method != "POST" or asked.path != "/told":
            return Reply(404, {"title": "no such place"})
        if isinstance(asked.json, list):
            return Reply(
                200, {"results": [{**self._take(one), "status": 201} for one in asked.json]}
            )
        return Reply(201, self._take(asked.json))

    def effects(self) -> Mapping[str, Any]:
        """The records, by key, and the names of items."""
        return self._records | self._names

    def void(self, document: Document) -> None:
        """Cancel the record of a key; items cannot be cancelled."""
        if document.business_key not in self._records:
            raise NotImplementedError
        self._records[document.business_key]["state"] = "cancelled"

    def shipments(self) -> list[dict[str, Any]]:
        """The shipments as they stand."""
        return list(self._shipments.values())

    def write_by_hand(self, item: str, name: dict[str, Any]) -> None:
        """Somebody there writes an item's name."""
        self._names[item] = name

    def _name(self, asked: Asked, item: str) -> Reply:
        """An item's name, which is written over the version that was seen only."""
        known = self._names.get(item)
        if asked.method == "GET":
            return Reply(404) if known is None else Reply(200, known, {"ETag": _tag(known)})
        seen = asked.headers.get("if-match")
        if seen is None and asked.headers.get("if-none-match") != "*":
            return Reply(428, {"title": "say what you saw"})
        if seen != (None if known is None else _tag(known)):
            return Reply(412, {"title": "it changed"})
        number = known["number"] if known is not None else f"N-{len(self._names) + 1}"
        self._names[item] = {**(known or {}), **asked.json, "number": number}
        return Reply(200 if known else 201, self._names[item])

    def change(self, feed: str, record: int, stamp: datetime) -> None:
        """A shipment left, or was touched."""
        number = f"S-{record:03}"
        before = self._shipments.get(number, {"rev": 0})
        self._shipments[number] = {
            "number": number,
            "rev": before["rev"] + 1,
            "touched": stamp.isoformat(),
            "left_at": "2026-03-02T09:15:00Z",
            "refs": [{"order": f"SO-{record}"}],
            "via": "U1",
            "parcel": {"code": "1Z999"},
            "rows": [{"pos": "1", "article": "MUG", "qty": 3.0}],
        }

    def spoil(self, feed: str, record: int) -> None:
        """A shipment goes with a carrier that nobody told us of."""
        self._shipments[f"S-{record:03}"]["via"] = "BALLOON"

    def _list(self, asked: Asked) -> Reply:
        number = asked.path.removeprefix(_SHIPMENTS).removeprefix("/")
        if number:
            one = self._shipments.get(number)
            return Reply(404) if one is None else Reply(200, one)
        since = datetime.fromisoformat(asked.asked_for("since"))
        found = [
            one
            for one in self._shipments.values()
            if datetime.fromisoformat(one["touched"]) >= since
        ]
        found.sort(key=lambda one: (one["touched"], one["number"]))
        size = int(asked.asked_for("limit"))
        start = (int(asked.asked_for("page")) - 1) * size
        return Reply(200, {"data": {"shipments": found[start : start + size]}})

    def _take(self, event: dict[str, Any]) -> dict[str, Any]:
        key = event["id"]
        if key in self._records:
            return {**self._records[key], "replayed": True}
        number = f"R-{len(self._records) + 1}"
        self._records[key] = {"id": key, "reference": number, "state": "done"}
        return self._records[key]
