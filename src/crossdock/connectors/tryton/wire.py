"""Tryton's shapes: typed values in JSON, names of models, states and units as it spells them."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from crossdock.connectors.kit.reading import Odd
from crossdock.kernel.limits import QUANTITY_MAX

SALE: Final = "sale.sale"
SALE_LINE: Final = "sale.line"
INVOICE_LINE: Final = "account.invoice.line"
SHIPMENT: Final = "stock.shipment.out"
SHIPMENT_IN: Final = "stock.shipment.in"
INTERNAL: Final = "stock.shipment.internal"
RETURN: Final = "stock.shipment.out.return"
INVOICE: Final = "account.invoice"
MOVE: Final = "stock.move"
PURCHASE: Final = "purchase.purchase"
PURCHASE_LINE: Final = "purchase.line"
PRODUCT: Final = "product.product"
COMPANY: Final = "company.company"
PARTY: Final = "party.party"
LOCATION: Final = "stock.location"
CURRENCY: Final = "currency.currency"

OURS: Final = "crossdock"
"""With this and our reference begins the comment of a sale that the hub made. Nobody can change a
comment once the sale is processed; a copy of the sale keeps it and loses the reference."""

SALE_ORDER: Final = "SALE-"
"""What stands before its number in the order that a sale of Tryton's own people is."""

OWN_SHIPMENT: Final = "SHIPMENT-"
"""What stands before its number in the name of a shipment that Tryton's own people sent off."""

POSTED: Final = frozenset({"posted", "paid"})
CANCELLED: Final = "cancelled"

UNITS: Final = {"u": "EA", "g": "G", "kg": "KG", "m": "M", "l": "L"}
"""Symbols of units, and the base unit that they mean here; another one is never guessed."""

TO_COME: Final = {"confirmed": True, "processing": True, "done": False, "cancelled": False}
"""States of purchases that count, and whether goods of them may still come."""

RECEIVED: Final = "received"
"""The state of a purchase's shipments when nothing more comes."""

KINDS: Final = {"goods": "stock", "assets": "stock", "service": "service"}
"""Types of products."""

_AMOUNT_MAX: Final = Decimal(10) ** 15

_PARTS: Final = ("year", "month", "day", "hour", "minute", "second", "microsecond")
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)

_Code = Annotated[str, Meta(min_length=1)]


class Stamped(msgspec.Struct, frozen=True, kw_only=True):
    """A record that says when it was made and written: the starts of those transactions."""

    write_date: Any = None
    create_date: Any = None


class Unit(msgspec.Struct, frozen=True):
    """A unit of measure."""

    symbol: str


class ListPrice(Stamped, frozen=True, kw_only=True):
    """One company's list price of a template; what it is stands in the product."""


class Template(Stamped, frozen=True, kw_only=True):
    """What the variants of a product share."""

    name: str | None = None
    type: str = ""
    list_prices: tuple[ListPrice, ...] = ()


class Product(Stamped, frozen=True, kw_only=True):
    """A product, which is what is sold."""

    id: int
    code: _Code
    default_uom: Unit
    template: Template
    active: bool = True
    list_price_used: Any = None


class Country(msgspec.Struct, frozen=True):
    """A country, by its ISO code."""

    code: str | None = None


class PartyAddress(msgspec.Struct, frozen=True):
    """One address of a party; anything but its number may be missing."""

    id: int
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: Country | None = None
    active: bool = True


class Party(Stamped, frozen=True, kw_only=True):
    """A customer or supplier."""

    id: int
    code: _Code
    name: str | None = None
    active: bool = True
    addresses: tuple[PartyAddress, ...] = ()


class Measure(msgspec.Struct, frozen=True):
    """A unit as so much of its category's: `factor` of them are one, `rate` of it are one."""

    factor: Annotated[float, Meta(gt=0)]
    rate: Annotated[float, Meta(gt=0)]


class Coded(msgspec.Struct, frozen=True):
    """A record that is known by its code: a warehouse, a product."""

    code: _Code


class Bought(msgspec.Struct, frozen=True):
    """A product as it is bought or sold."""

    code: _Code
    default_uom: Measure
    template: Template


class Incoming(Stamped, frozen=True, kw_only=True):
    """A move of goods that come from a supplier."""

    state: str = ""
    planned_date: Any = None


class Ignored(msgspec.Struct, frozen=True):
    """A move that was cancelled and is not made again; so many base units."""

    internal_quantity: Any = None


class PurchaseLine(Stamped, frozen=True, kw_only=True):
    """A line of a purchase; one without a product is a service or a comment."""

    id: int
    type: str = ""
    quantity: Any = None
    unit: Measure | None = None
    product: Bought | None = None
    delivery_date: Any = None
    delivery_date_store: Any = None
    moves: tuple[Incoming, ...] = ()
    moves_ignored: tuple[Ignored, ...] = ()


class Purchase(Stamped, frozen=True, kw_only=True):
    """What was ordered from a supplier."""

    id: int
    number: _Code
    state: str
    warehouse: Coded
    party: Coded
    shipment_state: str = ""
    delivery_date: Any = None
    lines: tuple[PurchaseLine, ...] = ()


class MaybeCoded(msgspec.Struct, frozen=True):
    """A record that need not have a code, such as who supplied."""

    code: str | None = None


class Numbered(msgspec.Struct, frozen=True):
    """A document that is known by its number."""

    number: _Code


class Came(msgspec.Struct, frozen=True):
    """A move of goods that came, of a purchase or of none."""

    product: Coded
    internal_quantity: Any = None
    purchase: Numbered | None = None


class ShipmentIn(Stamped, frozen=True, kw_only=True):
    """Goods that a supplier brought, on the shelf."""

    id: int
    number: _Code
    warehouse: Coded
    supplier: MaybeCoded
    incoming_moves: tuple[Came, ...] = ()


class Currency(msgspec.Struct, frozen=True):
    """A currency and its decimals."""

    code: str
    digits: Annotated[int, Meta(ge=0, le=6)]


class Moved(msgspec.Struct, frozen=True):
    """A move that an invoice's line charges; `shipment` names model and number."""

    shipment: str | None = None


class InvoiceLine(msgspec.Struct, frozen=True):
    """A line of an invoice; `origin` names model and number of what was sold."""

    type: str
    quantity: Any = None
    amount: Any = None
    origin: str | None = None
    stock_moves: tuple[Moved, ...] = ()


class Invoice(Stamped, frozen=True, kw_only=True):
    """A document of a customer; a credit note is one below zero."""

    id: int
    number: _Code
    currency: Currency
    untaxed_amount: Any = None
    lines: tuple[InvoiceLine, ...] = ()


class Sale(Stamped, frozen=True, kw_only=True):
    """What of a sale an invoice's line leads to."""

    number: str | None = None
    reference: str | None = None
    description: str | None = None
    comment: str | None = None


class SaleLine(msgspec.Struct, frozen=True):
    """A line of a sale; our number of it stands in its note."""

    id: int
    sale: Sale
    note: str | None = None


class Commented(msgspec.Struct, frozen=True):
    """What says who made a sale."""

    reference: str | None = None
    comment: str | None = None


class SoldLine(msgspec.Struct, frozen=True):
    """A line of a sale as somebody entered it."""

    id: int
    type: str = ""
    quantity: Any = None
    unit: Measure | None = None
    unit_price: Any = None
    product: Bought | None = None


class OwnSale(Stamped, frozen=True, kw_only=True):
    """A sale that Tryton's own people entered."""

    id: int
    number: _Code
    party: Coded
    currency: Currency
    reference: str | None = None
    shipment_address: PartyAddress | None = None
    shipping_date: Any = None
    lines: tuple[SoldLine, ...] = ()


class Left(msgspec.Struct, frozen=True):
    """A shipment; our number of it is its reference."""

    id: int
    reference: str | None = None
    number: str | None = None
    warehouse: MaybeCoded | None = None


class Gone(msgspec.Struct, frozen=True):
    """A move of goods that left; `origin` names model and number of what was sold."""

    product: Coded
    internal_quantity: Any = None
    origin: str | None = None


class ShipmentOut(Stamped, frozen=True, kw_only=True):
    """Goods that Tryton's own people sent off."""

    id: int
    number: _Code
    warehouse: Coded
    outgoing_moves: tuple[Gone, ...] = ()


def decimal(value: Decimal) -> dict[str, str]:
    """A decimal as Tryton writes it."""
    return {"__class__": "Decimal", "decimal": str(value)}


def day(value: date) -> dict[str, Any]:
    """A date as Tryton writes it."""
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


def moment(value: datetime) -> dict[str, Any]:
    """A moment as Tryton writes it: in UTC, without saying so."""
    utc = value.astimezone(UTC)
    return {
        **day(utc.date()),
        "__class__": "datetime",
        "hour": utc.hour,
        "minute": utc.minute,
        "second": utc.second,
        "microsecond": utc.microsecond,
    }


def read_decimal(value: object, where: str) -> Decimal:
    """A decimal of Tryton; raises `Odd`."""
    if isinstance(value, dict) and value.get("__class__") == "Decimal":
        try:
            found = Decimal(str(value.get("decimal")))
        except InvalidOperation:
            found = Decimal("NaN")
        if found.is_finite() and abs(found) < _AMOUNT_MAX:
            return found
    raise Odd(where, value, "a decimal")


def read_moment(value: object, where: str) -> datetime:
    """A moment of Tryton, which is in UTC; raises `Odd`."""
    if isinstance(value, dict) and value.get("__class__") == "datetime":
        try:
            year, month, day_of_month, hour, minute, second, micro = (value[one] for one in _PARTS)
            return datetime(year, month, day_of_month, hour, minute, second, micro, tzinfo=UTC)
        except (KeyError, TypeError, ValueError):
            pass
    raise Odd(where, value, "a moment")


def read_day(value: object, where: str) -> datetime:
    """A date of Tryton, as the moment at which it begins in UTC; raises `Odd`."""
    if isinstance(value, dict) and value.get("__class__") == "date":
        try:
            year, month, day_of_month = (value[one] for one in _PARTS[:3])
            return datetime(year, month, day_of_month, tzinfo=UTC)
        except (KeyError, TypeError, ValueError):
            pass
    raise Odd(where, value, "a date")


def read_quantity(value: object, where: str) -> int:
    """A quantity, which Tryton keeps as a float, as whole base units; raises `Odd`.

    Units of a shelf are whole. A fraction has no meaning here and is not rounded away.
    """
    if not isinstance(value, float | int) or isinstance(value, bool):
        raise Odd(where, value, "a number")
    if abs(value) <= QUANTITY_MAX and value == int(value):
        return int(value)
    raise Odd(where, value, "a whole number of base units")


def base_units(value: object, unit: Measure, base: Measure, where: str) -> int:
    """A quantity of a unit in whole base units, reckoned exactly; raises `Odd`."""
    if not isinstance(value, float | int) or isinstance(value, bool) or abs(value) > QUANTITY_MAX:
        raise Odd(where, value, "a number")
    found = Fraction(str(value)) * _exact(unit) / _exact(base)
    if found.denominator != 1 or abs(found) > QUANTITY_MAX:
        raise Odd(where, value, "a whole number of base units")
    return int(found)


def price_e4(value: object, unit: Measure, base: Measure, where: str) -> int:
    """A price of a unit as a base unit's, in ten-thousandths; raises `Odd` for a finer one."""
    found = Fraction(read_decimal(value, where)) * _exact(base) / _exact(unit) * 10_000
    if found.denominator != 1:
        raise Odd(where, value, "a price of four decimals for a base unit")
    return int(found)


def comment_of(reference: str | None) -> str:
    """The comment of a sale that the hub makes under this reference."""
    return f"{OURS} {reference or ''}"


def is_ours(comment: str | None) -> bool:
    """Whether a sale with this comment was made by the hub, or is a copy of such a one."""
    return (comment or "").startswith(OURS)


def _exact(unit: Measure) -> Fraction:
    """What one of a unit is of its category's; of factor and rate the one that is not rounded."""
    factor, rate = str(unit.factor), str(unit.rate)
    return Fraction(factor) if len(factor) <= len(rate) else 1 / Fraction(rate)


def revision(stamp: datetime) -> int:
    """A revision that grows with every change: hundredths of a second since the year 2000.

    Finer ones of several sources would not add up within the bounds of a number.
    """
    return int((stamp - EPOCH).total_seconds() * 100)


def base64_json(value: object) -> str:
    """JSON in URL-safe base64: how domains, orders and contexts travel."""
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode()


def minor_units(amount: Decimal, digits: int, where: str) -> int:
    """An amount in minor units of a currency of so many digits; raises `Odd` for a finer one."""
    scaled = amount.scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise Odd(where, str(amount), f"an amount of {digits} decimals")
    return int(scaled)
