"""The power goes: is everything there that was answered before?

`kill -9` proves nothing about disks, because what a process wrote stays in the memory of the
machine. So PostgreSQL works on a file system in a file here. In the middle of the load every one of
its processes is stopped, the file is copied as it is, and a server is started from the copy: it
finds what had reached the device and nothing else. What a far system has a receipt for must be
there, and every invariant must hold. With fsync off the same run must fail, or it tests nothing.

What this is not: no sector is torn, and writes reach the device in the order of one kernel.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from crossdock.estate.feed import feed
from crossdock.kernel.errors import CrossdockError
from crossdock.runtime.clocks import SystemRandomness
from crossdock.runtime.console import hint
from crossdock.runtime.demo.run import Wish
from crossdock.storage.postgres.errors import DRIVER_ERRORS
from crossdock.storage.postgres.pool import open_pool
from crossdock.storage.postgres.server import EmbeddedServer
from crossdock.storage.postgres.verify import verify
from crossdock.testing.outside.gate import Gate, Gated, steps_of
from crossdock.testing.outside.grounds import Grounds, RunFailed, standing, started
from crossdock.testing.outside.recovered import Received, compare_with_log
from crossdock.testing.outside.report import Stage
from crossdock.testing.outside.volumes import Image, image

_CUTS_PER_HOUSE = 10
"""After so many a fresh hub with a fresh disk: what must be copied stays small."""

_DISK_MIB = 6_144
_GAP_SECONDS = (0.1, 1.2)
_SETTLE_SECONDS = 0.05
_BOOT_SECONDS_MAX = 60.0
_FIRST_SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True)
class CutPlan:
    """How often the power goes, under which load, with which disk."""

    wish: Wish
    rounds: int = 10
    fsync: bool = True


@dataclass(slots=True)
class Cut:
    """One power cut: what had been answered before it, what the disk held after it."""

    answered: int
    recovered: int = 0
    boot_seconds: float = 0.0
    lost: list[str] = field(default_factory=list)


@dataclass(slots=True)
class CutReport:
    """All cuts of a run, and what was found."""

    plan: CutPlan
    cuts: list[Cut] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether every cut was made and nothing was found."""
        return not self.violations and len(self.cuts) == self.plan.rounds

    def as_json(self) -> dict[str, Any]:
        """All of it as one JSON-able object."""
        boots = [cut.boot_seconds for cut in self.cuts]
        return {
            "sound": self.sound,
            "rounds": len(self.cuts),
            "seed": self.plan.wish.seed,
            "fsync": self.plan.fsync,
            "receipts_compared": sum(cut.answered for cut in self.cuts),
            "receipts_lost": sum(len(cut.lost) for cut in self.cuts),
            "messages_recovered": sum(cut.recovered for cut in self.cuts),
            "cuts_that_lost_something": sum(bool(cut.lost) for cut in self.cuts),
            "boot_seconds_max": round(max(boots, default=0.0), 2),
            "seconds": round(self.seconds, 1),
            "violations": len(self.violations),
            "violations_shown": self.violations[:20],
        }


async def play(plan: CutPlan) -> CutReport:
    """Cut the power so often; every process and every mount is gone when this returns."""
    report = CutReport(plan)
    began = time.monotonic()
    chance = random.Random(plan.wish.seed)
    try:
        while len(report.cuts) < plan.rounds:
            async with _house(plan) as (grounds, disk):
                left = plan.rounds - len(report.cuts)
                await _cut_in(grounds, disk, report, chance, min(left, _CUTS_PER_HOUSE))
    except CrossdockError as failure:
        report.violations.append(str(failure))
    report.seconds = time.monotonic() - began
    return report


@asynccontextmanager
async def _house(plan: CutPlan) -> AsyncIterator[tuple[Grounds, Image]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossdock-cut-")))
        disk = stack.enter_context(image(folder, _DISK_MIB))
        async with standing(
            plan.wish,
            folder / "data",
            Stage.APART,
            fsync=plan.fsync,
            settings={"allow_unsafe_database": not plan.fsync},
            disk=disk.folder,
        ) as grounds:
            await started(grounds.hub)
            yield grounds, disk


async def _cut_in(
    grounds: Grounds, disk: Image, report: CutReport, chance: random.Random, times: int
) -> None:
    story = report.plan.wish.story()
    gate = Gate(await asyncio.to_thread(steps_of, report.plan.wish.story()), times)
    systems = {name: Gated(each, gate) for name, each in grounds.estate.systems.items()}
    feeding = asyncio.create_task(feed(story, systems))
    try:
        await _first_receipts(grounds)
        for _ in range(times):
            gate.open_part()  # and no more of it while the copy is looked at
            await asyncio.sleep(chance.uniform(*_GAP_SECONDS))
            if feeding.done():
                feeding.result()  # raises what the story or a system raised
                raise RunFailed("The story is over before the last cut: ask for more orders")
            copy = disk.file.with_name("copy.img")
            receipts = await _power_cut(grounds, disk, copy)
            cut = await _looked_at(grounds, receipts, copy, report)
            report.cuts.append(cut)
            hint(f"{len(report.cuts):4} {cut.answered} answered, {cut.recovered} on the disk")
            if report.violations:
                return
    finally:
        feeding.cancel()


async def _first_receipts(grounds: Grounds) -> None:
    """Wait until messages are taken; what stands by then is brought to the device."""
    async with asyncio.timeout(_FIRST_SECONDS_MAX):
        while next(grounds.sent.receipts(), None) is None:  # noqa: ASYNC110 - peers tell nobody
            await asyncio.sleep(_SETTLE_SECONDS)
    await asyncio.to_thread(os.sync)  # or a run with fsync off would lose the database as such


async def _power_cut(grounds: Grounds, disk: Image, copy: Path) -> list[Received]:
    """Copy the disk while every server process stands still; gives what was answered by then."""
    grounds.processes.strike(signal.SIGSTOP)
    try:
        grounds.processes.strike(signal.SIGSTOP)  # sessions that were being made meanwhile
        await asyncio.sleep(_SETTLE_SECONDS)  # answers that are on their way
        receipts = list(grounds.sent.receipts())
        await asyncio.to_thread(disk.copied, copy)
    finally:
        grounds.processes.strike(signal.SIGCONT)
    return receipts


async def _looked_at(
    grounds: Grounds, receipts: Sequence[Received], copy: Path, report: CutReport
) -> Cut:
    """Start a server from the copy and compare; what is missing is a violation."""
    cut = Cut(answered=len(receipts))
    began = time.monotonic()
    try:
        with image(copy.parent, 0, copy) as found:
            server = EmbeddedServer(found.folder)
            try:
                async with asyncio.timeout(_BOOT_SECONDS_MAX):
                    await server.start()
                cut.boot_seconds = time.monotonic() - began
                await _compare(grounds, receipts, server.dsn, cut, report)
            finally:
                await server.stop()
    except (CrossdockError, TimeoutError, *DRIVER_ERRORS) as failure:
        cut.lost = ["everything"]
        report.violations.append(f"the disk holds no database: {failure}")
    return cut


async def _compare(
    grounds: Grounds, receipts: Sequence[Received], dsn: str, cut: Cut, report: CutReport
) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        cut.recovered = await connection.fetchval("SELECT count(*) FROM message")
        cut.lost = await compare_with_log(connection, grounds.sent, receipts)
    finally:
        await connection.close()
    report.violations += [f"log: {line}" for line in cut.lost]
    async with await open_pool(
        dsn, sleep=asyncio.sleep, uniform=SystemRandomness().uniform
    ) as pool:
        verification = await verify(pool)
    report.violations += [
        f"verify: {one.check.name}: {one.how_many}, {one.rows[:2]}" for one in verification.broken
    ]
