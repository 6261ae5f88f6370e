"""Every fault that the hub is built for has a test that is named after it."""

from __future__ import annotations

from tests.faults.catalogue import NEEDED, cases, shown


def test_no_case_without_a_test() -> None:
    """A case that lost its test is named here."""
    assert {case.id for case in cases()} - set(shown()) == set()


def test_no_case_that_a_release_needs_is_missing() -> None:
    """Nobody makes a case go away by taking its row out of the table."""
    assert NEEDED - {case.id for case in cases()} == set()


def test_no_test_is_named_after_what_is_no_case() -> None:
    """An id in a test's name stands in the table, so that its reader can look it up."""
    assert set(shown()) - {case.id for case in cases()} == set()


def test_each_id_stands_once() -> None:
    """Two rows of one id would tell two things of it."""
    ids = [case.id for case in cases()]
    assert sorted(set(ids)) == sorted(ids)
