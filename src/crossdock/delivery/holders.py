"""Who of the hubs and workers on this database lives, judged without comparing clocks (T1, T5).

Each says again and again that it lives; whoever's count does not grow while our own steady clock
goes on for long enough is gone. So neither a clock that jumps nor two clocks that differ can make
an attempt look abandoned whose holder is at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Holders:
    """What was heard of each name, and when by our own steady clock."""

    silent_seconds_max: float
    _heard: dict[str, tuple[int, float]] = field(default_factory=dict)

    def hear(self, beats: Mapping[str, int], seconds: float) -> None:
        """Take note of everybody's counts at this moment of our steady clock."""
        for name in set(self._heard) - set(beats):
            del self._heard[name]
        for name, count in beats.items():
            if self._heard.get(name, (-1, 0.0))[0] != count:
                self._heard[name] = (count, seconds)

    def alive(self, seconds: float) -> frozenset[str]:
        """Those whose count grew not long ago; who is first heard of has the benefit of doubt."""
        return frozenset(
            name
            for name, (_, heard) in self._heard.items()
            if seconds - heard <= self.silent_seconds_max
        )

    def gone(self, seconds: float) -> frozenset[str]:
        """Those that were silent for too long."""
        return frozenset(self._heard) - self.alive(seconds)
