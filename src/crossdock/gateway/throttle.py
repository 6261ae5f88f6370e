"""How often one may: wrong keys per address, messages per system; in bounded memory.

A right key is never turned away for wrong ones from the same address: behind a proxy, or on one
machine, one system with a stale key would otherwise lock out all the others. Keys of 128 bits are
not guessed; this bounds noise, and shows a caller that it is wrong for good.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

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


BURST_SECONDS = 10
"""What a system did not use of its share it may use later, up to so many seconds' worth."""


class Shares:
    """How many messages each system may still send; whoever is not named has no limit.

    A request is taken whole and paid for afterwards: a batch may be larger than what is left, and
    then its sender waits until the debt is paid. So no batch size is too large for a small share.
    """

    def __init__(self, per_second: Mapping[str, int]) -> None:
        """`per_second` names the systems that have a limit, in messages."""
        self._per_second = {name: rate for name, rate in per_second.items() if rate}
        self._left = {name: float(rate * BURST_SECONDS) for name, rate in self._per_second.items()}
        self._paid_at: dict[str, float] = {}

    def wait_seconds(self, system: str, monotonic_seconds: float) -> int:
        """How long this system must wait before it may send, in whole seconds; 0: not at all."""
        rate = self._per_second.get(system)
        if rate is None:
            return 0
        since = monotonic_seconds - self._paid_at.get(system, monotonic_seconds)
        self._paid_at[system] = monotonic_seconds
        self._left[system] = min(self._left[system] + since * rate, rate * BURST_SECONDS)
        return math.ceil(-self._left[system] / rate) if self._left[system] < 0 else 0

    def charge(self, system: str, messages: int) -> None:
        """Count what a system sent."""
        if system in self._left:
            self._left[system] -= messages
