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
from tests.pains.order_house import cancelled, check_alike, house, messages, picked, placed, shipped


def promised(books: MoneyHouse) -> int:
    """Units that stand promised on the shelf of the east."""
    [row] = [one for one in at_once(books.hub.store.promises(None, 9)) if one.site == "EAST"]
    return row.reserved


@pytest.mark.parametrize("part", [1, 3, 5])
def test_what_is_refunded_is_free_again_to_the_unit(part: int) -> None:
    """Promised is what is open, once the warehouse has answered; nothing hangs."""
    hub = house()
    hub.tell(*messages([placed(quantity=5), cancelled(part)]))
    ending = hub.ending()
    assert ending.reserved == ({"bolt": 5 - part} if part < 5 else {})
    assert ending.sellable == {("bolt", "EAST"): 20}


def test_a_refund_between_pick_and_shipment_ends_alike_in_every_order() -> None:
    """Five ordered, two refunded, three shipped: nothing promised, whoever came first."""
    ending = check_alike([placed(quantity=5), cancelled(2), picked(3), shipped(3)])
    assert ending.reserved == {}
    assert ending.sellable == {("bolt", "EAST"): 17}


def test_what_is_given_up_before_it_leaves_is_neither_promised_nor_charged() -> None:
    """Of five, two are cancelled while they are on the shelf; three leave; three are charged."""
    books = MoneyHouse()
    books.order((5, 100))
    books.cancel(2)
    books.ship("S1", l1=3)
    line = books.hub.order("O1").lines["1"]
    assert line.sites["EAST"].stopping == promised(books) == 2  # until the warehouse says so
    books.hub.ending()
    assert promised(books) == 0
    [asked] = books.invoices()
    assert (asked.lines[0].quantity, asked.total_minor) == (3, 300)
    books.post(asked)
    assert books.credits() == []


@pytest.mark.parametrize("steps", list(permutations(["cancel", "ship", "give back"])))
def test_in_whatever_order_it_is_told(steps: tuple[str, ...]) -> None:
    """Two cancelled, three shipped, one back: three charged, one credited, nothing promised."""
    books = MoneyHouse()
    books.order((5, 100))
    for step in steps:
        if step == "cancel":
            books.cancel(2)
        elif step == "ship":
            books.ship("S1", l1=3)
        else:
            books.give_back(1)
    books.post(books.invoices()[-1])
    order = books.hub.order("O1")
    now = figures(order, order.lines["1"])
    assert (now.cancelled, now.shipped, now.returned, now.open) == (2, 3, 1, 0)
    assert sum(one.lines[0].quantity for one in books.invoices()) == 3
    assert [one.total_minor for one in books.credits()] == [100]
    books.hub.ending()
    assert promised(books) == 0
