"""The demo's story, played while its hub is struck again and again: is anything accepted lost?

The estate and the orders are the demo's. Between the parts of the story a blow falls
(`outside.blows`): processes are killed, stopped or asked to end, the database dies or restarts,
lines lose requests and replies. The hub must go on by itself. In the end the log must hold what was
accepted and nothing else, every invariant must hold, the work must be done, and no far system may
have done anything twice.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossdock.contracts.vocabulary import Fate
from crossdock.estate.feed import feed
from crossdock.estate.system import System
from crossdock.runtime.config import read_settings
from crossdock.runtime.console import hint
from crossdock.runtime.demo.agreement import compare
from crossdock.runtime.demo.money import money_of
from crossdock.runtime.hub import opened_store
from crossdock.runtime.processhub import HubDied
from crossdock.runtime.watching import left_to_do
from crossdock.storage.postgres.verify import verify
from crossdock.testing.outside.blows import Blows
from crossdock.testing.outside.eyes import Eyes
from crossdock.testing.outside.gate import Gate, Gated, steps_of
from crossdock.testing.outside.grounds import Grounds, RunFailed, standing, started
from crossdock.testing.outside.recovered import compare_with_log
from crossdock.testing.outside.report import GAP_SECONDS, Plan, Report, Struck

_PEER_PAUSE_SECONDS_MAX = 2.0  # what an outbox waits before it tries again (estate.outbox)
_PROGRESS_SECONDS_MAX = 45.0
_STUCK_SECONDS = 90.0  # beyond the longest wait between two tries of an effect
_POLL_SECONDS = 0.1
_CALM_SECONDS = 2.0  # so long all must be done: the hub looks once a second for what it overlooked
_QUICK_POLL_SECONDS = 0.02
_SLICE_SECONDS = 0.2  # where much time lies between blows, there is to be work all the time
_ASIDE_SHOWN = 20  # messages that were put aside, of which the dead are named


async def play(plan: Plan, data: Path | None = None) -> Report:
    """Play it to its end; what goes wrong is a violation of the report, not an exception.

    Every process that was started is gone when this returns.
    """
    report = Report(plan)
    began = time.monotonic()
    try:
        async with (
            asyncio.timeout(plan.seconds_max),
            standing(plan.wish, data, plan.stage, floor=plan.floor) as grounds,
        ):
            await started(grounds.hub)
            if grounds.worker is not None:
                await started(grounds.worker)
            await _Run(plan, report, grounds, Eyes(await grounds.dsn())).play()
    except TimeoutError:
        report.violations.append(f"the run was not over within {plan.seconds_max:g} s")
    except (RunFailed, HubDied) as failure:
        report.violations.append(str(failure))
    except ExceptionGroup as failures:  # of processes that were started together
        known, others = failures.split((RunFailed, HubDied))
        if known is None or others is not None:
            raise
        report.violations += map(str, known.exceptions)
    report.seconds = time.monotonic() - began
    return report


class _Run:
    """One run: feeding, striking, waiting for the end, looking at everything."""

    def __init__(self, plan: Plan, report: Report, grounds: Grounds, eyes: Eyes) -> None:
        self._plan = plan
        self._report = report
        self._grounds = grounds
        self._estate = grounds.estate
        self._eyes = eyes
        self._chance = random.Random(plan.wish.seed)
        self._blows = Blows(grounds, eyes, self._chance, self._measure_from_here, self._violated)

    async def play(self) -> None:
        """Everything, in order."""
        wish = self._plan.wish
        gate = Gate(await asyncio.to_thread(steps_of, wish.story()), self._plan.rounds)
        story = wish.story()
        systems = {name: Gated(each, gate) for name, each in self._estate.systems.items()}
        feeding = asyncio.create_task(feed(story, systems))
        try:
            for number in range(1, self._plan.rounds + 1):
                await self._round(number, gate, feeding)
            gate.open()
            await self._until_quiet(feeding)
            fed = await feeding
            await self._look(fed.accounting.orders)
            await self._end()
        finally:
            feeding.cancel()
            await self._eyes.close()

    # --- striking ----------------------------------------------------------------------------

    async def _round(self, number: int, gate: Gate, feeding: asyncio.Task[Any]) -> None:
        gap = self._chance.uniform(*self._plan.gap_seconds)
        slices = 1 if gap < GAP_SECONDS[1] else int(gap / _SLICE_SECONDS)
        for _ in range(slices):
            gate.open_part(1 / slices)
            await asyncio.sleep(gap / slices)
        if feeding.done():
            feeding.result()  # raises what the story or a system raised
        self._expect_alive()
        left = await self._eyes.look()
        weights = self._plan.weights()
        [blow] = self._chance.choices(list(weights), list(weights.values()))
        struck = Struck(blow, load=os.getloadavg()[0])
        if left is not None:
            struck.undecided, struck.due = left.accepted - left.decided, left.due
        await self._blows.strike(struck)
        gate.open_part()  # so that there is something to take
        await self._goes_on(struck)
        self._report.blows.append(struck)
        hint(f"{number:4} {struck}")

    # --- going on ----------------------------------------------------------------------------

    def _measure_from_here(self) -> None:
        """From now on the hub should go on."""
        self._began = time.monotonic()
        self._began_at = datetime.now(UTC)
        self._receipts = self._count_receipts()

    def _count_receipts(self) -> int:
        return sum(len(each.outbox.receipts) for each in self._estate.systems.values())

    async def _goes_on(self, struck: Struck) -> None:
        """Wait until something was taken and something decided; measure both."""
        while struck.taken_seconds is None or struck.decided_seconds is None:
            seconds = time.monotonic() - self._began
            if struck.taken_seconds is None and self._count_receipts() > self._receipts:
                struck.taken_seconds = seconds
            if struck.decided_seconds is None:
                struck.decided_seconds = await self._eyes.first_decided(self._began_at)
            if seconds > _PROGRESS_SECONDS_MAX:
                left = await self._eyes.look()
                if left is None or not left.quiet or self._estate.pending:
                    self._violated(
                        f"nothing taken and decided {seconds:.0f} s after: {struck.blow}; {left}"
                    )
                return
            self._expect_alive()
            await asyncio.sleep(_QUICK_POLL_SECONDS)
        self._judge(struck)

    def _judge(self, struck: Struck) -> None:
        """The hub's own share of the time must be small: peers may hesitate, the hub may not."""
        assert struck.decided_seconds is not None
        hesitated = 0.0 if struck.undecided else _PEER_PAUSE_SECONDS_MAX
        if struck.decided_seconds > self._plan.decided_seconds_max + hesitated:
            self._violated(f"{struck.decided_seconds:.1f} s until a message was decided: {struck}")

    def _expect_alive(self) -> None:
        for process in (self._grounds.hub, self._grounds.worker):
            if process is not None and not process.alive:
                raise RunFailed("A process ended by itself", found=process.last_words())

    def _violated(self, what: str) -> None:
        hint(f"VIOLATION {what}")
        self._report.violations.append(what)

    # --- the end -----------------------------------------------------------------------------

    async def _until_quiet(self, feeding: asyncio.Task[Any]) -> None:
        seen: object = None
        moved = busy = time.monotonic()
        while time.monotonic() - busy < _CALM_SECONDS:
            self._expect_alive()
            left = await self._eyes.look()
            done = feeding.done() and left is not None and left.quiet
            sight = (left, self._estate.pending, self._count_receipts())
            now = time.monotonic()
            if not done or self._estate.pending:
                busy = now
            if sight != seen:
                seen, moved = sight, now
            if now - moved > _STUCK_SECONDS:
                self._violated(f"not done: {left}, {self._estate.pending} jobs in the estate")
                await self._look(None)
                words = self._grounds.hub.last_words()
                raise RunFailed("The run does not come to its end", found=words)
            await asyncio.sleep(_POLL_SECONDS)

    async def _look(self, orders: int | None) -> None:
        """Ask both sides and the log whether they agree."""
        connection = await self._eyes.connection()
        for line in await compare_with_log(connection, self._grounds.sent):
            self._violated(f"log: {line}")
        settings = read_settings(self._grounds.data / "crossdock.yaml")
        async with opened_store(settings) as store:
            money = await money_of(store)
            for one in await compare(connection, self._estate, money):
                for difference in one.differences:
                    self._violated(f"{one.what}: {difference}")
            verification = await verify(store.pool)
            fates = await store.fates()
            aside = await store.put_aside((0, 0), _ASIDE_SHOWN)
        for finding in verification.broken:
            self._violated(f"verify: {finding.check.name}: {finding.how_many}, {finding.rows[:2]}")
        left = await left_to_do(connection)
        for what, count in (("held effects", left.held), ("dead messages", fates["dead"])):
            if count:
                self._violated(f"{count} {what}")
        for row in aside:
            if row.fate is Fate.DEAD:
                self._violated(f"dead: {row.message.type} at {row.message.place}: {row.reason}")
        self._report.figures = {
            "orders": orders,
            "messages": left.accepted,
            "fates": fates,
            "waiting_lines": left.waiting,
            "receipts_compared": self._count_receipts(),
            "invariants_checked": len(verification.checked),
            "posts_failed": self._sum(lambda each: each.outbox.failed_posts),
            "receipts_again": self._sum(lambda each: each.outbox.again.total()),
            "effects_done": self._sum(lambda each: len(each.effects.by_key)),
            "effects_asked_again": self._sum(lambda each: each.effects.replayed),
        }

    def _sum(self, figure: Callable[[System], int]) -> int:
        return sum(map(figure, self._estate.systems.values()))

    async def _end(self) -> None:
        await self._eyes.close()
        for process in (self._grounds.worker, self._grounds.hub):
            if process is not None:
                await self._blows.ask_to_end(process)
