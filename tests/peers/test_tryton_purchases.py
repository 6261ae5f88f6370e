"""Goods from suppliers beside a real Tryton: purchases that are heard, receipts that are told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from crossdock.connectors.tryton import wire
from crossdock.connectors.tryton.api import Api
from crossdock.connectors.tryton.client import TrytonConnector
from crossdock.contracts import catalogue
from crossdock.contracts.connector import AlreadyDone, Document, NotThere, Refused
from crossdock.contracts.purchasing import PurchaseOrder
from crossdock.contracts.stock import Receipt, ReceiptLine
from tests.peers.conftest import Peers
from tests.peers.entering import EXPECTED, enter_purchase, prepare_receipt
from tests.peers.test_tryton import accepted, beside, document, heard, on_hand
from tests.peers.tryton.program import Tryton

pytestmark = [pytest.mark.peers, pytest.mark.timeout(240)]


def test_a_purchase_is_expected_until_it_is_cancelled(peers: Peers, tmp_path: Path) -> None:
    """By its number, at its site, on its day; each change under a higher revision."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        bought = await enter_purchase(erp, api, SKU_001=50, SKU_002=20)
        [first], cursor = await heard(connector, "purchases", PurchaseOrder)
        assert (first.purchase_order, first.site, first.supplier) == (
            bought["number"], "EAST", "SUPPLY",
        )  # fmt: skip
        assert [(one.item, one.quantity, one.expected_at.date()) for one in first.lines] == [
            ("SKU-001", 50, EXPECTED),
            ("SKU-002", 20, EXPECTED),
        ]
        assert (await heard(connector, "purchases", PurchaseOrder, cursor))[0] == []
        later = EXPECTED + timedelta(days=3)
        [move] = await api.search(
            wire.MOVE, [["origin.product.code", "=", "SKU-001", wire.PURCHASE_LINE]], ("id",)
        )
        await api.write(wire.MOVE, move, {"planned_date": wire.day(later)})
        [again], cursor = await heard(connector, "purchases", PurchaseOrder, cursor)
        assert [one.expected_at.date() for one in again.lines] == [later, EXPECTED]
        assert again.revision > first.revision

    beside(peers, tmp_path, play)


def receipt(receipt_id: str, site: str, number: str | None, **units: int) -> Document:
    """What a warehouse received, of a purchase or of none: `SKU_001=5`."""
    noun = Receipt(
        receipt_id=receipt_id,
        site=site,
        purchase_order=number,
        lines=tuple(
            ReceiptLine(item=item.replace("_", "-"), quantity=quantity)
            for item, quantity in units.items()
        ),
    )
    return document(catalogue.RECEIPT_POSTED, noun, f"receipt/{site}/{receipt_id}")


async def came(api: Api, number: str) -> dict[str, list[tuple[str, float]]]:
    """The moves of a purchase as its people see them: state and units, by item."""
    fields = ("lines.product.code", "lines.moves.state", "lines.moves.quantity")
    [found] = await api.search(wire.PURCHASE, [["number", "=", number]], fields)
    return {
        line["product"]["code"]: sorted((one["state"], one["quantity"]) for one in line["moves"])
        for line in found["lines"]
    }


def test_goods_of_a_purchase_are_received_in_parts_each_once(peers: Peers, tmp_path: Path) -> None:
    """What stays away is planned anew; what comes beyond the purchase is on the shelf all the same.

    A draft that a person prepared for all of it gives its goods up.
    """

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        bought = await enter_purchase(erp, api, SKU_001=50, SKU_002=20)
        number = bought["number"]
        first = receipt("R-1", "EAST", number, SKU_001=30)
        second = receipt("R-1", "WEST", number, SKU_001=25, SKU_002=20, SKU_003=4)
        assert await connector.look_up(first) == NotThere()
        await accepted(connector, first)
        assert await came(api, number) == {
            "SKU-001": [("done", 30), ("draft", 20)],
            "SKU-002": [("draft", 20)],
        }
        await accepted(connector, second)
        for again in (first, second):
            assert isinstance((await connector.send([again]))[0], AlreadyDone)
            assert isinstance(await connector.look_up(again), AlreadyDone)
        assert await came(api, number) == {
            "SKU-001": [("done", 20), ("done", 30)],
            "SKU-002": [("done", 20)],
        }
        found = [
            await on_hand(erp, site, item)
            for site, item in (
                ("EAST", "SKU-001"), ("WEST", "SKU-001"), ("WEST", "SKU-002"), ("WEST", "SKU-003"),
            )
        ]  # fmt: skip
        assert found == [30, 25, 20, 4]
        [said], _ = await heard(connector, "purchases", PurchaseOrder)
        assert [one.quantity for one in said.lines] == [0, 0]

    beside(peers, tmp_path, play)


def test_a_receipt_takes_what_a_person_has_prepared_and_not_received(
    peers: Peers, tmp_path: Path
) -> None:
    """The warehouse knows what came; a purchase that is not confirmed yet is waited for."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        bought = await enter_purchase(erp, api, SKU_001=10)
        [move] = await api.search(
            wire.MOVE, [["origin.id", "=", bought["lines"][0]["id"], wire.PURCHASE_LINE]], ("id",)
        )
        prepared = await prepare_receipt(erp, api, [move["id"]])
        await accepted(connector, receipt("R-1", "EAST", bought["number"], SKU_001=10))
        left = await api.read(wire.SHIPMENT_IN, prepared["id"], ("state", "moves.id"))
        assert (left["state"], left["moves"]) == ("draft", [])
        [answer] = await connector.send([receipt("R-2", "EAST", "no such number", SKU_001=1)])
        assert answer == Refused("no purchase has the number no such number")
        assert await on_hand(erp, "EAST", "SKU-001") == 10
        await accepted(connector, receipt("R-3", "EAST", None, SKU_001=1))
        assert await on_hand(erp, "EAST", "SKU-001") == 11

    beside(peers, tmp_path, play)
