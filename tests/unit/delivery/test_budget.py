"""Repetitions stay a tenth of what is new, and a few: trying again never becomes the load (L3)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossdock.delivery.budget import FLOOR, SHARE, WINDOW_SECONDS, Budget, allowance, booked


@given(st.lists(st.tuples(st.floats(0, 8), st.floats(0, 50), st.booleans()), max_size=80))
def test_l3_no_minute_has_more_repetitions_than_allowed(
    turns: list[tuple[float, float, bool]],
) -> None:
    """Whoever takes all that is allowed, whenever: a tenth of what is new in that minute, and few.

    Steps are five seconds long, so what is new may be up to that much older.
    """
    budget: Budget = ()
    now, first, again = 0.0, [], []
    for pause, new, greedy in turns:
        now += pause
        repeats = allowance(budget, now) if greedy else 0.0
        budget = booked(budget, new, repeats, now)
        first.append((now, new))
        again.append((now, repeats))
        since = now - WINDOW_SECONDS + 5.0
        counted = sum(n for at, n in again if at > since)
        fresh = sum(n for at, n in first if at > since - 10.0)
        assert counted <= FLOOR + SHARE * fresh + 1e-6


def test_something_may_always_be_repeated() -> None:
    """A destination with nothing new gets its repetitions too, a few a minute."""
    assert allowance((), 0.0) == FLOOR
    budget = booked((), 0.0, FLOOR, 0.0)
    assert allowance(budget, 1.0) == 0.0
    assert allowance(budget, WINDOW_SECONDS) == FLOOR


def test_what_is_new_allows_a_tenth_of_it() -> None:
    """On top of the few."""
    assert allowance(booked((), 1000.0, 0.0, 0.0), 1.0) == FLOOR + 100.0


def test_the_budget_stays_small() -> None:
    """However much is sent: it is kept in steps of some seconds, for a minute."""
    budget: Budget = ()
    for n in range(100_000):
        budget = booked(budget, 1.0, 0.1, n * 0.01)
    assert len(budget) <= WINDOW_SECONDS / 5.0 + 1
