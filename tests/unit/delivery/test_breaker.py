"""The breaker: opens on failures in a row, probes with one, closes into a ramp, never storms."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.delivery.breaker import (
    NOTHING_SEEN,
    Breaker,
    BreakerRules,
    Position,
    Seen,
    after,
    position,
    probing,
    ramp,
)

RULES = BreakerRules(failures_max=3, pause_seconds=1, pause_seconds_max=60)
FAILED, FINE = Seen(0, 1, 1), Seen(1, 0, 0)


def opened(times: int = 1, now: float = 100.0) -> Breaker:
    """A breaker that opened so often in a row, the last time now."""
    breaker = after(Breaker(), RULES, "a", Seen(0, 3, 3), now, 1.0)
    for _ in range(times - 1):
        tried = probing(breaker, RULES, "a", now)
        assert tried is not None
        breaker = after(tried, RULES, "a", FAILED, now, 1.0)
    return breaker


@given(st.lists(st.sampled_from([FAILED, FINE]), max_size=12))
def test_it_opens_exactly_when_so_many_failed_in_a_row(seen: list[Seen]) -> None:
    """Whoever saw them, one at a time or all in one report; a success between begins anew."""
    breaker, in_a_row = Breaker(), 0
    for number, one in enumerate(seen):
        if breaker.open_until:
            break
        breaker = after(breaker, RULES, f"worker {number}", one, 100.0, 0.5)
        in_a_row = in_a_row + 1 if one is FAILED else 0
        assert (position(breaker, RULES, 100.0) is Position.OPEN) == (in_a_row >= 3)


def test_a_report_with_a_success_counts_only_what_failed_after_it() -> None:
    """Ten failures before a success are over; two after it are not yet three."""
    breaker = after(Breaker(failures=2), RULES, "a", Seen(1, 12, 2), 0.0, 0.5)
    assert (breaker.failures, breaker.open_until) == (2, 0.0)


def test_pauses_double_up_to_the_longest() -> None:
    """Each failed probe doubles the wait; with the same luck it never shrinks."""
    waits = [opened(times).open_until - 100.0 for times in range(1, 10)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


@given(chance=st.floats(0, 1), times=st.integers(1, 10))
def test_luck_spreads_a_pause_over_its_second_half(chance: float, times: int) -> None:
    """Those who failed together do not all probe at the same moment."""
    breaker = after(Breaker(openings=times - 1), RULES, "a", Seen(0, 3, 3), 0.0, chance)
    bound = min(60.0, 2.0 ** (times - 1))
    assert bound / 2 <= breaker.open_until <= bound


def test_it_knows_since_when_it_has_not_been_closed() -> None:
    """Since the first opening, however often a probe failed; a probe that succeeds ends it."""
    breaker = after(opened(now=100.0), RULES, "a", NOTHING_SEEN, 150.0, 1.0)
    assert breaker.opened_at == 100.0
    tried = probing(breaker, RULES, "a", 200.0)
    assert tried is not None
    still = after(tried, RULES, "a", FAILED, 200.0, 1.0)
    assert (still.open_until, still.opened_at) == (202.0, 100.0)
    again = probing(still, RULES, "a", 300.0)
    assert again is not None
    assert after(again, RULES, "a", FINE, 300.0, 1.0).opened_at == 0.0


def test_one_worker_probes_at_a_time() -> None:
    """The first that asks; another only when that one was not heard of for too long."""
    breaker = opened()
    assert position(breaker, RULES, 101.0) is Position.HALF_OPEN
    tried = probing(breaker, RULES, "a", 101.0)
    assert tried is not None
    assert probing(tried, RULES, "b", 102.0) is None
    assert probing(tried, RULES, "a", 102.0) is not None
    assert probing(tried, RULES, "b", 101.0 + RULES.probe_seconds) is not None


def test_only_the_probe_closes_it() -> None:
    """A success of what was under way when it opened says nothing of now."""
    tried = probing(opened(), RULES, "a", 101.0)
    assert tried is not None
    assert after(tried, RULES, "b", FINE, 102.0, 0.5) == tried
    closed = after(tried, RULES, "a", FINE, 102.0, 0.5)
    assert position(closed, RULES, 102.0) is Position.CLOSED
    assert closed.closed_at == 102.0


def test_n14_what_may_be_sent_after_an_outage_grows_from_little() -> None:
    """Two a second, doubled every second, and no limit after the ramp (N14)."""
    closed = Breaker(openings=1, closed_at=100.0)
    assert [ramp(closed, RULES, 100.0 + n) for n in range(4)] == [2, 4, 8, 16]
    assert ramp(closed, RULES, 130.0) is None
    assert ramp(Breaker(), RULES, 0.0) is None


def test_failures_in_a_row_on_the_ramp_open_it_again_and_for_longer() -> None:
    """It had not recovered: the pause goes on from where it was."""
    breaker = Breaker(openings=3, closed_at=100.0)
    for number in range(3):
        assert breaker.open_until == 0.0
        breaker = after(breaker, RULES, "a", FAILED, 105.0 + number, 1.0)
    assert breaker.open_until == 107.0 + 8.0


def test_a_line_that_loses_every_seventh_reply_does_not_keep_it_shut() -> None:
    """After an outage, a request a second of which four in ten fail: most of the time it is open.

    One failure on the ramp would open it again, for half a minute at a time and longer.
    """
    chance, rules = Random(7), BreakerRules()
    breaker, now, shut = after(Breaker(), rules, "a", Seen(0, 5, 5), 0.0, 0.5), 0.0, 0
    while now < 600.0:
        if position(breaker, rules, now) is Position.OPEN:
            shut += 1
        else:
            tried = probing(breaker, rules, "a", now) if breaker.open_until else breaker
            assert tried is not None
            lost = chance.random() < 0.4
            breaker = after(tried, rules, "a", FAILED if lost else FINE, now, chance.random())
        now += 1.0
    assert shut < 300


def test_n15_a_destination_that_comes_and_goes_is_probed_and_no_more() -> None:
    """Up five seconds, down five, for an hour: pauses stay long, so few requests go (N15)."""
    breaker, now, sent = opened(), 100.0, 0
    while now < 3700.0:
        if position(breaker, RULES, now) is not Position.OPEN:
            tried = probing(breaker, RULES, "a", now) if breaker.open_until else breaker
            assert tried is not None
            sent += 1
            up = int(now / 5) % 2 == 0
            breaker = after(tried, RULES, "a", FINE if up else FAILED, now, 1.0)
        now += 1.0
    assert sent < 600, "one a second would be six times as many"


@pytest.mark.parametrize("jump", [-10 * 365 * 86_400.0, -3600.0, 3600.0])
def test_t1_a_clock_that_jumps_leaves_it_shut_for_no_longer(jump: float) -> None:
    """A pause that is longer than the longest is over."""
    assert position(opened(), RULES, 100.0 + jump) is Position.HALF_OPEN


def test_lasting_success_makes_pauses_short_again() -> None:
    """Only when the ramp is over: until then each opening is one of a row."""
    closed = Breaker(openings=5, closed_at=100.0)
    assert after(closed, RULES, "a", FINE, 110.0, 0.5).openings == 5
    assert after(closed, RULES, "a", FINE, 131.0, 0.5).openings == 0


def test_pauses_do_not_shrink_while_it_keeps_failing() -> None:
    """A property of the whole row, with the worst luck."""
    waits = [opened(times).open_until for times in range(1, 20)]
    assert all(before <= later for before, later in pairwise(waits))
