"""P16: "updated" arrived around "created" within a second, now before it, now after it.

A change names its revision; of each line the highest wins, be the order known or not.
"""

from __future__ import annotations

from tests.pains.order_house import cancelled, changed, check_alike, house, messages, placed


def test_a_change_before_its_order_is_not_lost_and_not_undone() -> None:
    """The order's own quantity is the oldest word on it, whenever it comes."""
    hub = house()
    change, order = messages([changed(9), placed(quantity=5)])
    hub.tell(change, order)
    assert hub.order("O1").lines["1"].ordered == 9


def test_created_changed_twice_and_cancelled_in_one_second_ends_alike() -> None:
    """All of one moment, in every order of arrival."""
    ending = check_alike(
        [placed(quantity=5), changed(9, 1), changed(7, 2), cancelled(2)], seconds=0
    )
    assert ending.reserved == {"bolt": 5}
