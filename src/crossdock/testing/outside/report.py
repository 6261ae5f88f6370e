"""What a run was asked to do, what it struck, what it found; for people and as JSON."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from crossdock.runtime.console import say
from crossdock.runtime.demo.run import Wish

VIOLATIONS_SHOWN_MAX = 20
GAP_SECONDS = (0.02, 1.2)
"""From new messages until a blow: in the middle of what they bring about."""


class Blow(StrEnum):
    """What is done to the processes and to the lines between them."""

    HUB = "kill -9 hub"
    WORKER = "kill -9 worker"
    ALL = "kill -9 everything"
    DATABASE = "kill -9 database"
    PAUSE = "stop hub and continue"
    TERM = "terminate hub"
    RESTART = "restart database at once"
    SESSION = "kill -9 one session"
    STALL = "stop worker past its lease"
    STILL = "database stands still"
    COMMITS = "replies to COMMIT lost"
    REPLIES = "replies of far systems lost"
    REQUESTS = "requests to far systems lost"
    TWICE = "requests to far systems twice"  # to those that honour keys
    SILENCE = "one far system silent"
    LAG = "lag and jitter on all lines"
    SLEEPERS = "connections used up"
    DISK_LOW = "disk nearly full"
    DATA_FULL = "disk full"
    WAL_FULL = "disk of the write-ahead log full"


class Stage(StrEnum):
    """How what is struck stands."""

    EMBEDDED = "embedded"  # the hub runs its own database
    APART = "apart"  # database, worker and a proxy in every line are the harness's
    DISKS = "disks"  # the hub's own database on two small disks; needs root


EMBEDDED = {Blow.HUB: 40, Blow.ALL: 25, Blow.DATABASE: 10, Blow.PAUSE: 10, Blow.TERM: 15}
"""Blows and their weights where the hub runs its own database."""

APART = {
    Blow.HUB: 10,
    Blow.WORKER: 10,
    Blow.ALL: 14,
    Blow.PAUSE: 4,
    Blow.TERM: 8,
    Blow.RESTART: 14,
    Blow.SESSION: 8,
    Blow.STALL: 4,
    Blow.STILL: 4,
    Blow.COMMITS: 12,
    Blow.REPLIES: 12,
    Blow.REQUESTS: 4,
    Blow.TWICE: 6,
    Blow.SILENCE: 6,
    Blow.LAG: 4,
    Blow.SLEEPERS: 4,
}
"""Blows and their weights where database, worker and lines are the harness's."""

DISKS = {Blow.DISK_LOW: 40, Blow.DATA_FULL: 30, Blow.WAL_FULL: 30}
"""Blows and their weights where the database is on disks that can be made full."""

WEIGHTS = {Stage.EMBEDDED: EMBEDDED, Stage.APART: APART, Stage.DISKS: DISKS}

RESTARTING = frozenset({Blow.HUB, Blow.ALL, Blow.TERM})
"""After these the hub starts anew."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play, how often to strike, how long it may take."""

    wish: Wish
    rounds: int = 50
    stage: Stage = Stage.EMBEDDED
    floor: bool = True  # of the free room on a disk, below which the hub refuses
    only: tuple[Blow, ...] = ()  # none named: all of the weights
    gap_seconds: tuple[float, float] = GAP_SECONDS  # least and most, of work before a blow
    seconds_max: float = 1_200.0
    decided_seconds_max: float = 5.0  # from a hub's start until its first message is decided (L1)

    def weights(self) -> dict[Blow, int]:
        """Which blows may fall, and how often each."""
        weights = WEIGHTS[self.stage]
        may = [blow for blow in self.only or weights if self.floor or blow is not Blow.DISK_LOW]
        return {blow: weights.get(blow, 1) for blow in may}


@dataclass(slots=True)
class Struck:
    """One blow, what was under way when it fell, and how long the hub took to go on."""

    blow: Blow
    undecided: int = 0
    due: int = 0
    again: int = 0  # further kills while it was starting
    ended_seconds: float | None = None  # after SIGTERM
    listens_seconds: float | None = None  # None: it was not started anew
    taken_seconds: float | None = None  # until a far system had a receipt, its own pauses included
    decided_seconds: float | None = None
    detail: str = ""  # what came of it, in a few words
    load: float = 0.0  # the machine's load average just then: what others do delays a start

    def __str__(self) -> str:
        parts = [self.blow.value, f"{self.undecided} undecided, {self.due} due"]
        if self.again:
            parts.append(f"killed {self.again} times more while starting")
        for name, seconds in (
            ("ended", self.ended_seconds),
            ("listens", self.listens_seconds),
            ("taken", self.taken_seconds),
            ("decided", self.decided_seconds),
        ):
            if seconds is not None:
                parts.append(f"{name} {seconds:.2f} s")
        if self.detail:
            parts.append(self.detail)
        parts.append(f"load {self.load:.1f}")
        return "; ".join(parts)


@dataclass(slots=True)
class Report:
    """What was done and what was found."""

    plan: Plan
    blows: list[Struck] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether every blow was struck and nothing was found."""
        return not self.violations and len(self.blows) == self.plan.rounds

    def as_json(self) -> dict[str, Any]:
        """All of it as one JSON-able object."""
        blows = self.blows
        restarts = [struck for struck in blows if struck.blow in RESTARTING]
        return {
            "sound": self.sound,
            "rounds": len(blows),
            "seed": self.plan.wish.seed,
            "chaos": self.plan.wish.chaos,
            "stage": self.plan.stage.value,
            "blows": dict(sorted(Counter(struck.blow.value for struck in blows).items())),
            "killed_while_starting": sum(struck.again for struck in blows),
            "blows_amid_work": sum(1 for struck in blows if struck.undecided or struck.due),
            "listens_seconds": _spread(struck.listens_seconds for struck in restarts),
            "taken_seconds": _spread(struck.taken_seconds for struck in restarts),
            "decided_seconds": _spread(struck.decided_seconds for struck in restarts),
            "decided_seconds_by_blow": {
                blow.value: _spread(s.decided_seconds for s in blows if s.blow is blow)
                for blow in self.plan.weights()
            },
            "ended_seconds": _spread(struck.ended_seconds for struck in blows),
            "load": _spread(struck.load for struck in blows),
            **self.figures,
            "seconds": round(self.seconds, 1),
            "violations": len(self.violations),
            "violations_shown": self.violations[:VIOLATIONS_SHOWN_MAX],
        }


def _spread(seconds: Iterable[float | None]) -> dict[str, float]:
    known = [one for one in seconds if one is not None]
    if not known:
        return {}
    return {"p50": round(statistics.median(known), 2), "max": round(max(known), 2)}


def show(report: Report) -> None:
    """Print the summary for people."""
    figures = report.as_json()
    say(f"Struck {figures['rounds']} times in {figures['seconds']} s")
    for name, count in figures["blows"].items():
        say(f"  {name:32} {count}")
    say(f"  {'of these amid work':32} {figures['blows_amid_work']}")
    say(f"  {'and again while it started':32} {figures['killed_while_starting']}")
    for name, what in (
        ("listens_seconds", "start until it listens"),
        ("taken_seconds", "start until a peer had a receipt"),
        ("decided_seconds", "start until a message was decided"),
        ("ended_seconds", "SIGTERM until the end"),
    ):
        if spread := figures[name]:
            say(f"  {what:34} p50 {spread['p50']:5.2f} s, max {spread['max']:5.2f} s")
    if spread := figures["load"]:
        say(f"  {'load of the machine':34} p50 {spread['p50']:5.2f}, max {spread['max']:7.2f}")
    for name, figure in report.figures.items():
        say(f"  {name.replace('_', ' '):32} {figure}")
    say(f"{figures['violations']} violations")
    for violation in figures["violations_shown"]:
        say(f"  {violation}")
