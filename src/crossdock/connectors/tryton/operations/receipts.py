"""What came from a supplier: goods of its purchase are received, the rest goes on the shelf.

Tryton receives from a supplier only what a purchase has ordered. What came beyond that, or without
a purchase, came all the same: an internal shipment from lost and found brings it to the shelf, as
postings of stock do, and a person finds it there. A supplier shipment that somebody has prepared
and not received yet gives up its goods: the warehouse knows what came.
"""

from __future__ import annotations

from asyncio import Lock
from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from crossdock.connectors.kit.reading import shaped
from crossdock.connectors.tryton import outbound, wire
from crossdock.connectors.tryton.api import Api, Record, Stopped
from crossdock.connectors.tryton.operations.operation import (
    ended,
    name_of,
    ours,
    warehouse,
)
from crossdock.connectors.tryton.operations.stock import Stock
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
from crossdock.contracts.stock import Receipt

_CAME: Final = frozenset({"done"})
_FIELDS: Final = (
    "number", "state", "incoming_moves.product.code", "incoming_moves.internal_quantity",
)  # fmt: skip
_PURCHASE_FIELDS: Final = (
    "state", "party.id", "lines.quantity", "lines.unit.factor", "lines.unit.rate",
    "lines.product.code", "lines.product.default_uom.id", "lines.product.default_uom.factor",
    "lines.product.default_uom.rate", "lines.moves.state", "lines.moves.quantity",
    "lines.moves.unit.id", "lines.moves.unit_price", "lines.moves.internal_quantity",
    "lines.moves.planned_date", "lines.moves_recreated.internal_quantity",
)  # fmt: skip
_NOT_YET: Final = frozenset({"draft", "quotation", "confirmed"})

_RECEIPT: Final = msgspec.json.Decoder(Receipt).decode


class Receipts:
    """Goods that came, by our references."""

    def __init__(self, api: Api, settings: TrytonSettings, stock: Stock) -> None:
        self._api = api
        self._company = settings.company
        self._stock = stock
        self._filling = Lock()  # two receipts of a purchase share its moves

    async def tell(self, body: bytes) -> FarAnswer:
        """Receive what is of the purchase, then bring in what is beyond it."""
        said = _RECEIPT(body)
        units = outbound.units_that_came(said)
        async with self._filling:
            shipment = await self._under(said)
            if shipment is None or shipment["state"] == "draft":
                shipment = await self._filled(said, units, shipment)
            if shipment is not None and shipment["state"] == wire.CANCELLED:
                return Void(name_of(shipment), shipment["state"])
            news = shipment is not None and shipment["state"] not in _CAME
            if shipment is not None:
                shipment = await self._receive(shipment)
        part = outbound.beyond(said, _without(units, shipment))
        brought = await self._stock.move(said.site, part) if part is not None else None
        if isinstance(brought, Void):
            return brought
        number = name_of(shipment) if shipment is not None else said.receipt_id
        if news or isinstance(brought, Accepted):
            return Accepted(number)
        return AlreadyDone(number)

    async def find(self, body: bytes) -> Found:
        """Whether all of it came there."""
        said = _RECEIPT(body)
        shipment = await self._under(said)
        if shipment is not None and shipment["state"] not in _CAME:
            return ended(shipment, _CAME)
        units = outbound.units_that_came(said)
        part = outbound.beyond(said, _without(units, shipment))
        if part is not None:
            return ended(await self._stock.under(part.reference), _CAME)
        return ended(shipment, _CAME) if shipment is not None else AlreadyDone(said.receipt_id)

    async def _under(self, said: Receipt) -> Record | None:
        """The supplier shipment of a receipt: each site numbers its own."""
        domain = [*ours(said.receipt_id, self._company), ["warehouse.code", "=", said.site]]
        found = await self._api.search(wire.SHIPMENT_IN, domain, _FIELDS, limit=1)
        return found[0] if found else None

    async def _filled(
        self, said: Receipt, units: Mapping[str, int], draft: Record | None
    ) -> Record | None:
        """The draft of a supplier shipment with what came of the purchase; None: nothing did.

        Once something was brought in beyond it, the purchase is not looked at again.
        """
        if said.purchase_order is None or not units:
            return draft
        beyond = outbound.beyond(said, units)
        if draft is None and beyond is not None and await self._stock.under(beyond.reference):
            return None
        purchase = await self._purchase(said.purchase_order)
        due = _due(purchase)
        came = outbound.moves_that_came(due, units)
        _wait_for_the_rest(said.purchase_order, purchase, units, due)
        if not came:
            return draft
        place = await warehouse(self._api, said.site, ("input_location.id", "storage_location.id"))
        values = {"incoming_moves": outbound.incoming(due, came, place)}
        if draft is not None:
            return await self._api.write(wire.SHIPMENT_IN, draft, values, _FIELDS)
        header = {
            "company": self._company,
            "supplier": purchase["party"]["id"],
            "warehouse": place["id"],
            "warehouse_input": place["input_location"]["id"],
            "warehouse_storage": place["storage_location"]["id"],
            "reference": said.receipt_id,
        }
        return await self._api.create(wire.SHIPMENT_IN, header | values, _FIELDS)

    async def _receive(self, shipment: Record) -> Record:
        """Through the door and onto the shelf; where both are one place, one step does both."""
        if shipment["state"] == "draft":
            shipment = await self._api.press(wire.SHIPMENT_IN, shipment, ("receive",), _FIELDS)
        if shipment["state"] == "received":
            shipment = await self._api.press(wire.SHIPMENT_IN, shipment, ("do",), _FIELDS)
        return shipment

    async def _purchase(self, number: str) -> Record:
        domain = [["number", "=", number], ["company", "=", self._company]]
        found = await self._api.search(wire.PURCHASE, domain, _PURCHASE_FIELDS, limit=1)
        if not found:
            raise Stopped(Refused(f"no purchase has the number {number}"))
        if found[0]["state"] in _NOT_YET:
            reason = f"purchase {number} is {found[0]['state']} there, not processed yet"
            raise Stopped(RetryLater(reason, well=True))
        return found[0]


def _due(purchase: Record) -> list[outbound.Due]:
    """Goods of a purchase that are still to come, the first planned first."""
    found = []
    for line in _lines(purchase):
        for move in line["moves"]:
            if move["state"] == "draft":
                product = line["product"]
                units = wire.read_quantity(move["internal_quantity"], "$.internal_quantity")
                due = outbound.Due(
                    move["id"], product["code"], units, move, product["default_uom"]["id"]
                )
                found.append((_planned(move), due))
    return [due for _, due in sorted(found, key=lambda one: (one[0], one[1].move))]


def _planned(move: Record) -> str:
    """The day that a move is planned for, as text that sorts; goods without a day are late."""
    day = move["planned_date"]
    return wire.read_day(day, "$.planned_date").isoformat() if day is not None else ""


def _wait_for_the_rest(
    number: str, purchase: Record, units: Mapping[str, int], due: list[outbound.Due]
) -> None:
    """Raise `Stopped` while Tryton has yet to plan what is left of an item that more came of."""
    planned: Counter[str] = Counter()
    for one in due:
        planned[one.item] += one.units
    unplanned: Counter[str] = Counter()
    for line in _lines(purchase):
        unplanned[line["product"]["code"]] += _unplanned(line)
    if any(units[item] > planned[item] and unplanned[item] for item in units):
        reason = f"the rest of purchase {number} is not planned there yet"
        raise Stopped(RetryLater(reason, well=True))


def _lines(purchase: Record) -> list[Record]:
    """The lines of goods that are bought, not given back."""
    return [one for one in purchase["lines"] if one["product"] and (one["quantity"] or 0) > 0]


def _unplanned(line: Record) -> int:
    """Base units of a line for which there is no move, done or to be done."""
    unit, base = (
        shaped(one, wire.Measure) for one in (line["unit"], line["product"]["default_uom"])
    )
    ordered = wire.base_units(line["quantity"], unit, base, "$.lines.quantity")
    moved = sum(one["internal_quantity"] for one in line["moves"])
    again = sum(one["internal_quantity"] for one in line["moves_recreated"])
    return max(0, ordered - int(moved - again))


def _without(units: Mapping[str, int], shipment: Record | None) -> dict[str, int]:
    """What of the units is not in a supplier shipment."""
    rest = dict(units)
    for move in shipment["incoming_moves"] if shipment is not None else ():
        came = wire.read_quantity(move["internal_quantity"], "$.incoming_moves.internal_quantity")
        item = move["product"]["code"]
        rest[item] = rest.get(item, 0) - came
    return rest
