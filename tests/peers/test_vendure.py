"""The connector beside a real Vendure: what it hears, what it does, and does once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crossdock.connectors.vendure.client import VendureConnector, connect
from crossdock.connectors.vendure.settings import VendureSettings
from crossdock.contracts import catalogue
from crossdock.contracts.connector import Accepted, AlreadyDone, Document, NotThere, Refused
from crossdock.contracts.feeds import Page, Said
from crossdock.contracts.orders import Order
from crossdock.contracts.prices import Price, PriceStep
from crossdock.contracts.products import Item
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.contracts.stock import Availability, SiteAvailability
from crossdock.contracts.words import Noun
from tests.helpers.aio import run
from tests.peers.buying import buy
from tests.peers.conftest import Peers
from tests.peers.vendure.api import ADMIN_PASSWORD, Api
from tests.peers.vendure.program import Vendure

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]

Play = Callable[[Vendure, VendureConnector], Awaitable[None]]


def beside(peers: Peers, folder: Path, play: Play, **settings: Any) -> None:
    """Play beside a shop of its own."""

    async def whole() -> None:
        shop = await peers.vendure(folder)
        connector = connect(
            VendureSettings(
                url=shop.url,
                user="superadmin",
                credential=settings.pop("password", ADMIN_PASSWORD),
                channel="web",
                customer="WEB",
                **settings,
            )
        )
        try:
            await play(shop, connector)
        finally:
            await connector.close()
            await shop.program.stop()

    run(whole())


def document(kind: str, noun: Noun, key: str) -> Document:
    """One thing to tell."""
    return Document(f"shop/{key}", kind, key, key, msgspec.json.encode(noun))


async def heard(connector: VendureConnector, cursor: str = "") -> tuple[list[Said], str]:
    """All that the feed of orders says beyond a cursor."""
    [feed] = connector.feeds
    said: list[Said] = []
    while True:
        page = await feed.page(cursor, datetime.now(UTC))
        assert isinstance(page, Page), page
        for one in page.said:
            assert isinstance(one, Said), one
            said.append(one)
        cursor = page.cursor
        if not page.more:
            return said, cursor


async def levels(shop: Vendure, item: str) -> dict[str, tuple[int, int]]:
    """On hand and allocated by place, as the shop's own people see it."""
    async with Api(f"{shop.url}/admin-api") as admin:
        await admin.log_in()
        found = await admin(
            "query($o:ProductVariantListOptions){productVariants(options:$o){items{stockLevels"
            "{stockOnHand stockAllocated stockLocation{name}}}}}",
            o={"filter": {"sku": {"eq": item}}},
        )
        [variant] = found["productVariants"]["items"]
        return {
            one["stockLocation"]["name"]: (one["stockOnHand"], one["stockAllocated"])
            for one in variant["stockLevels"]
        }


def test_an_order_is_heard_once_as_it_was_placed(peers: Peers, tmp_path: Path) -> None:
    """Its lines, prices without tax in ten-thousandths, its address; and nothing of carts."""

    async def play(shop: Vendure, connector: VendureConnector) -> None:
        code = await buy(shop.url, SKU_001=3, SKU_002=1)
        said, cursor = await heard(connector)
        [one] = said
        assert (one.type, one.id) == (catalogue.ORDER_PLACED, f"order/{code}/placed")
        assert isinstance(one.noun, Order)
        assert [(line.item, line.quantity, line.unit_price_e4) for line in one.noun.lines] == [
            ("SKU-001", 3, 100_000),
            ("SKU-002", 1, 200_000),
        ]
        assert (one.noun.customer, one.noun.ship_to.city) == ("WEB", "Springfield")
        assert await heard(connector, cursor) == ([], cursor)
        again = await buy(shop.url, SKU_003=1)
        said, _ = await heard(connector, cursor)
        assert [one.id for one in said] == [f"order/{again}/placed"]

    beside(peers, tmp_path, play)


def test_orders_are_heard_page_by_page_and_by_number(peers: Peers, tmp_path: Path) -> None:
    """A page of one finds them all; pointed at by number, one is read alone."""

    async def play(shop: Vendure, connector: VendureConnector) -> None:
        codes = [await buy(shop.url, SKU_001=1) for _ in range(3)]
        said, _ = await heard(connector)
        assert [one.id for one in said] == [f"order/{code}/placed" for code in codes]
        [feed] = connector.feeds
        page = await feed.some(["2"], datetime.now(UTC))
        assert isinstance(page, Page)
        assert len(page.said) == 1

    beside(peers, tmp_path, play, page_size=1)


def test_an_order_that_is_edited_during_the_poll_is_heard_when_it_stands_again(
    peers: Peers, tmp_path: Path
) -> None:
    """Between two pages the shop's people take an order up and change it (N20).

    The others are heard; the edited one is heard when they are done with it, as it was placed.
    Nothing is missed, and nothing is heard under two ids.
    """

    async def play(shop: Vendure, connector: VendureConnector) -> None:
        codes = [await buy(shop.url, SKU_001=1) for _ in range(3)]
        [feed] = connector.feeds
        page = await feed.page("", datetime.now(UTC))
        assert isinstance(page, Page)
        heard_ids = [one.id for one in page.said if isinstance(one, Said)]
        assert heard_ids == [f"order/{codes[0]}/placed"]
        async with Api(f"{shop.url}/admin-api") as admin:
            await admin.log_in()
            found = await admin(_BY_CODE, o={"filter": {"code": {"eq": codes[1]}}})
            [edited] = [one["id"] for one in found["orders"]["items"]]
            await admin(_MOVE, i=edited, s="Modifying")
            said, cursor = await heard(connector, page.cursor)
            assert [one.id for one in said] == [f"order/{codes[2]}/placed"]
            await admin(_MOVE, i=edited, s="PaymentSettled")
        said, cursor = await heard(connector, cursor)
        assert [one.id for one in said] == [f"order/{codes[1]}/placed"]
        assert isinstance(said[0].noun, Order)
        assert [line.quantity for line in said[0].noun.lines] == [1]
        assert await heard(connector, cursor) == ([], cursor)

    beside(peers, tmp_path, play, page_size=1)


_BY_CODE = "query($o:OrderListOptions){orders(options:$o){items{id}}}"
_MOVE = (
    "mutation($i:ID!,$s:String!){transitionOrderToState(id:$i,state:$s)"
    "{__typename ... on ErrorResult{errorCode message}}}"
)


def test_a_price_is_set_where_the_shop_sells_by_its_list(peers: Peers, tmp_path: Path) -> None:
    """In minor units; the prices of another list are none of its business."""

    async def play(shop: Vendure, connector: VendureConnector) -> None:
        for price_list, amount in (("LIST", 333_300), ("OTHER", 10_000)):
            price = Price(
                price=f"{price_list}/SKU-006",
                price_list=price_list,
                item="SKU-006",
                steps=(PriceStep(currency="USD", unit_price_e4=amount),),
            )
            [answer] = await connector.send([document(catalogue.PRICE_CHANGED, price, price.price)])
            assert isinstance(answer, Accepted), answer
        async with Api(f"{shop.url}/admin-api") as admin:
            await admin.log_in()
            found = await admin(
                '{productVariants(options:{filter:{sku:{eq:"SKU-006"}}}){items{price}}}'
            )
        assert found["productVariants"]["items"] == [{"price": 3333}]

    beside(peers, tmp_path, play, price_list="LIST")


def test_a_shipment_is_one_tracked_fulfilment_however_often_it_is_told(
    peers: Peers, tmp_path: Path
) -> None:
    """Part of an order ships; told again it is known; asked about before, it was not there."""

    async def play(shop: Vendure, connector: VendureConnector) -> None:
        code = await buy(shop.url, SKU_001=3)
        [placed], _ = await heard(connector)
        assert isinstance(placed.noun, Order)
        [line] = placed.noun.lines
        shipment = Shipment(
            shipment_id="S-1",
            order_id=code,
            site="EAST",
            carrier="UPS",
            tracking="1Z999",
            lines=(ShipmentLine(line=line.line, item=line.item, quantity=2),),
        )
        told = document(catalogue.SHIPMENT_SHIPPED, shipment, "shipment/S-1")
        assert await connector.look_up(told) == NotThere()
        [first] = await connector.send([told])
        assert isinstance(first, Accepted)
        assert await connector.send([told]) == [AlreadyDone(first.reference)]
        assert await connector.look_up(told) == AlreadyDone(first.reference)
        async with Api(f"{shop.url}/admin-api") as admin:
            await admin.log_in()
            order = await admin(
                "query($o:OrderListOptions){orders(options:$o){items{state fulfillments{state "
                "trackingCode lines{quantity}}}}}",
                o={"filter": {"code": {"eq": code}}},
            )
        [seen] = order["orders"]["items"]
        assert seen["state"] == "PartiallyShipped"
        assert seen["fulfillments"] == [
            {"state": "Shipped", "trackingCode": "1Z999", "lines": [{"quantity": 2}]}
        ]

    beside(peers, tmp_path, play)


def test_levels_are_set_so_that_the_shop_offers_what_is_promised(
    peers: Peers, tmp_path: Path
) -> None:
    """It subtracts its own open orders itself, so they are added to what it is told (P36)."""

    async def play(shop: Vendure, connector: VendureConnector) -> None:
        await buy(shop.url, SKU_004=5)
        said = Availability(
            channel="web",
            item="SKU-004",
            quantity=19,
            version=7,
            as_of=datetime(2026, 1, 1, tzinfo=UTC),
            sites=(
                SiteAvailability(site="EAST", quantity=12),
                SiteAvailability(site="WEST", quantity=7),
            ),
        )
        told = document(catalogue.AVAILABILITY_PUBLISHED, said, "availability/SKU-004")
        for _ in range(2):
            [answer] = await connector.send([told])
            assert isinstance(answer, Accepted)
            found = await levels(shop, "SKU-004")
            free = {place: found[place][0] - found[place][1] for place in ("EAST", "WEST")}
            assert free == {"EAST": 12, "WEST": 7}

    beside(peers, tmp_path, play)


def test_an_item_is_renamed_and_one_that_is_not_sold_changes_nothing(
    peers: Peers, tmp_path: Path
) -> None:
    """The shop may sell fewer items than the house has."""

    async def play(shop: Vendure, connector: VendureConnector) -> None:
        item = Item(item="SKU-005", description="A better widget", revision=2)
        other = Item(item="NOT-HERE", description="Something", revision=1)
        answers = await connector.send(
            [document(catalogue.ITEM_CHANGED, one, one.item) for one in (item, other)]
        )
        assert all(isinstance(answer, Accepted) for answer in answers)
        async with Api(f"{shop.url}/admin-api") as admin:
            await admin.log_in()
            found = await admin(
                '{productVariants(options:{filter:{sku:{eq:"SKU-005"}}}){items{name}}}'
            )
        assert found["productVariants"]["items"] == [{"name": "A better widget"}]

    beside(peers, tmp_path, play)


def test_the_shop_s_own_refusal_is_told_in_its_words(peers: Peers, tmp_path: Path) -> None:
    """Status 200 with an error result is no success: more is shipped than was ordered."""

    async def play(shop: Vendure, connector: VendureConnector) -> None:
        code = await buy(shop.url, SKU_001=1)
        [placed], _ = await heard(connector)
        assert isinstance(placed.noun, Order)
        line = placed.noun.lines[0].line
        shipment = Shipment(
            shipment_id="S-9",
            order_id=code,
            site="EAST",
            lines=(ShipmentLine(line=line, item="SKU-001", quantity=5),),
        )
        [answer] = await connector.send([document(catalogue.SHIPMENT_SHIPPED, shipment, "S-9")])
        assert isinstance(answer, Refused)
        assert "_ERROR" in answer.reason

    beside(peers, tmp_path, play)
