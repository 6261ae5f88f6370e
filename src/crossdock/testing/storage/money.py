"""The contract of money: which orders have something open, and control totals of all of them."""

from __future__ import annotations

from dataclasses import replace

from crossdock.log.ports import Store
from crossdock.log.records import OrderRow
from crossdock.log.views import MoneyTotal
from crossdock.orders.state import (
    Amounts,
    CreditAsk,
    CreditMark,
    InvoiceAsk,
    InvoiceMark,
    Line,
    OrderState,
    Piece,
    ReceiptMark,
    ShipmentMark,
)
from crossdock.sagas.batch import order_row
from crossdock.testing.storage.engine import ContractBase, Engine, land, scene

LATE = "2031-03-03T23:30:00+00:00"
NEXT_DAY = "2031-03-04T08:00:00+00:00"


def shipped(name: str, *, posted: bool) -> OrderState:
    """An order of which four units left the east, asked for, and posted or not."""
    order = OrderState(name, placed=True, currency="EUR", customer="C", channel="web")
    order.lines["1"] = Line(item="bolt", ordered=4, priced=True, asked=4)
    order.lines["1"].at("EAST").shipped = 4
    order.shipments["S1"] = ShipmentMark("EAST", {"1": 4}, LATE)
    order.asks["S1"] = InvoiceAsk("S1", {"1": Amounts(4, 400, 76)}, 476)
    if posted:
        order.lines["1"].invoiced = 4
        order.invoices["I1"] = InvoiceMark(
            "S1", "EUR", {"1": Amounts(4, 400, 76)}, 476, at=NEXT_DAY
        )
        order.invoices["I2"] = InvoiceMark(
            "S1", "USD", {"1": Amounts(4, 500)}, 500, role="presentment", at=NEXT_DAY
        )
    return order


def returned(name: str) -> OrderState:
    """The same, one unit of it back in the west and credited; one credit belongs to nothing."""
    order = shipped(name, posted=True)
    del order.invoices["I2"]
    order.lines["1"].at("WEST").returned = 1
    order.lines["1"].credit_asked = 1
    piece = Piece("1", "bolt", "", "restock", 1)
    order.receipts["WEST/R1"] = ReceiptMark("WEST", NEXT_DAY, [piece])
    order.credit_asks["WEST/R1"] = CreditAsk(
        "returned", {"1": Amounts(1, 100, 19)}, 119, receipt="WEST/R1"
    )
    order.credits["M1"] = CreditMark("EUR", {"1": Amounts(1, 100, 19)}, 119, ask="WEST/R1", at=LATE)
    order.credits["M2"] = CreditMark("EUR", {"1": Amounts(0, 5)}, 5, at=LATE)
    return order


def rows(*orders: OrderState) -> list[OrderRow]:
    """The rows of these orders."""
    return [order_row(order) for order in orders]


class MoneyContract(ContractBase):
    """What an engine knows of money."""

    @scene
    async def test_orders_with_something_open_are_found_by_page(self, on: Engine) -> None:
        """In the order of their ids; one that matches is not among them, nor once it matches."""
        store = await on.handle()
        square = shipped("O2", posted=True)
        del square.invoices["I2"]
        everything = [*(shipped(name, posted=False) for name in ("O3", "O1", "o2")), square]
        await land(store, orders=rows(*everything))
        assert await ids(store) == ["O1", "O3", "o2"]
        [only] = await store.unmatched_orders("O1", 1)
        assert only == order_row(shipped("O3", posted=False))
        await land(store, orders=[replace(only, unmatched=False)])
        assert await ids(store) == ["O1", "o2"]

    @scene
    async def test_totals_add_up_documents_of_a_day_site_kind_and_currency(
        self, on: Engine
    ) -> None:
        """A day is one of the zone; amounts in another role are the same money once more."""
        store = await on.handle()
        orders = [shipped("O1", posted=False), shipped("O2", posted=True), returned("O3")]
        await land(store, orders=rows(*orders, OrderState("O4", placed=True, currency="EUR")))
        assert await store.money_totals("UTC") == [
            MoneyTotal("2031-03-03", "", "credited", "EUR", 1, 0, 5),
            MoneyTotal("2031-03-03", "EAST", "shipped", "EUR", 3, 12, 1428),
            MoneyTotal("2031-03-03", "WEST", "credited", "EUR", 1, 1, 119),
            MoneyTotal("2031-03-04", "EAST", "invoiced", "EUR", 2, 8, 952),
            MoneyTotal("2031-03-04", "WEST", "returned", "EUR", 1, 1, 0),
        ]
        assert {one.day for one in await store.money_totals("Asia/Tokyo")} == {"2031-03-04"}


async def ids(store: Store) -> list[str]:
    """The orders that the store says are open."""
    return [row.order_id for row in await store.unmatched_orders("", 9)]
