"""A line that a change added keeps its price when a later change names none."""

from __future__ import annotations

from itertools import permutations

from crossdock.contracts.orders import LineChange, OrderChange
from crossdock.orders.facts import change_order
from crossdock.orders.state import OrderState, fingerprint


def change(revision: int, quantity: int, price: int) -> OrderChange:
    """A change of line 9."""
    line = LineChange(line="9", item="bolt", quantity=quantity, unit_price_e4=price)
    return OrderChange(change_id=f"c{revision}", order_id="o-1", revision=revision, lines=(line,))


def test_a_change_without_a_price_leaves_the_price() -> None:
    """Whatever arrives first, the newest named price and the newest quantity stand."""
    ends = set()
    for told in permutations([change(1, 2, 15_000), change(2, 3, 0), change(3, 4, 0)]):
        order = OrderState("o-1")
        for one in told:
            change_order(order, one)
        assert (order.lines["9"].price_e4, order.lines["9"].ordered) == (15_000, 4)
        ends.add(fingerprint(order))
    assert len(ends) == 1
