"""An order's whole way through real systems: one sale, one invoice per shipment, one fulfilment.

A real shop, a real ERP, two simulated warehouses and a customer desk (SC1). After each story the
systems' own records are read and compared.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.counts import StockCount
from crossdock.contracts.orders import LineQuantity
from crossdock.contracts.returns import ReturnRequest
from crossdock.contracts.stock import StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason
from tests.helpers.aio import eventually_async, run
from tests.peers.buying import buy
from tests.peers.conftest import Peers
from tests.peers.house import OPENING, House, a_house, in_step, opened
from tests.peers.vendure.api import Api

pytestmark = [pytest.mark.peers, pytest.mark.timeout(420)]

_PRICE = {f"SKU_{number:03d}": 1000 * number for number in range(1, 11)}
"""In minor units, before tax, as shop and ERP are seeded."""


async def settled(house: House, code: str, shipped: dict[str, int], *, credited: int = 0) -> None:
    """Wait until shop and ERP have the order as it must end; fails with what they say."""
    expected = {item.replace("_", "-"): units for item, units in shipped.items()}
    invoiced = sum(_PRICE[item] * units for item, units in shipped.items())
    said: list[object] = []

    async def ended() -> bool:
        erp, shop = await house.sale(code), await house.fulfilled(code)
        said[:] = [erp, shop]
        return (
            dict(shop["shipped"]) == expected
            and dict(erp["shipped"]) == expected
            and (erp["sales"], erp["invoiced"], erp["credited"]) == (1, invoiced, credited)
        )

    try:
        await eventually_async(ended, 150)
    except TimeoutError:
        told = await house.command("trace", code)
        raise AssertionError(f"{code}, not {expected}, {invoiced}: {said}; hub: {told}") from None


def test_an_order_of_the_shop_ends_as_a_posted_invoice_and_a_tracked_fulfilment(
    peers: Peers, tmp_path: Path
) -> None:
    """Then a short pick, a return, and a count: the three systems agree after each."""

    async def play() -> None:
        async with a_house(peers, tmp_path) as house:
            await opened(house)
            code = await buy(house.shop.url, SKU_001=3, SKU_002=2)
            await settled(house, code, {"SKU_001": 3, "SKU_002": 2})
            shop = await house.fulfilled(code)
            assert (shop["state"], shop["tracked"]) == ("Shipped", True)
            await in_step(house)
            await a_short_pick_becomes_a_second_shipment(house)
            await a_return_becomes_a_credit_note(house, code)
            await a_count_reaches_both(house)
            await compared(house)

    run(play())


async def compared(house: House) -> None:
    """The systems' own records agree with each other, and the hub's promises are kept."""
    await in_step(house)
    verified = await house.verified()
    print(f"verify: {len(verified['checked'])} checks, {len(verified['broken'])} broken")
    print(f"stock of warehouses, ERP and shop: {len(house.shelves())} compared, 0 differences")
    assert verified["broken"] == []


async def a_short_pick_becomes_a_second_shipment(house: House) -> None:
    """Units are missing on both shelves; what is found later leaves later, with its own invoice."""
    for site in ("EAST", "WEST"):
        house.estate.wms(site).lose("SKU-009", 16)
    code = await buy(house.shop.url, SKU_009=12)
    await settled(house, code, {"SKU_009": 8})
    found = StockAdjustment(
        adjustment_id="found-SKU-009", site="EAST", item="SKU-009", quantity=10,
        reason=AdjustmentReason.FOUND,
    )  # fmt: skip
    await house.estate.wms("EAST").report(catalogue.STOCK_ADJUSTED, found)
    await settled(house, code, {"SKU_009": 12})
    for site in ("EAST", "WEST"):
        await count(house, site, "SKU-009")
    await in_step(house)


async def a_return_becomes_a_credit_note(house: House, code: str) -> None:
    """Asked for at the desk, received by the warehouse, credited by the ERP, once."""
    query = "query($o:OrderListOptions){orders(options:$o){items{lines{id productVariant{sku}}}}}"
    async with Api(f"{house.shop.url}/admin-api") as admin:
        await admin.log_in()
        [order] = (await admin(query, o={"filter": {"code": {"eq": code}}}))["orders"]["items"]
    [line] = [one["id"] for one in order["lines"] if one["productVariant"]["sku"] == "SKU-001"]
    wish = ReturnRequest(
        return_id=f"{code}-RET",
        order_id=code,
        lines=(LineQuantity(line=line, item="SKU-001", quantity=1),),
    )
    await house.estate.crm.report(catalogue.RETURN_REQUESTED, wish)
    await settled(house, code, {"SKU_001": 3, "SKU_002": 2}, credited=1000)


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
