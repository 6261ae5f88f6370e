"""Playing a story: each step is handed to the system that says it, in time order, under pressure.

The feed goes as fast as the systems let it: before each step it waits until the system has room in
its outbox, so memory stays flat while the hub is slow or down. A phase of the story ends when
everybody has told the hub everything: items are known before stock, stock before orders. A
cancellation or a return follows its order, because one step is handed over before the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from crossdock.contracts import catalogue
from crossdock.contracts.words import Noun
from crossdock.estate.stories.story import Accounting, Phase, Step, Story
from crossdock.kernel.errors import CrossdockError

TURN_STEPS = 64
"""Steps after which other tasks get their turn, though no outbox is full."""

STOCK_TYPES = frozenset({catalogue.STOCK_ADJUSTED, catalogue.RECEIPT_POSTED})
"""What a warehouse must know itself, before it tells the hub."""


class FarSystem(Protocol):
    """A simulated system as the feed sees it."""

    async def ready(self) -> None:
        """Return when there is room for one more report."""
        ...

    async def report(self, type_name: str, noun: Noun, *, id: str, time: datetime) -> None:  # noqa: A002  as CloudEvents call it
        """Take this as said, to be told to the hub under this id."""
        ...


@runtime_checkable
class KeepsStock(Protocol):
    """A system with shelves of its own."""

    def learn(self, type_name: str, noun: Noun) -> None:
        """Put on the shelves, or take off them, what an adjustment or a receipt says."""
        ...


@runtime_checkable
class Drains(Protocol):
    """A system that can say when the hub knows everything that it reported."""

    async def drained(self) -> None:
        """Return when the outbox is empty."""
        ...


class NobodyPlays(CrossdockError):
    """A step names a system that is not part of the estate."""

    code = "nobody-plays"
    advice = "name every system of the story's cast in the estate"


class Progress(Struct, frozen=True, kw_only=True):
    """How far the feed is."""

    phase: Phase
    steps: int
    lines: int  # source lines accounted for
    at: datetime  # story time
    seconds: float  # since the feed began


class Fed(Struct, frozen=True, kw_only=True):
    """What a feed did."""

    steps: int
    seconds: float
    seconds_trading: float
    cut_short: bool  # time was up before the story was
    accounting: Accounting


class Pace(Struct, frozen=True, kw_only=True):
    """How fast, how long, how often to say so."""

    steps_per_second: float | None = None  # of trading; None: as fast as the systems take it
    seconds_max: float | None = None  # of trading; then begun documents are seen to their end
    progress_steps: int = 500


async def feed(
    story: Story,
    systems: Mapping[str, FarSystem],
    *,
    pace: Pace | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Fed:
    """Play a story through the systems; returns when everything is told.

    Raises `NobodyPlays`, and whatever the story's source and the systems raise.
    """
    await asyncio.to_thread(story.prepare)  # reads the whole source once; the loop must go on
    return await _Feed(story, systems, pace or Pace(), progress).play()


class _Feed:
    """One playing of a story."""

    def __init__(
        self,
        story: Story,
        systems: Mapping[str, FarSystem],
        pace: Pace,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._story = story
        self._systems = systems
        self._pace = pace
        self._progress = progress
        self._now = asyncio.get_running_loop().time
        self._began = self._now()
        self._trading_since: float | None = None
        self._traded = 0
        self._steps = 0
        self._cut_short = False

    async def play(self) -> Fed:
        """Hand over step by step, phase by phase."""
        last: Step | None = None
        for step in self._timed(self._story.steps()):
            if last is not None and step.phase is not last.phase:
                await self._drain()
                self._say(last)
            last = step
            await self._hand_over(step)
            if self._steps % self._pace.progress_steps == 0:
                self._say(step)
        await self._drain()
        if last is not None:
            self._say(last)
        now = self._now()
        return Fed(
            steps=self._steps,
            seconds=now - self._began,
            seconds_trading=0.0 if self._trading_since is None else now - self._trading_since,
            cut_short=self._cut_short,
            accounting=self._story.accounting(),
        )

    def _timed(self, steps: Iterator[Step]) -> Iterator[Step]:
        """The steps; when the time for trading is up, the story is asked to come to its end."""
        limit = self._pace.seconds_max
        for step in steps:
            yield step
            since = self._trading_since
            if limit is not None and since is not None and self._now() - since >= limit:
                self._cut_short = True
                self._story.stop()

    async def _hand_over(self, step: Step) -> None:
        system = self._systems.get(step.source)
        if system is None:
            raise NobodyPlays(where=step.id, found=step.source)
        if step.phase is Phase.TRADING:
            await self._keep_pace()
        await system.ready()
        if step.type in STOCK_TYPES and isinstance(system, KeepsStock):
            system.learn(step.type, step.noun)
        await system.report(step.type, step.noun, id=step.id, time=step.at)
        self._steps += 1
        if self._steps % TURN_STEPS == 0:
            await asyncio.sleep(0)

    async def _keep_pace(self) -> None:
        if self._trading_since is None:
            self._trading_since = self._now()
        if self._pace.steps_per_second is not None:
            due = self._trading_since + self._traded / self._pace.steps_per_second
            if (early := due - self._now()) > 0:
                await asyncio.sleep(early)
        self._traded += 1

    async def _drain(self) -> None:
        await asyncio.gather(
            *(system.drained() for system in self._systems.values() if isinstance(system, Drains))
        )

    def _say(self, step: Step) -> None:
        if self._progress is not None:
            self._progress(
                Progress(
                    phase=step.phase,
                    steps=self._steps,
                    lines=self._story.ledger.accounted,
                    at=step.at,
                    seconds=self._now() - self._began,
                )
            )
