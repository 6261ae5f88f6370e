"""What happened in a schedule, line by line: the evidence of a failure and the proof of sameness.

Two runs of one seed must write the same lines; the digest of all lines tells in one comparison.
Beside it stand the counts of what was ever reached: a simulator that never gets somewhere finds
nothing there.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from hashlib import blake2b

from crossdock.runtime.simulation.loop import OWNER


class Trace:
    """One schedule's lines and counts."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.lines: list[str] = []
        self.reached: Counter[str] = Counter()
        self._loop = loop

    def say(self, text: str) -> None:
        """Write a line, in the name of whoever is at work."""
        owner = OWNER.get()
        self.lines.append(f"{self._loop.time():.6f} {owner.name if owner else '-'} {text}")

    def reach(self, what: str) -> None:
        """Count that something was reached."""
        self.reached[what] += 1

    def digest(self) -> str:
        """Sixteen hex digits of all lines."""
        return blake2b("\n".join(self.lines).encode(), digest_size=8).hexdigest()

    def about(self, words: list[str], how_many: int = 30) -> list[str]:
        """The last lines that name one of these words; the last lines of all where none does."""
        named = [line for line in self.lines if any(word in line for word in words if word)]
        return (named or self.lines)[-how_many:]
