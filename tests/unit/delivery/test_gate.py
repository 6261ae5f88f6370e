"""The gate: workers that share it spare a destination as one worker would."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from crossdock.contracts.connector import (
    Accepted,
    Evidence,
    FarAnswer,
    Refused,
    RetryLater,
    Unknown,
)
from crossdock.delivery.breaker import BreakerRules, Position, Seen
from crossdock.delivery.budget import FLOOR
from crossdock.delivery.gate import (
    SLOT_SECONDS,
    Gate,
    Health,
    Report,
    Sparing,
    decode,
    encode,
    health,
    step,
    view,
)

BUSY = RetryLater("429", 7.0, counts=False, evidence=Evidence(429))
DOWN = RetryLater("503", None, counts=False, evidence=Evidence(503))
LATER = RetryLater("503", 30.0, counts=False, evidence=Evidence(503))
WAITS = RetryLater("the order is not there yet", well=True)
FAILED = Report(Seen(0, 5, 5))


def passes(limits: Sparing, *names: str, gate: Gate | None = None, now: float = 0.0) -> Gate:
    """The gate after each of these workers asked once."""
    gate = gate or Gate()
    for name in names:
        gate, _ = step(gate, limits, name, Report(), 1, now, 0.5)
    return gate


@given(
    at_once=st.integers(1, 9),
    turns=st.lists(st.tuples(st.sampled_from("abcde"), st.floats(0, 20)), max_size=60),
)
def test_l4_requests_at_once_never_exceed_what_the_destination_bears(
    at_once: int, turns: list[tuple[str, float]]
) -> None:
    """Summed over all whose part is still kept, however workers come, go and come back."""
    gate, now, limits = Gate(), 0.0, Sparing(at_once=at_once)
    given_to: dict[str, tuple[int, float]] = {}
    for name, pause in turns:
        now += pause
        gate, allowed = step(gate, limits, name, Report(), 1, now, 0.5)
        given_to[name] = (allowed.at_once, now)
        kept = {n: c for n, (c, since) in given_to.items() if now - since <= SLOT_SECONDS / 2}
        assert sum(kept.values()) <= at_once


def test_each_worker_comes_to_an_equal_share() -> None:
    """The first has all until a second is there; then half each, as soon as it asks again."""
    limits = Sparing(at_once=5)
    gate, first = step(Gate(), limits, "a", Report(), 1, 0.0, 0.5)
    assert first.at_once == 5
    gate, second = step(gate, limits, "b", Report(), 1, 1.0, 0.5)
    assert second.at_once == 0
    gate, first = step(gate, limits, "a", Report(), 1, 2.0, 0.5)
    gate, second = step(gate, limits, "b", Report(), 1, 3.0, 0.5)
    assert (first.at_once, second.at_once) == (3, 2)


def test_the_part_of_a_worker_that_is_gone_is_free_after_a_while() -> None:
    """Killed with all of it in hand: the others wait half a minute for it, not for ever."""
    limits = Sparing(at_once=2)
    gate = passes(limits, "dead")
    gate, alive = step(gate, limits, "alive", Report(), 1, 10.0, 0.5)
    assert alive.at_once == 0
    _, alive = step(gate, limits, "alive", Report(), 1, SLOT_SECONDS + 0.1, 0.5)
    assert alive.at_once == 2


def test_what_is_under_way_is_not_given_to_others() -> None:
    """A worker that came down to its share still counts with what it has running."""
    limits = Sparing(at_once=4)
    gate = passes(limits, "a")
    gate = passes(limits, "b", gate=gate)
    gate, first = step(gate, limits, "a", Report(busy=4), 1, 1.0, 0.5)
    assert first.at_once == 2
    _, second = step(gate, limits, "b", Report(), 1, 2.0, 0.5)
    assert second.at_once == 0


def test_what_one_worker_met_spares_the_destination_from_all() -> None:
    """Five failures of one open the breaker for every other (R134)."""
    limits = Sparing(breaker=BreakerRules(failures_max=5))
    gate, own = step(Gate(), limits, "a", FAILED, 1, 100.0, 0.5)
    _, other = step(gate, limits, "b", Report(), 1, 100.1, 0.5)
    assert not own.is_open
    assert not other.is_open
    assert 0 < other.wait_seconds <= 1.0


def test_failures_of_different_workers_add_up() -> None:
    """Each met less than it takes; together they did."""
    limits = Sparing(breaker=BreakerRules(failures_max=5))
    gate, _ = step(Gate(), limits, "a", Report(Seen(0, 3, 3)), 1, 100.0, 0.5)
    gate, allowed = step(gate, limits, "b", Report(Seen(0, 2, 2)), 1, 100.0, 0.5)
    assert not allowed.is_open


def test_one_probe_goes_when_the_pause_is_over() -> None:
    """One request of one worker; the others wait for what comes of it."""
    limits = Sparing()
    gate, _ = step(Gate(), limits, "a", FAILED, 1, 100.0, 0.5)
    gate, probe = step(gate, limits, "b", Report(), 8, 102.0, 0.5)
    assert (probe.probe, probe.at_once, probe.requests) == (True, 1, 1)
    gate, other = step(gate, limits, "a", Report(), 8, 102.1, 0.5)
    assert not other.is_open
    gate, after = step(gate, limits, "b", Report(Seen(1, 0, 0)), 8, 103.0, 0.5)
    assert after.is_open
    assert not after.probe


def test_a_wish_to_be_spared_holds_for_all() -> None:
    """Retry-After of one answer pauses the whole destination, for exactly so long (N5)."""
    limits = Sparing()
    gate, _ = step(Gate(), limits, "a", Report(throttled=True, asked_seconds=30.0), 1, 100.0, 0.5)
    _, other = step(gate, limits, "b", Report(), 1, 129.9, 0.5)
    assert not other.is_open
    assert abs(other.wait_seconds - 0.1) < 1e-6
    _, other = step(gate, limits, "b", Report(), 1, 130.0, 0.5)
    assert other.is_open


def test_a_shorter_wish_does_not_shorten_a_longer_one() -> None:
    """Never undercut (I23)."""
    limits = Sparing()
    gate, _ = step(Gate(), limits, "a", Report(asked_seconds=60.0), 1, 100.0, 0.5)
    gate, _ = step(gate, limits, "b", Report(asked_seconds=1.0), 1, 101.0, 0.5)
    assert gate.pause_until == 160.0


def test_slow_down_without_a_time_is_answered_by_growing_pauses() -> None:
    """A second, two, four, up to a minute; a success begins anew."""
    gate, waits = Gate(), []
    for _ in range(8):
        gate, told = step(gate, Sparing(), "a", Report(throttled=True), 1, 0.0, 1.0)
        waits.append(told.wait_seconds)
        gate = Gate(throttled=gate.throttled)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    gate, _ = step(gate, Sparing(), "a", Report(Seen(1, 0, 0)), 1, 0.0, 1.0)
    assert gate.throttled == 0


def test_l3_workers_share_what_may_be_repeated() -> None:
    """Evenly; where there is less than one each, luck gives it to one of them."""
    limits = Sparing(at_once=8)
    gate = passes(limits, "a", "b", "c", "d")
    _, told = step(gate, limits, "a", Report(), 1, 0.0, 0.5)
    assert told.again == FLOOR / 4
    gate, _ = step(gate, limits, "a", Report(again=FLOOR - 2.0), 1, 0.0, 0.5)
    lucky = [step(gate, limits, "b", Report(), 1, 0.0, n / 100)[1].again for n in range(100)]
    assert Counter(lucky) == {1.0: 50, 0.0: 50}


def test_a_worker_that_changes_nothing_leaves_the_state_as_it_is() -> None:
    """So that idle workers write nothing."""
    gate = passes(Sparing(), "a", "b", now=100.0)
    gate = passes(Sparing(), "a", "b", gate=gate, now=101.0)
    assert passes(Sparing(), "a", "b", gate=gate, now=105.0) == gate


@given(st.integers(0, 4), st.integers(0, 4), st.floats(0, 100))
def test_a_gate_is_read_as_it_was_written(failures: int, throttled: int, now: float) -> None:
    """The store keeps bytes."""
    report = Report(Seen(0, failures, failures), throttled=throttled > 2, first=2.0, again=0.5)
    gate, _ = step(Gate(), Sparing(per_second=3.0), "a", report, 2, now, 0.3)
    assert decode(encode(gate)) == gate
    assert decode(b"") == Gate()


def test_how_a_request_went() -> None:
    """A refusal is an answer; silence is a failure, but not what failed before and fails again."""
    cases: list[tuple[list[FarAnswer], float, tuple[Health, float | None]]] = [
        ([Accepted("n")], 0.0, (Health.FINE, None)),
        ([Refused("no")], 0.0, (Health.FINE, None)),
        ([Unknown("?"), Refused("no")], 0.0, (Health.FINE, None)),
        ([Unknown("?")], 0.0, (Health.FAILED, None)),
        ([Unknown("?"), Unknown("?")], 0.5, (Health.FAILED, None)),
        ([Unknown("?")], 1.0, (Health.ODD, None)),
        ([DOWN], 1.0, (Health.FAILED, None)),
        ([LATER], 0.0, (Health.FAILED, 30.0)),
        ([WAITS], 0.0, (Health.FINE, None)),
        ([WAITS, DOWN], 0.0, (Health.FINE, None)),
        ([BUSY], 0.0, (Health.THROTTLED, 7.0)),
        ([Accepted("n"), BUSY], 0.0, (Health.THROTTLED, 7.0)),
    ]
    for answers, again, expected in cases:
        assert health(answers, again) == expected, answers


def test_people_see_how_a_destination_fares() -> None:
    """Where the breaker stands, when it probes, who has how many requests at once."""
    gate, _ = step(Gate(), Sparing(at_once=3), "a", FAILED, 1, 100.0, 1.0)
    shown = view(gate, Sparing(at_once=3), 100.25)
    assert shown.breaker is Position.OPEN
    assert shown.next_probe_seconds == 0.75
    assert (shown.failures, shown.at_once, shown.retries_left) == (5, {"a": 3}, FLOOR)
    assert shown.open_since == 100.0
    assert view(Gate(), Sparing(), 0.0).next_probe_seconds is None
    assert view(Gate(), Sparing(), 0.0).open_since is None


def test_people_see_how_long_a_quota_lasts() -> None:
    """Until the next request may go; nothing where there is no quota, or it has moments left."""
    slow = Sparing(per_second=0.1)
    gate, _ = step(Gate(), slow, "a", Report(), 1, 100.0, 1.0)
    assert view(gate, slow, 104.0).quota_seconds == 6.0
    assert view(gate, slow, 110.0).quota_seconds == 0.0
    assert view(gate, Sparing(), 104.0).quota_seconds == 0.0
    assert view(gate, slow, 10.0).quota_seconds == 0.0  # a wrong clock wrote that
