"""P6: a refund came before the shipment, and the promise stayed for goods that nobody wanted.

The refund took the quantity off the order and not off the promise. Here a cancellation before the
shipment gives the promise back and is never invoiced, so there is nothing to credit; a return after
it is credited, and touches no promise. Line quantities say which of the two it is.
"""

from __future__ import annotations

from itertools import permutations

import pytest

from crossdock.orders.state import figures
from crossdock.testing.hub import at_once
from tests.pains.money_house import MoneyHouse


def promised(house: MoneyHouse) -> int:
    """Units that stand promised on the shelf of the east."""
    [row] = [one for one in at_once(house.hub.store.promises(None, 9)) if one.site == "EAST"]
    return row.reserved


def test_what_is_given_up_before_it_leaves_is_neither_promised_nor_charged() -> None:
    """Of five, two are cancelled while they are on the shelf; three leave; three are charged."""
    house = MoneyHouse()
    house.order((5, 100))
    house.cancel(2)
    house.ship("S1", l1=3)
    line = house.hub.order("O1").lines["1"]
    assert line.sites["EAST"].stopping == promised(house) == 2  # until the warehouse says so
    house.hub.ending()
    assert promised(house) == 0
    [asked] = house.invoices()
    assert (asked.lines[0].quantity, asked.total_minor) == (3, 300)
    house.post(asked)
    assert house.credits() == []


@pytest.mark.parametrize("steps", list(permutations(["cancel", "ship", "give back"])))
def test_in_whatever_order_it_is_told(steps: tuple[str, ...]) -> None:
    """Two cancelled, three shipped, one back: three charged, one credited, nothing promised."""
    house = MoneyHouse()
    house.order((5, 100))
    for step in steps:
        if step == "cancel":
            house.cancel(2)
        elif step == "ship":
            house.ship("S1", l1=3)
        else:
            house.give_back(1)
    house.post(house.invoices()[-1])
    order = house.hub.order("O1")
    now = figures(order, order.lines["1"])
    assert (now.cancelled, now.shipped, now.returned, now.open) == (2, 3, 1, 0)
    assert sum(one.lines[0].quantity for one in house.invoices()) == 3
    assert [one.total_minor for one in house.credits()] == [100]
    house.hub.ending()
    assert promised(house) == 0
