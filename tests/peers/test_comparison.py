"""A comparison of books sees whatever one of them says otherwise."""

from __future__ import annotations

import pytest

from tests.peers.comparison import Fields, compared, of_orders
from tests.peers.records import Book

BOOK: Book = {
    ("order", "A", "orders"): 1,
    ("line", "A/1", "shipped"): 3,
    ("line", "B/1", "shipped"): 2,
    ("stock", "SKU at EAST", "inside"): 7,
}
ALL: Fields = frozenset((what, field) for what, _, field in BOOK)


def test_the_same_twice_has_no_differences() -> None:
    """And says how much was compared."""
    assert str(compared("hub and erp", BOOK, dict(BOOK), ALL)) == (
        "hub and erp: 4 fields, 0 differences"
    )


@pytest.mark.parametrize("place", BOOK)
@pytest.mark.parametrize("broken", [None, 99, "3"])
def test_one_field_that_is_another_is_one_difference(
    place: tuple[str, str, str], broken: object
) -> None:
    """On either side, also where it is missing altogether."""
    missing = {one: value for one, value in BOOK.items() if one != place}
    for other in (BOOK | {place: broken}, missing):
        for ours, theirs in ((BOOK, other), (other, BOOK)):
            found = compared("", ours, theirs, ALL)
            assert len(found.differences) == 1
            assert place[1] in found.differences[0]
            assert found.fields == len(BOOK)


def test_fields_that_they_do_not_speak_of_are_not_compared() -> None:
    """A shop keeps no invoices: that is no difference."""
    assert compared("", BOOK, {}, frozenset()).fields == 0
    assert set(of_orders(BOOK, ["A"])) == set(BOOK) - {("line", "B/1", "shipped")}
