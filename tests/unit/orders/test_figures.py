"""What an order's facts come to: figures per line, and the one status that follows (decision 5)."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.contracts.vocabulary import ItemKind, OrderStatus
from crossdock.orders.state import Line, OrderState, ShipmentMark, SiteLine, figures, status

TABLE = """
# the line                 EAST                    WEST        -> status: figures
ordered 4                  -                       -           -> backordered: open 4, backordered 4
ordered 4                  reserved 4              -           -> released: open 4, reserved 4
ordered 4                  reserved 1              reserved 2  -> backordered: reserved 3, backordered 1
ordered 4                  reserved 4, stopping 3  -           -> backordered: reserved 1, backordered 3
ordered 4                  picked 1, reserved 3    -           -> picking: taken 1, open 3, reserved 3
ordered 4                  picked 3, short 1       -           -> picking: taken 3, open 1, backordered 1
ordered 4                  packed 2                -           -> picking: taken 2, open 2, shipped 0
ordered 4                  picked 1, packed 3      -           -> picking: taken 3
ordered 4                  shipped 3               picked 1    -> partly_shipped: taken 4, shipped 3, open 0
ordered 4                  picked 4, shipped 4     -           -> shipped: taken 4, shipped 4, open 0
ordered 4                  shipped 2               shipped 2   -> shipped: shipped 4
ordered 4                  shipped 6               -           -> shipped: shipped 6, open 0
ordered 4, invoiced 3      shipped 4               -           -> shipped: invoiced 3
ordered 4, invoiced 4      shipped 4               -           -> invoiced: invoiced 4
ordered 4, invoiced 4      shipped 4, returned 3   -           -> invoiced: returned 3
ordered 4                  shipped 4, returned 4   -           -> returned: returned 4

# A cancellation is granted for what is still in the house.
ordered 4, cancel 4        -                       -           -> cancelled: cancelled 4, open 0
ordered 4, cancel 9        -                       -           -> cancelled: cancelled 4, refused_cancel 0
ordered 4, cancel 4        picked 4                -           -> cancelled: cancelled 4, taken 4, open 0
ordered 4, cancel 1        reserved 4              -           -> released: cancelled 1, open 3
ordered 4, cancel 3        shipped 3               -           -> shipped: cancelled 1, refused_cancel 2
ordered 4, cancel 4        shipped 4               -           -> shipped: cancelled 0, refused_cancel 4
ordered 4, all             shipped 1               -           -> shipped: cancelled 3, refused_cancel 1
ordered 0                  -                       -           -> cancelled: ordered 0

# Before the order is known, and when it is held.
ordered 4, awaited         shipped 4               -           -> awaited: shipped 4
ordered 4, held            -                       -           -> held: backordered 4
ordered 4, held            picked 1                -           -> picking: taken 1

# A service leaves with the first shipment; alone it is served at once.
ordered 2, service         -                       -           -> shipped: shipped 2, open 0
ordered 2, service, sent   -                       -           -> shipped: shipped 2
ordered 2, service, goods  -                       -           -> backordered: shipped 0, open 2, backordered 0
ordered 2, service, all    -                       -           -> cancelled: cancelled 2, open 0
"""  # noqa: E501 - a table is read across


def rows() -> list[tuple[str, str, str, str]]:
    """(line, EAST, WEST, expectation) of each row."""
    found = []
    for row in TABLE.splitlines():
        if row.strip() and not row.startswith("#"):
            told, _, expected = row.partition("->")
            line, east, west = (cell for cell in told.split("  ") if cell.strip())
            found.append((line.strip(), east.strip(), west.strip(), expected.strip()))
    return found


def numbers(cell: str) -> dict[str, int]:
    """`picked 3, short 1` as figures by name; words without a number are left out."""
    pairs = [part.split() for part in cell.split(", ") if " " in part]
    return {name: int(units) for name, units in pairs}


def order_of(line: str, east: str, west: str) -> OrderState:
    """An order of this one line, and of a line of goods where it says so."""
    words = set(line.split(", "))
    order = OrderState("O1", placed="awaited" not in words, cancel_all="all" in words)
    kind = ItemKind.SERVICE if "service" in words else ItemKind.STOCK
    places = {"EAST": SiteLine(), "WEST": SiteLine()}
    for site, figures_there in (("EAST", east), ("WEST", west)):
        for figure, units in numbers(figures_there).items():
            setattr(places[site], figure, units)
    order.lines["1"] = Line(item="bolt", kind=kind, sites=places)
    for figure, units in numbers(line).items():
        setattr(order.lines["1"], figure, units)
    if "goods" in words:
        order.lines["2"] = Line(item="nut", ordered=1)
    if "held" in words:
        order.holds = ["unknown-item:bolt"]
    if "sent" in words:
        order.shipments["S1"] = ShipmentMark("EAST", {})
    return order


@pytest.mark.parametrize(("line", "east", "west", "expected"), rows())
def test_figures_and_status_are_what_the_table_says(
    line: str, east: str, west: str, expected: str
) -> None:
    """Each named figure, and the status."""
    order = order_of(line, east, west)
    name, _, wanted = expected.partition(": ")
    known = msgspec.structs.asdict(figures(order, order.lines["1"]))
    assert {figure: known[figure] for figure in numbers(wanted)} == numbers(wanted)
    assert status(order) is OrderStatus(name)


def test_the_table_has_every_status() -> None:
    """No status is derived that no row shows."""
    assert {expected.partition(":")[0] for *_, expected in rows()} == set(OrderStatus)


units = st.integers(0, 9)
lines = st.builds(
    Line,
    ordered=units,
    cancel=units,
    invoiced=units,
    kind=st.sampled_from(ItemKind),
    sites=st.dictionaries(
        st.sampled_from(["EAST", "WEST"]),
        st.builds(
            SiteLine, reserved=units, picked=units, packed=units, shipped=units, returned=units
        ),
    ),
)


@given(lines=st.lists(lines, min_size=1, max_size=3), placed=st.booleans(), whole=st.booleans())
def test_every_unit_ordered_is_in_one_place(lines: list[Line], placed: bool, whole: bool) -> None:
    """Ordered = open + taken for the line + cancelled, none below zero, whatever was told (I9)."""
    order = OrderState("O1", placed=placed, cancel_all=whole)
    order.lines = {str(number): line for number, line in enumerate(lines)}
    for line in lines:
        now = figures(order, line)
        assert min(msgspec.structs.astuple(now)) >= 0
        taken_for_it = min(now.taken, now.ordered - now.cancelled)
        assert now.open + taken_for_it + now.cancelled == now.ordered
        assert now.backordered <= now.open
        wish = line.ordered if whole else line.cancel
        if line.kind is ItemKind.STOCK:
            assert now.cancelled + now.refused_cancel == min(wish, line.ordered)
    assert status(order) in OrderStatus


@given(lines=st.lists(lines, min_size=1, max_size=3), extra=lines)
def test_a_line_of_nothing_changes_no_status(lines: list[Line], extra: Line) -> None:
    """A line that was changed to nothing before anybody touched it has no say."""
    order = OrderState("O1", placed=True)
    order.lines = {str(number): line for number, line in enumerate(lines)}
    before = status(order)
    order.lines["x"] = Line(item="bolt", kind=lines[0].kind)
    assert status(order) is before
