"""A steady load for a while: do memory, descriptors and database sessions stay where they are?

The story is fed at a fixed pace, so that every sample is taken of the same work. Figures are
compared between the second half of the run and the first, after a time to warm up; a line is laid
through the samples for the slope. A short run bounds a leak, it does not prove that there is none:
say --seconds for longer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean, linear_regression
from typing import Any

from crossdock.contracts.words import Noun
from crossdock.estate.feed import feed
from crossdock.estate.system import System
from crossdock.runtime.accounts import open_files, rss_mib
from crossdock.runtime.console import hint
from crossdock.runtime.demo.run import Wish
from crossdock.runtime.watching import left_to_do
from crossdock.testing.outside.eyes import Eyes
from crossdock.testing.outside.grounds import Grounds, RunFailed, standing, started
from crossdock.testing.outside.report import Stage

_SAMPLE_SECONDS = 1.0
_WARM_SHARE = 0.4
"""How much of a run is for pools to fill and caches to warm, before anything is compared."""

_FILES_MORE_MAX = 10
_SESSIONS_MAX = 3 * 16 + 2
"""Of hub and worker, 16 each at most, and a few for those that look."""


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """How long, and how much a second."""

    wish: Wish
    seconds: float = 60.0
    steps_per_second: float = 100.0  # of the story: an order, a return, a receipt of goods
    memory_mib_max: float = 1_024.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What hub and database used at one moment, and what was left to do."""

    seconds: float
    rss_mib: float
    files: int
    sessions: int
    undecided: int


@dataclass(slots=True)
class SoakReport:
    """The samples of a run and what was found."""

    plan: SoakPlan
    samples: list[Sample] = field(default_factory=list)
    messages: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.violations and bool(self.warm)

    @property
    def warm(self) -> Sequence[Sample]:
        """The samples that are compared."""
        return self.samples[int(len(self.samples) * _WARM_SHARE) :]

    def slope_per_hour(self, figure: str) -> float:
        """How much a figure grows in an hour at this pace: least squares over the warm samples."""
        times = [sample.seconds for sample in self.warm]
        values = [float(getattr(sample, figure)) for sample in self.warm]
        return linear_regression(times, values).slope * 3_600 if len(times) > 2 else 0.0

    def as_json(self) -> dict[str, Any]:
        """All of it as one JSON-able object."""
        figures = {
            f"{name}_{what}": round(value, 1)
            for name in ("rss_mib", "files", "sessions", "undecided")
            for what, value in (
                ("mean", fmean(getattr(one, name) for one in self.warm) if self.warm else 0.0),
                ("max", max((getattr(one, name) for one in self.samples), default=0)),
                ("per_hour", self.slope_per_hour(name)),
            )
        }
        return {
            "sound": self.sound,
            "seconds": self.plan.seconds,
            "steps_per_second": self.plan.steps_per_second,
            "messages": self.messages,
            **figures,
            "violations": len(self.violations),
            "violations_shown": self.violations[:20],
        }


async def play(plan: SoakPlan) -> SoakReport:
    """Soak for the plan's seconds; every process is gone when this returns."""
    report = SoakReport(plan)
    async with standing(plan.wish, None, Stage.EMBEDDED) as grounds:
        await started(grounds.hub)
        eyes = Eyes(await grounds.dsn())
        paces = {name: Paced(each, plan) for name, each in grounds.estate.systems.items()}
        feeding = asyncio.create_task(feed(plan.wish.story(), paces))
        try:
            await _sample(report, grounds, eyes, feeding)
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
            await eyes.close()
    _judge(report)
    return report


async def _sample(
    report: SoakReport, grounds: Grounds, eyes: Eyes, feeding: asyncio.Task[Any]
) -> None:
    while next(grounds.sent.receipts(), None) is None and not feeding.done():  # noqa: ASYNC110
        await asyncio.sleep(_SAMPLE_SECONDS)  # the story is being made up
    began = time.monotonic()
    pid = grounds.hub.pid
    while (seconds := time.monotonic() - began) < report.plan.seconds:
        if feeding.done():
            feeding.result()
            raise RunFailed("The story is over before the time is: ask for more orders")
        left = await eyes.look()
        sample = Sample(
            seconds,
            rss_mib(pid),
            open_files(pid),
            len(await eyes.sessions()),
            left.accepted - left.decided if left else 0,
        )
        report.samples.append(sample)
        if len(report.samples) % 10 == 1:
            hint(str(sample))
        await asyncio.sleep(_SAMPLE_SECONDS)
    left = await left_to_do(await eyes.connection())
    report.messages = left.accepted
    if not grounds.hub.alive:
        raise RunFailed("The hub ended by itself", found=grounds.hub.last_words())


def _judge(report: SoakReport) -> None:
    samples = report.warm
    if not samples:
        return
    if max(one.rss_mib for one in samples) > report.plan.memory_mib_max:
        report.violations.append(f"more than {report.plan.memory_mib_max:g} MiB of memory")
    grown = samples[-1].files - samples[0].files
    if grown > _FILES_MORE_MAX:
        report.violations.append(f"{grown} descriptors more than when it was warm")
    if max(one.sessions for one in samples) > _SESSIONS_MAX:
        report.violations.append(f"more than {_SESSIONS_MAX} sessions at the database")


class Paced:
    """A system as the feed sees it, at a fixed pace over all systems of a run."""

    def __init__(self, system: System, plan: SoakPlan) -> None:
        self._system = system
        self._seconds = 1 / plan.steps_per_second

    async def ready(self) -> None:
        """Return when the next step may go and the system has room."""
        await asyncio.sleep(self._seconds)
        await self._system.ready()

    async def report(self, type_name: str, noun: Noun, *, id: str, time: datetime) -> None:  # noqa: A002
        """See `estate.system.System.report`."""
        await self._system.report(type_name, noun, id=id, time=time)

    async def drained(self) -> None:
        """Return when the hub has everything that was said."""
        await self._system.drained()
