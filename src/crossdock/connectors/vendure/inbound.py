"""Vendure's orders in our words; total, or it says at which place an order is not as agreed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crossdock.connectors.kit.reading import Odd, meant, moment, shaped
from crossdock.connectors.vendure import wire
from crossdock.connectors.vendure.settings import VendureSettings
from crossdock.contracts import catalogue
from crossdock.contracts.feeds import Said
from crossdock.contracts.orders import Order, OrderCancellation, OrderLine
from crossdock.contracts.vocabulary import ItemKind
from crossdock.contracts.words import Address

Record = Mapping[str, Any]

SHIPPING = "shipping"
"""The number of the line that stands for the shipping charge."""


def stamp_of(record: Record) -> datetime:
    """When an order last changed; raises `Odd`."""
    return moment(record.get("updatedAt"), "$.updatedAt")


def order(record: Record, settings: VendureSettings) -> list[Said]:
    """What an order means: placed, and taken back where it was; raises `Odd`.

    A cart means nothing yet. An order is told as it was placed, whatever became of it since, so
    that reading it late says the same.
    """
    found = shaped(record, wire.Order)
    if found.state in wire.NOT_YET or found.order_placed_at is None:
        return []
    if found.state not in wire.PLACED and found.state != wire.CANCELLED:
        known = sorted({*wire.PLACED, *wire.NOT_YET, wire.CANCELLED})
        raise Odd("$.state", found.state, " or ".join(known))
    code = found.code
    said = [
        Said(
            catalogue.ORDER_PLACED,
            f"order/{code}/placed",
            moment(found.order_placed_at, "$.orderPlacedAt"),
            _placed(found, settings),
            correlation=code,
        )
    ]
    if found.state == wire.CANCELLED:
        stamp = moment(found.updated_at, "$.updatedAt")
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


def _placed(found: wire.Order, settings: VendureSettings) -> Order:
    digits = meant(found.currency_code, wire.DIGITS, "$.currencyCode")
    e4_per_minor = wire.E4_PER_MAJOR // 10**digits
    lines = [
        OrderLine(
            line=str(line.id),
            item=_sku(line, at),
            quantity=_quantity(line, at),
            unit_price_e4=line.unit_price * e4_per_minor,
        )
        for at, line in enumerate(found.lines)
        if line.order_placed_quantity or line.quantity
    ]
    if found.shipping and settings.shipping_item is not None:
        lines.append(
            OrderLine(
                line=SHIPPING,
                item=settings.shipping_item,
                kind=ItemKind.SERVICE,
                quantity=1,
                unit_price_e4=found.shipping * e4_per_minor,
            )
        )
    return Order(
        order_id=found.code,
        channel=settings.channel,
        customer=settings.customer,
        currency=found.currency_code,
        lines=tuple(lines),
        ship_to=_address(found.shipping_address or wire.ShippingAddress()),
    )


def _sku(line: wire.Line, at: int) -> str:
    if line.product_variant is not None and line.product_variant.sku:
        return line.product_variant.sku
    raise Odd(f"$.lines[{at}].productVariant.sku", line.product_variant, "an item number")


def _quantity(line: wire.Line, at: int) -> int:
    quantity = line.order_placed_quantity or line.quantity
    if quantity > 0:
        return quantity
    raise Odd(f"$.lines[{at}].quantity", quantity, "a whole number above zero")


def _address(found: wire.ShippingAddress) -> Address:
    lines = (found.full_name, found.street_line1, found.street_line2)
    return Address(
        lines=tuple(line for line in lines if line),
        city=found.city or "",
        postal_code=found.postal_code or "",
        country=found.country_code or "",
    )
