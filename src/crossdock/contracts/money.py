"""Money arithmetic: whole minor units, named rounding rules, one place.

An amount is rounded once, by a rule that is data, and a total that is split over parts comes back
to the unit when the parts are added: what remains goes where the remainder rule says (P44, P52).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction


class RoundingMode(StrEnum):
    """Where an amount goes that lies half way between two minor units."""

    HALF_EVEN = "half_even"  # to the even one
    HALF_UP = "half_up"  # away from zero


class Remainder(StrEnum):
    """Who gets what is left when a total is split over parts that are rounded one by one."""

    LARGEST = "largest"  # one unit each to the parts that were cut most, then the earlier ones
    FIRST = "first"  # all of it to the first part
    LAST = "last"  # all of it to the last part
    CARRIED = "carried"  # nobody: the document carries a rounding line


_MINOR_DIGITS = {
    code: digits
    for digits, codes in {
        0: (
            *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
            *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
        ),
        3: ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"),
        4: ("CLF", "UYW"),
    }.items()
    for code in codes
}
"""ISO 4217 exponents that are not two; every other currency has two."""


def line_amount_minor(quantity: int | Fraction, unit_price_e4: int, currency: str) -> int:
    """quantity x unit price, rounded half to even to the currency's minor unit.

    Args:
        quantity: units of the price; of a case, say, some may be part.
        unit_price_e4: ten-thousandths of the major unit per unit.
        currency: ISO 4217 code; its exponent decides how many digits the minor unit has.
    """
    scale = _SCALES[minor_digits(currency)]
    if isinstance(quantity, int):  # nearly always; without fractions it is five times as fast
        return _rounded(quantity * unit_price_e4, scale, RoundingMode.HALF_EVEN)
    return rounded(quantity * unit_price_e4 / scale)


_SCALES = {digits: 10 ** (4 - digits) for digits in range(5)}


def minor_digits(currency: str) -> int:
    """How many digits a currency's minor unit has (ISO 4217): 2 for the euro, 0 for the yen."""
    return _MINOR_DIGITS.get(currency, 2)


def rounded(amount: Fraction, mode: RoundingMode = RoundingMode.HALF_EVEN) -> int:
    """An exact amount of minor units as a whole number of them."""
    return _rounded(amount.numerator, amount.denominator, mode)


def _rounded(numerator: int, denominator: int, mode: RoundingMode) -> int:
    """The same of a ratio with a positive denominator."""
    whole, rest = divmod(numerator, denominator)
    twice = rest * 2
    if twice > denominator:
        return whole + 1
    if twice == denominator:
        if mode is RoundingMode.HALF_UP:
            return whole + 1 if numerator > 0 else whole
        return whole + whole % 2
    return whole


def shares(
    total: int, weights: Sequence[int], remainder: Remainder = Remainder.LARGEST
) -> list[int]:
    """A total split over parts in proportion to their weights; the parts add up to it again.

    Where all weights are zero the first part takes all. With `CARRIED` every part is rounded half
    to even, and what is missing to the total is the caller's to carry.

    Args:
        total: minor units, of either sign.
        weights: one per part, none below zero.
        remainder: who takes what the rounding left.
    """
    whole = sum(weights)
    if not whole:
        return [total, *[0] * (len(weights) - 1)] if weights else []
    exact = [Fraction(total * weight, whole) for weight in weights]
    if remainder is Remainder.CARRIED:
        return [rounded(part) for part in exact]
    parts = [part.numerator // part.denominator for part in exact]
    left = total - sum(parts)
    if remainder is Remainder.LARGEST:
        cut = sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at], at))
        for at in cut[:left]:
            parts[at] += 1
    else:
        parts[0 if remainder is Remainder.FIRST else -1] += left
    return parts
