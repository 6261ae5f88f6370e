"""Tryton's shapes: typed values in JSON, names of models, states and units as it spells them."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from crossdock.connectors.kit.reading import Odd
from crossdock.kernel.limits import QUANTITY_MAX

SALE: Final = "sale.sale"
SHIPMENT: Final = "stock.shipment.out"
INTERNAL: Final = "stock.shipment.internal"
RETURN: Final = "stock.shipment.out.return"
INVOICE: Final = "account.invoice"
PRODUCT: Final = "product.product"
PARTY: Final = "party.party"
LOCATION: Final = "stock.location"
CURRENCY: Final = "currency.currency"

POSTED: Final = frozenset({"posted", "paid"})
CANCELLED: Final = "cancelled"

UNITS: Final = {"u": "EA", "g": "G", "kg": "KG", "m": "M", "l": "L"}
"""Symbols of units, and the base unit that they mean here; another one is never guessed."""

KINDS: Final = {"goods": "stock", "assets": "stock", "service": "service"}
"""Types of products."""

_PARTS: Final = ("year", "month", "day", "hour", "minute", "second", "microsecond")
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


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
        if found.is_finite():
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


def read_quantity(value: object, where: str) -> int:
    """A quantity, which Tryton keeps as a float, as whole base units; raises `Odd`.

    Units of a shelf are whole. A fraction has no meaning here and is not rounded away.
    """
    if not isinstance(value, float | int) or isinstance(value, bool):
        raise Odd(where, value, "a number")
    if abs(value) <= QUANTITY_MAX and value == int(value):
        return int(value)
    raise Odd(where, value, "a whole number of base units")


def read_code(record: dict[str, Any], field: str, where: str) -> str:
    """The code of a linked record; raises `Odd` where there is none."""
    linked = record.get(field)
    code = linked.get("code") if isinstance(linked, dict) else None
    if isinstance(code, str) and code:
        return code
    raise Odd(f"{where}.{field}.code", code, "a code")


def revision(stamp: datetime) -> int:
    """A revision that grows with every change: hundredths of a second since the year 2000.

    Finer ones of several sources would not add up within the bounds of a number.
    """
    return int((stamp - _EPOCH).total_seconds() * 100)


def base64_json(value: object) -> str:
    """JSON in URL-safe base64: how domains, orders and contexts travel."""
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode()


def minor_units(amount: Decimal, digits: int, where: str) -> int:
    """An amount in minor units of a currency of so many digits; raises `Odd` for a finer one."""
    scaled = amount.scaleb(digits)
    if scaled != scaled.to_integral_value():
        raise Odd(where, str(amount), f"an amount of {digits} decimals")
    return int(scaled)
