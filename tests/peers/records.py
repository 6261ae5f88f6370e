"""What each system has on its own records, as one flat book of fields that can be compared.

A book says for a place (what it is, which one, which field of it) what stands there. The systems
are asked by their own interfaces, as their own people would see it; the hub by its commands.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from crossdock.connectors.tryton import wire
from tests.peers.house import SITES, House
from tests.peers.vendure.api import Api as ShopApi

Place: TypeAlias = tuple[str, str, str]
"""What it is, which one, which field: `("line", "ABC/1", "shipped")`."""

Book: TypeAlias = dict[Place, object]

_INVOICED = ("posted", "paid")
_SALE_FIELDS = (
    "number", "reference", "description", "state", "shipment_state", "lines.note", "lines.type",
    "lines.quantity", "lines.unit_price", "lines.product.code", "shipments.reference",
    "shipments.state", "shipments.outgoing_moves.quantity", "shipments.outgoing_moves.origin",
    "shipment_returns.state", "shipment_returns.incoming_moves.quantity",
    "shipment_returns.incoming_moves.origin", "invoices.state", "invoices.lines.type",
    "invoices.lines.quantity", "invoices.lines.amount", "invoices.lines.origin",
)  # fmt: skip
_SHOP_ORDER = (
    "query($o:OrderListOptions){orders(options:$o){items{code state lines{id orderPlacedQuantity"
    " productVariant{sku}} fulfillments{state method trackingCode lines{orderLineId quantity}}}}}"
)


async def of_hub(house: House, orders: Iterable[str]) -> Book:
    """The hub's orders, its ledger, and the money of its documents."""
    book: Book = {}
    for code in orders:
        said = await house.command("orders", "show", code)
        book["order", code, "orders"] = 1
        book["order", code, "all sent"] = "dispatched" in said["reached"]
        for line in said["lines"]:
            place, figures = f"{code}/{line['line']}", line["figures"]
            book["line", place, "item"] = line["item"]
            for field, figure in _FIGURES.items():
                book["line", place, field] = figures[figure]
    ledger: Counter[tuple[str, str, str]] = Counter()
    for one in (await house.command("state"))["balances"]:
        place = f"{one['item']} at {one['site']}"
        ledger["stock", place, "to sell"] += one["quantity"] * (one["state"] == "available")
        ledger["stock", place, "inside"] += one["quantity"] * (one["state"] not in _OUTSIDE)
    totals: Counter[tuple[str, str, str]] = Counter()
    for row in (await house.command("money", "control-totals"))["totals"]:
        totals["documents", row["kind"], "documents"] += row["documents"]
        if row["kind"] in _CHARGED:
            totals["documents", row["kind"], "minor units"] += row["value_minor"]
    return {**book, **ledger, **totals}


_FIGURES = {
    "ordered": "ordered", "shipped": "shipped", "invoiced": "invoiced", "returned": "returned",
}  # fmt: skip
_CHARGED = ("invoiced", "credited")
_OUTSIDE = ("customer", "adjustment", "supplier")
"""States of the ledger in which units are not in the house."""


async def of_erp(house: House, orders: Sequence[str]) -> Book:
    """Sales, their shipments and returns, posted invoices and credit notes, stock on hand."""
    book: Book = {}
    totals: Counter[str] = Counter()
    for code in orders:
        sales = await house.erp_api.search(
            wire.SALE,
            [
                "OR",
                [["reference", "=", code]],
                [["description", "=", code]],
                [["number", "=", code.removeprefix(wire.SALE_ORDER)]],
            ],
            _SALE_FIELDS,
        )
        ours = [one for one in sales if code in (one["reference"], own_order(one["number"]))]
        given_back = [one for one in sales if one["description"] == code]
        book["order", code, "orders"] = len(ours)
        for sale in ours:
            book["order", code, "all sent"] = sale["shipment_state"] == "sent"
            _sold(book, code, sale, totals)
        for sale in given_back:
            _given_back(book, code, sale, totals)
    for kind in ("shipped", "returned", *_CHARGED):
        book["documents", kind, "documents"] = totals[f"{kind} documents"]
        if kind in _CHARGED:
            book["documents", kind, "minor units"] = totals[f"{kind} minor units"]
    for (item, site), units in (await house.on_hand()).items():
        book["stock", f"{item} at {site}", "inside"] = units
    return book


def own_order(number: object) -> str:
    """The order that a sale of the ERP's own people is."""
    return f"{wire.SALE_ORDER}{number}"


def _sold(book: Book, code: str, sale: dict[str, Any], totals: Counter[str]) -> None:
    """A sale's lines by our numbers, with what left and was invoiced of each."""
    shipped, invoiced = Counter[str](), Counter[str]()
    for one in sale["shipments"]:
        if one["state"] == "done":
            totals["shipped documents"] += 1
            book["shipment", one["reference"], "units"] = sum(
                int(move["quantity"]) for move in one["outgoing_moves"]
            )
            for move in one["outgoing_moves"]:
                shipped[move["origin"]] += int(move["quantity"])
    for one in sale["invoices"]:
        if one["state"] in _INVOICED:
            totals["invoiced documents"] += 1
            totals["invoiced minor units"] += _minor(one)
            for line in one["lines"]:
                invoiced[line["origin"]] += int(line["quantity"] or 0)
    for line in sale["lines"]:
        place = f"{code}/{line['note'] or line['id']}"
        origin = f"{wire.SALE_LINE},{line['id']}"
        book["line", place, "item"] = line["product"]["code"]
        book["line", place, "ordered"] = int(line["quantity"])
        book["line", place, "shipped"] = shipped[origin]
        book["line", place, "invoiced"] = invoiced[origin]
        book.setdefault(("line", place, "returned"), 0)


def _given_back(book: Book, code: str, sale: dict[str, Any], totals: Counter[str]) -> None:
    """What of a sale of negative quantities came back, by the lines of the order."""
    numbers = {f"{wire.SALE_LINE},{line['id']}": line["note"] for line in sale["lines"]}
    for one in sale["shipment_returns"]:
        totals["returned documents"] += one["state"] == "done"
        for move in one["incoming_moves"] if one["state"] == "done" else ():
            place = ("line", f"{code}/{numbers[move['origin']]}", "returned")
            book[place] = int(str(book.get(place, 0))) + int(move["quantity"])
    for one in sale["invoices"]:
        if one["state"] in _INVOICED:
            totals["credited documents"] += 1
            totals["credited minor units"] -= _minor(one)


def _minor(invoice: dict[str, Any]) -> int:
    lines = (line for line in invoice["lines"] if line["type"] == "line")
    return sum(wire.minor_units(wire.read_decimal(line["amount"], "$"), 2, "$") for line in lines)


async def of_shop(house: House, orders: Iterable[str]) -> Book:
    """Orders with their fulfilments, and what is offered at each place."""
    book: Book = {}
    async with ShopApi(f"{house.shop.url}/admin-api") as admin:
        await admin.log_in()
        for code in orders:
            answer = await admin(_SHOP_ORDER, o={"filter": {"code": {"eq": code}}})
            found = answer["orders"]["items"]
            book["order", code, "orders"] = len(found)
            for order in found:
                _fulfilled(book, order)
    for (item, site), units in (await house.levels()).items():
        book["stock", f"{item} at {site}", "to sell"] = units
    return book


def _fulfilled(book: Book, order: dict[str, Any]) -> None:
    code = order["code"]
    book["order", code, "all sent"] = order["state"] in ("Shipped", "Delivered")
    shipped: Counter[str] = Counter()
    for one in order["fulfillments"] or ():
        if one["state"] in ("Shipped", "Delivered"):
            number = one["method"].partition("(")[2].rstrip(")")
            book["shipment", number, "units"] = sum(line["quantity"] for line in one["lines"])
            book["shipment", number, "tracking"] = one["trackingCode"]
            for line in one["lines"]:
                shipped[line["orderLineId"]] += line["quantity"]
    for line in order["lines"]:
        place = f"{code}/{line['id']}"
        book["line", place, "item"] = line["productVariant"]["sku"]
        book["line", place, "ordered"] = line["orderPlacedQuantity"]
        book["line", place, "shipped"] = shipped[line["id"]]


def of_warehouses(house: House) -> Book:
    """What is on their shelves and in their books, and what they handed over to carriers."""
    book: Book = {}
    for what, units in (("to sell", house.shelves()), ("inside", house.inside())):
        for (item, site), quantity in units.items():
            book["stock", f"{item} at {site}", what] = quantity
    for site in SITES:
        warehouse = house.estate.wms(site)
        for number, units_sent in warehouse.shipments.items():
            book["shipment", number, "units"] = units_sent
            book["shipment", number, "tracking"] = warehouse.dice.number("1X", number)
    return book


def of_desk(house: House) -> Book:
    """Notices to customers of what left, by shipment."""
    return {
        ("shipment", number, "notices"): count
        for number, count in house.estate.crm.shipment_notices.items()
    }


def of_partner(folder: Path) -> Book:
    """What the files that were left for the partner say left, by line and shipment."""
    shipped: Counter[str] = Counter()
    book: Book = {}
    for path in sorted((folder / "shipments").glob("*.json")):
        said = json.loads(path.read_text())["data"]
        book["shipment", said["shipment_id"], "units"] = sum(
            line["quantity"] for line in said["lines"]
        )
        for line in said["lines"]:
            shipped[f"{said['order_id']}/{line['line']}"] += line["quantity"]
    return book | {("line", place, "shipped"): units for place, units in shipped.items()}


def leave_order(folder: Path, order_id: str, **units: int) -> None:
    """A partner leaves a file with an order, whole at once: `SKU_003=2`."""
    written = folder / f".{order_id}.tmp"
    with written.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["order_no", "customer", "currency", "pos", "item", "qty", "price"])
        for position, (item, quantity) in enumerate(units.items(), 1):
            number = item.replace("_", "-")
            price = f"{10 * int(number[-3:])}.00"
            rows.writerow([order_id, "ACME", "USD", position, number, quantity, price])
    written.rename(folder / f"orders-{order_id}.csv")
