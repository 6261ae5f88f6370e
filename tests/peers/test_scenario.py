"""SC1 through real systems over good lines, and a comparison that would see one field broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.connectors.tryton import wire
from tests.helpers.aio import run
from tests.peers.conftest import Peers
from tests.peers.house import OPENING, House, a_house, opened
from tests.peers.story import (
    all_agree,
    compared,
    the_story,
    what_people_sold_waits_for_what_they_bought,
)
from tests.peers.vendure.api import Api

pytestmark = [pytest.mark.peers, pytest.mark.timeout(600)]


def test_orders_end_as_posted_invoices_and_tracked_fulfilments(
    peers: Peers, tmp_path: Path
) -> None:
    """Over good lines; and a comparison that would see it if one field were another."""

    async def play() -> None:
        async with a_house(peers, tmp_path) as house:
            await opened(house)
            orders = await the_story(house)
            orders.append(await what_people_sold_waits_for_what_they_bought(house))
            await all_agree(house, orders)
            await one_broken_field_is_seen(house, orders)

    run(play())


async def one_broken_field_is_seen(house: House, orders: list[str]) -> None:
    """One is broken in the ERP, in the shop and on a shelf: each is named, and nothing else."""
    [shipment] = await house.erp_api.search(
        wire.SHIPMENT, [["state", "=", "done"]], ("reference",), limit=1
    )
    await house.erp_api.write(wire.SHIPMENT, shipment, {"reference": "another"})
    async with Api(f"{house.shop.url}/admin-api") as admin:
        await admin.log_in()
        found = await admin(
            '{productVariants(options:{filter:{sku:{eq:"SKU-008"}}}){items{id}}'
            " stockLocations{items{id name}}}"
        )
        [place] = [one["id"] for one in found["stockLocations"]["items"] if one["name"] == "WEST"]
        change = {
            "id": found["productVariants"]["items"][0]["id"],
            "stockLevels": [{"stockLocationId": place, "stockOnHand": OPENING + 1}],
        }
        await admin(
            "mutation($i:[UpdateProductVariantInput!]!){updateProductVariants(input:$i){id}}",
            i=[change],
        )
    house.estate.wms("EAST").lose("SKU-008", 1)
    house.estate.wms("EAST").bins.own_up("SKU-008")
    found_differences = {one.names: one.differences for one in await compared(house, orders)}
    assert {names for names, differences in found_differences.items() if differences} == {
        "hub and shop", "hub and warehouses", "warehouses and erp",
    }  # fmt: skip
    assert found_differences["hub and shop"] == (
        f"stock SKU-008 at WEST, to sell: {OPENING} and {OPENING + 1}",
    )
    assert len(found_differences["hub and warehouses"]) == 2
    assert len(found_differences["warehouses and erp"]) == 2
