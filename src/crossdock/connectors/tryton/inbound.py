"""Tryton's records in our words; total, or it says at which place a record is not as agreed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from crossdock.connectors.kit.reading import Odd, meant, shaped
from crossdock.connectors.tryton import wire
from crossdock.contracts import catalogue
from crossdock.contracts.feeds import Said
from crossdock.contracts.invoices import CreditMemo, CreditMemoLine, Invoice, InvoiceLine
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.parties import Party, ShipTo
from crossdock.contracts.prices import Price, PriceStep, price_key
from crossdock.contracts.products import Item
from crossdock.contracts.purchasing import PurchaseOrder, PurchaseOrderLine
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.contracts.stock import Receipt, ReceiptLine
from crossdock.contracts.vocabulary import ItemKind, ItemStatus, PartyRole
from crossdock.contracts.words import Address

Record = Mapping[str, Any]

ITEM_FIELDS = (
    "code", "active", "default_uom.symbol", "template.name", "template.type", "template.write_date",
    "template.create_date", "write_date", "create_date",
)  # fmt: skip
PRICE_FIELDS = (
    *ITEM_FIELDS, "list_price_used", "template.list_prices.write_date",
    "template.list_prices.create_date",
)  # fmt: skip
PARTY_FIELDS = (
    "code", "name", "active", "write_date", "create_date", "addresses.street", "addresses.city",
    "addresses.postal_code", "addresses.country.code", "addresses.active",
)  # fmt: skip
INVOICE_FIELDS = (
    "number", "state", "type", "untaxed_amount", "currency.code", "currency.digits", "write_date",
    "create_date", "lines.type", "lines.quantity", "lines.amount", "lines.origin",
    "lines.stock_moves.shipment",
)  # fmt: skip
PURCHASE_FIELDS = (
    "number", "state", "shipment_state", "delivery_date", "party.code", "warehouse.code",
    "write_date", "create_date", "lines.type", "lines.quantity", "lines.unit.factor",
    "lines.unit.rate", "lines.product.code", "lines.product.default_uom.factor",
    "lines.product.default_uom.rate", "lines.product.template.type", "lines.delivery_date",
    "lines.delivery_date_store", "lines.write_date", "lines.create_date", "lines.moves.state",
    "lines.moves.planned_date", "lines.moves.write_date", "lines.moves.create_date",
    "lines.moves_ignored.internal_quantity",
)  # fmt: skip
RECEIPT_FIELDS = (
    "number", "warehouse.code", "supplier.code", "write_date", "create_date",
    "incoming_moves.product.code", "incoming_moves.internal_quantity",
    "incoming_moves.purchase.number",
)  # fmt: skip
SHIPMENT_FIELDS = (
    "number", "warehouse.code", "write_date", "create_date", "outgoing_moves.product.code",
    "outgoing_moves.internal_quantity", "outgoing_moves.origin",
)  # fmt: skip
LEFT_FIELDS = ("reference", "number", "warehouse.code")
SALE_FIELDS = (
    "number", "reference", "comment", "party.code", "currency.code", "currency.digits",
    "shipping_date", "shipment_address.street", "shipment_address.city",
    "shipment_address.postal_code", "shipment_address.country.code", "write_date", "create_date",
    "lines.type", "lines.quantity", "lines.unit.factor", "lines.unit.rate", "lines.unit_price",
    "lines.product.code", "lines.product.default_uom.factor", "lines.product.default_uom.rate",
    "lines.product.template.type",
)  # fmt: skip
SALE_LINE_FIELDS = (
    "note", "sale.number", "sale.reference", "sale.description", "sale.comment",
    "sale.create_date",
)  # fmt: skip

_E4_DECIMALS = 4
_OF_OURS = "a line of a sale of ours"
_AT_AN_END = frozenset({"done", "cancelled"})


def stamp_of(record: Record) -> datetime:
    """When a record last changed: the start of that transaction; raises `Odd`."""
    return _stamp(shaped(record, wire.Stamped), "$")


def item_stamp(record: Record) -> datetime:
    """A product changes with its template; raises `Odd`."""
    return _item_stamp(shaped(record, wire.Product))


def price_stamp(record: Record) -> datetime:
    """A price changes with its product, and by itself; raises `Odd`."""
    return _price_stamp(shaped(record, wire.Product))


def item(record: Record) -> list[Said]:
    """A product as an item; raises `Odd`."""
    found = shaped(record, wire.Product)
    unit = meant(found.default_uom.symbol, wire.UNITS, "$.default_uom.symbol")
    kind = meant(found.template.type, wire.KINDS, "$.template.type")
    stamp = _item_stamp(found)
    noun = Item(
        item=found.code,
        description=found.template.name or "",
        kind=ItemKind(kind),
        status=ItemStatus.ACTIVE if found.active else ItemStatus.BLOCKED,
        base_unit=unit,
        revision=wire.revision(stamp),
    )
    name = f"{wire.PRODUCT}/{found.id}/{noun.revision}"
    return [Said(catalogue.ITEM_CHANGED, name, stamp, noun, recorded=stamp)]


def price(record: Record, price_list: str, currency: str) -> list[Said]:
    """The list price of a product, in the company's currency; raises `Odd`.

    A product without a list price says nothing of it.
    """
    found = shaped(record, wire.Product)
    if found.list_price_used is None:
        return []
    amount = wire.read_decimal(found.list_price_used, "$.list_price_used")
    stamp = _price_stamp(found)
    step = PriceStep(
        currency=currency,
        unit_price_e4=wire.minor_units(amount, _E4_DECIMALS, "$.list_price_used"),
    )
    noun = Price(
        price=price_key(price_list, found.code),
        price_list=price_list,
        item=found.code,
        steps=(step,),
        revision=wire.revision(stamp),
    )
    name = f"{wire.PRODUCT}/{found.id}/price/{noun.revision}"
    return [Said(catalogue.PRICE_CHANGED, name, stamp, noun, recorded=stamp)]


def party(record: Record) -> list[Said]:
    """A party as an account, with its addresses by their own numbers; raises `Odd`."""
    found = shaped(record, wire.Party)
    stamp = _stamp(found, "$")
    noun = Party(
        party=found.code,
        name=found.name or "",
        role=PartyRole.CUSTOMER,
        ship_to=tuple(
            ShipTo(ship_to=str(one.id), address=_address(one))
            for one in found.addresses
            if one.active
        ),
        blocked=not found.active,
        revision=wire.revision(stamp),
    )
    name = f"{wire.PARTY}/{found.id}/{noun.revision}"
    return [Said(catalogue.PARTY_CHANGED, name, stamp, noun, recorded=stamp)]


def purchase_stamp(record: Record) -> datetime:
    """A purchase changes with its lines and with the moves of their goods; raises `Odd`."""
    return _purchase_stamp(shaped(record, wire.Purchase))


def purchase(record: Record) -> list[Said]:
    """A purchase with what was ordered and when it is expected; raises `Odd`.

    Where nothing more comes every line is 0, whatever became of it; one that was cancelled has
    none.
    """
    found = shaped(record, wire.Purchase)
    to_come = meant(found.state, wire.TO_COME, "$.state")
    stamp = _purchase_stamp(found)
    lines = []
    for at, line in enumerate(found.lines if found.state != wire.CANCELLED else ()):
        where = f"$.lines[{at}]"
        ordered = _ordered(line, where)
        if ordered is None:
            continue
        item, quantity = ordered
        if not to_come or found.shipment_state == wire.RECEIVED:
            quantity = 0
        expected_at = _expected_at(found, line, where) if quantity else stamp
        lines.append(
            PurchaseOrderLine(
                line=str(line.id), item=item, quantity=quantity, expected_at=expected_at
            )
        )
    noun = PurchaseOrder(
        purchase_order=found.number,
        site=found.warehouse.code,
        revision=wire.revision(stamp),
        lines=tuple(lines),
        supplier=found.party.code,
    )
    name = f"{wire.PURCHASE}/{found.id}/{noun.revision}"
    return [Said(catalogue.PURCHASE_ORDER_CHANGED, name, stamp, noun, recorded=stamp)]


def _ordered(line: wire.PurchaseLine, where: str) -> tuple[str, int] | None:
    """The item of a line and its base units, less what nobody expects any more; None: no goods."""
    product, unit = line.product, line.unit
    if line.type != "line" or product is None or unit is None:
        return None
    kind = meant(product.template.type, wire.KINDS, f"{where}.product.template.type")
    ordered = wire.base_units(line.quantity, unit, product.default_uom, f"{where}.quantity")
    if kind != ItemKind.STOCK or ordered <= 0:
        return None
    given_up = sum(
        wire.read_quantity(one.internal_quantity, f"{where}.moves_ignored[{at}].internal_quantity")
        for at, one in enumerate(line.moves_ignored)
    )
    return product.code, max(0, ordered - given_up)


def _expected_at(found: wire.Purchase, line: wire.PurchaseLine, where: str) -> datetime:
    """When what is still to come of a line is expected: the day its next goods are planned for.

    Tryton plans no day for what is late already; then the line's or the purchase's own day stands.
    """
    planned = [
        wire.read_day(move.planned_date, f"{where}.moves[{at}].planned_date")
        for at, move in enumerate(line.moves)
        if move.state not in _AT_AN_END and move.planned_date is not None
    ]
    if planned:
        return min(planned)
    said = (line.delivery_date, line.delivery_date_store, found.delivery_date)
    day = next((one for one in said if one is not None), None)
    return wire.read_day(day, f"{where}.delivery_date")


def receipt(record: Record) -> list[Said]:
    """A supplier shipment that Tryton's own people received, by purchase; raises `Odd`."""
    found = shaped(record, wire.ShipmentIn)
    stamp = _stamp(found, "$")
    came: dict[str, list[ReceiptLine]] = {}
    for at, move in enumerate(found.incoming_moves):
        where = f"$.incoming_moves[{at}].internal_quantity"
        quantity = wire.read_quantity(move.internal_quantity, where)
        if quantity > 0:
            purchase = move.purchase.number if move.purchase is not None else ""
            line = ReceiptLine(item=move.product.code, quantity=quantity)
            came.setdefault(purchase, []).append(line)
    said = []
    for purchase, lines in sorted(came.items()):
        part = f"+{purchase}" if len(came) > 1 else ""
        noun = Receipt(
            receipt_id=f"{found.number}{part}",
            site=found.warehouse.code,
            lines=tuple(lines),
            supplier=found.supplier.code or None,
            purchase_order=purchase or None,
        )
        name = f"{wire.SHIPMENT_IN}/{found.id}/done{part}"
        said.append(Said(catalogue.RECEIPT_POSTED, name, stamp, noun, recorded=stamp))
    return said


class Own(NamedTuple):
    """What is told of what Tryton's own people do."""

    since: datetime  # what is earlier is history
    channel: str | None = None  # of the sales that they enter; None: these are not told
    sites: tuple[str, ...] = ()  # whose warehouse is run in Tryton


def shipment(record: Record, sales: Sales, own: Own) -> list[Said]:
    """A shipment that Tryton's own people sent off, by order; raises `Odd`."""
    found = shaped(record, wire.ShipmentOut)
    stamp = _stamp(found, "$")
    left: dict[str, dict[tuple[str, str], int]] = {}
    for at, move in enumerate(found.outgoing_moves):
        where = f"$.outgoing_moves[{at}]"
        quantity = wire.read_quantity(move.internal_quantity, f"{where}.internal_quantity")
        if quantity <= 0:
            continue
        sold = sales.get(_number(move.origin, wire.SALE_LINE, f"{where}.origin"))
        order_id, line_id = _named(sold, own) if sold is not None else ("", "")
        if not order_id or not line_id:
            raise Odd(f"{where}.origin", move.origin, _OF_OURS)
        lines = left.setdefault(order_id, {})
        key = (line_id, move.product.code)
        lines[key] = lines.get(key, 0) + quantity
    said = []
    for order_id, lines in sorted(left.items()):
        part = f"+{order_id}" if len(left) > 1 else ""
        noun = Shipment(
            shipment_id=f"{wire.OWN_SHIPMENT}{found.number}{part}",
            order_id=order_id,
            site=found.warehouse.code,
            lines=tuple(
                ShipmentLine(line=line, item=item, quantity=quantity)
                for (line, item), quantity in lines.items()
            ),
        )
        name = f"{wire.SHIPMENT}/{found.id}/done{part}"
        said.append(
            Said(
                catalogue.SHIPMENT_SHIPPED,
                name,
                stamp,
                noun,
                correlation=order_id,
                recorded=stamp,
            )
        )
    return said


def sold_lines(record: Record) -> set[int]:
    """The numbers of the sale lines that a shipment is of; none where it is not as agreed."""
    try:
        found = shaped(record, wire.ShipmentOut)
    except Odd:
        return set()
    lines = {_linked(move.origin, wire.SALE_LINE) for move in found.outgoing_moves}
    return {one for one in lines if one is not None}


def _left_as(left: wire.Left | None, own: Own | None) -> str:
    """What a shipment is called: by our reference, else by its number where it is its people's."""
    if left is None or left.reference:
        return (left.reference if left is not None else None) or ""
    site = left.warehouse.code if left.warehouse is not None else None
    is_theirs = own is not None and site in own.sites
    return f"{wire.OWN_SHIPMENT}{left.number}" if is_theirs and left.number else ""


def order(record: Record, channel: str) -> list[Said]:
    """A sale of Tryton's own people as an order; raises `Odd`.

    Sales that the hub made are none, nor are those by which goods come back.
    """
    said = shaped(record, wire.Commented)
    if wire.is_ours(said.comment):
        if (said.comment or "").splitlines()[0] != wire.comment_of(said.reference):
            raise Odd("$.comment", said.comment, f"{wire.comment_of(said.reference)}; a copy: none")
        return []
    found = shaped(record, wire.OwnSale)
    lines = {
        at: _wished(line, f"$.lines[{at}]")
        for at, line in enumerate(found.lines)
        if line.type == "line" and line.quantity != 0
    }
    given_back = [at for at, line in lines.items() if line.units < 0]
    if len(given_back) == len(lines):
        return []
    if given_back:
        at = given_back[0]
        raise Odd(f"$.lines[{at}].quantity", lines[at].units, "goods that go, or goods that come")
    stamp = _stamp(found, "$")
    day = found.shipping_date
    noun = Order(
        order_id=f"{wire.SALE_ORDER}{found.number}",
        channel=channel,
        customer=found.party.code,
        currency=found.currency.code,
        lines=tuple(lines.values()),
        purchase_order=found.reference or None,
        ship_to=_address(found.shipment_address) if found.shipment_address else Address(),
        requested_for=wire.read_day(day, "$.shipping_date") if day is not None else None,
    )
    name = f"{wire.SALE}/{found.id}/placed"
    placed = Said(
        catalogue.ORDER_PLACED, name, stamp, noun, correlation=noun.order_id, recorded=stamp
    )
    return [placed]


def _wished(line: wire.SoldLine, where: str) -> OrderLine:
    product, unit = line.product, line.unit
    if product is None or unit is None:
        raise Odd(f"{where}.product", None, "a product")
    kind = meant(product.template.type, wire.KINDS, f"{where}.product.template.type")
    return OrderLine(
        line=str(line.id),
        item=product.code,
        quantity=wire.base_units(line.quantity, unit, product.default_uom, f"{where}.quantity"),
        unit_price_e4=wire.price_e4(
            line.unit_price, unit, product.default_uom, f"{where}.unit_price"
        ),
        kind=ItemKind(kind),
    )


def _named(sold: wire.SaleLine, own: Own | None) -> tuple[str, str]:
    """The order and the line that a sale's line is: ours by our numbers, others by Tryton's."""
    sale = sold.sale
    theirs = own is not None and own.channel is not None and not wire.is_ours(sale.comment)
    if own is not None and theirs and _stamp(sale, "$") >= own.since:
        return f"{wire.SALE_ORDER}{sale.number}", str(sold.id)
    return sale.reference or "", sold.note or ""


Sales = Mapping[int, wire.SaleLine]
"""The lines of sales that an invoice's lines come from, by their numbers."""

Shipments = Mapping[int, wire.Left]
"""The shipments that an invoice's goods left with, by their numbers."""


def posted(
    record: Record, sales: Sales, shipments: Shipments, own: Own | None = None
) -> list[Said]:
    """A posted document of a customer: an invoice, or a credit note where it is below zero."""
    found = shaped(record, wire.Invoice)
    total = wire.read_decimal(found.untaxed_amount, "$.untaxed_amount")
    said = _credit(found, sales) if total < 0 else _invoice(found, sales, shipments, own)
    return [said]


def _invoice(found: wire.Invoice, sales: Sales, shipments: Shipments, own: Own | None) -> Said:
    """A posted invoice of one shipment of ours; raises `Odd`."""
    lines = []
    orders: set[str] = set()
    left_with: set[str] = set()
    for where, line in _charged(found):
        order_id, line_id = _named(_sold(line, sales, where), own)
        if not line_id:
            raise Odd(f"{where}.origin", line.origin, _OF_OURS)
        orders.add(order_id)
        for moved in line.stock_moves:
            number = _number(moved.shipment, wire.SHIPMENT, f"{where}.stock_moves.shipment")
            left_with.add(_left_as(shipments.get(number), own))
        lines.append(
            InvoiceLine(
                line=line_id,
                quantity=wire.read_quantity(line.quantity, f"{where}.quantity"),
                amount_minor=_amount(found, line, where),
            )
        )
    noun = Invoice(
        invoice_id=found.number,
        order_id=_only(orders, "$.lines.origin.sale.reference"),
        shipment_id=_only(left_with, "$.lines.stock_moves.shipment.reference"),
        currency=found.currency.code,
        lines=tuple(lines),
        total_minor=sum(line.amount_minor for line in lines),
    )
    return _posted(found, catalogue.INVOICE_POSTED, noun)


def _credit(found: wire.Invoice, sales: Sales) -> Said:
    """A posted credit note of ours: a document below zero, of one sale of negative quantities."""
    lines = []
    requests: set[str] = set()
    orders: set[str] = set()
    for where, line in _charged(found):
        sold = _sold(line, sales, where)
        if not sold.note:
            raise Odd(f"{where}.origin", line.origin, _OF_OURS)
        requests.add(sold.sale.reference or "")
        orders.add(sold.sale.description or "")
        lines.append(
            CreditMemoLine(
                line=sold.note or "",
                quantity=-wire.read_quantity(line.quantity, f"{where}.quantity"),
                amount_minor=-_amount(found, line, where),
            )
        )
    noun = CreditMemo(
        credit_memo_id=found.number,
        order_id=_only(orders, "$.lines.origin.sale.description"),
        credit_request_id=_only(requests, "$.lines.origin.sale.reference"),
        currency=found.currency.code,
        lines=tuple(lines),
        total_minor=sum(line.amount_minor for line in lines),
    )
    return _posted(found, catalogue.CREDIT_POSTED, noun)


def _posted(found: wire.Invoice, kind: str, noun: Invoice | CreditMemo) -> Said:
    stamp = _stamp(found, "$")
    name = f"{wire.INVOICE}/{found.id}/posted"
    return Said(kind, name, stamp, noun, correlation=noun.order_id, recorded=stamp)


def _charged(found: wire.Invoice) -> Iterator[tuple[str, wire.InvoiceLine]]:
    """The lines that charge something, with the place of each."""
    for at, line in enumerate(found.lines):
        if line.type == "line":
            yield f"$.lines[{at}]", line


def _amount(found: wire.Invoice, line: wire.InvoiceLine, where: str) -> int:
    amount = wire.read_decimal(line.amount, f"{where}.amount")
    return wire.minor_units(amount, found.currency.digits, f"{where}.amount")


def _sold(line: wire.InvoiceLine, sales: Sales, where: str) -> wire.SaleLine:
    """The line of a sale that a line of an invoice comes from."""
    sold = sales.get(_number(line.origin, wire.SALE_LINE, f"{where}.origin"))
    if sold is None:
        raise Odd(f"{where}.origin", line.origin, _OF_OURS)
    return sold


def origins(record: Record) -> tuple[set[int], set[int]]:
    """The numbers of the sale lines and of the shipments that an invoice speaks of.

    Of a record that is not as agreed there are none: it is set aside when it is read.
    """
    try:
        found = shaped(record, wire.Invoice)
    except Odd:
        return set(), set()
    lines = {_linked(line.origin, wire.SALE_LINE) for line in found.lines}
    shipments = {
        _linked(moved.shipment, wire.SHIPMENT) for line in found.lines for moved in line.stock_moves
    }
    return {one for one in lines if one is not None}, {one for one in shipments if one is not None}


def _linked(value: str | None, model: str) -> int | None:
    """The number in a reference such as `sale.line,3`; None where it is to something else."""
    name, _, number = (value or "").partition(",")
    return int(number) if name == model and number.isascii() and number.isdigit() else None


def _number(value: str | None, model: str, where: str) -> int:
    number = _linked(value, model)
    if number is None:
        raise Odd(where, value, f"a reference to {model}")
    return number


def _only(found: set[str], where: str) -> str:
    """The one reference that all of them have."""
    if len(found) == 1 and (one := next(iter(found))):
        return one
    raise Odd(where, ", ".join(sorted(found)) or "none", "one reference of ours")


def _stamp(found: wire.Stamped, where: str) -> datetime:
    stamps = [
        wire.read_moment(value, f"{where}.{name}")
        for name, value in (("write_date", found.write_date), ("create_date", found.create_date))
        if value is not None
    ]
    if not stamps:
        raise Odd(f"{where}.create_date", None, "a moment")
    return max(stamps)


def _item_stamp(found: wire.Product) -> datetime:
    return max(_stamp(found, "$"), _stamp(found.template, "$.template"))


def _price_stamp(found: wire.Product) -> datetime:
    prices = (
        _stamp(one, f"$.template.list_prices[{at}]")
        for at, one in enumerate(found.template.list_prices)
    )
    return max(_item_stamp(found), *prices, wire.EPOCH)


def _purchase_stamp(found: wire.Purchase) -> datetime:
    stamps = [_stamp(found, "$")]
    for at, line in enumerate(found.lines):
        where = f"$.lines[{at}]"
        stamps.append(_stamp(line, where))
        stamps += [_stamp(one, f"{where}.moves[{on}]") for on, one in enumerate(line.moves)]
    return max(stamps)


def _address(found: wire.PartyAddress) -> Address:
    street = found.street or ""
    return Address(
        lines=tuple(line.strip() for line in street.splitlines() if line.strip()),
        city=found.city or "",
        postal_code=found.postal_code or "",
        country=(found.country.code if found.country is not None else None) or "",
    )
