"""Waits grow, stay within their bounds, and never undercut what the far side asked for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crossdock.delivery.retry import RetrySchedule

schedules = st.builds(
    RetrySchedule,
    first_seconds=st.floats(0.01, 10),
    wait_seconds_max=st.floats(10, 3_600),
    attempts_max=st.integers(1, 100),
)
attempts = st.integers(1, 10_000)
chances = st.floats(0, 1)


@given(schedule=schedules, attempt=attempts, chance=chances)
def test_a_wait_lies_within_its_bounds(
    schedule: RetrySchedule, attempt: int, chance: float
) -> None:
    """Never nothing, never longer than the longest wait, whatever the attempt."""
    wait = schedule.wait_seconds(attempt, chance, None)
    assert schedule.first_seconds * 0.1 <= wait <= schedule.wait_seconds_max * (1 + 1e-9)


@given(schedule=schedules, attempt=attempts, chance=chances, asked=st.floats(0, 3_600))
def test_what_the_far_side_asked_for_is_never_undercut(
    schedule: RetrySchedule, attempt: int, chance: float, asked: float
) -> None:
    """Retry-After may lengthen our wait, also beyond its longest, and never shortens it (N5)."""
    ours = schedule.wait_seconds(attempt, chance, None)
    wait = schedule.wait_seconds(attempt, chance, asked)
    assert wait >= asked
    assert wait >= ours
    assert wait in (asked, ours)


@given(schedule=schedules, chance=chances)
def test_waits_never_get_shorter(schedule: RetrySchedule, chance: float) -> None:
    """With the same luck, each wait is at least as long as the one before."""
    waits = [schedule.wait_seconds(attempt, chance, None) for attempt in range(1, 50)]
    assert all(before <= after for before, after in pairwise(waits))


@given(schedule=schedules, attempt=attempts)
def test_luck_spreads_a_wait(schedule: RetrySchedule, attempt: int) -> None:
    """Those who failed together come back over a span of nine tenths of the bound."""
    soonest = schedule.wait_seconds(attempt, 0.0, None)
    latest = schedule.wait_seconds(attempt, 1.0, None)
    assert latest >= 9 * soonest


@given(schedule=schedules)
def test_the_last_try_is_the_configured_one(schedule: RetrySchedule) -> None:
    """The try before it is not the last; every later one is."""
    assert not schedule.exhausted(schedule.attempts_max - 1)
    assert schedule.exhausted(schedule.attempts_max)
    assert schedule.exhausted(schedule.attempts_max + 1)
