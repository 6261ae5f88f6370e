"""Faults that a distributor would tell as a story: what crosses, comes late, or never comes."""

from __future__ import annotations

import pytest

from tests.scenarios.stage import Seen, Stage

STOP_BEFORE_SHIPMENT = """
stock     EAST       bolt 10
order     O1         1 bolt 4
told      wms_east   -> release O1: 1 bolt 4
pick      O1         EAST    1 bolt 4
cancel    O1
told      wms_east   -> stop O1: 1 bolt 4
ship      O1         EAST    S1    1 bolt 4
line      O1 1       -> shipped 4, cancelled 0, refused_cancel 4
note      late-cancellation    O1/1    -> 4 units had left the house
status    O1         -> shipped
balance   EAST bolt  -> available 6
"""

STOP_AFTER_SHIPMENT = """
stock     EAST       bolt 10
order     O1         1 bolt 4
told      wms_east   -> release O1: 1 bolt 4
pick      O1         EAST    1 bolt 4
ship      O1         EAST    S1    1 bolt 4
cancel    O1
line      O1 1       -> shipped 4, cancelled 0, refused_cancel 4
note      late-cancellation    O1/1    -> 4 units had left the house
status    O1         -> shipped
balance   EAST bolt  -> available 6
"""


def play(story: str) -> None:
    """Every line holds, and the house balances after each."""
    Stage(Seen()).play(story)


@pytest.mark.parametrize(
    "story", [STOP_BEFORE_SHIPMENT, STOP_AFTER_SHIPMENT], ids=["stop first", "shipment first"]
)
def test_o5_a_stop_and_a_shipment_cross(story: str) -> None:
    """Whichever is heard first: what left has left, and the wish that came too late is shown."""
    play(story)


def test_o6_a_count_of_an_earlier_moment_comes_late() -> None:
    """It speaks of its moment; what went in and out since then stands on top of it."""
    play("""
        stock     EAST       bolt 10
        pass      1 min
        receipt   EAST       bolt 5
        count     EAST       bolt 12    named C1
        balance   EAST bolt  -> available 12
        receipt   EAST       bolt 3
        count     EAST       bolt 9    happened 66 s ago
        pass      1 min
        balance   EAST bolt  -> available 15
    """)


def test_o7_a_warehouse_counts_while_goods_move() -> None:
    """A count is no overwriting: it is a movement by what differs, shown where it is too much."""
    play("""
        house     tolerates counts within 1 units at EAST
        stock     EAST       bolt 20
        order     O1         1 bolt 5
        told      wms_east   -> release O1: 1 bolt 5
        pick      O1         EAST    1 bolt 5
        count     EAST       bolt 12    named C1
        note      stock-variance    EAST/C1/bolt    -> counted 12, believed 15, -3: ...
        balance   EAST bolt  -> available 12, picked 5
        ship      O1         EAST    S1    1 bolt 5
        balance   EAST bolt  -> available 12
    """)


def test_o8_a_number_of_a_source_is_missing() -> None:
    """What comes after it waits, the gap is shown, and all is in turn once it is filled."""
    play("""
        house     wms_east numbers, and a gap waits
        stock     EAST       bolt 20
        order     O1         1 bolt 6 at 1.00
        told      wms_east   -> ...
        speaks    wms_east
        pick      O1         EAST    1 bolt 2    numbered 1
        pick      O1         EAST    1 bolt 4    numbered 3    -> held: early: 3 of O1 before 2
        note      sequence-gap  wms_east/O1      -> 2 to 2 did not come yet
        told      wms_east   -> ...
        balance   EAST bolt  -> available 18, picked 2
        pass      6 min
        note      sequence-missing  wms_east/O1  -> 2 to 2 did not come in time; ...
        balance   EAST bolt  -> available 18, picked 2
    """)


def test_o15_shipped_in_parts_and_beyond_what_was_ordered() -> None:
    """Each part counts once; what left beyond the order is a fact, and is shown."""
    play("""
        stock     EAST       bolt 10
        order     O1         1 bolt 5
        told      wms_east   -> release O1: 1 bolt 5
        ship      O1         EAST    S1    1 bolt 3
        again                -> duplicate
        line      O1 1       -> shipped 3
        ship      O1         EAST    S2    1 bolt 3
        note      over-shipped       O1/1    -> 6 shipped of 5 ordered
        line      O1 1       -> shipped 6
        balance   EAST bolt  -> available 4
    """)


def test_a_story_that_ends_otherwise_fails() -> None:
    """The table is compared with what happens."""
    wrong = STOP_AFTER_SHIPMENT.replace("refused_cancel 4", "refused_cancel 0")
    with pytest.raises(AssertionError):
        play(wrong)
