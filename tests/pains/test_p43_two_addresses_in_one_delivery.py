"""P43: two orders of one customer to two addresses were merged into one delivery.

What may leave together is a rule that is written down, and the address is always part of it.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.words import Address
from crossdock.orders.grouping import group_of
from crossdock.orders.policy import Together
from crossdock.orders.state import OrderState
from tests.pains.order_house import LEEDS, YORK, house, messages, placed, told


def test_releases_to_two_addresses_never_bear_one_group() -> None:
    """To one address they do, and the warehouse may join them."""
    hub = house()
    orders = [("O1", YORK), ("O2", LEEDS), ("O3", YORK)]
    hub.tell(*messages(placed(number, 1, ship_to=there) for number, there in orders))
    york, leeds, again = told(hub, "wms_east", catalogue.ORDER_RELEASED)
    assert york.group == again.group
    assert york.group != leeds.group


words = st.text("ab ", max_size=3)
addresses = st.builds(
    Address,
    lines=st.lists(words, max_size=2).map(tuple),
    city=words,
    postal_code=words,
    country=words,
)


@given(one=addresses, two=addresses, together=st.lists(st.sampled_from(Together), unique=True))
def test_whatever_else_is_asked_the_address_decides(
    one: Address, two: Address, together: list[Together]
) -> None:
    """Also addresses that look alike when they are run together."""
    groups = [group_of(OrderState("O", ship_to=there), tuple(together)) for there in (one, two)]
    assert (groups[0] == groups[1]) is (one == two)


def an_order(
    customer: str = "acme",
    channel: str = "web",
    priority: int = 5,
    day: str = "2031-03-04T10:00:00+00:00",
) -> OrderState:
    """An order to York."""
    return OrderState(
        "O1",
        ship_to=YORK,
        customer=customer,
        channel=channel,
        priority=priority,
        requested_for=day,
    )


@pytest.mark.parametrize(
    ("rule", "two"),
    [
        (Together.CUSTOMER, an_order(customer="globex")),
        (Together.CHANNEL, an_order(channel="phone")),
        (Together.PRIORITY, an_order(priority=1)),
        (Together.REQUESTED_DAY, an_order(day="2031-03-05T10:00:00+00:00")),
    ],
)
def test_each_rule_parts_what_differs_and_only_where_it_is_asked(
    rule: Together, two: OrderState
) -> None:
    """Without the rule the same two orders may leave together."""
    one = an_order()
    assert group_of(one, (rule,)) != group_of(two, (rule,))
    others = tuple(one for one in Together if one is not rule)
    assert group_of(one, others) == group_of(two, others)


def test_the_hour_of_a_day_parts_nothing() -> None:
    """Requested on one day is requested together."""
    early = OrderState("O1", ship_to=YORK, requested_for="2031-03-04T08:00:00+00:00")
    late = OrderState("O2", ship_to=YORK, requested_for="2031-03-04T20:00:00+00:00")
    assert group_of(early, (Together.REQUESTED_DAY,)) == group_of(late, (Together.REQUESTED_DAY,))
