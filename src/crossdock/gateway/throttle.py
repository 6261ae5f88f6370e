"""Counts wrong keys per address, in bounded memory.

A right key is never turned away for wrong ones from the same address: behind a proxy, or on one
machine, one system with a stale key would otherwise lock out all the others. Keys of 128 bits are
not guessed; this bounds noise, and shows a caller that it is wrong for good.
"""

from __future__ import annotations

from crossdock.kernel.limits import WRONG_KEY_ADDRESSES_MAX, WRONG_KEYS_PER_MINUTE_MAX

_WINDOW_SECONDS = 60.0
_ALL_OTHERS = ""


class WrongKeys:
    """How many wrong keys came from where in this minute."""

    def __init__(self, per_minute_max: int = WRONG_KEYS_PER_MINUTE_MAX) -> None:
        self._per_minute_max = per_minute_max
        self._counts: dict[str, int] = {}
        self._started_seconds = 0.0

    def too_many(self, address: str, monotonic_seconds: float) -> bool:
        """Count one more wrong key from this address; say whether that is too many."""
        if monotonic_seconds - self._started_seconds >= _WINDOW_SECONDS:
            self._counts.clear()
            self._started_seconds = monotonic_seconds
        if len(self._counts) >= WRONG_KEY_ADDRESSES_MAX and address not in self._counts:
            address = _ALL_OTHERS
        count = self._counts.get(address, 0) + 1
        self._counts[address] = count
        return count > self._per_minute_max
