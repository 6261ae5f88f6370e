"""The demo, played while its hub is killed again and again: does anything accepted get lost?

The estate and the orders are the demo's. Between the parts of the story the hub is killed, with
its database or without, stopped for a while, or asked to end; started again on the same port it
must go on by itself. In the end the log must hold what was accepted and nothing else, every
invariant must hold, the work must be done, and no far system may have done anything twice.
"""

from __future__ import annotations

import asyncio
import bisect
import itertools
import math
import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from crossdock.contracts.words import Noun
from crossdock.estate.estate import Estate
from crossdock.estate.feed import feed
from crossdock.estate.stories.story import Phase, Story
from crossdock.estate.system import System
from crossdock.kernel.errors import CrossdockError
from crossdock.runtime.accounts import children
from crossdock.runtime.config import read_settings
from crossdock.runtime.console import hint
from crossdock.runtime.demo import house
from crossdock.runtime.demo.agreement import compare
from crossdock.runtime.demo.kill_report import Blow, Plan, Report, Struck
from crossdock.runtime.demo.recovered import SentRecord, compare_with_log
from crossdock.runtime.demo.run import free_port
from crossdock.runtime.hub import opened_store
from crossdock.runtime.processhub import HubDied, HubProcess
from crossdock.runtime.watching import Left, left_to_do
from crossdock.storage.postgres.errors import DRIVER_ERRORS
from crossdock.storage.postgres.folder import Layout
from crossdock.storage.postgres.process import read_postmaster, serves, within
from crossdock.storage.postgres.server import EmbeddedServer
from crossdock.storage.postgres.verify import verify

END_SECONDS_MAX = 10.0
"""From SIGTERM until the process is gone (C8)."""

_PEER_PAUSE_SECONDS_MAX = 2.0  # what an outbox waits before it tries again (estate.outbox)
_START_SECONDS_MAX = 60.0
_PROGRESS_SECONDS_MAX = 30.0
_STUCK_SECONDS = 90.0  # beyond the longest wait between two tries of an effect
_POLL_SECONDS = 0.1
_CALM_SECONDS = 2.0  # so long all must be done: the hub looks once a second for what it overlooked
_QUICK_POLL_SECONDS = 0.02
_GONE_SECONDS_MAX = 30.0

_GAP_SECONDS = (0.02, 1.2)
"""From new messages until the blow: in the middle of what they bring about."""

_PAUSE_SECONDS = (0.2, 4.0)
_AGAIN_SHARE = 0.15
"""How often a hub is killed again while it is starting."""

_PARTS = {Phase.MASTERS: 0.1, Phase.OPENING: 0.1, Phase.TRADING: 0.8}
"""Which share of the blows falls into which phase of the story."""


_WEIGHTS = {Blow.HUB: 40, Blow.ALL: 25, Blow.DATABASE: 10, Blow.PAUSE: 10, Blow.TERM: 15}


class KillsFailed(CrossdockError):
    """The run cannot go on; what was found so far stands in its report."""

    code = "kills-failed"


async def play(plan: Plan, data: Path | None = None) -> Report:
    """Play it to its end; what goes wrong is a violation of the report, not an exception.

    Every process that was started is gone when this returns.
    """
    report = Report(plan)
    began = time.monotonic()
    try:
        async with asyncio.timeout(plan.seconds_max), _house(plan, data) as run:
            await _Run(plan, report, *run).play()
    except TimeoutError:
        report.violations.append(f"the run was not over within {plan.seconds_max:g} s")
    except (KillsFailed, HubDied) as failure:
        report.violations.append(str(failure))
    report.seconds = time.monotonic() - began
    return report


@asynccontextmanager
async def _house(
    plan: Plan, data: Path | None
) -> AsyncIterator[tuple[Estate, HubProcess, Path, SentRecord]]:
    """An estate and a running hub; leaving ends the hub and its database, whatever happened."""
    async with AsyncExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossdock-kill-")))
        data = data.resolve()
        data.mkdir(parents=True, exist_ok=True)
        port = free_port()
        keys = house.make_keys(data / "keys", ["erp", "wms_east", "wms_west", "shop", "crm"])
        wish = plan.wish
        estate = house.make_estate(f"http://127.0.0.1:{port}", keys, wish.seed, chaos=wish.chaos)
        sent = SentRecord(estate)
        await stack.enter_async_context(estate)
        hub = HubProcess(house.write_config(data, estate, port), data / "hub.log")
        stack.push_async_callback(_end_all, hub, data)
        await _started(hub)
        yield estate, hub, data, sent


class _Run:
    """One run: feeding, striking, waiting for the end, looking at everything."""

    def __init__(
        self,
        plan: Plan,
        report: Report,
        estate: Estate,
        hub: HubProcess,
        data: Path,
        sent: SentRecord,
    ) -> None:
        self._plan = plan
        self._report = report
        self._estate = estate
        self._hub = hub
        self._data = data
        self._sent = sent
        self._chance = random.Random(plan.wish.seed)
        self._eyes = _Eyes(data)

    async def play(self) -> None:
        """Everything, in order."""
        await self._eyes.open()
        wish = self._plan.wish
        gate = _Gate(await asyncio.to_thread(_steps, wish.story()), self._plan.rounds)
        story = wish.story()
        systems = {name: _Gated(each, gate) for name, each in self._estate.systems.items()}
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

    async def _round(self, number: int, gate: _Gate, feeding: asyncio.Task[Any]) -> None:
        gate.open_part()
        await asyncio.sleep(self._chance.uniform(*_GAP_SECONDS))
        if feeding.done():
            feeding.result()  # raises what the story or a system raised
        self._expect_alive()
        left = await self._eyes.look()
        blow = self._chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        struck = Struck(blow, load=os.getloadavg()[0])
        if left is not None:
            struck.undecided, struck.due = left.accepted - left.decided, left.due
        strike = {
            Blow.HUB: self._kill_hub,
            Blow.ALL: self._kill_all,
            Blow.DATABASE: self._kill_database,
            Blow.PAUSE: self._pause,
            Blow.TERM: self._terminate,
        }[blow]
        await strike(struck)
        gate.open_part()  # so that there is something to take
        await self._goes_on(struck)
        self._report.blows.append(struck)
        hint(f"{number:4} {struck}")

    async def _kill_hub(self, struck: Struck) -> None:
        await self._hub.kill()
        await self._start_again(struck)

    async def _kill_all(self, struck: Struck) -> None:
        pids = _database_pids(self._data)
        if self._chance.random() < 0.5:
            await self._hub.kill()
            _kill(pids, self._data)
        else:
            _kill(pids, self._data)
            await self._hub.kill()
        await self._start_again(struck)

    async def _kill_database(self, struck: Struck) -> None:
        _kill(_database_pids(self._data), self._data)
        self._measure_from_here()

    async def _pause(self, struck: Struck) -> None:
        os.kill(self._hub.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(self._chance.uniform(*_PAUSE_SECONDS))
        finally:
            os.kill(self._hub.pid, signal.SIGCONT)
        self._measure_from_here()

    async def _terminate(self, struck: Struck) -> None:
        struck.ended_seconds = await self._ask_to_end()
        await self._start_again(struck)

    async def _ask_to_end(self) -> float:
        began = time.monotonic()
        try:
            async with asyncio.timeout(3 * END_SECONDS_MAX):
                code = await self._hub.stop()
        except TimeoutError:
            raise KillsFailed("The hub did not end", found=self._hub.last_words()) from None
        seconds = time.monotonic() - began
        if code != 0:
            self._violated(f"exit code {code} after SIGTERM: {self._hub.last_words()[-500:]}")
        if seconds > END_SECONDS_MAX:
            self._violated(f"{seconds:.1f} s from SIGTERM until the end")
        return seconds

    async def _start_again(self, struck: Struck) -> None:
        while self._chance.random() < _AGAIN_SHARE:
            starting = asyncio.create_task(self._hub.start())
            await asyncio.sleep(self._chance.uniform(0.2, 1.5))
            await self._hub.kill()
            with suppress(HubDied):
                await starting
            struck.again += 1
        self._measure_from_here()
        await _started(self._hub)
        struck.listens_seconds = time.monotonic() - self._began

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
        if not self._hub.alive:
            raise KillsFailed("The hub ended by itself", found=self._hub.last_words())

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
                raise KillsFailed("The run does not come to its end", found=self._hub.last_words())
            await asyncio.sleep(_POLL_SECONDS)

    async def _look(self, orders: int | None) -> None:
        """Ask both sides and the log whether they agree."""
        connection = await self._eyes.connection()
        for line in await compare_with_log(connection, self._sent):
            self._violated(f"log: {line}")
        for one in await compare(connection, self._estate):
            for difference in one.differences:
                self._violated(f"{one.what}: {difference}")
        settings = read_settings(self._data / "crossdock.yaml")
        async with opened_store(settings) as store:
            verification = await verify(store.pool)
            fates = await store.fates()
        for finding in verification.broken:
            self._violated(f"verify: {finding.check.name}: {finding.how_many}, {finding.rows[:2]}")
        left = await left_to_do(connection)
        for what, count in (("held effects", left.held), ("dead messages", fates["dead"])):
            if count:
                self._violated(f"{count} {what}")
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
        await self._ask_to_end()


class _Eyes:
    """Looks into the database, which may be away at any moment."""

    def __init__(self, data: Path) -> None:
        self._server = EmbeddedServer(data)
        self._connection: asyncpg.Connection | None = None

    async def open(self) -> None:
        """Learn the way in; the hub runs the server, so this only attaches."""
        await self._server.start()
        if not self._server.attached:
            await self._server.stop()
            raise KillsFailed("The hub does not run its database")

    async def close(self) -> None:
        """Look no more."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def connection(self) -> asyncpg.Connection:
        """A connection that was alive a moment ago; raises one of the driver's errors."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(
                self._server.dsn, timeout=5.0, command_timeout=20.0
            )
        return self._connection

    async def look(self) -> Left | None:
        """What is left to do; None while the database is away."""
        try:
            return await left_to_do(await self.connection())
        except DRIVER_ERRORS:
            await self.close()
            return None

    async def first_decided(self, since: datetime) -> float | None:
        """Seconds from a moment until the first message was decided after it; None: none was."""
        try:
            at = await (await self.connection()).fetchval(
                "SELECT min(processed_time) FROM outcome WHERE processed_time > $1", since
            )
        except DRIVER_ERRORS:
            await self.close()
            return None
        return None if at is None else (at - since).total_seconds()


class _Gate:
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

    def open_part(self) -> None:
        """Let one part more through."""
        self._allow(self._allowed + self._part)

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


class _Gated:
    """A system as the feed sees it, behind the gate."""

    def __init__(self, system: System, gate: _Gate) -> None:
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


def _steps(story: Story) -> Counter[Phase]:
    """How many steps each phase of a story has; plays it once, to nobody."""
    story.prepare()
    return Counter(step.phase for step in story.steps())


async def _started(hub: HubProcess) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS_MAX):
            await hub.start()
    except TimeoutError:
        raise KillsFailed("The hub does not start", found=hub.last_words()) from None


def _cluster(data: Path) -> Path:
    return Layout(data / "postgres").cluster


def _database_pids(data: Path) -> list[int]:
    """The postmaster of our folder and its sessions, the postmaster first."""
    postmaster = read_postmaster(_cluster(data))
    if postmaster is None or not serves(postmaster.pid, _cluster(data)):
        return []
    return [postmaster.pid, *children(postmaster.pid)]


def _kill(pids: list[int], data: Path) -> None:
    """Kill -9 those of the pids that are servers of our folder at this moment."""
    for pid in pids:
        if serves(pid, _cluster(data)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


async def _end_all(hub: HubProcess, data: Path) -> None:
    """Leave no process behind: the hub by force; its database follows it, or is made to."""
    await hub.kill()
    if not await within(_GONE_SECONDS_MAX, lambda: not _database_pids(data), _POLL_SECONDS):
        _kill(_database_pids(data), data)
