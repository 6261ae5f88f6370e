"""P8: a partial invoice, a partial shipment and a partial refund together gave wrong stock.

All 5,040 orders of seven such messages end in one state, and the stock is what left and came back.
"""

from __future__ import annotations

import pytest

from tests.pains.order_house import (
    cancelled,
    check_alike,
    invoiced,
    picked,
    placed,
    returned,
    shipped,
)


@pytest.mark.timeout(600)  # five thousand hubs, on a busy machine
def test_every_mix_of_parts_ends_in_the_same_stock() -> None:
    """Eight ordered, one cancelled, four shipped, two invoiced, one back: the shelf lost four."""
    ending = check_alike(
        [
            placed(quantity=8),
            picked(4),
            shipped(4),
            invoiced(2),
            cancelled(1),
            returned(1),
            invoiced(1, name="i-2"),
        ]
    )
    assert ending.sellable == {("bolt", "EAST"): 16}
    assert ending.reserved == {"bolt": 3}
