"""A system that takes CloudEvents, honours keys and can be asked by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.contracts.connector import Document
from crossdock.testing.fakes.fake import Asked, FakeFarSystem, Reply

_LOOK_UP = "/effects/"


class FakeRest(FakeFarSystem):
    """Keeps one record per key, under a number of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._records: dict[str, dict[str, Any]] = {}

    def settings(self) -> dict[str, Any]:
        """Everything is told to one path, by keys, and can be asked for."""
        told = {"path": "/told", "ability": "keys", "look_up": _LOOK_UP + "{key}"}
        return {
            "url": self.url,
            "credential": "canary-of-the-fake-rest",
            "operations": {"default": told},
            "webhook_header": "X-Signature",
        }

    def answer(self, asked: Asked) -> Reply:
        """Take one event or several; say of a key what stands under it."""
        if asked.method == "GET" and asked.path.startswith(_LOOK_UP):
            record = self._records.get(asked.path.removeprefix(_LOOK_UP))
            return Reply(404, {"title": "not here"}) if record is None else Reply(200, record)
        if asked.method != "POST" or asked.path != "/told":
            return Reply(404, {"title": "no such place"})
        if isinstance(asked.json, list):
            return Reply(
                200, {"results": [{**self._take(one), "status": 201} for one in asked.json]}
            )
        return Reply(201, self._take(asked.json))

    def effects(self) -> Mapping[str, Any]:
        """The records, by key."""
        return self._records

    def void(self, document: Document) -> None:
        """Cancel the record of a key."""
        self._records[document.business_key]["state"] = "cancelled"

    def _take(self, event: dict[str, Any]) -> dict[str, Any]:
        key = event["id"]
        if key in self._records:
            return {**self._records[key], "replayed": True}
        number = f"R-{len(self._records) + 1}"
        self._records[key] = {"id": key, "reference": number, "state": "done"}
        return self._records[key]
