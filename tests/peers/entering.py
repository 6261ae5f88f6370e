"""What Tryton's own people enter there: purchases, supplier shipments, sales."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from crossdock.connectors.tryton import wire
from crossdock.connectors.tryton.api import Api
from tests.peers.tryton.program import Tryton

EXPECTED: Final = datetime.now(UTC).date() + timedelta(days=7)
"""When purchases are expected."""

PURCHASE_OF_CUSTOMER: Final = "4500017"
"""What the customer of a sale calls it."""


async def enter_purchase(erp: Tryton, api: Api, **units: int) -> dict[str, Any]:
    """A buyer orders from the supplier, for the east: `SKU_001=5`; gives number and lines."""
    supplier = erp.seed["parties"]["SUPPLY"]
    values = await _header(erp, api, supplier)
    values |= {
        "delivery_date": wire.day(EXPECTED),
        "lines": [["create", await _lines(erp, api, 6, units)]],
    }
    draft = await api.create(wire.PURCHASE, values)
    fields = ("number", "state", "lines.id", "lines.product.code")
    return await api.press(wire.PURCHASE, draft, ("quote", "confirm"), fields)


async def prepare_receipt(erp: Tryton, api: Api, moves: Sequence[int]) -> dict[str, Any]:
    """A clerk puts moves of a purchase on a supplier shipment of the east; gives its number."""
    east = erp.seed["warehouses"]["EAST"]
    values = {
        "company": erp.seed["company"],
        "supplier": erp.seed["parties"]["SUPPLY"]["party"],
        "warehouse": east["warehouse"],
        "warehouse_input": east["input"],
        "warehouse_storage": east["storage"],
        "reference": "their note",
        "incoming_moves": [["add", list(moves)]],
    }
    return await api.create(wire.SHIPMENT_IN, values, ("number",))


async def enter_sale(erp: Tryton, api: Api, **units: int) -> str:
    """A clerk sells to a customer, at thirty dollars each, and processes it; gives its number."""
    customer = erp.seed["parties"]["ACME"]
    values = await _header(erp, api, customer)
    lines, taxes = await _lines(erp, api, 30, units), [["add", [erp.seed["tax"]]]]
    values |= {
        "invoice_party": customer["party"],
        "shipment_address": customer["address"],
        "reference": PURCHASE_OF_CUSTOMER,
        "invoice_method": "fulfillment",
        "shipment_method": "order",
        "shipment_cost_method": None,
        "lines": [["create", [{**one, "taxes": taxes} for one in lines]]],
    }
    draft = await api.create(wire.SALE, values)
    made = await api.press(wire.SALE, draft, ("quote", "confirm", "process"), ("number",))
    return str(made["number"])


async def send_off(api: Api, sale: str) -> None:
    """A clerk sends off what waits of a sale, whatever Tryton believes of its shelves."""
    domain = [["number", "=", sale]]
    [found] = await api.search(wire.SALE, domain, ("shipments.id", "shipments.state"))
    [waiting] = found["shipments"]
    await api.press(wire.SHIPMENT, waiting, ("assign_force", "pick", "pack", "do"))


async def _header(erp: Tryton, api: Api, party: dict[str, int]) -> dict[str, Any]:
    [currency] = await api.search(wire.CURRENCY, [["code", "=", "USD"]], ("id",))
    return {
        "company": erp.seed["company"],
        "party": party["party"],
        "invoice_address": party["address"],
        "warehouse": erp.seed["warehouses"]["EAST"]["warehouse"],
        "payment_term": erp.seed["payment_term"],
        "currency": currency["id"],
    }


async def _lines(erp: Tryton, api: Api, price: int, units: dict[str, int]) -> list[dict[str, Any]]:
    [unit] = await api.search("product.uom", [["symbol", "=", "u"]], ("id",))
    return [
        {
            "type": "line",
            "product": erp.seed["products"][item.replace("_", "-")],
            "quantity": float(quantity),
            "unit": unit["id"],
            "unit_price": wire.decimal(Decimal(price)),
        }
        for item, quantity in units.items()
    ]


async def received(api: Api, number: str) -> dict[str, int]:
    """What of a purchase its people see as received, by item."""
    fields = ("lines.product.code", "lines.moves.state", "lines.moves.quantity")
    [found] = await api.search(wire.PURCHASE, [["number", "=", number]], fields)
    return {
        line["product"]["code"]: sum(
            int(one["quantity"]) for one in line["moves"] if one["state"] == "done"
        )
        for line in found["lines"]
    }
