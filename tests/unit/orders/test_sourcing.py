"""Which site serves which line: the rule as a table (R58), and what no plan may do."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.orders.sourcing import choose, ranked
from crossdock.orders.state import Line, OrderState, SiteLine

SITES = ("EAST", "WEST", "NORTH")  # best first

TABLE = """
# wanted             free stock                                -> who serves what
1 bolt 4             EAST bolt 9, WEST bolt 9                  -> 1 EAST 4
1 bolt 4             EAST bolt 3, WEST bolt 9                  -> 1 WEST 4
1 bolt 4             EAST bolt 3, WEST bolt 3                  -> 1 EAST 3, 1 WEST 1
1 bolt 4             EAST bolt 1, NORTH bolt 2                 -> 1 EAST 1, 1 NORTH 2
1 bolt 4             SOUTH bolt 9                              -> nobody
1 bolt 4             EAST bolt -3, WEST bolt 4                 -> 1 WEST 4

# One site for the whole order, if there is one, though a better one could serve a part.
1 bolt 4, 2 nut 1    EAST bolt 9, WEST bolt 9, WEST nut 9      -> 1 WEST 4, 2 WEST 1
1 bolt 4, 2 nut 1    EAST bolt 9, WEST nut 9                   -> 1 EAST 4, 2 WEST 1
1 bolt 4, 2 nut 1    EAST bolt 9                               -> 1 EAST 4

# Lines of one item draw on the same shelf.
1 bolt 4, 2 bolt 4   EAST bolt 6, WEST bolt 4                  -> 1 EAST 4, 2 WEST 4
1 bolt 4, 2 bolt 4   EAST bolt 6, WEST bolt 1                  -> 1 EAST 4, 2 EAST 2, 2 WEST 1
1 bolt 4, 2 bolt 4   EAST bolt 6, NORTH bolt 8                 -> 1 NORTH 4, 2 NORTH 4

# A site at work on the order stands before the others, one that was short behind them.
1 bolt 4; at WEST    EAST bolt 9, WEST bolt 9                  -> 1 WEST 4
1 bolt 4; short EAST EAST bolt 9, WEST bolt 9                  -> 1 WEST 4
1 bolt 4; short EAST EAST bolt 9, WEST bolt 1                  -> 1 EAST 4
"""


def rows() -> list[tuple[str, str, str]]:
    """(wanted, free stock, plan) of each row."""
    found = []
    for row in TABLE.splitlines():
        if row.strip() and not row.startswith("#"):
            told, _, expected = row.partition("->")
            found.append((told[:21].strip(), told[21:].strip(), expected.strip()))
    return found


def order_of(wanted: str) -> tuple[OrderState, dict[str, int]]:
    """An order with these lines, and what each wants; behind `;` what its first line met."""
    parts, _, met = wanted.partition("; ")
    order, quantities = OrderState("O1", placed=True), {}
    for part in parts.split(", "):
        number, item, quantity = part.split()
        order.lines[number] = Line(item=item, ordered=int(quantity))
        quantities[number] = int(quantity)
    if met:
        how, site = met.split()
        place = SiteLine(short=1, picked=1) if how == "short" else SiteLine(reserved=1)
        order.lines["1"].sites[site] = place
    return order, quantities


@pytest.mark.parametrize(("wanted", "stock", "expected"), rows())
def test_the_rule_serves_as_the_table_says(wanted: str, stock: str, expected: str) -> None:
    """Who serves which line with how much."""
    free: Counter[tuple[str, str]] = Counter()
    for part in stock.split(", "):
        site, item, quantity = part.split()
        free[item, site] = int(quantity)
    order, quantities = order_of(wanted)
    chosen = choose(order, quantities, SITES, lambda item, site: free[item, site])
    plan = [f"{n} {site} {q}" for n, parts in chosen.items() for site, q in parts]
    assert (", ".join(plan) or "nobody") == expected


def test_sites_are_ranked_at_work_then_by_channel_then_short() -> None:
    """A site that was short comes last, though it may still be at work on another line."""
    order, _ = order_of("1 bolt 4; short EAST")
    order.lines["1"].sites["NORTH"] = SiteLine(picked=1)
    assert ranked(order, SITES) == ["NORTH", "WEST", "EAST"]


shelves = st.dictionaries(
    st.tuples(st.sampled_from(["bolt", "nut"]), st.sampled_from([*SITES, "SOUTH"])),
    st.integers(-3, 9),
)
wishes = st.lists(st.tuples(st.sampled_from(["bolt", "nut"]), st.integers(1, 9)), max_size=4)


@given(free=shelves, wanted=wishes)
def test_no_plan_promises_more_than_is_free_or_leaves_what_could_be_had(
    free: dict[tuple[str, str], int], wanted: list[tuple[str, int]]
) -> None:
    """Per item: all that is wanted, or all that is free at the channel's sites, and no more."""
    order = OrderState("O1", placed=True)
    order.lines = {str(n): Line(item=item, ordered=q) for n, (item, q) in enumerate(wanted)}
    quantities = {str(n): q for n, (_, q) in enumerate(wanted)}
    chosen = choose(order, quantities, SITES, lambda item, site: free.get((item, site), 0))
    taken: Counter[tuple[str, str]] = Counter()
    for number, parts in chosen.items():
        assert sum(quantity for _, quantity in parts) <= quantities[number]
        for site, quantity in parts:
            assert quantity > 0
            taken[order.lines[number].item, site] += quantity
    assert all(units <= free[key] for key, units in taken.items())
    for item in ("bolt", "nut"):
        asked = sum(q for one, q in wanted if one == item)
        there = sum(max(0, free.get((item, site), 0)) for site in SITES)
        assert sum(q for (one, _), q in taken.items() if one == item) == min(asked, there)
