"""How many requests may be repetitions: few, so that trying again never becomes the load (I23, L3).

Over the last minute, requests that repeat are at most a tenth of those that tell something for the
first time, and one a second. A request counts by the part of its effects that were tried before.
Source of the tenth: "Handling Overload" in Google's Site Reliability Engineering, chapter 21.
"""

from __future__ import annotations

from typing import Final

import msgspec

WINDOW_SECONDS: Final = 60.0
STEP_SECONDS: Final = 5.0
SHARE: Final = 0.1
FLOOR: Final = 60.0
"""Repetitions in a minute that are always allowed, one a second: a destination with nothing new
must get its repetitions too, and what was told while it was away must not wait for minutes."""


class Step(msgspec.Struct, array_like=True, frozen=True):
    """What was sent in a few seconds, counted in requests."""

    began: float
    first: float
    again: float


Budget = tuple[Step, ...]
"""The steps of the last minute, the oldest first."""


def booked(budget: Budget, first: float, again: float, now: float) -> Budget:
    """The budget with more sent, and without what is older than the window."""
    kept = tuple(step for step in budget if 0 <= now - step.began < WINDOW_SECONDS)
    if not first and not again:
        return kept
    if kept and now - kept[-1].began < STEP_SECONDS:
        last = kept[-1]
        return (*kept[:-1], Step(last.began, last.first + first, last.again + again))
    return (*kept, Step(now, first, again))


def allowance(budget: Budget, now: float) -> float:
    """How many requests may be repetitions now."""
    kept = booked(budget, 0, 0, now)
    first, again = sum(step.first for step in kept), sum(step.again for step in kept)
    return max(0.0, FLOOR + SHARE * first - again)
