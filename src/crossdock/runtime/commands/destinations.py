"""How each destination fares: its gate, and what is still to be told, lane by lane.

For `crossdock state` and `crossdock check`; the store gives rows and bytes, `delivery.gate` reads
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from crossdock.delivery.breaker import Position
from crossdock.delivery.gate import Gate, Sparing, decode, view
from crossdock.log.ports import Store
from crossdock.log.records import EffectState, Lane
from crossdock.log.views import BacklogRow


@dataclass(frozen=True, slots=True)
class Destination:
    """One destination at one moment; seconds count from then."""

    name: str
    breaker: str
    failures: int  # requests in a row
    next_probe_seconds: float | None
    paused_seconds: float  # for how long it asked to be spared
    at_once: int
    per_second: float | None
    at_once_of: Mapping[str, int]  # worker -> its part of the requests at once
    retries_left: float  # requests that may be repetitions now
    backlog: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # lane -> state
    oldest_due_seconds: float | None = None  # how long ago the oldest that is due was intended
    open_since: datetime | None = None  # since when its breaker has not been closed
    quota_seconds: float = 0.0  # until its quota lets the next request go

    @property
    def left(self) -> int:
        """Effects that are still to be told."""
        return sum(sum(states.values()) for states in self.backlog.values())

    def in_words(self) -> str:
        """One line for people."""
        parts = [self.gate_in_words()]
        for lane, states in self.backlog.items():
            counts = ", ".join(f"{count} {state}" for state, count in states.items())
            parts.append(f"{lane}: {counts}")
        if self.oldest_due_seconds is not None:
            parts.append(f"oldest due for {self.oldest_due_seconds:.0f} s")
        return "; ".join(parts)

    def gate_in_words(self) -> str:
        """How it is spared, and until when."""
        parts = [f"breaker {self.breaker}"]
        if self.failures:
            parts.append(f"{self.failures} requests failed in a row")
        if self.next_probe_seconds is not None:
            parts.append(f"next probe in {self.next_probe_seconds:.0f} s")
        if self.paused_seconds:
            parts.append(f"asked to be spared for {self.paused_seconds:.0f} s more")
        return "; ".join(parts)

    def quota_in_words(self) -> str:
        """How many requests it may get, and when the next."""
        rate = self.per_second or 0.0
        many = f"{rate:g} requests a second" if rate >= 1 else f"{rate * 3600:g} requests an hour"
        return f"its quota of {many}: the next may go in {self.quota_seconds:.0f} s"

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to say about it."""
        return self.breaker == Position.CLOSED and not self.paused_seconds


def destination(
    name: str, gate: Gate, sparing: Sparing, rows: Sequence[BacklogRow], now: datetime
) -> Destination:
    """What a gate and a backlog say at this moment."""
    shown = view(gate, sparing, now.timestamp())
    backlog: dict[str, dict[str, int]] = {}
    for row in sorted(rows, key=lambda row: (row.lane, row.state)):
        lane, state = Lane(row.lane).name.lower(), EffectState(row.state).name.lower()
        backlog.setdefault(lane, {})[state] = row.effects
    due = [row.oldest for row in rows if row.state == EffectState.DUE]
    return Destination(
        name=name,
        breaker=shown.breaker,
        failures=shown.failures,
        next_probe_seconds=shown.next_probe_seconds,
        paused_seconds=shown.paused_seconds,
        at_once=sparing.at_once,
        per_second=sparing.per_second,
        at_once_of=shown.at_once,
        retries_left=shown.retries_left,
        backlog=backlog,
        oldest_due_seconds=(now - min(due)).total_seconds() if due else None,
        open_since=None
        if shown.open_since is None
        else datetime.fromtimestamp(shown.open_since, UTC),
        quota_seconds=shown.quota_seconds,
    )


async def destinations(
    store: Store, sparing: Mapping[str, Sparing], now: datetime
) -> list[Destination]:
    """Every configured destination, by name, and such as something is still to be told to."""
    rows: dict[str, list[BacklogRow]] = {}
    for row in await store.backlog():
        rows.setdefault(row.destination, []).append(row)
    return [
        destination(
            name,
            decode((await store.gate(name))[1]),
            sparing.get(name, Sparing()),
            rows.get(name, []),
            now,
        )
        for name in sorted({*sparing, *rows})
    ]
