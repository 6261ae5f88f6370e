"""What the pure core asks the outside world for: the time, a new name, a roll of the dice.

Nothing below the runtime floor reads a clock or a random source itself, so a simulation that
hands in its own gets the same run from the same seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class Clock(Protocol):
    """Tells the time, twice: the civil one to record, the steady one to measure with."""

    def now(self) -> datetime:
        """Return the current moment, time-zone aware, in UTC; it may step when clocks are set."""
        ...

    def monotonic(self) -> float:
        """Return seconds since some fixed point; never goes back, means nothing by itself."""
        ...


class Ids(Protocol):
    """Gives names that nothing else has."""

    def new(self) -> str:
        """Return a fresh identifier, valid under `kernel.text`; later ones sort after earlier."""
        ...


class Randomness(Protocol):
    """Gives numbers nobody foresees, or the same ones again under a seed."""

    def uniform(self, low: float, high: float) -> float:
        """Return a number from `low` to `high`, evenly spread; used to scatter retries."""
        ...

    def token_bytes(self, size_bytes: int) -> bytes:
        """Return `size_bytes` bytes fit for a secret (foreseeable only in a simulation)."""
        ...
