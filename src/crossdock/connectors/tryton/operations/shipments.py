"""What left is what leaves there: a waiting shipment of the sale is cut to it, and done."""

from __future__ import annotations

from operator import itemgetter
from typing import Final

import msgspec

from crossdock.connectors.tryton import outbound, wire
from crossdock.connectors.tryton.api import Api, Record, Stopped
from crossdock.connectors.tryton.operations.operation import (
    buttons,
    ended,
    name_of,
    warehouse,
)
from crossdock.connectors.tryton.operations.sales import Sales
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts.connector import (
    Accepted,
    AlreadyDone,
    FarAnswer,
    Found,
    Refused,
    RetryLater,
    Void,
)
from crossdock.contracts.shipments import Shipment

LEFT: Final = frozenset({"done"})
_LEAVING: Final = {
    "draft": ("wait", "assign_force", "pick", "pack", "do"),
    "waiting": ("assign_force", "pick", "pack", "do"),
    "assigned": ("pick", "pack", "do"),
    "picked": ("pack", "do"),
    "packed": ("do",),
    "shipped": ("do",),
}
"""By the state of a shipment, the buttons that lead out of the door. Goods that have left are
assigned whatever Tryton believes of its shelves: a fact is not refused."""

_BACK: Final = {"waiting": ("draft",), "assigned": ("wait", "draft")}
"""By the state of a shipment, the buttons that lead back to where its moves may be changed."""

_OPEN: Final = ("draft", "waiting", "assigned")
_ALL_SENT: Final = "sent"
_FIELDS: Final = (
    "number", "state", "outgoing_moves.id", "outgoing_moves.quantity", "outgoing_moves.origin",
)  # fmt: skip

_SHIPMENT: Final = msgspec.json.Decoder(Shipment).decode


class Shipments:
    """Shipments by our references."""

    def __init__(self, api: Api, settings: TrytonSettings, sales: Sales) -> None:
        self._api = api
        self._company = settings.company
        self._sites = settings.sites
        self._sales = sales

    async def tell(self, body: bytes) -> FarAnswer:
        """Let it leave there."""
        said = _SHIPMENT(body)
        shipment = await self.under(said.shipment_id)
        if shipment is None:
            shipment = await self._take_waiting(said)
        if shipment["state"] in LEFT:
            return AlreadyDone(name_of(shipment))
        if shipment["state"] == wire.CANCELLED:
            return Void(name_of(shipment), shipment["state"])
        if shipment["state"] in _OPEN:
            shipment = await self._cut(shipment, said)
        steps = buttons(shipment["state"], _LEAVING)
        shipment = await self._api.press(wire.SHIPMENT, shipment, steps, ("number", "state"))
        return Accepted(name_of(shipment))

    async def find(self, body: bytes) -> Found:
        """Whether it has left there."""
        return ended(await self.under(_SHIPMENT(body).shipment_id), LEFT)

    async def under(self, shipment_id: str) -> Record | None:
        """The shipment under our reference, or of that number where its people sent it off."""
        field, value = self.named(shipment_id)
        domain = [[field, "=", value], ["company", "=", self._company]]
        found = await self._api.search(wire.SHIPMENT, domain, _FIELDS, limit=1)
        return found[0] if found else None

    def named(self, shipment_id: str) -> tuple[str, str]:
        """The field that holds a shipment's name there, and what stands in it."""
        if self._sites and shipment_id.startswith(wire.OWN_SHIPMENT):
            number, _, _ = shipment_id.removeprefix(wire.OWN_SHIPMENT).partition("+")
            return "number", number
        return "reference", shipment_id

    async def _take_waiting(self, said: Shipment) -> Record:
        """A shipment of the sale that nobody has taken yet; our reference says that it is ours.

        There is one at a time: what stays behind when it leaves is on the next.
        """
        sale = await self._sales.under(said.order_id)
        if sale is None:
            raise Stopped(RetryLater(f"there is no sale {said.order_id} yet", well=True))
        fields = ("shipment_state", "shipments.state", "shipments.reference")
        record = await self._api.read(wire.SALE, sale["id"], fields)
        waiting = [
            one for one in record["shipments"] if one["state"] in _OPEN and not one["reference"]
        ]
        if not waiting and record["shipment_state"] == _ALL_SENT:
            raise Stopped(Refused(f"all of sale {said.order_id} has left, no shipment is open"))
        if not waiting:
            reason = f"another shipment of sale {said.order_id} is leaving"
            raise Stopped(RetryLater(reason, well=True))
        reference = {"reference": said.shipment_id}
        first = min(waiting, key=itemgetter("id"))
        return await self._api.write(wire.SHIPMENT, first, reference, _FIELDS)

    async def _cut(self, shipment: Record, said: Shipment) -> Record:
        """Let a waiting shipment hold what left, from the warehouse that it left from."""
        place = await warehouse(self._api, said.site, ("output_location.id", "storage_location.id"))
        lines = await self._sales.lines_of(said.order_id)
        moves = shipment["outgoing_moves"]
        wanted = outbound.moves_that_left(moves, lines, outbound.units_of(said))
        if not wanted.quantities:
            raise Stopped(Refused("none of what left is on the sale's open shipment"))
        steps = buttons(shipment["state"], _BACK)
        shipment = await self._api.press(wire.SHIPMENT, shipment, steps)
        return await self._api.write(wire.SHIPMENT, shipment, outbound.cut(place, wanted), _FIELDS)
