"""What people enter in a real Tryton: their sales are orders, their receipts are facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from crossdock.connectors.tryton import wire
from crossdock.connectors.tryton.api import Api
from crossdock.connectors.tryton.client import TrytonConnector
from crossdock.contracts import catalogue
from crossdock.contracts.connector import AlreadyDone
from crossdock.contracts.invoices import Invoice, InvoiceRequest
from crossdock.contracts.orders import Order
from crossdock.contracts.shipments import Shipment
from crossdock.contracts.stock import Receipt
from crossdock.contracts.submissions import OrderAcknowledgement
from tests.peers.conftest import Peers
from tests.peers.entering import enter_purchase, enter_sale, prepare_receipt, send_off
from tests.peers.test_tryton import (
    accepted,
    beside,
    document,
    heard,
    invoice,
    on_hand,
    order,
    shipment,
)
from tests.peers.tryton.program import Tryton

pytestmark = [pytest.mark.peers, pytest.mark.timeout(240)]

_YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()


def test_a_sale_that_a_person_entered_is_one_order_to_its_invoice(
    peers: Peers, tmp_path: Path
) -> None:
    """Acknowledged, shipped and invoiced it is the sale that it was; the hub's own is no order."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        await accepted(connector, order("SO-1", SKU_001=1))
        number = await enter_sale(erp, api, SKU_003=4)
        [said], cursor = await heard(connector, "sales", Order)
        assert (said.order_id, said.channel, said.customer, said.purchase_order) == (
            f"SALE-{number}", "counter", "ACME", "4500017",
        )  # fmt: skip
        [line] = said.lines
        assert (line.item, line.units, line.unit_price_e4) == ("SKU-003", 4, 300_000)
        acknowledged = msgspec.json.decode(order(SKU_003=4).body, type=OrderAcknowledgement)
        told = document(
            catalogue.ORDER_ACKNOWLEDGED,
            replace(acknowledged, order_id=said.order_id),
            f"order/{said.order_id}",
        )
        assert await connector.send([told]) == [AlreadyDone(number)]
        assert await connector.look_up(told) == AlreadyDone(number)
        left = msgspec.json.decode(
            shipment("S-1", "EAST", (line.line, "SKU-003", 4)).body, type=Shipment
        )
        bill = msgspec.json.decode(
            invoice("S-1", (line.line, "SKU-003", 4)).body, type=InvoiceRequest
        )
        [charged] = bill.lines
        charged = replace(charged, unit_price_e4=300_000, amount_minor=12_000)
        bill = replace(bill, order_id=said.order_id, lines=(charged,), total_minor=12_000)
        await accepted(
            connector,
            document(
                catalogue.SHIPMENT_SHIPPED, replace(left, order_id=said.order_id), "shipment/S-1"
            ),
            document(catalogue.INVOICE_REQUESTED, bill, "invoice/S-1"),
        )
        [posted], _ = await heard(connector, "invoices", Invoice)
        assert (posted.order_id, posted.shipment_id) == (said.order_id, "S-1")
        assert [(one.line, one.quantity) for one in posted.lines] == [(line.line, 4)]
        assert len(await api.search(wire.SALE, [], ("id",))) == 2
        again, _ = await heard(connector, "sales", Order, cursor)
        assert all(one == said for one in again)

    beside(peers, tmp_path, play, channel="counter", heard_from=_YESTERDAY)


def test_what_a_person_sent_off_is_a_fact_of_its_site(peers: Peers, tmp_path: Path) -> None:
    """In parts, once; told back it is that shipment, and its invoice bears its name."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        number = await enter_sale(erp, api, SKU_003=4)
        assert (await heard(connector, "shipments", Shipment))[0] == []
        await send_off(api, number)
        [said], cursor = await heard(connector, "shipments", Shipment)
        assert (said.order_id, said.site) == (f"SALE-{number}", "EAST")
        [line] = said.lines
        assert (line.item, line.quantity) == ("SKU-003", 4)
        told = document(catalogue.SHIPMENT_SHIPPED, said, f"shipment/{said.shipment_id}")
        [answer] = await connector.send([told])
        assert isinstance(answer, AlreadyDone), answer
        bill = msgspec.json.decode(
            invoice("S-1", (line.line, "SKU-003", 4)).body, type=InvoiceRequest
        )
        [charged] = bill.lines
        charged = replace(charged, unit_price_e4=300_000, amount_minor=12_000)
        bill = replace(
            bill,
            order_id=said.order_id,
            shipment_id=said.shipment_id,
            lines=(charged,),
            total_minor=12_000,
        )
        await accepted(connector, document(catalogue.INVOICE_REQUESTED, bill, "invoice/theirs"))
        [posted], _ = await heard(connector, "invoices", Invoice)
        assert (posted.order_id, posted.shipment_id) == (said.order_id, said.shipment_id)
        again, _ = await heard(connector, "shipments", Shipment, cursor)
        assert all(one == said for one in again)

    beside(peers, tmp_path, play, channel="counter", sites=("EAST",), heard_from=_YESTERDAY)


def test_what_a_person_received_is_a_fact_of_its_site(peers: Peers, tmp_path: Path) -> None:
    """By purchase, once; at a site whose warehouse is run elsewhere nothing is heard."""

    async def play(erp: Tryton, connector: TrytonConnector, api: Api) -> None:
        bought = await enter_purchase(erp, api, SKU_001=10, SKU_002=5)
        lines = [one["id"] for one in bought["lines"]]
        moves = await api.search(
            wire.MOVE, [["origin.id", "in", lines, wire.PURCHASE_LINE]], ("id",)
        )
        draft = await prepare_receipt(erp, api, [one["id"] for one in moves])
        assert (await heard(connector, "receipts", Receipt))[0] == []
        await api.press(wire.SHIPMENT_IN, draft, ("receive", "do"))
        [said], cursor = await heard(connector, "receipts", Receipt)
        assert (said.receipt_id, said.site, said.purchase_order, said.supplier) == (
            draft["number"], "EAST", bought["number"], "SUPPLY",
        )  # fmt: skip
        assert [(one.item, one.quantity) for one in said.lines] == [("SKU-001", 10), ("SKU-002", 5)]
        assert (await heard(connector, "receipts", Receipt, cursor))[0] == []
        assert await on_hand(erp, "EAST", "SKU-001") == 10

    beside(peers, tmp_path, play, sites=("EAST",), heard_from=_YESTERDAY)
