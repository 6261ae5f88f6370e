"""Stock that changed at a site: an internal shipment from or to where nobody knows.

One brings in what a posting adds, one takes out what it takes off, each under our reference. What
a warehouse has counted is a fact, so the goods are assigned whatever Tryton believes of its shelf.
"""

from __future__ import annotations

from typing import Final

import msgspec

from crossdock.connectors.tryton import outbound, wire
from crossdock.connectors.tryton.api import Api, Record, Stopped
from crossdock.connectors.tryton.operations.operation import buttons, ended, ours, warehouse
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
    """Stock that is moved at a site by our references."""

    def __init__(self, api: Api, settings: TrytonSettings) -> None:
        self._api = api
        self._company = settings.company

    async def tell(self, body: bytes) -> FarAnswer:
        """Move what is to be moved, in and out, each once."""
        said = _POSTING(body)
        news = False
        for part in outbound.parts_of(said):
            answer = await self.move(said.site, part)
            if isinstance(answer, Void):
                return answer
            news = news or isinstance(answer, Accepted)
        return Accepted(said.posting_id) if news else AlreadyDone(said.posting_id)

    async def find(self, body: bytes) -> Found:
        """Whether all of it is moved."""
        said = _POSTING(body)
        for part in outbound.parts_of(said):
            found = ended(await self.under(part.reference), _DONE)
            if isinstance(found, NotThere | Void):
                return found
        return AlreadyDone(said.posting_id)

    async def move(self, site: str, part: outbound.Part) -> Accepted | AlreadyDone | Void:
        """Move one part at a site, from where it stands on; raises `Stopped`."""
        shipment = await self.under(part.reference)
        if shipment is None:
            shipment = await self._draft(site, part)
        if shipment["state"] == wire.CANCELLED:
            return Void(part.reference, shipment["state"])
        if shipment["state"] in _DONE:
            return AlreadyDone(part.reference)
        await self._api.press(wire.INTERNAL, shipment, buttons(shipment["state"], _MOVING))
        return Accepted(part.reference)

    async def under(self, reference: str) -> Record | None:
        """The internal shipment under this reference of ours."""
        domain = ours(reference, self._company)
        found = await self._api.search(wire.INTERNAL, domain, _FIELDS, limit=1)
        return found[0] if found else None

    async def _draft(self, site: str, part: outbound.Part) -> Record:
        items = sorted({line.item for line in part.lines})
        products = await self._api.search(
            wire.PRODUCT, [["code", "in", items]], ("code", "default_uom.id")
        )
        known = {record["code"]: record for record in products}
        if missing := [item for item in items if item not in known]:
            raise Stopped(Refused(f"no product has the code {', '.join(missing)}"))
        shelf, nowhere = await self._places(site)
        values = outbound.internal_shipment(part, known, shelf, nowhere, self._company)
        return await self._api.create(wire.INTERNAL, values, _FIELDS)

    async def _places(self, site: str) -> tuple[int, int]:
        """The shelves of a site, and where goods are that nobody can find."""
        place = await warehouse(self._api, site, ("storage_location.id",))
        lost = await self._api.search(
            wire.LOCATION, [["type", "=", "lost_found"]], ("name",), limit=1
        )
        if not lost:
            raise Stopped(Refused("there is no location of the type lost and found"))
        return int(place["storage_location"]["id"]), int(lost[0]["id"])
