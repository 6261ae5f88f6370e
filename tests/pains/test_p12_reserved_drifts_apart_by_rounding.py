"""P12: what stock rows and documents believe to be reserved drifts apart; one cause is rounding.

Quantities in sales units were multiplied, rounded and kept twice, and after years of partial
picks and cancellations the two disagreed. Here a quantity in a unit becomes a whole number of base
units once, exactly or not at all, and what is promised is derived from one source: the sum over the
order lines is the promise row, at every step.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.orders import LineQuantity, OrderCancellation, OrderLine
from crossdock.testing.hub import SmallHub
from tests.pains.kit_house import can, held, house, picked, placed, reserved, said

STEPS = st.lists(
    st.tuples(st.sampled_from(["pick", "cancel"]), st.integers(0, 2), st.integers(1, 7)),
    max_size=12,
)
CASES = st.lists(st.integers(1, 40), min_size=3, max_size=3)  # tenths of a case


def promised(hub: SmallHub) -> int:
    """What the orders believe to be promised to them."""
    return sum(
        place.reserved
        for name in hub.store.data.orders
        for line in hub.order(name).lines.values()
        for place in line.sites.values()
    )


@settings(max_examples=60, deadline=None)
@given(cases=CASES, steps=STEPS, base_units=st.sampled_from([3, 7, 12, 20]))
def test_rows_and_lines_agree_after_every_step(
    cases: list[int], steps: list[tuple[str, int, int]], base_units: int
) -> None:
    """Orders in tenths of cases, picked and cancelled in parts: no unit is made or lost."""
    hub = house(can(base_units), can=1_000)
    for number, tenths in enumerate(cases):
        wish = OrderLine(
            line="1", item="can", unit="case", unit_quantity=f"{tenths // 10}.{tenths % 10}"
        )
        hub.tell(placed(f"O{number}", wish))
        order = hub.order(f"O{number}")
        whole, rest = divmod(tenths * base_units, 10)
        assert order.lines["1"].ordered == (0 if rest else whole)
        assert bool(order.holds) == bool(rest), "an impossible fraction is held, not rounded"
    for count, (act, number, units) in enumerate(steps):
        name = f"O{number}"
        if act == "pick":
            hub.tell(picked(name, "1", "can", units, f"P{count}"))
        else:
            lines = (LineQuantity(line="1", item="can", quantity=units),)
            wish_less = OrderCancellation(cancellation_id=f"C{count}", order_id=name, lines=lines)
            hub.tell(said(catalogue.ORDER_CANCELLATION_REQUESTED, wish_less, f"C{count}"))
        assert reserved(hub, "can") == promised(hub)
        assert held(hub, "can", "available") + held(hub, "can", "picked") == 1_000
