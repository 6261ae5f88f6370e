"""Our documents in Vendure's words: fulfilments that name our shipment, levels, names and notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossdock.connectors.vendure import wire
from crossdock.contracts.orders import OrderStatusChange
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


def level(place: str, promised: int, allocated: Mapping[str, int]) -> dict[str, Any]:
    """So much on hand that the shop offers what we promise: it subtracts its own orders."""
    return {"stockLocationId": place, "stockOnHand": promised + allocated.get(place, 0)}


def name(variant: str, said: Item) -> dict[str, Any]:
    """What an item is called."""
    words = [{"languageCode": "en", "name": said.description or said.item}]
    return {"id": variant, "translations": words}


def note(order: str, said: OrderStatusChange) -> dict[str, Any]:
    """How an order stands here, for the shop's own people."""
    return {"id": order, "note": f"{said.status} at the warehouse", "isPublic": False}


def has_note(history: Sequence[Mapping[str, Any]], text: str) -> bool:
    """Whether an order bears this note already."""
    return any(
        one.get("type") == wire.ORDER_NOTE and (one.get("data") or {}).get("note") == text
        for one in history
    )
