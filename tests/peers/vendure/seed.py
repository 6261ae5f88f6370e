"""Fills a fresh Vendure with a small shop: one country, one tax, two places, the ERP's items."""

from __future__ import annotations

from typing import Any

from tests.peers.vendure.api import Api

#: The item numbers and list prices (major units) that the ERP is seeded with too.
ITEMS = {f"SKU-{number:03d}": 10 * number for number in range(1, 11)}

PLACES = ("EAST", "WEST")
ON_HAND = 50
"""Of each item at each place, as the shop believes before the hub tells it."""

_CHANNEL = "mutation($i:UpdateChannelInput!){updateChannel(input:$i){__typename}}"


def _english(**said: str) -> list[dict[str, str]]:
    return [{"languageCode": "en", **said}]


def _arguments(**said: object) -> list[dict[str, str]]:
    return [{"name": name, "value": str(value)} for name, value in said.items()]


async def fill(admin: Api) -> None:
    """Seed through the admin interface, as the one who runs the shop would."""
    channel = (await admin("{activeChannel{id}}"))["activeChannel"]["id"]
    await _money(admin, channel)
    await _methods(admin)
    places = {name: await _made(admin, "StockLocation", {"name": name}) for name in PLACES}
    category = (await admin("{taxCategories{items{id}}}"))["taxCategories"]["items"][0]["id"]
    for number, price in ITEMS.items():
        await _item(admin, number, price, category, places)


async def _made(admin: Api, kind: str, said: dict[str, Any]) -> str:
    answer = await admin(f"mutation($i:Create{kind}Input!){{create{kind}(input:$i){{id}}}}", i=said)
    made: str = answer[f"create{kind}"]["id"]
    return made


async def _money(admin: Api, channel: str) -> None:
    """Where the shop sells, and what the state takes of it: 20 %."""
    country = await _made(
        admin, "Country", {"code": "US", "enabled": True, "translations": _english(name="USA")}
    )
    zone = await _made(admin, "Zone", {"name": "Everywhere", "memberIds": [country]})
    category = await _made(admin, "TaxCategory", {"name": "Standard", "isDefault": True})
    rate = {"name": "20 %", "enabled": True, "value": 20, "categoryId": category, "zoneId": zone}
    await _made(admin, "TaxRate", rate)
    said = {
        "id": channel,
        "defaultTaxZoneId": zone,
        "defaultShippingZoneId": zone,
        "pricesIncludeTax": False,
        "trackInventory": True,
    }
    await admin(_CHANNEL, i=said)


async def _methods(admin: Api) -> None:
    """One way to ship, one way to pay."""
    checker = {
        "code": "default-shipping-eligibility-checker",
        "arguments": _arguments(orderMinimum=0),
    }
    calculator = {
        "code": "default-shipping-calculator",
        "arguments": _arguments(rate=500, includesTax="auto", taxRate=0),
    }
    await _made(
        admin,
        "ShippingMethod",
        {
            "code": "standard",
            "fulfillmentHandler": "manual-fulfillment",
            "translations": _english(name="Standard", description=""),
            "checker": checker,
            "calculator": calculator,
        },
    )
    await _made(
        admin,
        "PaymentMethod",
        {
            "code": "on-account",
            "enabled": True,
            "translations": _english(name="On account", description=""),
            "handler": {
                "code": "dummy-payment-handler",
                "arguments": _arguments(automaticSettle="true"),
            },
        },
    )


async def _item(admin: Api, number: str, price: int, category: str, places: dict[str, str]) -> None:
    product = await _made(
        admin,
        "Product",
        {
            "enabled": True,
            "translations": _english(
                name=f"Widget {number}", slug=number.lower(), description="A widget."
            ),
        },
    )
    variant = {
        "productId": product,
        "sku": number,
        "price": price * 100,
        "taxCategoryId": category,
        "trackInventory": "TRUE",
        "enabled": True,
        "translations": _english(name=f"Widget {number}"),
        "stockLevels": [
            {"stockLocationId": place, "stockOnHand": ON_HAND} for place in places.values()
        ],
    }
    await admin(
        "mutation($i:[CreateProductVariantInput!]!){createProductVariants(input:$i){id}}",
        i=[variant],
    )
