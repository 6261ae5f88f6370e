"""Who of the hubs and workers on this database lives, judged without comparing clocks (T1, T5).

Each says again and again that it lives; whoever's count stands still while we look, for long
enough by our own steady clock, is gone. So neither a clock that jumps nor two clocks that differ
can make an attempt look abandoned whose holder is at it. Nor can our own silence: a process that
was stopped, or that waited long for an answer, has heard nothing meanwhile and concludes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Heard:
    count: int
    at: float  # by our steady clock, when its count was first known to be this
    silent_seconds: float = 0.0  # how long it had stood there when we asked last


@dataclass(slots=True)
class Holders:
    """What was heard of each name, and for how long it has been silent."""

    silent_seconds_max: float
    _heard: dict[str, _Heard] = field(default_factory=dict)

    def hear(self, beats: Mapping[str, int], asked: float, answered: float) -> None:
        """Take note of everybody's counts, asked for and answered at these seconds of our clock.

        The counts are at least as new as the question. Who is first heard of has the benefit of the
        doubt.
        """
        for name in set(self._heard) - set(beats):
            del self._heard[name]
        for name, count in beats.items():
            last = self._heard.get(name)
            if last is None or last.count != count:
                self._heard[name] = _Heard(count, answered)
            else:
                last.silent_seconds = max(0.0, asked - last.at)

    @property
    def alive(self) -> frozenset[str]:
        """Those whose count grew, not long before we asked last."""
        return frozenset(name for name, last in self._heard.items() if not self._is_gone(last))

    def gone(self) -> dict[str, int]:
        """Those that were silent for too long, with the count at which they stopped."""
        return {name: last.count for name, last in self._heard.items() if self._is_gone(last)}

    def _is_gone(self, last: _Heard) -> bool:
        return last.silent_seconds > self.silent_seconds_max
