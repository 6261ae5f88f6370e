"""What money of an order is not settled, as a table."""

from __future__ import annotations

import pytest

from crossdock.orders.state import Line, OrderState, SiteLine
from crossdock.orders.worth import unsettled_worth


@pytest.mark.parametrize(
    ("ordered", "shipped", "cancelled", "invoiced", "minor"),
    [
        (10, 0, 0, 0, 2_500),  # nothing left yet
        (10, 10, 0, 0, 2_500),  # left, and not invoiced
        (10, 10, 0, 10, 0),  # settled
        (10, 4, 6, 4, 0),  # settled, in part cancelled
        (10, 12, 0, 10, 500),  # two more left than were ordered
        (10, 4, 6, 10, 1_500),  # six invoiced that never left
    ],
)
def test_what_is_not_settled_of_a_line(
    ordered: int, shipped: int, cancelled: int, invoiced: int, minor: int
) -> None:
    """The difference between what left or will leave and what is invoiced, at 2.50 each."""
    line = Line("A", ordered=ordered, cancel=cancelled, invoiced=invoiced, price_e4=25_000)
    line.sites["EAST"] = SiteLine(shipped=shipped)
    order = OrderState("SO-1", placed=True, currency="EUR", lines={"1": line, "2": Line("B")})
    assert unsettled_worth(order) == minor
    assert unsettled_worth(order, "1") == minor
    assert unsettled_worth(order, "2") == 0
