"""The real clock and real chance: the only place that reads them."""

from __future__ import annotations

import random
import secrets
import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


class SystemRandomness:
    """The machine's chance: good enough for jitter, strong where tokens are made."""

    def uniform(self, low: float, high: float) -> float:
        """A number between the two."""
        return random.uniform(low, high)

    def token_bytes(self, size_bytes: int) -> bytes:
        """Unguessable bytes."""
        return secrets.token_bytes(size_bytes)


class SystemIds:
    """Ids that sort by the time they were made: UUID version 7 (RFC 9562, section 5.7)."""

    def new(self) -> str:
        """A fresh id of 32 hexadecimal digits."""
        milliseconds = time.time_ns() // 1_000_000
        chance = secrets.randbits(74)
        high = (milliseconds << 16) | 0x7000 | (chance >> 62)
        low = (0b10 << 62) | (chance & ((1 << 62) - 1))
        return f"{(high << 64) | low:032x}"
