"""The quota: all workers together never send faster than the rate, whatever they give back."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.delivery.quota import BLOCK_SECONDS, Block, given_back, taken

rates = st.sampled_from([0.5, 1.0, 3.0, 10.0, 20.0, 250.0])
turns = st.lists(st.tuples(st.floats(0, 3), st.integers(0, 40), st.floats(0, 1)), max_size=40)


def sent(rate: float, turns: list[tuple[float, int, float]]) -> list[float]:
    """When requests go: workers take blocks, use a part of each, and some give the rest back."""
    next_at, now, moments = 0.0, 1000.0, []
    last: tuple[Block, int] | None = None
    for pause, wanted, used in turns:
        now += pause
        if last is not None and int(used * 10) % 2:
            next_at = given_back(next_at, *last)
        block = taken(next_at, rate, wanted, now)
        if block.requests:
            next_at = block.end
        count = round(block.requests * used)
        moments += [block.first_at + n * block.spacing_seconds for n in range(count)]
        last = (block, block.requests - count) if block.requests else None
    return sorted(moments)


@given(rate=rates, turns=turns, window=st.floats(0.1, 10))
def test_in_no_stretch_of_time_is_more_sent_than_the_rate(
    rate: float, turns: list[tuple[float, int, float]], window: float
) -> None:
    """W seconds hold at most W times the rate and one: nothing is saved up (R135)."""
    moments = sent(rate, turns)
    for at, moment in enumerate(moments):
        inside = bisect_right(moments, moment + window - 1e-6) - at
        assert inside <= window * rate + 1 + 1e-6


def test_a_busy_worker_gets_the_whole_rate() -> None:
    """Asking again as soon as its block is used, it loses nothing."""
    next_at, count, now = 0.0, 0, 0.0
    while now < 60.0:
        block = taken(next_at, 20.0, 7, now)
        next_at = block.end if block.requests else next_at
        count += block.requests
        now = max(now + 0.01, block.end - 0.1) if block.requests else now + 0.05
    assert 60 * 20 <= count <= 60 * 20 + 20 * BLOCK_SECONDS + 1


def test_a_block_reaches_no_further_than_a_second() -> None:
    """However many are wanted; a slow rate gives one when its moment has come."""
    assert taken(0.0, 10.0, 500, 100.0) == Block(100.0, 0.1, 11)
    assert taken(100.0, 0.5, 5, 100.0).requests == 1
    assert taken(102.0, 0.5, 5, 100.0).requests == 0


def test_only_the_newest_block_can_be_given_back() -> None:
    """What stands before another's block stays empty: it must not be sent twice as fast."""
    first = taken(0.0, 10.0, 4, 100.0)
    second = taken(first.end, 10.0, 4, 100.0)
    assert given_back(second.end, first, 4) == second.end
    assert given_back(second.end, second, 3) == pytest.approx(second.first_at + 0.1)


def test_a_moment_beyond_all_blocks_is_not_believed() -> None:
    """A clock that was set back by an hour does not stop the destination for an hour."""
    assert taken(100.0 + 3600.0, 10.0, 3, 100.0).first_at == 100.0
