"""Fulfilments, stock levels, names and prices of a shop, each made by looking what is there.

Vendure honours no key. A shipment of ours stands in the method of its fulfilment, so that it can be
found again; levels, names and prices are set, not changed, and may be set again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from crossdock.connectors.kit.kind import Kind
from crossdock.connectors.vendure import outbound, wire
from crossdock.connectors.vendure.api import Api, Stopped
from crossdock.connectors.vendure.card import CARD
from crossdock.connectors.vendure.feeds import Orders, Pointing
from crossdock.connectors.vendure.settings import VendureSettings
from crossdock.contracts import catalogue
from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    Document,
    FarAnswer,
    Found,
    NotThere,
    Refused,
    RetryLater,
    Unknown,
    Void,
)
from crossdock.contracts.orders import OrderStatusChange
from crossdock.contracts.prices import Price
from crossdock.contracts.products import Item
from crossdock.contracts.returns import ReturnAuthorisation, ReturnStatusChange
from crossdock.contracts.shipments import Shipment
from crossdock.contracts.stock import Availability
from crossdock.contracts.vocabulary import OrderStatus

_SETTINGS_MAX: Final = 3
"""How often levels are set in one go while stock moves there."""

_CHANGED: Final = "updateProductVariants"
_NOT_SOLD: Final = "not sold in this shop"
_NOT_ITS_LIST: Final = "not the price list of this shop"

_SHIPMENT: Final = msgspec.json.Decoder(Shipment).decode
_AVAILABILITY: Final = msgspec.json.Decoder(Availability).decode
_ITEM: Final = msgspec.json.Decoder(Item).decode
_PRICE: Final = msgspec.json.Decoder(Price).decode
_STATUS: Final = msgspec.json.Decoder(OrderStatusChange).decode
_RETURN: Final = msgspec.json.Decoder(ReturnAuthorisation).decode
_RETURN_STATUS: Final = msgspec.json.Decoder(ReturnStatusChange).decode


class VendureConnector:
    """One shop, reached; a `contracts.connector.Connector` and a `contracts.feeds.Source`."""

    def __init__(self, settings: VendureSettings) -> None:
        self._settings = settings
        self._api = Api(settings)
        self._feeds = (Orders(self._api, settings),)
        self._places: dict[str, str] = {}  # name of a stock location -> its number
        self._tell: dict[str, Callable[[bytes], Awaitable[FarAnswer]]] = {
            catalogue.SHIPMENT_SHIPPED: self._fulfil,
            catalogue.AVAILABILITY_PUBLISHED: self._set_levels,
            catalogue.ITEM_CHANGED: self._name,
            catalogue.PRICE_CHANGED: self._price,
            catalogue.ORDER_STATUS_CHANGED: self._status,
            catalogue.RETURN_AUTHORISED: self._return_authorised,
            catalogue.RETURN_STATUS_CHANGED: self._return_moved,
        }

    @property
    def batch_max(self) -> int:
        """Each document is several requests of its own."""
        return 1

    @property
    def feeds(self) -> Sequence[Orders]:
        """What it is asked."""
        return self._feeds

    def ability(self, message_type: str) -> Ability:
        """Fulfilments can be found again; what is set may be set again."""
        if message_type == catalogue.SHIPMENT_SHIPPED:
            return Ability.LOOK_UP
        return Ability.KEYS if message_type in self._tell else Ability.NEITHER

    def ask_after_seconds(self, message_type: str) -> float:
        """Longer than its slowest operation: at work, it would say that nothing is there."""
        return self._settings.look_up_after_seconds

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """Tell them one after the other; gives one answer each."""
        return [await self._told(document) for document in documents]

    async def look_up(self, document: Document) -> Found:
        """Whether a shipment of ours stands there as a fulfilment that has left."""
        if document.type != catalogue.SHIPMENT_SHIPPED:
            return Unknown(f"nobody here can be asked about {document.type}")
        said = _SHIPMENT(document.body)
        try:
            order = await self._order(said.order_id)
        except Stopped as stopped:
            return Unknown(getattr(stopped.answer, "reason", repr(stopped.answer)))
        found = outbound.ours(order, said) if order is not None else None
        if found is None:
            return NotThere()
        if found["state"] == wire.CANCELLED:
            return Void(found["id"], found["state"])
        return AlreadyDone(found["id"]) if found["state"] in wire.GONE else NotThere()

    async def close(self) -> None:
        """Let go of connections."""
        await self._api.close()

    async def _told(self, document: Document) -> FarAnswer:
        tell = self._tell.get(document.type)
        if tell is None:
            return Refused(f"nothing here is told as {document.type}")
        try:
            return await tell(document.body)
        except Stopped as stopped:
            return stopped.answer

    # Fulfilments --------------------------------------------------------------------------------

    async def _fulfil(self, body: bytes) -> FarAnswer:
        """What left is a fulfilment, moved to Shipped; one that stands there already is gone on."""
        said = _SHIPMENT(body)
        order = await self._order(said.order_id)
        if order is None:
            return RetryLater(f"there is no order {said.order_id} in the shop", well=True)
        found = outbound.ours(order, said)
        if found is None:
            made = await self._api.act(wire.FULFIL, input=outbound.fulfilment(said))
            found = made["addFulfillmentToOrder"]
        elif found["state"] == wire.CANCELLED:
            return Void(found["id"], found["state"])
        elif found["state"] in wire.GONE:
            return AlreadyDone(found["id"])
        await self._api.act(wire.MOVE_FULFILMENT, id=found["id"], state="Shipped")
        return Accepted(found["id"])

    async def _order(self, code: str) -> dict[str, Any] | None:
        options = {"filter": {"code": {"eq": code}}, "take": 1}
        found = (await self._api.ask(wire.FULFILMENTS, options=options))["orders"]["items"]
        return found[0] if found else None

    # Stock, names -------------------------------------------------------------------------------

    async def _set_levels(self, body: bytes) -> FarAnswer:
        """What is promised, place by place.

        A fulfilment that goes on meanwhile takes what it ships off both what is allocated and what
        is on hand. So what is allocated afterwards must be what the levels were reckoned with.
        """
        said = _AVAILABILITY(body)
        if not said.sites:
            return Refused("availability without sites: set per_site for this channel")
        promised = {
            await self._place(self._settings.places.get(one.site, one.site)): one.quantity
            for one in said.sites
        }
        variant = await self._variant(said.item)
        if variant is None:
            return Accepted(_NOT_SOLD)
        for _ in range(_SETTINGS_MAX):
            allocated = outbound.allocated(variant, promised)
            levels = [outbound.level(place, promised[place], allocated) for place in promised]
            change = {"id": variant["id"], "stockLevels": levels}
            [variant] = (await self._api.act(wire.SET_LEVELS, input=[change]))[_CHANGED]
            if outbound.allocated(variant, promised) == allocated:
                return Accepted(variant["id"])
        return RetryLater(f"stock of {said.item} is moving there", well=True)

    async def _place(self, name: str) -> str:
        if name not in self._places:
            found = (await self._api.ask(wire.PLACES))["stockLocations"]["items"]
            self._places = {one["name"]: one["id"] for one in found}
        if name not in self._places:
            raise Stopped(Refused(f"the shop has no stock location {name}"))
        return self._places[name]

    async def _variant(self, item: str) -> dict[str, Any] | None:
        options = {"filter": {"sku": {"eq": item}}, "take": 1}
        found = (await self._api.ask(wire.VARIANTS, options=options))["productVariants"]["items"]
        return found[0] if found else None

    async def _name(self, body: bytes) -> FarAnswer:
        """What the item is called; what is not sold here changes nothing."""
        said = _ITEM(body)
        variant = await self._variant(said.item)
        if variant is None:
            return Accepted(_NOT_SOLD)
        change = outbound.name(variant["id"], said)
        await self._api.act(wire.CHANGE_VARIANTS, input=[change])
        return Accepted(variant["id"])

    async def _price(self, body: bytes) -> FarAnswer:
        """What one costs by its list; other lists are not sold by here."""
        said = _PRICE(body)
        if said.price_list != self._settings.price_list:
            return Accepted(_NOT_ITS_LIST)
        variant = await self._variant(said.item)
        if variant is None:
            return Accepted(_NOT_SOLD)
        change = outbound.price(variant, said)
        if isinstance(change, str):
            return Refused(change)
        await self._api.act(wire.CHANGE_VARIANTS, input=[change])
        return Accepted(variant["id"])

    async def _status(self, body: bytes) -> FarAnswer:
        """What is cancelled here is cancelled there; of the rest its people are told by a note."""
        said = _STATUS(body)
        order = await self._order(said.order_id)
        if order is None:
            return RetryLater(f"there is no order {said.order_id} in the shop", well=True)
        if said.status is OrderStatus.CANCELLED:
            if order["state"] == wire.CANCELLED:
                return AlreadyDone(order["id"])
            await self._api.act(
                wire.CANCEL, input={"orderId": order["id"], "reason": "by the house"}
            )
            return Accepted(order["id"])
        return await self._remark(order, outbound.note(order["id"], said))

    async def _return_authorised(self, body: bytes) -> FarAnswer:
        said = _RETURN(body)
        return await self._note(said.order_id, f"return {said.return_id} may come back")

    async def _return_moved(self, body: bytes) -> FarAnswer:
        said = _RETURN_STATUS(body)
        return await self._note(said.order_id, f"return {said.return_id}: {said.status}")

    async def _note(self, code: str, words: str) -> FarAnswer:
        order = await self._order(code)
        if order is None:
            return RetryLater(f"there is no order {code} in the shop", well=True)
        return await self._remark(order, {"id": order["id"], "note": words, "isPublic": False})

    async def _remark(self, order: dict[str, Any], note: dict[str, Any]) -> FarAnswer:
        """Tell the shop's people, once: a note that stands there already was told."""
        if outbound.has_note(order["history"]["items"], note["note"]):
            return AlreadyDone(order["id"])
        await self._api.act(wire.NOTE, input=note)
        return Accepted(order["id"])


def connect(settings: VendureSettings) -> VendureConnector:
    """Make the connector of one shop; raises `BadAddress`."""
    return VendureConnector(settings)


def _webhook(settings: VendureSettings) -> Pointing:
    return Pointing(settings)


KIND = Kind(CARD, VendureSettings, connect, _webhook)
