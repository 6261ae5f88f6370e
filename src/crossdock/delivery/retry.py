"""How long to wait before trying again, and when to stop trying."""

from __future__ import annotations

from dataclasses import dataclass


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
        never undercut.
        """
        bound = min(self.wait_seconds_max, self.first_seconds * 2.0 ** min(attempt - 1, 30))
        jittered = bound * (0.1 + 0.9 * chance)
        return jittered if asked_seconds is None else max(asked_seconds, jittered)

    def exhausted(self, attempt: int) -> bool:
        """Whether this was the last try."""
        return attempt >= self.attempts_max
