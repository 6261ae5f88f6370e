"""SC1: one sale per order, one invoice per shipment, levels equal everywhere, both ways.

A real ERP and a real shop, two simulated warehouses, a partner that exchanges files and a customer
desk. The story is played over good lines and over broken ones; after each, all systems' own records
are compared field by field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from crossdock.connectors.tryton import wire
from crossdock.contracts import catalogue
from crossdock.contracts.counts import StockCount
from crossdock.contracts.orders import LineQuantity
from crossdock.contracts.returns import ReturnRequest
from crossdock.contracts.stock import Receipt, ReceiptLine, StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason
from tests.helpers.aio import eventually_async
from tests.peers import records
from tests.peers.buying import buy
from tests.peers.comparison import Comparison, everywhere
from tests.peers.entering import enter_purchase, enter_sale, received
from tests.peers.house import OPENING, SITES, House, in_step
from tests.peers.records import Book
from tests.peers.vendure.api import Api

SETTLED_SECONDS_MAX: Final = 150.0
_POLL_SECONDS: Final = 0.3
_EDI: Final = "PO-4711"
_FIELDS_MIN: Final = 140
"""So many fields are compared at the least: a comparison of nothing would always agree."""


async def the_story(house: House) -> list[str]:
    """Orders by shop and file, a short pick, a return, a count, a new name and price."""
    code = await buy(house.shop.url, SKU_001=3, SKU_002=2)
    records.leave_order(house.partner, _EDI, SKU_003=2, SKU_004=1)
    await settled(house, code, {"SKU-001": 3, "SKU-002": 2})
    await settled(house, _EDI, {"SKU-003": 2, "SKU-004": 1})
    short = await a_short_pick_becomes_a_second_shipment(house)
    await a_return_becomes_a_credit_note(house, code)
    await a_count_reaches_both(house)
    await a_name_and_a_price_reach_the_shop(house)
    return [code, short, _EDI]


async def settled(
    house: House,
    code: str,
    shipped: Mapping[str, int],
    *,
    returned: Mapping[str, int] | None = None,
) -> None:
    """Wait until all have the order as it must end; fails with what they say."""
    said: list[Book] = []

    async def ended() -> bool:
        erp = await records.of_erp(house, [code])
        if code == _EDI:
            others = records.of_partner(house.partner)
        else:
            others = await records.of_shop(house, [code])
        said[:] = [erp, others]
        return (
            by_item(erp, code, "shipped") == shipped
            and by_item(erp, code, "invoiced") == shipped
            and by_item(erp, code, "returned") == (returned or {})
            and sum(by_line(others, code, "shipped").values()) == sum(shipped.values())
            and erp["documents", "credited", "documents"] == int(returned is not None)
        )

    try:
        await eventually_async(ended, SETTLED_SECONDS_MAX, _POLL_SECONDS)
    except TimeoutError:
        told = await house.command("trace", code)
        raise AssertionError(f"{code} is not {shipped}, {returned}: {said}; hub: {told}") from None


def by_line(book: Book, code: str, field: str) -> dict[str, int]:
    """Units of an order's lines, without those of nothing."""
    return {
        place: int(str(units))
        for (what, place, said), units in book.items()
        if (what, said) == ("line", field) and place.startswith(f"{code}/") and units
    }


def by_item(book: Book, code: str, field: str) -> dict[str, int]:
    """The same, by item."""
    units: Counter[str] = Counter()
    for place, quantity in by_line(book, code, field).items():
        units[str(book["line", place, "item"])] += quantity
    return dict(units)


async def a_short_pick_becomes_a_second_shipment(house: House) -> str:
    """Units are missing on both shelves; what is found later leaves later, with its own invoice."""
    for site in SITES:
        house.estate.wms(site).lose("SKU-009", 16)
    code = await buy(house.shop.url, SKU_009=12)
    await settled(house, code, {"SKU-009": 8})
    found = StockAdjustment(
        adjustment_id="found-SKU-009", site="EAST", item="SKU-009", quantity=10,
        reason=AdjustmentReason.FOUND,
    )  # fmt: skip
    await house.estate.wms("EAST").report(catalogue.STOCK_ADJUSTED, found)
    await settled(house, code, {"SKU-009": 12})
    for site in SITES:
        await count(house, site, "SKU-009")
    await in_step(house)
    return code


async def a_return_becomes_a_credit_note(house: House, code: str) -> None:
    """Asked for at the desk, received by the warehouse, credited by the ERP, once."""
    shop = await records.of_shop(house, [code])
    [place] = [
        which
        for (what, which, field), value in shop.items()
        if (what, field, value) == ("line", "item", "SKU-001")
    ]
    wish = ReturnRequest(
        return_id=f"{code}-RET",
        order_id=code,
        lines=(LineQuantity(line=place.partition("/")[2], item="SKU-001", quantity=1),),
    )
    await house.estate.crm.report(catalogue.RETURN_REQUESTED, wish)
    await settled(house, code, {"SKU-001": 3, "SKU-002": 2}, returned={"SKU-001": 1})


async def what_people_sold_waits_for_what_they_bought(house: House) -> str:
    """A sale and a purchase that the ERP's people entered meet on the warehouse's shelf.

    The purchase is expected, less so with each receipt; what came beyond it is in the books, too.
    """
    bought = (await enter_purchase(house.erp, house.erp_api, SKU_006=30))["number"]
    there = sum(units for (item, _), units in house.shelves().items() if item == "SKU-006")
    code = records.own_order(await enter_sale(house.erp, house.erp_api, SKU_006=there + 5))
    await sold_by_people(house, code, there)
    await expected(house, code, f"30 x SKU-006 at EAST by purchase order {bought}")
    await receive(house, "GR-1", bought, 3)
    await sold_by_people(house, code, there + 3)
    await expected(house, code, f"27 x SKU-006 at EAST by purchase order {bought}")
    await receive(house, "GR-2", bought, 29)
    await sold_by_people(house, code, there + 5)
    await in_step(house)
    assert await received(house.erp_api, bought) == {"SKU-006": 30}
    return code


async def sold_by_people(house: House, code: str, units: int) -> None:
    """Wait until so many units of a sale have left, and are invoiced by the ERP."""

    async def ended() -> bool:
        erp = await records.of_erp(house, [code])
        return {by_item(erp, code, field).get("SKU-006") for field in ("shipped", "invoiced")} == {
            units
        }

    try:
        await eventually_async(ended, SETTLED_SECONDS_MAX, _POLL_SECONDS)
    except TimeoutError:
        told = await house.command("trace", code)
        erp = await records.of_erp(house, [code])
        raise AssertionError(f"{code} is not {units}: {erp}; hub: {told}") from None


async def expected(house: House, code: str, words: str) -> None:
    """Wait until the hub says that an order waits for this."""

    async def said() -> bool:
        waits = (await house.command("trace", code))["waits_for"]
        return any(words in one["what"] for one in waits)

    await eventually_async(said, 30, _POLL_SECONDS)


async def receive(house: House, receipt_id: str, purchase: str, units: int) -> None:
    """The east receives goods of a purchase."""
    said = Receipt(
        receipt_id=receipt_id,
        site="EAST",
        purchase_order=purchase,
        lines=(ReceiptLine(item="SKU-006", quantity=units),),
    )
    await house.estate.wms("EAST").report(catalogue.RECEIPT_POSTED, said)


async def a_count_reaches_both(house: House) -> None:
    """What a warehouse counts is what the ERP and the shop have afterwards."""
    house.estate.wms("WEST").lose("SKU-005", 3)
    await count(house, "WEST", "SKU-005")
    await in_step(house)
    assert (await house.on_hand())["SKU-005", "WEST"] == OPENING - 3


async def count(house: House, site: str, item: str) -> None:
    """A warehouse counts its shelf, and knows of what had vanished from it."""
    warehouse = house.estate.wms(site)
    warehouse.bins.own_up(item)
    said = StockCount(
        count_id=f"count-{site}-{item}", site=site, item=item, quantity=house.shelves()[item, site]
    )
    await warehouse.report(catalogue.STOCK_COUNTED, said)


async def a_name_and_a_price_reach_the_shop(house: House) -> None:
    """What the ERP's people call an item and ask for it is what customers see."""
    number = house.erp.seed["products"]["SKU-010"]
    product = await house.erp_api.read(wire.PRODUCT, number, ("template.id",))
    changed = {"name": "A better widget", "list_price": wire.decimal(Decimal("33.30"))}
    await house.erp_api.write("product.template", product["template"], changed)
    query = '{productVariants(options:{filter:{sku:{eq:"SKU-010"}}}){items{name price}}}'

    async def seen() -> bool:
        async with Api(f"{house.shop.url}/admin-api") as admin:
            await admin.log_in()
            [variant] = (await admin(query))["productVariants"]["items"]
        return (variant["name"], variant["price"]) == ("A better widget", 3330)

    await eventually_async(seen, SETTLED_SECONDS_MAX, _POLL_SECONDS)


async def compared(house: House, orders: list[str]) -> list[Comparison]:
    """All systems' records as they are now."""
    of_people = [code for code in orders if code.startswith(wire.SALE_ORDER)]
    of_shop = [code for code in orders if code not in (_EDI, *of_people)]
    return await everywhere(house, house.partner, of_shop, [_EDI], of_people)


async def all_agree(house: House, orders: list[str]) -> None:
    """The systems' own records agree with the hub's, and the hub's promises are kept."""
    await in_step(house)

    async def agree() -> bool:
        return not any(one.differences for one in await compared(house, orders))

    try:
        await eventually_async(agree, 30, 1.0)
    finally:
        comparisons = await compared(house, orders)
        print("\n".join(map(str, comparisons)))
    assert sum(one.fields for one in comparisons) > _FIELDS_MIN
    verified = await house.verified()
    print(f"verify: {len(verified['checked'])} checks, {len(verified['broken'])} broken")
    assert verified["broken"] == []
