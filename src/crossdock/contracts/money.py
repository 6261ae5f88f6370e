"""Money arithmetic: whole minor units, one rounding rule, one place."""

from __future__ import annotations

from fractions import Fraction

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
    scale = int(10 ** (4 - _MINOR_DIGITS.get(currency, 2)))
    whole, rest = divmod(quantity * unit_price_e4, scale)
    if rest * 2 > scale or (rest * 2 == scale and whole % 2):
        whole += 1
    return whole
