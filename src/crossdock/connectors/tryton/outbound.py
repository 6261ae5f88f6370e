"""Our nouns as Tryton's values; nothing is asked or sent here.

Creating by REST runs none of the form's rules, so every value that a person's form would fill in
is given: unit, price, taxes, addresses, warehouse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from crossdock.connectors.tryton import wire
from crossdock.contracts.invoices import CreditRequest, CreditRequestLine
from crossdock.contracts.money import minor_digits
from crossdock.contracts.postings import Milestone, StockPosting, StockPostingLine
from crossdock.contracts.shipments import Shipment
from crossdock.contracts.stock import Receipt
from crossdock.contracts.submissions import AcknowledgedLine, OrderAcknowledgement

PRICE_DECIMALS = 4


class Known(NamedTuple):
    """What of Tryton's own numbers an order is made of."""

    party: int
    address: int
    currency: int
    warehouse: int
    products: Mapping[str, Mapping[str, Any]]  # by item: id, default_uom, taxes


def sale(
    order: OrderAcknowledgement, known: Known, *, company: int, payment_term: int
) -> dict[str, Any]:
    """The sale that an order becomes; each line keeps our number in its note."""
    values = _header(known, order.order_id, company, payment_term)
    return {
        **values,
        "lines": [["create", [_line(one, known) for one in order.lines if one.ordered]]],
    }


def credit(
    asked: CreditRequest, known: Known, *, company: int, payment_term: int
) -> dict[str, Any]:
    """The sale of negative quantities that a credit is; the order is its description."""
    values = _header(known, asked.credit_request_id, company, payment_term)
    lines = [_credited(line, known, asked.currency) for line in asked.lines]
    return {**values, "description": asked.order_id, "lines": [["create", lines]]}


def _credited(line: CreditRequestLine, known: Known, currency: str) -> dict[str, Any]:
    units = line.quantity or 1
    amount = Decimal(line.amount_minor).scaleb(-minor_digits(currency))
    return _sold(known.products[line.item], line.line, -units, amount / units)


def _header(known: Known, reference: str, company: int, payment_term: int) -> dict[str, Any]:
    return {
        "company": company,
        "party": known.party,
        "invoice_party": known.party,
        "invoice_address": known.address,
        "shipment_address": known.address,
        "warehouse": known.warehouse,
        "payment_term": payment_term,
        "currency": known.currency,
        "reference": reference,
        "comment": wire.comment_of(reference),
        "invoice_method": "fulfillment",
        "shipment_method": "order",
        "shipment_cost_method": None,
    }


def _sold(product: Mapping[str, Any], line: str, units: int, price: Decimal) -> dict[str, Any]:
    return {
        "type": "line",
        "product": product["id"],
        "quantity": float(units),
        "unit": product["default_uom"]["id"],
        "unit_price": wire.decimal(price.quantize(Decimal(1).scaleb(-PRICE_DECIMALS))),
        "taxes": [["add", taxes_of(product)]],
        "note": line,
    }


def _line(line: AcknowledgedLine, known: Known) -> dict[str, Any]:
    price = Decimal(line.unit_price_e4 or 0).scaleb(-PRICE_DECIMALS)
    return _sold(known.products[line.item], line.line, line.ordered, price)


def taxes_of(product: Mapping[str, Any]) -> list[int]:
    """The numbers of the taxes that customers pay for a product."""
    category = (product.get("template") or {}).get("account_category") or {}
    return [tax["id"] for tax in category.get("customer_taxes_used") or ()]


class Wanted(NamedTuple):
    """What the moves of a waiting shipment must become."""

    quantities: dict[int, int]  # move -> units that left
    leave: list[int]  # moves that stay behind


def moves_that_left(
    moves: Sequence[Mapping[str, Any]], lines: Mapping[str, int], left: Mapping[str, int]
) -> Wanted:
    """Which moves of a shipment left, and with how much.

    `lines` are the numbers of the sale's lines by ours, `left` the units that left by ours. Several
    moves of one line are filled in their order; the last one takes what is beyond them, because
    what left is a fact.
    """
    wanted: dict[int, int] = {}
    leave: list[int] = []
    rest = {lines[ours]: units for ours, units in left.items() if ours in lines}
    last: dict[int, int] = {}
    for move in moves:
        origin = str(move.get("origin") or "").partition(",")[2]
        line = int(origin) if origin.isdecimal() else 0
        units = min(rest.get(line, 0), int(move["quantity"]))
        if units <= 0:
            leave.append(move["id"])
            continue
        wanted[move["id"]] = units
        last[line] = move["id"]
        rest[line] -= units
    for line, units in rest.items():
        if units and line in last:
            wanted[last[line]] += units
    return Wanted(wanted, leave)


def units_of(said: Shipment) -> dict[str, int]:
    """Units that left, by line: one line may stand several times, by lot."""
    units: dict[str, int] = {}
    for line in said.lines:
        units[line.line] = units.get(line.line, 0) + line.quantity
    return units


def cut(place: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    """A waiting shipment as it leaves a warehouse: its moves with what left, the rest taken off."""
    output = place["output_location"]["id"]
    moves: list[list[Any]] = [
        ["write", [move], {"quantity": float(units), "from_location": output}]
        for move, units in sorted(wanted.quantities.items())
    ]
    if wanted.leave:
        moves.append(["delete", wanted.leave])
    return {
        "warehouse": place["id"],
        "warehouse_storage": place["storage_location"]["id"],
        "warehouse_output": output,
        "outgoing_moves": moves,
    }


def units_that_came(said: Receipt) -> dict[str, int]:
    """Base units that came, by item; none of what was expected and did not."""
    units: dict[str, int] = {}
    for line in said.lines:
        units[line.item] = units.get(line.item, 0) + line.units
    return {item: quantity for item, quantity in units.items() if quantity > 0}


class Due(NamedTuple):
    """Goods of a purchase that are still to come: a move that nobody has done yet."""

    move: int
    item: str
    units: int  # base units
    as_it_stands: Mapping[str, Any]  # its `quantity`, `unit` and `unit_price`
    base_unit: int


def moves_that_came(due: Sequence[Due], units: Mapping[str, int]) -> dict[int, int]:
    """Which moves of a purchase came, and with how many base units; the first due come first.

    What came beyond them is no part of the purchase.
    """
    rest = dict(units)
    came: dict[int, int] = {}
    for one in due:
        part = min(rest.get(one.item, 0), one.units)
        if part > 0:
            came[one.move] = part
            rest[one.item] -= part
    return came


def incoming(due: Sequence[Due], came: Mapping[int, int], place: Mapping[str, Any]) -> list[Any]:
    """What a supplier shipment is told of its moves: each with what came, to where it came."""
    moves: list[Any] = [["add", sorted(came)]]
    for one in due:
        if one.move in came:
            values = {"to_location": place["input_location"]["id"]}
            moves.append(["write", [one.move], {**values, **_cut_to(one, came[one.move])}])
    return moves


def _cut_to(due: Due, units: int) -> dict[str, Any]:
    """So many base units of a move; in another unit only where it comes whole, for its price."""
    if units == due.units:
        return {}
    values: dict[str, Any] = {"quantity": float(units)}
    stands = due.as_it_stands
    if stands["unit"]["id"] != due.base_unit:
        price = wire.read_decimal(stands["unit_price"], "$.unit_price")
        per_unit = price * Decimal(str(stands["quantity"])) / due.units
        values["unit"] = due.base_unit
        values["unit_price"] = wire.decimal(per_unit.quantize(Decimal(1).scaleb(-PRICE_DECIMALS)))
    return values


def beyond(said: Receipt, units: Mapping[str, int]) -> Part | None:
    """What came and is no part of a purchase, as goods onto the shelf; None: nothing."""
    lines = tuple(
        StockPostingLine(item=item, milestone=Milestone.RECEIPT, quantity=quantity)
        for item, quantity in sorted(units.items())
        if quantity > 0
    )
    return Part(f"{said.site} {said.receipt_id} beyond", True, lines) if lines else None


class Part(NamedTuple):
    """What a posting adds to a site's shelves, or what it takes off, and under which reference."""

    reference: str
    adds: bool
    lines: tuple[StockPostingLine, ...]


def parts_of(said: StockPosting) -> list[Part]:
    """A posting as what comes in and what goes out."""
    more = tuple(line for line in said.lines if line.quantity > 0)
    fewer = tuple(line for line in said.lines if line.quantity < 0)
    parts = [
        Part(f"{said.posting_id} in", True, more),
        Part(f"{said.posting_id} out", False, fewer),
    ]
    return [part for part in parts if part.lines]


def internal_shipment(
    part: Part, products: Mapping[str, Mapping[str, Any]], shelf: int, nowhere: int, company: int
) -> dict[str, Any]:
    """Goods onto the shelf, or off it: from or to where nobody knows."""
    source, target = (nowhere, shelf) if part.adds else (shelf, nowhere)
    moves = [
        {
            "company": company,
            "product": products[line.item]["id"],
            "quantity": float(abs(line.quantity)),
            "unit": products[line.item]["default_uom"]["id"],
            "from_location": source,
            "to_location": target,
        }
        for line in part.lines
    ]
    return {
        "company": company,
        "from_location": source,
        "to_location": target,
        "reference": part.reference,
        "moves": [["create", moves]],
    }
