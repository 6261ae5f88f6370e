"""P6: a part of an order was refunded before the shipment, and its reservations stayed wrong.

A cancellation is a quantity of its line, like everything else; what is promised follows from what
is still open, and is given back to the unit.
"""

from __future__ import annotations

import pytest

from tests.pains.order_house import cancelled, check_alike, house, messages, picked, placed, shipped


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
