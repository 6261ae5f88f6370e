"""How many base units a case, a pallet or a metre is: exact fractions, or a refusal by name (R14).

A conversion is base units per unit as a fraction, so that a roll of 50 metres (1/50 of a roll per
metre) and a case of 12 are the same kind of thing. What does not come out even is refused, never
rounded behind anybody's back: rounding happens only from base units to a unit, under a policy that
the caller names, and what it left over is given back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import msgspec

from crossdock.contracts.products import Item
from crossdock.contracts.stock import PackAvailability
from crossdock.kernel.limits import QUANTITY_MAX, UNIT_DIGITS_MAX

Conversions = Mapping[str, Fraction]
"""Base units per unit, by the unit's code; the base unit itself is 1."""


class Refusal(StrEnum):
    """Why a quantity is not converted, in the order in which it is asked."""

    MALFORMED_QUANTITY = "malformed-quantity"
    UNKNOWN_UNIT = "unknown-unit"
    IMPOSSIBLE_FRACTION = "impossible-fraction"
    QUANTITY_OUT_OF_BOUNDS = "quantity-out-of-bounds"


class Rounding(StrEnum):
    """What becomes of base units that make no whole unit."""

    REFUSE = "refuse"
    DOWN = "down"
    UP = "up"
    HALF_EVEN = "half_even"


@dataclass(frozen=True, slots=True)
class Rounded:
    """So much of a unit, and the base units that it lacks (below zero: has too many)."""

    quantity: Fraction
    remainder: Fraction


def conversions(item: Item) -> dict[str, Fraction]:
    """The units that an item is spoken of in."""
    known = {level.code: Fraction(level.base_units, level.per) for level in item.pack_levels}
    known[item.base_unit] = Fraction(1)
    return known


def quantity_of(said: int | str) -> Fraction | Refusal:
    """A whole number, or a decimal as text with bounded digits before and after its point."""
    if isinstance(said, int):
        return Fraction(said)
    whole, point, part = said.removeprefix("-").partition(".")
    digits = (
        whole.isascii() and whole.isdigit() and ((part.isascii() and part.isdigit()) or not point)
    )
    if not digits or len(whole) > UNIT_DIGITS_MAX or len(part) > UNIT_DIGITS_MAX:
        return Refusal.MALFORMED_QUANTITY
    value = Fraction(int(whole + part), 10 ** len(part))
    return -value if said.startswith("-") else value


def to_base(known: Conversions, said: int | str, unit: str) -> int | Refusal:
    """The base units that so much of a unit is, whole, or why it is none."""
    quantity = quantity_of(said)
    if isinstance(quantity, Refusal):
        return quantity
    each = known.get(unit)
    if each is None:
        return Refusal.UNKNOWN_UNIT
    base = quantity * each
    if base.denominator != 1:
        return Refusal.IMPOSSIBLE_FRACTION
    if abs(base) > QUANTITY_MAX:
        return Refusal.QUANTITY_OUT_OF_BOUNDS
    return base.numerator


def from_base(
    known: Conversions, base: int, unit: str, rounding: Rounding, *, digits: int = 0
) -> Rounded | Refusal:
    """So many base units in a unit, to so many digits after the point.

    quantity x base units per unit + remainder = base, exactly, whatever the rounding.
    """
    each = known.get(unit)
    if each is None:
        return Refusal.UNKNOWN_UNIT
    step = each / 10**digits
    steps = _rounded(Fraction(base) / step, rounding)
    if steps is None:
        return Refusal.IMPOSSIBLE_FRACTION
    return Rounded(Fraction(steps, 10**digits), base - steps * step)


def convert(known: Conversions, said: int | str, unit: str, other: str) -> Fraction | Refusal:
    """So much of one unit in another, exactly; neither need be whole, but its base units must."""
    base = to_base(known, said, unit)
    if isinstance(base, Refusal):
        return base
    each = known.get(other)
    return Refusal.UNKNOWN_UNIT if each is None else base / each


def whole_units(known: Conversions, base: int) -> dict[str, int]:
    """How many whole units of each code one pool of base units could be sold as (P37)."""
    return {unit: max(0, int(base // each)) for unit, each in sorted(known.items())}


def in_packs(master: bytes | None, base: int) -> tuple[PackAvailability, ...]:
    """One pool of base units in each unit of the item whose master record this is (P37)."""
    if master is None or b'"pack_levels":' not in master:
        return ()
    item = _ITEM.decode(master)
    return tuple(
        PackAvailability(unit=unit, quantity=min(quantity, QUANTITY_MAX))
        for unit, quantity in whole_units(conversions(item), base).items()
    )


_ITEM = msgspec.json.Decoder(Item)


def _rounded(exact: Fraction, rounding: Rounding) -> int | None:
    if exact.denominator == 1:
        return exact.numerator
    if rounding is Rounding.REFUSE:
        return None
    if rounding is Rounding.HALF_EVEN:
        return round(exact)
    return exact.__floor__() + (rounding is Rounding.UP)
