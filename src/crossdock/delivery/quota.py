"""How many requests a second a destination gets, all workers together (R135).

The next moment at which a request may go is one number; whoever takes some moves it on. Each worker
takes a short block at a time, so a request costs no statement of its own. In any stretch of W
seconds no more than W times the rate, and one, are sent: nothing is saved up for later. Source: the
generic cell rate algorithm of ITU-T I.371, with a tolerance of nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BLOCK_SECONDS: Final = 1.0
"""How far ahead a block may reach."""


@dataclass(frozen=True, slots=True)
class Block:
    """Requests that one worker may send, each not before its moment."""

    first_at: float
    spacing_seconds: float
    requests: int

    @property
    def end(self) -> float:
        """When the request after them may go, whoever's that is."""
        return self.first_at + self.requests * self.spacing_seconds


def taken(next_at: float, per_second: float, wanted: int, now: float) -> Block:
    """The next requests, at most `wanted` and at most a second ahead; it may be none.

    A next moment further ahead than a block and one request was written by a clock that was wrong.
    """
    spacing = 1.0 / per_second
    if next_at > now + BLOCK_SECONDS + spacing:
        next_at = now
    first = max(next_at, now)
    left = now + BLOCK_SECONDS - first
    fitting = int(left * per_second) + 1 if left >= 0 else 0
    return Block(first, spacing, max(0, min(wanted, fitting)))


def given_back(next_at: float, block: Block, unused: int) -> float:
    """The next moment when the last of a block were not needed; only the newest can be undone."""
    if next_at != block.end:
        return next_at
    return next_at - min(unused, block.requests) * block.spacing_seconds
