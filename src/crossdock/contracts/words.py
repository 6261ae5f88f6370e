"""The small words that every noun is made of: identifiers, quantities, money, time.

Quantities are whole numbers in the item's **base unit** (pieces, grams, millilitres: the item
says which), so that sums are exact; money is whole minor units of one currency; a unit price is
in ten-thousandths of the major unit, because distributors price screws. No float anywhere.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from crossdock.kernel.limits import (
    IDENTIFIER_LENGTH_MAX,
    MONEY_MINOR_MAX,
    QUANTITY_MAX,
    TEXT_LENGTH_MAX,
    UNIT_DIGITS_MAX,
)
from crossdock.kernel.text import IDENTIFIER_PATTERN, TEXT_PATTERN

Identifier = Annotated[
    str, Meta(min_length=1, max_length=IDENTIFIER_LENGTH_MAX, pattern=IDENTIFIER_PATTERN)
]
"""A canonical or external id: printable ASCII, no blanks at the ends."""

Text = Annotated[str, Meta(max_length=TEXT_LENGTH_MAX, pattern=TEXT_PATTERN)]
"""Words for people: names, reasons, descriptions."""

Quantity = Annotated[int, Meta(ge=1, le=QUANTITY_MAX)]
"""A positive number of base units."""

QuantityOrZero = Annotated[int, Meta(ge=0, le=QUANTITY_MAX)]
"""A number of base units that may be none."""

SignedQuantity = Annotated[int, Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
"""A change in base units; never zero where a rule says so."""

_DECIMAL = rf"[0-9]{{1,{UNIT_DIGITS_MAX}}}(?:\.[0-9]{{1,{UNIT_DIGITS_MAX}}})?"

UnitQuantity = (
    Annotated[int, Meta(ge=0, le=QUANTITY_MAX)] | Annotated[str, Meta(pattern=rf"\A{_DECIMAL}\Z")]
)
"""So much of a unit: a whole number, or a decimal written as text ("1.5"), never a float."""

SignedUnitQuantity = (
    Annotated[int, Meta(ge=-QUANTITY_MAX, le=QUANTITY_MAX)]
    | Annotated[str, Meta(pattern=rf"\A-?{_DECIMAL}\Z")]
)
"""A change in a unit."""

Currency = Annotated[str, Meta(min_length=3, max_length=3, pattern=r"\A[A-Z]{3}\Z")]
"""An ISO 4217 alphabetic code."""

AmountMinor = Annotated[int, Meta(ge=-MONEY_MINOR_MAX, le=MONEY_MINOR_MAX)]
"""Money in minor units of the document's currency."""

PriceE4 = Annotated[int, Meta(ge=-MONEY_MINOR_MAX, le=MONEY_MINOR_MAX)]
"""A unit price in ten-thousandths of the currency's major unit."""

Instant = Annotated[datetime, Meta(tz=True)]
"""A moment with its offset; compared and stored in UTC."""


class Noun(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    """Base of every canonical noun: immutable, strict about its fields, defaults left out."""


class Measured(Noun, frozen=True, kw_only=True):
    """So much of an item: `quantity` base units, or `unit_quantity` of one of its units.

    What does not come out as a whole number of base units is held, never rounded.
    """

    quantity: SignedQuantity | None = None
    unit: Identifier | None = None
    unit_quantity: SignedUnitQuantity | None = None

    @property
    def units(self) -> int:
        """The base units that it says, 0 where it says none yet."""
        return self.quantity or 0

    def __post_init__(self) -> None:
        """Refuse two measures, or none.

        Raises:
            ValueError: it says both, or half of one, or nothing.
        """
        in_unit = self.unit is not None
        if in_unit is not (self.unit_quantity is not None) or in_unit is (
            self.quantity is not None
        ):
            raise ValueError("Expected either `quantity`, or `unit` with `unit_quantity`")


class Address(Noun, frozen=True, kw_only=True):
    """Where goods go: free text lines, a postal code and a country."""

    lines: Annotated[tuple[Text, ...], Meta(max_length=6)] = ()
    city: Text = ""
    postal_code: Text = ""
    country: Annotated[str, Meta(max_length=60, pattern=TEXT_PATTERN)] = ""
