"""P44: with the first partial delivery came the tax of the whole order.

Tax and freight were amounts of the order, and the first document took them all. Here each document
takes the difference of two cumulative amounts, so parts are in proportion and add up exactly.
"""

from __future__ import annotations

from itertools import permutations

import pytest

from crossdock.contracts.money import Remainder, RoundingMode, shares
from crossdock.orders.charges import MoneyRules, RoundedPer, TaxRate, TaxRounding
from tests.pains.money_house import MoneyHouse

RULES = MoneyRules(rates=(TaxRate(1900),))


def test_a_part_carries_its_part_of_the_tax() -> None:
    """Of 10 pieces at 3.33, three carry a third of tax and freight, seven the rest."""
    house = MoneyHouse(RULES)
    house.order((10, 333), freight_minor=1000)
    house.ship("S1", l1=3)
    house.ship("S2", l1=7)
    first, second = house.invoices()
    assert (first.freight_minor, second.freight_minor) == (300, 700)
    assert (first.lines[0].tax_minor, second.lines[0].tax_minor) == (190, 443)
    assert first.tax_minor + second.tax_minor == round((3330 + 1000) * 0.19)


@pytest.mark.parametrize("parts", sorted(set(permutations([1, 1, 2, 3]))))
@pytest.mark.parametrize("per", RoundedPer)
def test_parts_add_up_however_the_order_is_split(per: RoundedPer, parts: tuple[int, ...]) -> None:
    """Seven pieces at 0.37 with 0.10 off: every split and order of parts sums to the same cent."""
    rounding = TaxRounding(per, RoundingMode.HALF_UP, Remainder.LARGEST)
    house = MoneyHouse(MoneyRules(rates=(TaxRate(1900),), rounding=(rounding,)))
    house.order((7, 37), discount_minor=10, freight_minor=499)
    for number, units in enumerate(parts):
        house.ship(f"S{number}", l1=units)
    asked = house.invoices()
    assert len(asked) == len(parts)
    assert sum(one.lines[0].amount_minor for one in asked) == 7 * 37 - 10
    assert sum(one.freight_minor for one in asked) == 499
    total = sum(one.total_minor for one in asked)
    whole = {
        RoundedPer.LINE: 249 + 47 + 499 + 95,  # 47.31 and 94.81, each rounded
        RoundedPer.TOTAL: 249 + 499 + 142,  # 142.12 rounded once
    }
    assert total == whole[per]


@pytest.mark.parametrize("remainder", [one for one in Remainder if one is not Remainder.CARRIED])
def test_a_total_is_split_without_loss(remainder: Remainder) -> None:
    """A hundred cents over three: the rule says who gets the odd one."""
    assert (
        shares(100, [1, 1, 1], remainder)
        == {
            Remainder.LARGEST: [34, 33, 33],
            Remainder.FIRST: [34, 33, 33],
            Remainder.LAST: [33, 33, 34],
        }[remainder]
    )
