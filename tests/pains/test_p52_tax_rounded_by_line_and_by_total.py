"""P52: tax rounded per line and in total differ by cents, and documents contradict themselves.

One program showed the sum of rounded lines, the next rounded the sum, and the ledger got a third
number. Here how tax is rounded is data, the document says its total, and what the lines lack to it
stands in a rounding line: no two numbers of one document can contradict each other.
"""

from __future__ import annotations

import pytest

from crossdock.contracts.money import Remainder, RoundingMode
from crossdock.orders.charges import MoneyRules, RoundedPer, TaxRate, TaxRounding
from tests.pains.money_house import MoneyHouse

LINES = [(1, 13), (1, 13), (1, 13)]
"""Three lines of 0.13: 19 % of one is 2.47 cents, of all 7.41."""


def asked(per: RoundedPer, mode: RoundingMode, remainder: Remainder) -> tuple[list[int], int, int]:
    """The tax of each line, the rounding line, the total."""
    rules = MoneyRules(rates=(TaxRate(1900),), rounding=(TaxRounding(per, mode, remainder),))
    house = MoneyHouse(rules)
    house.order(*LINES)
    house.ship("S1", l1=1, l2=1, l3=1)
    [request] = house.invoices()
    taxes = [one.tax_minor for one in request.lines]
    parts = sum(one.amount_minor + one.tax_minor for one in request.lines)
    assert request.total_minor == parts + request.rounding_minor
    return taxes, request.rounding_minor, request.total_minor


@pytest.mark.parametrize(
    ("per", "remainder", "expected"),
    [
        (RoundedPer.LINE, Remainder.CARRIED, ([2, 2, 2], 0, 45)),
        (RoundedPer.TOTAL, Remainder.CARRIED, ([2, 2, 2], 1, 46)),
        (RoundedPer.TOTAL, Remainder.LARGEST, ([3, 2, 2], 0, 46)),
        (RoundedPer.TOTAL, Remainder.FIRST, ([3, 2, 2], 0, 46)),
        (RoundedPer.TOTAL, Remainder.LAST, ([2, 2, 3], 0, 46)),
    ],
)
def test_the_rule_says_where_the_cent_goes(
    per: RoundedPer, remainder: Remainder, expected: tuple[list[int], int, int]
) -> None:
    """Six cents by line, seven in total; the seventh is carried or given where the rule says."""
    assert asked(per, RoundingMode.HALF_UP, remainder) == expected


@pytest.mark.parametrize(("mode", "tax"), [(RoundingMode.HALF_UP, 3), (RoundingMode.HALF_EVEN, 2)])
def test_half_a_cent_goes_where_the_mode_says(mode: RoundingMode, tax: int) -> None:
    """10 % of 25 cents are two and a half."""
    rules = MoneyRules(rates=(TaxRate(1000),), rounding=(TaxRounding(RoundedPer.LINE, mode),))
    house = MoneyHouse(rules)
    house.order((1, 25))
    house.ship("S1", l1=1)
    assert house.invoices()[0].lines[0].tax_minor == tax


@pytest.mark.parametrize(
    ("currency", "price_e4", "minor", "tax"),
    [("JPY", 150_000, 15, 3), ("EUR", 150_000, 1500, 285), ("KWD", 150_000, 15_000, 2850)],
)
def test_every_currency_is_rounded_to_its_own_unit(
    currency: str, price_e4: int, minor: int, tax: int
) -> None:
    """15 yen have no sen, 15 euros 1,500 cents, 15 dinars 15,000 fils (V18)."""
    house = MoneyHouse(MoneyRules(rates=(TaxRate(1900),)))
    house.order((1, price_e4 // 100), currency=currency)
    house.ship("S1", l1=1)
    [request] = house.invoices()
    assert (request.currency, request.lines[0].amount_minor) == (currency, minor)
    assert request.lines[0].tax_minor == tax
