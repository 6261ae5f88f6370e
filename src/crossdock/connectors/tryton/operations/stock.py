"""Stock that changed at a site: an internal shipment from or to where nobody knows.

One brings in what a posting adds, one takes out what it takes off, each under our reference. What
a warehouse has counted is a fact, so the goods are assigned whatever Tryton believes of its shelf.
"""

from __future__ import annotations

from typing import Final

import msgspec

from crossdock.connectors.tryton import outbound, wire
from crossdock.connectors.tryton.api import Api, Record, Stopped
from crossdock.connectors.tryton.operations.operation import buttons, ended, ours
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts.connector import (
    Accepted,
    AlreadyDone,
    FarAnswer,
    Found,
    NotThere,
    Refused,
    Void,
)
from crossdock.contracts.postings import StockPosting

_DONE: Final = frozenset({"done"})
_MOVING: Final = {
    "draft": ("wait", "assign_force", "do"),
    "request": ("wait", "assign_force", "do"),
    "waiting": ("assign_force", "do"),
    "assigned": ("do",),
}
_FIELDS: Final = ("number", "state")
_POSTING: Final = msgspec.json.Decoder(StockPosting).decode


class Stock:
    """Postings of stock by our references."""

    def __init__(self, api: Api, settings: TrytonSettings) -> None:
        self._api = api
        self._company = settings.company

    async def tell(self, body: bytes) -> FarAnswer:
        """Move what is to be moved, in and out, each once."""
        said = _POSTING(body)
        news = False
        for part in outbound.parts_of(said):
            shipment = await self._under(part.reference)
            if shipment is None:
                shipment = await self._draft(said, part)
            if shipment["state"] == wire.CANCELLED:
                return Void(part.reference, shipment["state"])
            if shipment["state"] not in _DONE:
                news = True
                steps = buttons(shipment["state"], _MOVING)
                await self._api.press(wire.INTERNAL, shipment, steps)
        return Accepted(said.posting_id) if news else AlreadyDone(said.posting_id)

    async def find(self, body: bytes) -> Found:
        """Whether all of it is moved."""
        said = _POSTING(body)
        for part in outbound.parts_of(said):
            found = ended(await self._under(part.reference), _DONE)
            if isinstance(found, NotThere | Void):
                return found
        return AlreadyDone(said.posting_id)

    async def _under(self, reference: str) -> Record | None:
        domain = ours(reference, self._company)
        found = await self._api.search(wire.INTERNAL, domain, _FIELDS, limit=1)
        return found[0] if found else None

    async def _draft(self, said: StockPosting, part: outbound.Part) -> Record:
        items = sorted({line.item for line in part.lines})
        products = await self._api.search(
            wire.PRODUCT, [["code", "in", items]], ("code", "default_uom.id")
        )
        known = {record["code"]: record for record in products}
        if missing := [item for item in items if item not in known]:
            raise Stopped(Refused(f"no product has the code {', '.join(missing)}"))
        shelf, nowhere = await self._places(said.site)
        values = outbound.internal_shipment(part, known, shelf, nowhere, self._company)
        return await self._api.create(wire.INTERNAL, values, _FIELDS)

    async def _places(self, site: str) -> tuple[int, int]:
        """The shelves of a site, and where goods are that nobody can find."""
        warehouses = await self._api.search(
            wire.LOCATION,
            [["code", "=", site], ["type", "=", "warehouse"]],
            ("storage_location.id",),
            limit=1,
        )
        lost = await self._api.search(
            wire.LOCATION, [["type", "=", "lost_found"]], ("name",), limit=1
        )
        if not warehouses or not lost:
            raise Stopped(Refused(f"there is no warehouse {site}, or no lost and found"))
        return int(warehouses[0]["storage_location"]["id"]), int(lost[0]["id"])
