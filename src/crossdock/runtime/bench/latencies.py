"""How long calls took, in a memory that does not grow with their number."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

_FIRST_SECONDS = 1e-6
_STEP = 1.01
_LOG_STEP = math.log(_STEP)


@dataclass(slots=True)
class Latencies:
    """Counts by classes of time, each 1 % wider than the one before: a percentile errs by that."""

    classes: Counter[int] = field(default_factory=Counter)

    def __len__(self) -> int:
        return self.classes.total()

    def add(self, seconds: float) -> None:
        """One more that took so long."""
        over = max(seconds, _FIRST_SECONDS) / _FIRST_SECONDS
        self.classes[math.ceil(math.log(over) / _LOG_STEP)] += 1

    def merge(self, others: Latencies) -> None:
        """Those of somebody else too."""
        self.classes.update(others.classes)

    def seconds(self, part: float) -> float:
        """A time that this part of them did not exceed; 0 where there are none."""
        wanted = part * len(self)
        seen = 0
        for number in sorted(self.classes):
            seen += self.classes[number]
            if seen >= wanted:
                return _FIRST_SECONDS * float(_STEP**number)
        return 0.0

    def figures(self, name: str) -> Iterator[tuple[str, float]]:
        """The two percentiles that a bench prints, in milliseconds."""
        for part in (50, 99):
            yield f"{name}p{part}_ms", round(self.seconds(part / 100) * 1000, 2)
