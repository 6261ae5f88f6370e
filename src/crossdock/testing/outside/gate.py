"""Lets a story through in parts, so that each blow falls into the middle of work."""

from __future__ import annotations

import asyncio
import bisect
import itertools
import math
from collections import Counter
from datetime import datetime

from crossdock.contracts.words import Noun
from crossdock.estate.stories.story import Phase, Story
from crossdock.estate.system import System

_PARTS = {Phase.MASTERS: 0.1, Phase.OPENING: 0.1, Phase.TRADING: 0.8}
"""Which share of the blows falls into which phase of the story."""


class Gate:
    """Lets the story through in parts, one before and one after each blow: all fall inside it."""

    def __init__(self, steps: Counter[Phase], rounds: int) -> None:
        """`steps` counts the steps of each phase."""
        self._ends = list(itertools.accumulate(steps[phase] for phase in _PARTS))
        self._weights = [share / max(steps[phase], 1) for phase, share in _PARTS.items()]
        self._part = 1 / (2 * rounds + 1)
        self._allowed = self._part if rounds else math.inf
        self._passed = 0.0
        self._steps = 0
        self._changed = asyncio.Event()

    def open_part(self, share: float = 1.0) -> None:
        """Let one part more through, or this share of one."""
        self._allow(self._allowed + self._part * share)

    def open(self) -> None:
        """Let all through."""
        self._allow(math.inf)

    async def through(self) -> None:
        """Wait until the next step may go."""
        phase = bisect.bisect_right(self._ends, self._steps)
        self._steps += 1
        self._passed += self._weights[min(phase, len(self._weights) - 1)]
        while self._passed > self._allowed:
            self._changed.clear()
            await self._changed.wait()

    def _allow(self, passed: float) -> None:
        self._allowed = passed
        self._changed.set()


class Gated:
    """A system as the feed sees it, behind the gate."""

    def __init__(self, system: System, gate: Gate) -> None:
        self._system = system
        self._gate = gate

    async def ready(self) -> None:
        """Return when the story may go on and the system has room."""
        await self._gate.through()
        await self._system.ready()

    async def report(self, type_name: str, noun: Noun, *, id: str, time: datetime) -> None:  # noqa: A002
        """See `estate.system.System.report`."""
        await self._system.report(type_name, noun, id=id, time=time)

    async def drained(self) -> None:
        """Return when the hub has everything that was said."""
        await self._system.drained()


def steps_of(story: Story) -> Counter[Phase]:
    """How many steps each phase of a story has; plays it once, to nobody."""
    story.prepare()
    return Counter(step.phase for step in story.steps())
