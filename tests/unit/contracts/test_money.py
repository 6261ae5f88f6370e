"""Amounts are whole minor units, rounded half to even, in every currency's own unit."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crossdock.contracts.money import line_amount_minor
from crossdock.kernel.limits import MONEY_MINOR_MAX, QUANTITY_MAX

#: ISO 4217 currencies whose minor unit is not a hundredth.
NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"
FOUR_DIGITS = "CLF UYW"
DIGITS = {
    **dict.fromkeys(NO_DIGITS.split(), 0),
    **dict.fromkeys(THREE_DIGITS.split(), 3),
    **dict.fromkeys(FOUR_DIGITS.split(), 4),
}
CURRENCIES = [*DIGITS, "EUR", "USD", "GBP", "CHF"]


@pytest.mark.parametrize("currency", CURRENCIES)
def test_one_unit_of_money_is_as_many_minor_units_as_the_standard_says(currency: str) -> None:
    """A hundred cents to the euro, none to the yen, a thousand fils to the dinar (ISO 4217)."""
    assert line_amount_minor(1, 10_000, currency) == 10 ** DIGITS.get(currency, 2)


@given(
    quantity=st.integers(1, QUANTITY_MAX),
    price=st.integers(-MONEY_MINOR_MAX, MONEY_MINOR_MAX),
    currency=st.sampled_from(CURRENCIES),
)
@example(quantity=1, price=50, currency="EUR")
@example(quantity=1, price=150, currency="EUR")
@example(quantity=1, price=-50, currency="EUR")
@example(quantity=1, price=-150, currency="EUR")
@example(quantity=3, price=5_000, currency="JPY")
def test_an_amount_is_rounded_half_to_even(quantity: int, price: int, currency: str) -> None:
    """As decimal arithmetic rounds it, whatever the sign and the size."""
    exact = Decimal(quantity) * price
    minor = exact.scaleb(DIGITS.get(currency, 2) - 4)
    assert line_amount_minor(quantity, price, currency) == minor.quantize(1, ROUND_HALF_EVEN)


@given(quantity=st.integers(1, 10**6), price=st.integers(-(10**6), 10**6))
def test_a_credit_is_the_invoice_turned_round(quantity: int, price: int) -> None:
    """What was charged to the cent comes back to the cent."""
    charged = line_amount_minor(quantity, price, "EUR")
    assert line_amount_minor(quantity, -price, "EUR") == -charged
