"""A partner who exchanges files: orders and items left in a folder, releases taken from it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, ClassVar
from weakref import finalize

from crossdock.testing.fakes.fake import Asked, FakeFarSystem, Reply

ORDERS = {
    "match": "orders-*.csv",
    "format": "csv",
    "delimiter": ";",
    "type": "crossdock.order.placed.v1",
    "key": ["order_no"],
    "fields": {
        "order_id": {"from": "order_no"},
        "channel": {"constant": "edi"},
        "customer": {"from": "customer"},
        "currency": {"from": "currency"},
    },
    "lines": {
        "fields": {
            "line": {"from": "pos"},
            "item": {"from": "ean", "digits": 13},
            "quantity": {"from": "qty", "as": "whole"},
            "unit_price_e4": {"from": "price", "as": "price"},
        }
    },
}
ITEMS = {
    "match": "items-*.ndjson",
    "format": "ndjson",
    "type": "crossdock.item.changed.v1",
    "key": ["sku"],
    "full": True,
    "fields": {
        "item": {"from": "sku"},
        "description": {"from": "name"},
        "status": {"from": "state", "codes": {"A": "active", "X": "blocked"}},
        "revision": {"from": "rev", "as": "whole"},
    },
}
_HEADER = "order_no;customer;currency;pos;ean;qty;price"
_OUT = "releases"


class FakePartner(FakeFarSystem):
    """One folder of its own; a file per order."""

    lists: ClassVar[tuple[str, ...]] = ("orders",)

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="crossdock-partner-"))
        self._gone = finalize(self, rmtree, self.folder, ignore_errors=True)

    def settings(self) -> dict[str, Any]:
        """Files are whole at once."""
        return {
            "folder": str(self.folder),
            "feeds": {"orders": ORDERS, "items": ITEMS},
            "out": {"crossdock.order.released.v1": _OUT},
            "stable_seconds": 0,
        }

    def answer(self, asked: Asked) -> Reply:
        """Nobody asks it anything."""
        return Reply(404)

    def effects(self) -> Mapping[str, Any]:
        """The files that were left for it."""
        return {path.name: path.read_text() for path in sorted((self.folder / _OUT).glob("[!.]*"))}

    def requests(self) -> list[dict[str, Any]]:
        """Each file as if it had been put."""
        return [
            {"method": "PUT", "path": f"/{_OUT}/{name}", "body": json.loads(text)}
            for name, text in self.effects().items()
        ]

    def change(self, feed: str, record: int, stamp: datetime) -> None:
        """Leave an order."""
        self._leave(record, stamp, "4.50")

    def spoil(self, feed: str, record: int) -> None:
        """Leave an order whose price nobody can read."""
        path = self._path(record)
        path.write_text(path.read_text().replace("4.50", "4,50 EUR"))

    def _leave(self, record: int, stamp: datetime, price: str) -> None:
        path = self._path(record)
        row = f"B-{record};C-7;EUR;1;0400638133393;{record};{price}"
        path.write_text(f"{_HEADER}\n{row}\n")
        os.utime(path, (stamp.timestamp(), stamp.timestamp()))

    def _path(self, record: int) -> Path:
        return self.folder / f"orders-{record:04}.csv"
