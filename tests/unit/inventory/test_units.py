"""Units: what converts exactly converts, and what does not is refused by its name."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.contracts.products import Item, PackLevel
from crossdock.inventory.units import (
    Refusal,
    Rounded,
    Rounding,
    conversions,
    convert,
    from_base,
    quantity_of,
    to_base,
    whole_units,
)
from crossdock.kernel.limits import QUANTITY_MAX, UNIT_DIGITS_MAX

ITEMS = {
    "can": (("case", 12, 1), ("pallet", 480, 1)),
    "screw": (("pack", 5, 1), ("box", 200, 1)),
    "cable": (("metre", 1, 50),),  # the base unit is a roll of 50 metres
    "cheese": (("kg", 1000, 1), ("wheel", 4500, 1)),  # the base unit is a gram
}

TABLE = """
# in base units
base   can     2          case    -> 24
base   can     0.5        case    -> 6
base   can     0.1        case    -> impossible-fraction
base   can     1.5        pallet  -> 720
base   can     7          EA      -> 7
base   can     7.0        EA      -> 7
base   can     0.5        EA      -> impossible-fraction
base   can     1          crate   -> unknown-unit
base   can     one        case    -> malformed-quantity
base   can     1e3        case    -> malformed-quantity
base   can     1.         case    -> malformed-quantity
base   can     -1         case    -> -12
base   can     --1        case    -> malformed-quantity
base   can     1234567890123  EA  -> malformed-quantity
base   can     900000000000  case -> quantity-out-of-bounds
base   cable   25         metre   -> impossible-fraction
base   cable   150        metre   -> 3
base   cheese  0.125      kg      -> 125
base   cheese  0.0001     kg      -> impossible-fraction

# of base units, in a unit: what comes out, and what is left over
of     screw   3          pack    refuse      -> impossible-fraction
of     screw   15         pack    refuse      -> 3 and 0
of     screw   3          pack    down        -> 0 and 3
of     screw   3          pack    up          -> 1 and -2
of     screw   3          pack    half_even   -> 1 and -2
of     can     6          case    half_even   -> 0 and 6
of     can     18         case    half_even   -> 2 and -6
of     can     18         case    refuse .1   -> 1.5 and 0
of     cheese  1250       kg      refuse .2   -> 1.25 and 0
of     cheese  1255       kg      refuse .2   -> impossible-fraction
of     cheese  1255       kg      down .2     -> 1.25 and 5
of     can     6          crate   down        -> unknown-unit

# between units
as     can     1          pallet  case    -> 40
as     can     1          case    pallet  -> 1/40
as     screw   1          pack    crate   -> unknown-unit
as     screw   0.1        pack    box     -> impossible-fraction
"""


def item(name: str, levels: tuple[tuple[str, int, int], ...]) -> Item:
    """An item with these pack levels: (code, base units, per)."""
    packs = tuple(PackLevel(code=code, base_units=base, per=per) for code, base, per in levels)
    return Item(item=name, pack_levels=packs)


def answer(verb: str, name: str, amount: str, unit: str, *more: str) -> str:
    """What a line of the table comes to."""
    known = conversions(item(name, ITEMS[name]))
    if verb == "base":
        return str(to_base(known, amount, unit))
    if verb == "as":
        return str(convert(known, amount, unit, more[0]))
    policy, _, digits = more[0].partition(" .")
    found = from_base(known, int(amount), unit, Rounding(policy), digits=int(digits or 0))
    if isinstance(found, Refusal):
        return found.value
    return f"{float(found.quantity):g} and {found.remainder}"


LINES = [line for line in TABLE.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("line", LINES)
def test_the_table_of_conversions(line: str) -> None:
    """Every line comes to what stands behind its arrow."""
    told, _, expected = line.partition("->")
    assert answer(*re.split(r" {2,}", told.strip())) == expected.strip()


def test_every_refusal_and_every_rounding_stands_in_the_table() -> None:
    """No refusal and no policy that nobody ever met."""
    assert [one for one in Refusal if one.value not in TABLE] == []
    assert [one for one in Rounding if f" {one.value} " not in TABLE] == []


def test_digits_are_bounded_on_both_sides_of_the_point() -> None:
    """At the cap a quantity is read, one digit past it it is not."""
    most = "9" * UNIT_DIGITS_MAX
    assert quantity_of(f"{most}.{most}") == Fraction(int(most + most), 10**UNIT_DIGITS_MAX)
    assert quantity_of(most + "9") is Refusal.MALFORMED_QUANTITY
    assert quantity_of(f"1.{most}9") is Refusal.MALFORMED_QUANTITY
    assert quantity_of("\u0661") is Refusal.MALFORMED_QUANTITY


RATIOS = st.tuples(st.integers(1, 10_000), st.integers(1, 500))


@given(base=st.integers(0, QUANTITY_MAX), ratio=RATIOS, digits=st.integers(0, 4))
def test_v2_nothing_is_lost_in_either_direction(
    base: int, ratio: tuple[int, int], digits: int
) -> None:
    """Quantity x ratio + remainder is what went in, under every policy; up and down enclose it."""
    known = conversions(item("x", (("unit", *ratio),)))
    each = known["unit"]
    found = {}
    for rounding in Rounding:
        rounded = from_base(known, base, "unit", rounding, digits=digits)
        if isinstance(rounded, Refusal):
            assert rounding is Rounding.REFUSE
            continue
        assert rounded.quantity * each + rounded.remainder == base
        assert abs(rounded.remainder) < each / 10**digits
        found[rounding] = rounded
    assert found[Rounding.DOWN].remainder >= 0 >= found[Rounding.UP].remainder
    nearest = min(abs(found[Rounding.DOWN].remainder), abs(found[Rounding.UP].remainder))
    assert abs(found[Rounding.HALF_EVEN].remainder) == nearest
    even = found[Rounding.DOWN].remainder == 0
    assert (Rounding.REFUSE in found) == even


@given(base=st.integers(0, 10**9), ratio=RATIOS)
def test_a_whole_number_of_units_makes_the_round_trip(base: int, ratio: tuple[int, int]) -> None:
    """What is refused by nobody comes back as it went."""
    known = conversions(item("x", (("unit", *ratio),)))
    there = from_base(known, base, "unit", Rounding.REFUSE)
    if isinstance(there, Rounded):
        assert to_base(known, int(there.quantity), "unit") == base
    exact = convert(known, base, "x" if "x" in known else "EA", "unit")
    assert exact == Fraction(base) / known["unit"]


@given(parts=st.lists(st.integers(0, 10**6), min_size=1, max_size=8), ratio=st.integers(1, 5_000))
def test_the_parts_of_a_split_make_the_whole(parts: list[int], ratio: int) -> None:
    """Cases shipped in parts are as many base units as the cases ordered."""
    known = conversions(item("x", (("case", ratio, 1),)))
    split = [to_base(known, part, "case") for part in parts]
    assert all(isinstance(one, int) for one in split)
    assert sum(one for one in split if isinstance(one, int)) == to_base(known, sum(parts), "case")


@given(base=st.integers(-100, 10**6))
def test_one_pool_sells_as_many_whole_units_as_fit(base: int) -> None:
    """Each level's units cost no more than the pool holds, and one more would cost more."""
    known = conversions(item("can", ITEMS["can"]))
    for unit, most in whole_units(known, base).items():
        assert most * known[unit] <= max(base, 0) < (most + 1) * known[unit] or base < 0 == most
