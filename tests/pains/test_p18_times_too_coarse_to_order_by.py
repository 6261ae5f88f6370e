"""P18: events of one second could not be put in order by their times.

Nothing is: facts add under keys of their own, wishes have revisions, and the table of an order's
life says what each may lead to.
"""

from __future__ import annotations

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.vocabulary import OrderStatus
from crossdock.orders.lifecycle import EVENTS, may_follow, row_of
from tests.pains.order_house import cancelled, changed, check_alike, picked, placed, shipped


def test_all_of_one_moment_ends_alike() -> None:
    """A whole life of one and the same time, in each of its orders."""
    ending = check_alike(
        [placed(quantity=5), changed(6), picked(4), shipped(4), cancelled(2)], seconds=0
    )
    assert ending.sellable == {("bolt", "EAST"): 16}
    assert ending.reserved == {}


@pytest.mark.parametrize(
    "status", [OrderStatus.SHIPPED, OrderStatus.INVOICED, OrderStatus.RETURNED]
)
def test_a_late_cancellation_is_late_by_the_table_and_not_by_the_clock(status: OrderStatus) -> None:
    """It leads nowhere, and the table says that it is asked back."""
    event = EVENTS[catalogue.ORDER_CANCELLATION_REQUESTED]
    row = row_of(status, event)
    assert (row.late, row.after) == (True, ())
    assert not any(may_follow(status, event, one) for one in OrderStatus if one is not status)
