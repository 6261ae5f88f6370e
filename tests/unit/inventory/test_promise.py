"""The promise book: what is free, and the `need` that makes every reservation honest (decision 7).

A batch decides on figures that it read without a lock. Whatever the row shows when the batch is
written, the guard must hold exactly where every reservation of the batch, taken in its turn on
the true figures, would have found its units.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.inventory.promise import PromiseBook, StockNotLoaded
from crossdock.log.records import StockChange, StockRow

Step = tuple[str, int, int]
"""shelve, release or reserve; how many; how many are kept back."""

steps = st.lists(
    st.one_of(
        st.tuples(st.just("shelve"), st.integers(-5, 5), st.just(0)),
        st.tuples(st.just("release"), st.integers(1, 5), st.just(0)),
        st.tuples(st.just("reserve"), st.integers(1, 5), st.integers(0, 3)),
    ),
    max_size=8,
)


def booked(read: tuple[int, int], told: list[Step]) -> PromiseBook:
    """A book that read these figures, after these steps."""
    book = PromiseBook({("bolt", "EAST"): StockRow(*read)}, {"bolt"})
    for step, quantity, keep_back in told:
        if step == "shelve":
            book.shelve("bolt", "EAST", quantity)
        elif step == "release":
            book.release("bolt", "EAST", quantity)
        else:
            book.reserve("bolt", "EAST", quantity, keep_back)
    return book


def honest(free: int, told: list[Step]) -> bool:
    """Whether each reservation finds its units, and what is kept back besides, in its turn."""
    for step, quantity, keep_back in told:
        if step == "reserve":
            if free < quantity + keep_back:
                return False
            free -= quantity
        else:
            free += quantity
    return True


@given(sellable=st.integers(0, 20), reserved=st.integers(0, 20), told=steps)
def test_the_guard_holds_exactly_where_every_reservation_was_honest(
    sellable: int, reserved: int, told: list[Step]
) -> None:
    """For every free stock that the row may show by then, whatever the book had read."""
    changes = booked((sellable, reserved), told).changes()
    need = changes[0].need if changes else None
    for free in range(-10, 60):
        assert (need is None or free >= need) == honest(free, told), free


@given(sellable=st.integers(0, 20), reserved=st.integers(0, 20), told=steps)
def test_a_batch_sees_its_own_steps_at_once(sellable: int, reserved: int, told: list[Step]) -> None:
    """What is free follows every step, and the changes say what the steps came to."""
    book = booked((sellable, reserved), told)
    shelved = sum(quantity for step, quantity, _ in told if step == "shelve")
    promised = sum(quantity for step, quantity, _ in told if step == "reserve")
    promised -= sum(quantity for step, quantity, _ in told if step == "release")
    assert book.free("bolt", "EAST") == sellable + shelved - reserved - promised
    for change in book.changes():
        assert (change.sellable, change.reserved) == (shelved, promised)


def test_a_reservation_that_was_given_back_still_relied_on_its_stock() -> None:
    """Nothing changes in the end, and yet the row must have shown the units."""
    [change] = booked((5, 0), [("reserve", 4, 0), ("release", 4, 0)]).changes()
    assert change == StockChange("bolt", "EAST", 0, 0, 4)


def test_goods_that_came_first_are_not_needed_before() -> None:
    """What the batch itself puts on the shelf, a reservation behind it may take."""
    [change] = booked((0, 0), [("shelve", 4, 0), ("reserve", 4, 0)]).changes()
    assert change == StockChange("bolt", "EAST", 4, 4, 0)


def test_a_row_that_was_looked_at_only_is_not_changed() -> None:
    """Nor is one made for an item without any."""
    book = PromiseBook({("bolt", "EAST"): StockRow(5, 1)}, {"bolt"})
    assert book.free("bolt", "EAST") == 4
    assert book.free("bolt", "WEST") == 0
    assert book.changes() == []


def test_rows_come_in_key_order() -> None:
    """So that two batches never lock each other out."""
    book = PromiseBook({}, {"bolt", "nut"})
    for item, site in (("nut", "EAST"), ("bolt", "WEST"), ("bolt", "EAST")):
        book.shelve(item, site, 1)
    keys = [(change.item, change.site) for change in book.changes()]
    assert keys == sorted(keys)
    assert len(keys) == 3


def test_an_item_that_was_not_loaded_is_asked_for() -> None:
    """The book never takes "not loaded" for "none there"."""
    with pytest.raises(StockNotLoaded) as found:
        PromiseBook({}, {"bolt"}).free("nut", "EAST")
    assert found.value.item == "nut"
