"""Tryton's records in our words; total, or it says at which place a record is not as agreed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from crossdock.connectors.kit.reading import Odd
from crossdock.connectors.tryton import wire
from crossdock.contracts import catalogue
from crossdock.contracts.feeds import Said
from crossdock.contracts.invoices import CreditMemo, CreditMemoLine, Invoice, InvoiceLine
from crossdock.contracts.parties import Party, ShipTo
from crossdock.contracts.products import Item
from crossdock.contracts.vocabulary import ItemKind, ItemStatus, PartyRole
from crossdock.contracts.words import Address

Record = Mapping[str, Any]

ITEM_FIELDS = (
    "code", "active", "default_uom.symbol", "template.name", "template.type", "template.write_date",
    "template.create_date", "write_date", "create_date",
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


def stamp_of(record: Record, where: str = "$") -> datetime:
    """When a record last changed: the start of that transaction; raises `Odd`."""
    stamps = [
        wire.read_moment(record[name], f"{where}.{name}")
        for name in ("write_date", "create_date")
        if record.get(name) is not None
    ]
    if not stamps:
        raise Odd(f"{where}.create_date", None, "a moment")
    return max(stamps)


def item_stamp(record: Record) -> datetime:
    """A product changes with its template; raises `Odd`."""
    return max(stamp_of(record), stamp_of(record["template"], "$.template"))


def item(record: Record) -> Said:
    """A product as an item; raises `Odd`."""
    code = _code(record)
    template = record["template"]
    symbol = (record.get("default_uom") or {}).get("symbol")
    if symbol not in wire.UNITS:
        raise Odd("$.default_uom.symbol", symbol, " or ".join(wire.UNITS))
    kind = template.get("type")
    if kind not in wire.KINDS:
        raise Odd("$.template.type", kind, " or ".join(wire.KINDS))
    stamp = item_stamp(record)
    noun = Item(
        item=code,
        description=template.get("name") or "",
        kind=ItemKind(wire.KINDS[kind]),
        status=ItemStatus.ACTIVE if record.get("active") else ItemStatus.BLOCKED,
        base_unit=wire.UNITS[symbol],
        revision=wire.revision(stamp),
    )
    return Said(
        catalogue.ITEM_CHANGED, f"{wire.PRODUCT}/{record['id']}/{noun.revision}", stamp, noun,
        recorded=stamp,
    )  # fmt: skip


def party(record: Record) -> Said:
    """A party as an account, with its addresses by their own numbers; raises `Odd`."""
    stamp = stamp_of(record)
    noun = Party(
        party=_code(record),
        name=record.get("name") or "",
        role=PartyRole.CUSTOMER,
        ship_to=tuple(
            ShipTo(ship_to=str(one["id"]), address=_address(one))
            for one in record.get("addresses") or ()
            if one.get("active", True)
        ),
        blocked=not record.get("active", True),
        revision=wire.revision(stamp),
    )
    return Said(
        catalogue.PARTY_CHANGED, f"{wire.PARTY}/{record['id']}/{noun.revision}", stamp, noun,
        recorded=stamp,
    )  # fmt: skip


def invoice(record: Record, sales: Mapping[int, Record], shipments: Mapping[int, Record]) -> Said:
    """A posted invoice of one shipment of ours; raises `Odd`.

    `sales` are the lines of sales that its lines come from, `shipments` those that its goods left
    with, both by their numbers.
    """
    stamp = stamp_of(record)
    digits = record["currency"]["digits"]
    lines = []
    orders: set[str] = set()
    left_with: set[str] = set()
    for at, line in enumerate(record.get("lines") or ()):
        if line.get("type") != "line":
            continue
        where = f"$.lines[{at}]"
        sold = _sold(line, sales, where)
        orders.add(sold["sale"]["reference"])
        for moved in line.get("stock_moves") or ():
            number = _number(moved.get("shipment"), wire.SHIPMENT, f"{where}.stock_moves.shipment")
            left_with.add((shipments.get(number) or {}).get("reference") or "")
        amount = wire.read_decimal(line.get("amount"), f"{where}.amount")
        lines.append(
            InvoiceLine(
                line=sold["note"],
                quantity=wire.read_quantity(line.get("quantity"), f"{where}.quantity"),
                amount_minor=wire.minor_units(amount, digits, f"{where}.amount"),
            )
        )
    noun = Invoice(
        invoice_id=record["number"],
        order_id=_only(orders, "$.lines.origin.sale.reference"),
        shipment_id=_only(left_with, "$.lines.stock_moves.shipment.reference"),
        currency=record["currency"]["code"],
        lines=tuple(lines),
        total_minor=sum(line.amount_minor for line in lines),
    )
    return Said(
        catalogue.INVOICE_POSTED, f"{wire.INVOICE}/{record['id']}/posted", stamp, noun,
        correlation=noun.order_id, recorded=stamp,
    )  # fmt: skip


def credit(record: Record, sales: Mapping[int, Record]) -> Said:
    """A posted credit note of ours: a document below zero, of one sale of negative quantities."""
    stamp = stamp_of(record)
    digits = record["currency"]["digits"]
    lines = []
    requests: set[str] = set()
    orders: set[str] = set()
    for at, line in enumerate(record.get("lines") or ()):
        if line.get("type") != "line":
            continue
        where = f"$.lines[{at}]"
        sold = _sold(line, sales, where)
        requests.add(sold["sale"]["reference"] or "")
        orders.add(sold["sale"]["description"] or "")
        amount = wire.read_decimal(line.get("amount"), f"{where}.amount")
        lines.append(
            CreditMemoLine(
                line=sold["note"],
                quantity=-wire.read_quantity(line.get("quantity"), f"{where}.quantity"),
                amount_minor=-wire.minor_units(amount, digits, f"{where}.amount"),
            )
        )
    noun = CreditMemo(
        credit_memo_id=record["number"],
        order_id=_only(orders, "$.lines.origin.sale.description"),
        credit_request_id=_only(requests, "$.lines.origin.sale.reference"),
        currency=record["currency"]["code"],
        lines=tuple(lines),
        total_minor=sum(line.amount_minor for line in lines),
    )
    return Said(
        catalogue.CREDIT_POSTED, f"{wire.INVOICE}/{record['id']}/posted", stamp, noun,
        correlation=noun.order_id, recorded=stamp,
    )  # fmt: skip


def posted(record: Record, sales: Mapping[int, Record], shipments: Mapping[int, Record]) -> Said:
    """A posted document of a customer: an invoice, or a credit note where it is below zero."""
    total = wire.read_decimal(record.get("untaxed_amount"), "$.untaxed_amount")
    return credit(record, sales) if total < 0 else invoice(record, sales, shipments)


def _sold(line: Record, sales: Mapping[int, Record], where: str) -> Record:
    """The line of a sale that a line of an invoice comes from, with our number in its note."""
    sold = sales.get(_number(line.get("origin"), "sale.line", f"{where}.origin"))
    if sold is None or not sold.get("note"):
        raise Odd(f"{where}.origin", line.get("origin"), "a line of a sale of ours")
    return sold


def origins(record: Record) -> tuple[set[int], set[int]]:
    """The numbers of the sale lines and of the shipments that an invoice speaks of."""
    lines, shipments = set(), set()
    for line in record.get("lines") or ():
        if (number := _linked(line.get("origin"), "sale.line")) is not None:
            lines.add(number)
        for moved in line.get("stock_moves") or ():
            if (number := _linked(moved.get("shipment"), wire.SHIPMENT)) is not None:
                shipments.add(number)
    return lines, shipments


def _linked(value: object, model: str) -> int | None:
    """The number in a reference such as `sale.line,3`; None where it is to something else."""
    name, _, number = str(value or "").partition(",")
    return int(number) if name == model and number.isdecimal() else None


def _number(value: object, model: str, where: str) -> int:
    number = _linked(value, model)
    if number is None:
        raise Odd(where, value, f"a reference to {model}")
    return number


def _only(found: set[str], where: str) -> str:
    """The one reference that all of them have."""
    if len(found) == 1 and (one := next(iter(found))):
        return one
    raise Odd(where, ", ".join(sorted(map(str, found))) or "none", "one reference of ours")


def _code(record: Record) -> str:
    code = record.get("code")
    if isinstance(code, str) and code:
        return code
    raise Odd("$.code", code, "a code")


def _address(record: Record) -> Address:
    country = record.get("country") or {}
    street = record.get("street") or ""
    return Address(
        lines=tuple(line.strip() for line in street.splitlines() if line.strip()),
        city=record.get("city") or "",
        postal_code=record.get("postal_code") or "",
        country=country.get("code") or "",
    )
