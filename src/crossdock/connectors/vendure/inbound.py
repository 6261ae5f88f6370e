"""Vendure's orders in our words; total, or it says at which place an order is not as agreed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crossdock.connectors.vendure import wire
from crossdock.connectors.vendure.settings import VendureSettings
from crossdock.connectors.vendure.wire import Odd
from crossdock.contracts import catalogue
from crossdock.contracts.feeds import Said
from crossdock.contracts.orders import Order, OrderCancellation, OrderLine
from crossdock.contracts.vocabulary import ItemKind
from crossdock.contracts.words import Address

Record = Mapping[str, Any]

SHIPPING = "shipping"
"""The number of the line that stands for the shipping charge."""

_E4_PER_MAJOR = 10_000


def stamp_of(record: Record) -> datetime:
    """When an order last changed; raises `Odd`."""
    return wire.read_moment(record.get("updatedAt"), "$.updatedAt")


def order(record: Record, settings: VendureSettings) -> list[Said]:
    """What an order means: placed, and taken back where it was; raises `Odd`.

    A cart means nothing yet. An order is told as it was placed, whatever became of it since, so
    that reading it late says the same.
    """
    state = record.get("state")
    if state in wire.NOT_YET or record.get("orderPlacedAt") is None:
        return []
    if state not in wire.PLACED and state != wire.CANCELLED:
        known = sorted({*wire.PLACED, *wire.NOT_YET, wire.CANCELLED})
        raise Odd("$.state", state, " or ".join(known))
    placed_at = wire.read_moment(record["orderPlacedAt"], "$.orderPlacedAt")
    code = record["code"]
    said = [
        Said(
            catalogue.ORDER_PLACED,
            f"order/{code}/placed",
            placed_at,
            _placed(record, settings),
            correlation=code,
        )
    ]
    if state == wire.CANCELLED:
        stamp = stamp_of(record)
        taken_back = OrderCancellation(cancellation_id=f"{code}-cancelled", order_id=code)
        said.append(
            Said(
                catalogue.ORDER_CANCELLATION_REQUESTED,
                f"order/{code}/cancelled",
                stamp,
                taken_back,
                correlation=code,
            )
        )
    return said


def _placed(record: Record, settings: VendureSettings) -> Order:
    currency = record.get("currencyCode")
    if currency not in wire.DIGITS:
        raise Odd("$.currencyCode", currency, " or ".join(wire.DIGITS))
    e4_per_minor = _E4_PER_MAJOR // 10 ** wire.DIGITS[currency]
    lines = [
        OrderLine(
            line=str(line["id"]),
            item=_sku(line, at),
            quantity=_quantity(line, at),
            unit_price_e4=line["unitPrice"] * e4_per_minor,
        )
        for at, line in enumerate(record.get("lines") or ())
        if line.get("orderPlacedQuantity") or line.get("quantity")
    ]
    charge = record.get("shipping") or 0
    if charge and settings.shipping_item is not None:
        lines.append(
            OrderLine(
                line=SHIPPING,
                item=settings.shipping_item,
                kind=ItemKind.SERVICE,
                quantity=1,
                unit_price_e4=charge * e4_per_minor,
            )
        )
    return Order(
        order_id=record["code"],
        channel=settings.channel,
        customer=settings.customer,
        currency=currency,
        lines=tuple(lines),
        ship_to=_address(record.get("shippingAddress") or {}),
    )


def _sku(line: Record, at: int) -> str:
    sku = (line.get("productVariant") or {}).get("sku")
    if isinstance(sku, str) and sku:
        return sku
    raise Odd(f"$.lines[{at}].productVariant.sku", sku, "an item number")


def _quantity(line: Record, at: int) -> int:
    quantity = line.get("orderPlacedQuantity") or line.get("quantity")
    if isinstance(quantity, int) and quantity > 0:
        return quantity
    raise Odd(f"$.lines[{at}].quantity", quantity, "a whole number above zero")


def _address(record: Record) -> Address:
    lines = (record.get(name) for name in ("fullName", "streetLine1", "streetLine2"))
    return Address(
        lines=tuple(line for line in lines if line),
        city=record.get("city") or "",
        postal_code=record.get("postalCode") or "",
        country=record.get("countryCode") or "",
    )
