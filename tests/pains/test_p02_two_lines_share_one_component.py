"""P2: two lines that share a component each passed the check alone, and together sold too much.

A basket held two kits with one component in common. Each line was held against the whole stock, so
both passed, and the sum was more than there was. Here a kit is taken apart into lines of its
components before anything is promised, and every line draws on what the lines before it left: what
is promised of a component is never more than its shelf holds, over lines, kits within kits, orders
and messages decided together.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.kits import demand, flattened
from crossdock.contracts.orders import OrderLine
from crossdock.contracts.reservations import ReservationLine, ReservationRequest
from crossdock.testing.hub import SmallHub
from tests.pains.kit_house import house, kit, placed, reserved, said

SET, DUO = kit("set", bolt=4, nut=2), kit("duo", set=1, bolt=1)


def line(number: int, item: str, quantity: int) -> OrderLine:
    """So many kits, or so much of a component."""
    return OrderLine(line=str(number), item=item, quantity=quantity)


def wanted(hub: SmallHub, order_id: str, item: str) -> int:
    """What an order's lines want of an item, together."""
    lines = hub.order(order_id).lines.values()
    return sum(one.ordered for one in lines if one.item == item)


def test_the_sum_of_two_lines_is_promised_and_no_more() -> None:
    """Alone each of the two would be there; together one bolt is missing, and one bolt waits."""
    hub = house(SET, DUO, bolt=8, nut=10)
    hub.tell(placed("O1", line(1, "set", 1), line(2, "duo", 1)))
    assert wanted(hub, "O1", "bolt") == 9
    assert reserved(hub, "bolt") == 8
    assert [row.quantity for row in hub.store.data.waiting["bolt"].values()] == [1]


LINES = st.lists(
    st.tuples(st.sampled_from(["set", "duo", "bolt", "nut"]), st.integers(1, 3)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(orders=st.lists(LINES, min_size=1, max_size=3), bolt=st.integers(0, 30))
def test_no_basket_is_promised_more_than_the_shelf_holds(
    orders: list[list[tuple[str, int]]], bolt: int
) -> None:
    """Whatever is ordered: what is promised is what is wanted or what is there, the smaller."""
    hub = house(SET, DUO, bolt=bolt, nut=20)
    messages = [
        placed(f"O{number}", *(line(n, *one) for n, one in enumerate(lines, start=1)))
        for number, lines in enumerate(orders)
    ]
    hub.tell(*messages)
    contents = {"set": {"bolt": 4, "nut": 2}, "duo": {"set": 1, "bolt": 1}}
    recipes = {name: flattened(name, contents.get) for name in contents}
    assert all(isinstance(one, dict) for one in recipes.values())
    asked = demand(
        [one for lines in orders for one in lines],
        {name: flat for name, flat in recipes.items() if isinstance(flat, dict)},
    )
    for item, there in (("bolt", bolt), ("nut", 20)):
        if item in hub.store.data.promises:
            assert reserved(hub, item) == min(asked.get(item, 0), there)


def test_a_call_is_checked_as_a_sum_too() -> None:
    """A cart of both kits is refused where each alone could be served; nothing is set aside."""
    hub = house(SET, DUO, bolt=8, nut=10)
    lines = tuple(
        ReservationLine(line=str(n), item=item, quantity=1)
        for n, item in enumerate(("set", "duo"), start=1)
    )
    for name, wish in (("both", lines), ("set", lines[:1]), ("duo", lines[1:])):
        call = ReservationRequest(reservation_id=name, channel="web", lines=wish)
        hub.tell(said(catalogue.RESERVATION_REQUESTED, call, name))
        assert reserved(hub, "bolt") == {"both": 0, "set": 4, "duo": 4}[name]
