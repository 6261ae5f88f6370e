"""How long to wait before trying again, and when to stop trying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ASKED_SECONDS_MAX: Final = 86_400.0
"""The longest wait that a far side may ask of us at a time; after it we knock again."""


FAR_SIDE_SHARE: Final = 0.9
"""The part of an attempt's time that the far side has; the rest is for recording what came of it.
"""

RECORDING_SECONDS: Final = 5.0
"""What an attempt has beyond the time of one request, at the least."""


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Exponential back-off with full jitter, bounded in wait and in tries.

    Source of the jitter rule: spread every wait evenly over [0, bound], so that those who failed
    together do not come back together.
    """

    first_seconds: float = 0.25
    wait_seconds_max: float = 60.0
    attempts_max: int = 40

    def wait_seconds(self, attempt: int, chance: float, asked_seconds: float | None) -> float:
        """The wait after failed attempt number `attempt` (1 is the first).

        `chance` is a number in [0, 1); `asked_seconds` is the far side's Retry-After, which is
        never undercut up to `ASKED_SECONDS_MAX`, whatever a connector makes of it.
        """
        bound = min(self.wait_seconds_max, self.first_seconds * 2.0 ** min(attempt - 1, 30))
        jittered = bound * (0.1 + 0.9 * chance)
        if asked_seconds is None:
            return jittered
        return max(
            min(ASKED_SECONDS_MAX, asked_seconds), jittered
        )  # in this order: NaN is bounded too

    def exhausted(self, tries: int) -> bool:
        """Whether this was the last try."""
        return tries >= self.attempts_max
