"""How long the loops of a hub wait, and for how long what they hold is theirs.

One record, so that whoever drives a hub otherwise than a server does (the simulator, whose hours
pass in a second) changes the waits and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crossdock.delivery.retry import RetrySchedule


@dataclass(frozen=True, slots=True)
class Pace:
    """Waits in seconds; the defaults are those of a server."""

    lease_seconds: float = 10.0  # how long a partition or a desk is held without a word
    attempt_seconds: float = 60.0  # how long an attempt may take before it is doubtful
    gather_seconds: float = 0.05  # how long work may gather after a turn that was not full
    idle_seconds: float = 0.05  # how long a loop without work waits when nobody rings
    feed_idle_seconds: float = 0.5  # how often a feed is looked at that nobody rings for
    publish_idle_seconds: float = 1.0  # the same for availability
    publish_seconds: float = 0.25  # how often changed promises become effects: they coalesce
    sweep_seconds: float = 1.0  # how often timers, days and orders left waiting are looked for
    beat_seconds: float = 5.0  # how often hubs and workers say that they live
    look_seconds: float = 1.0  # how often the process looks at what it is short of
    silent_seconds: float = 60.0  # after how much silence one is gone, and its attempts anybody's
    retry: RetrySchedule = field(default_factory=RetrySchedule)
