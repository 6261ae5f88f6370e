"""Our documents in Vendure's words: fulfilments that name our shipment, levels, names and notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from crossdock.connectors.vendure import wire
from crossdock.contracts.orders import OrderStatusChange
from crossdock.contracts.prices import Price
from crossdock.contracts.products import Item
from crossdock.contracts.shipments import Shipment


def ours(order: dict[str, Any], said: Shipment) -> dict[str, Any] | None:
    """The fulfilment that is this shipment, by the method that names it."""
    for one in order["fulfillments"] or ():
        if one["method"] == _method(said):
            found: dict[str, Any] = one
            return found
    return None


def _method(said: Shipment) -> str:
    """Who carries it, and our number of the shipment: what is found again."""
    return f"{said.carrier or 'carrier'} ({said.shipment_id})"


def fulfilment(said: Shipment) -> dict[str, Any]:
    """What is asked for: the units of each line, who carries it and where it can be followed."""
    units: dict[str, int] = {}
    for line in said.lines:
        units[line.line] = units.get(line.line, 0) + line.quantity
    tracking = said.tracking or next((one.tracking for one in said.packages if one.tracking), "")
    return {
        "lines": [{"orderLineId": line, "quantity": units[line]} for line in sorted(units)],
        "handler": {
            "code": wire.HANDLER,
            "arguments": [
                {"name": "method", "value": _method(said)},
                {"name": "trackingCode", "value": tracking or ""},
            ],
        },
    }


def allocated(variant: Mapping[str, Any], places: Iterable[str]) -> dict[str, int]:
    """What the shop has allocated to orders of its own at these places."""
    there = {one["stockLocationId"]: one["stockAllocated"] for one in variant["stockLevels"]}
    return {place: there.get(place, 0) for place in places}


def level(place: str, promised: int, allocated: Mapping[str, int]) -> dict[str, Any]:
    """So much on hand that the shop offers what we promise: it subtracts its own orders."""
    return {"stockLocationId": place, "stockOnHand": promised + allocated[place]}


def name(variant: str, said: Item) -> dict[str, Any]:
    """What an item is called."""
    words = [{"languageCode": "en", "name": said.description or said.item}]
    return {"id": variant, "translations": words}


def price(variant: Mapping[str, Any], said: Price) -> dict[str, Any] | str:
    """What one costs, in the shop's currency and minor units; else why that cannot be told.

    The shop knows no prices that begin or end, and none of more than one: of the steps of a list
    it is told the one that holds for a single base unit at any time.
    """
    currency = variant["currencyCode"]
    held = [
        step.unit_price_e4
        for step in said.steps
        if (step.currency, step.unit, step.from_quantity) == (currency, None, 1)
        and step.valid_from is None
        and step.valid_until is None
    ]
    if len(held) != 1 or currency not in wire.DIGITS:
        return f"{len(held)} prices of one {said.item} in {currency} that hold at any time"
    minor, rest = divmod(held[0], wire.E4_PER_MAJOR // 10 ** wire.DIGITS[currency])
    if rest:
        return f"{held[0]} ten-thousandths of {currency} are no whole minor units"
    return {"id": variant["id"], "price": minor}


def note(order: str, said: OrderStatusChange) -> dict[str, Any]:
    """How an order stands here, for the shop's own people."""
    return {"id": order, "note": f"{said.status} at the warehouse", "isPublic": False}


def has_note(history: Sequence[Mapping[str, Any]], text: str) -> bool:
    """Whether an order bears this note already."""
    return any(
        one.get("type") == wire.ORDER_NOTE and (one.get("data") or {}).get("note") == text
        for one in history
    )
