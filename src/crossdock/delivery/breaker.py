"""When a destination is left alone: a circuit breaker, as a function of what was seen of requests.

Closed, everything may go. After so many failed requests in a row it is open: nothing goes, for a
pause that doubles each time. Then it is half open: one worker sends one effect, the probe. If that
fails it is open again; if it succeeds it is closed, and what may be sent grows from little, so that
a system that comes back is not run over by everything that waited for it (N14). As many
failures in a row open it again, not one: over a line that loses replies one follows every few
requests, and a system that is well again would be left alone most of the time. Only when it has
stayed closed for the length of that ramp are the pauses short again: one that comes and goes is
probed and no more (N15).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec


class Position(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker(msgspec.Struct, frozen=True, omit_defaults=True):
    """What all workers of a destination know of it; moments are seconds of the civil clock."""

    failures: int = 0  # requests that failed in a row
    openings: int = 0  # how often it opened without having stayed closed
    open_until: float = 0.0  # 0: it is closed
    prober: str = ""  # who sends the probe
    probe_until: float = 0.0  # when another may, if that one is not heard of again
    closed_at: float = 0.0  # when it was closed last
    opened_at: float = 0.0  # since when it has not been closed; 0: it is, or nobody wrote it down


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """How patient it is, in requests and seconds."""

    failures_max: int = 5
    pause_seconds: float = 1.0
    pause_seconds_max: float = 60.0
    probe_seconds: float = 90.0
    ramp_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Seen:
    """How requests of one worker went, in their order: those at the end count as in a row."""

    succeeded: int = 0
    failed: int = 0
    failed_last: int = 0  # since the last that succeeded


NOTHING_SEEN: Final = Seen()


def position(breaker: Breaker, rules: BreakerRules, now: float) -> Position:
    """Where it stands at this moment.

    A pause longer than the longest was written by a clock that was wrong, and is over.
    """
    if not breaker.open_until:
        return Position.CLOSED
    waits = 0 < breaker.open_until - now < rules.pause_seconds_max + 1.0
    return Position.OPEN if waits else Position.HALF_OPEN


def after(
    breaker: Breaker, rules: BreakerRules, holder: str, seen: Seen, now: float, chance: float
) -> Breaker:
    """What the breaker is after a worker's requests; `chance` in [0, 1) scatters the pause."""
    if not seen.succeeded and not seen.failed:
        return breaker
    if breaker.open_until:
        return _probed(breaker, rules, holder, seen, now, chance)
    failures = seen.failed_last + (0 if seen.succeeded else breaker.failures)
    ramping = 0 <= now - breaker.closed_at < rules.ramp_seconds
    openings = 0 if seen.succeeded and not ramping else breaker.openings
    if failures >= rules.failures_max:
        return _opened(openings + 1, failures, rules, now, chance, now)
    return msgspec.structs.replace(breaker, failures=failures, openings=openings)


def probing(breaker: Breaker, rules: BreakerRules, holder: str, now: float) -> Breaker | None:
    """The breaker with this worker as the prober; None where another one is at it."""
    theirs = breaker.prober not in ("", holder)
    if theirs and 0 < breaker.probe_until - now < rules.probe_seconds + 1.0:
        return None
    if breaker.prober == holder and breaker.probe_until - now > rules.probe_seconds / 2:
        return breaker
    return msgspec.structs.replace(breaker, prober=holder, probe_until=now + rules.probe_seconds)


def ramp(breaker: Breaker, rules: BreakerRules, now: float) -> float | None:
    """How many requests a second may go now; None: it did not open lately, as many as will.

    Two, doubled every second: after half a minute that is no limit any more.
    """
    since = now - breaker.closed_at
    if not breaker.openings or not 0 <= since < rules.ramp_seconds:
        return None
    return float(2.0 * 2.0**since)


def _probed(
    breaker: Breaker, rules: BreakerRules, holder: str, seen: Seen, now: float, chance: float
) -> Breaker:
    """Only the probe decides: what was under way when it opened says nothing of now."""
    if breaker.prober != holder:
        return breaker
    if seen.failed_last:
        failures, since = breaker.failures + seen.failed, breaker.opened_at
        return _opened(breaker.openings + 1, failures, rules, now, chance, since)
    return Breaker(openings=breaker.openings, closed_at=now)


def _opened(
    openings: int, failures: int, rules: BreakerRules, now: float, chance: float, since: float
) -> Breaker:
    bound = min(rules.pause_seconds_max, rules.pause_seconds * 2.0 ** min(openings - 1, 30))
    until = now + bound * (0.5 + 0.5 * chance)
    return Breaker(failures, openings, until, opened_at=since)
