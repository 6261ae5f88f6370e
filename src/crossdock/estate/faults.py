"""What can go wrong at a simulated system, as shares and windows; chance comes from a seed."""

from __future__ import annotations

from random import Random
from typing import Annotated

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0, le=1)]
"""How often something happens: 0 never, 1 always."""

Seconds = Annotated[float, Meta(ge=0, le=86_400)]


class Outage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time in which nobody listens; counted from when the faults were set."""

    after_seconds: Seconds = 0.0
    for_seconds: Seconds


class Faults(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The faults of one system; all off unless named."""

    # What the hub meets when it tells the system something.
    latency_seconds: tuple[Seconds, Seconds] = (0.0, 0.0)  # from, to
    busy: Share = 0.0  # answers 429; nothing is done
    retry_after_seconds: Annotated[int, Meta(ge=0, le=3_600)] = 1
    errors: Share = 0.0  # answers 500; nothing is done
    item_errors: Share = 0.0  # answers 500 for one event of a batch; nothing is done
    lost_requests: Share = 0.0  # hangs up; nothing is done
    lost_replies: Share = 0.0  # does it, then hangs up
    outages: Annotated[tuple[Outage, ...], Meta(max_length=100)] = ()
    # What the system does when it tells the hub something.
    duplicates: Share = 0.0  # a message is sent once more, some time later
    reordering: Share = 0.0  # the messages of a post are shuffled with those that follow
    forgotten_receipts: Share = 0.0  # the hub's answer is lost on its way


class Chance:
    """A seeded stream of yes and no; one per system, so that systems do not disturb each other."""

    def __init__(self, seed: int, system: str) -> None:
        self._random = Random(f"{seed}/{system}/faults")

    def hits(self, share: float) -> bool:
        """Say yes with this probability; a share of zero draws nothing."""
        return share > 0.0 and self._random.random() < share

    def between(self, bounds: tuple[float, float]) -> float:
        """Draw evenly from a range."""
        low, high = bounds
        return low if high <= low else self._random.uniform(low, high)

    def shuffle(self, things: list[tuple[str, bytes]]) -> None:
        """Put things in any order."""
        self._random.shuffle(things)
