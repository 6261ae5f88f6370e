"""P53: a refund was imported in the currency that the customer had seen, as if it were the shop's.

40 dollars were booked as 40 euros. Here an amount has a currency and a role, and what is not in the
order's own money is kept, shown, and never added to it.
"""

from __future__ import annotations

from crossdock.contracts.invoices import Money
from crossdock.contracts.vocabulary import MoneyRole
from crossdock.orders.credits import credited, invoiced
from crossdock.orders.matching import Finding, match
from tests.pains.money_house import MoneyHouse


def sold_and_returned() -> MoneyHouse:
    """Two at 20 euros, invoiced, and one of them back."""
    house = MoneyHouse()
    house.order((2, 2000))
    house.ship("S1", l1=2)
    house.post(house.invoices()[0])
    house.give_back(1)
    return house


def test_a_credit_in_other_money_is_kept_and_not_added() -> None:
    """Nothing is credited in euros, and a person sees why."""
    house = sold_and_returned()
    house.pay_back(house.credits()[0], currency="USD", role=MoneyRole.PRESENTMENT)
    order = house.hub.order("O1")
    assert credited(order) == {}
    assert len(order.credits) == 1
    [row] = match(order)
    assert (row.finding, row.detail) == (
        Finding.CURRENCY_DIFFERS,
        "2000 USD as presentment, the order is in EUR",
    )


def test_the_same_currency_in_another_role_is_not_added_either() -> None:
    """What reached the bank is the same money once more."""
    house = sold_and_returned()
    house.pay_back(house.credits()[0], role=MoneyRole.SETTLEMENT)
    assert credited(house.hub.order("O1")) == {}
    assert [row.finding for row in match(house.hub.order("O1"))] == [Finding.CURRENCY_DIFFERS]


def test_an_invoice_may_say_what_the_customer_saw_beside_it() -> None:
    """The amount in dollars travels with the document and counts for nothing."""
    house = MoneyHouse()
    house.order((2, 2000))
    house.ship("S1", l1=2)
    seen = Money(amount_minor=4400, currency="USD", role=MoneyRole.PRESENTMENT)
    house.post(house.invoices()[0], also=(seen,))
    order = house.hub.order("O1")
    assert invoiced(order)["1"].net == 4000
    assert match(order) == []
