"""How each blow is struck. What the hub makes of it is looked at by whoever ordered it.

A blow returns when the hub should go on: processes that were killed are started, stopped ones
continued, lines are whole again. Every choice is drawn from the run's seed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, suppress
from random import Random

import asyncpg

from crossdock.runtime.processhub import HubDied, HubProcess
from crossdock.storage.postgres.errors import DRIVER_ERRORS
from crossdock.storage.postgres.process import within
from crossdock.testing.fault_proxy import NONE, FaultProxy, Faults, Toxics
from crossdock.testing.outside.disks import FLOOR_MIB
from crossdock.testing.outside.eyes import Eyes, because
from crossdock.testing.outside.grounds import ASKED, Grounds, RunFailed, started
from crossdock.testing.outside.report import Blow, Struck
from crossdock.testing.outside.slow_clients import slow_clients

END_SECONDS_MAX = 10.0
"""From SIGTERM until the process is gone (C8)."""

_PAUSE_SECONDS = (0.2, 4.0)
_DOWN_SECONDS = (0.0, 5.0)
_STALL_SECONDS = (11.0, 14.0)
"""Longer than a lease lasts, which is ten seconds."""

_STILL_SECONDS = (1.0, 14.0)
"""Some shorter than a statement may take, some longer than a lease lasts."""

_BROKEN_SECONDS = (0.5, 2.5)
_SILENT_SECONDS = (1.0, 8.0)
"""Some shorter than the hub's patience with a far system, some longer."""

_SLEEP_SECONDS = (2.0, 8.0)
_SLOW_CLIENTS = 3
_COMMITS_LOST = 3
_FULL_MIB = 1.0
_FULL_SECONDS = (2.0, 6.0)
_REFUSED_SECONDS_MAX = 10.0
_POLL_SECONDS = 0.1
_SHARE_LOST = 0.4
_AGAIN_SHARE = 0.15
"""How often a hub is killed again while it is starting."""


class Blows:
    """All that can be done to some grounds; `measure` is called when the hub should go on."""

    def __init__(
        self,
        grounds: Grounds,
        eyes: Eyes,
        chance: Random,
        measure: Callable[[], None],
        violated: Callable[[str], None],
    ) -> None:
        self._grounds = grounds
        self._eyes = eyes
        self._chance = chance
        self._measure = measure
        self._violated = violated
        self._strike: Mapping[Blow, Callable[[Struck], Awaitable[None]]] = {
            Blow.HUB: self._kill_hub,
            Blow.WORKER: self._kill_worker,
            Blow.ALL: self._kill_all,
            Blow.DATABASE: self._kill_database,
            Blow.PAUSE: self._pause_hub,
            Blow.TERM: self._terminate,
            Blow.RESTART: self._restart_database,
            Blow.SESSION: self._kill_session,
            Blow.STALL: self._stall_worker,
            Blow.STILL: self._stop_database,
            Blow.COMMITS: self._lose_commits,
            Blow.REPLIES: self._lose_replies,
            Blow.REQUESTS: self._lose_requests,
            Blow.TWICE: self._say_twice,
            Blow.SILENCE: self._silence_one,
            Blow.LAG: self._lag,
            Blow.SLEEPERS: self._use_up_connections,
            Blow.DISK_LOW: self._make_disk_low,
            Blow.DATA_FULL: self._fill_data,
            Blow.WAL_FULL: self._fill_log,
        }

    async def strike(self, struck: Struck) -> None:
        """Strike, and note in `struck` what is known at once."""
        await self._strike[struck.blow](struck)

    # --- processes ---------------------------------------------------------------------------

    async def _kill_hub(self, struck: Struck) -> None:
        await self._grounds.hub.kill()
        await self._start_again(struck)

    async def _kill_worker(self, struck: Struck) -> None:
        assert self._grounds.worker is not None
        await self._grounds.worker.kill()
        self._measure()
        await started(self._grounds.worker)

    async def _kill_all(self, struck: Struck) -> None:
        grounds = self._grounds
        pids = grounds.processes.pids()
        database_first = self._chance.random() < 0.5
        if database_first:
            grounds.processes.strike(pids=pids)
        await grounds.hub.kill()
        if grounds.worker is not None:
            await grounds.worker.kill()
        if not database_first:
            grounds.processes.strike(pids=pids)
        if grounds.database is not None:
            await grounds.database.come_back()
        await self._start_again(struck)

    async def _start_again(self, struck: Struck) -> None:
        """Start what does not run; now and then the hub is killed again while it starts."""
        hub, worker = self._grounds.hub, self._grounds.worker
        while self._chance.random() < _AGAIN_SHARE:
            starting = asyncio.create_task(hub.start())
            await asyncio.sleep(self._chance.uniform(0.2, 1.5))
            await hub.kill()
            with suppress(HubDied):
                await starting
            struck.again += 1
        self._measure()
        began = time.monotonic()
        async with asyncio.TaskGroup() as starts:
            if worker is not None and not worker.alive:
                starts.create_task(started(worker))
            await started(hub)
            struck.listens_seconds = time.monotonic() - began

    async def _pause_hub(self, struck: Struck) -> None:
        await self._pause(self._grounds.hub, self._chance.uniform(*_PAUSE_SECONDS))
        self._measure()

    async def _stall_worker(self, struck: Struck) -> None:
        """Stop the worker until others have taken its leases, and let it wake among them (C6)."""
        assert self._grounds.worker is not None
        seconds = self._chance.uniform(*_STALL_SECONDS)
        await self._pause(self._grounds.worker, seconds)
        struck.detail = f"stalled {seconds:.1f} s"
        self._measure()

    async def _pause(self, process: HubProcess, seconds: float) -> None:
        os.kill(process.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(process.pid, signal.SIGCONT)

    async def _terminate(self, struck: Struck) -> None:
        """Ask the hub to end while clients hang on it that never come to their end (C8)."""
        key = self._grounds.estate.config.systems["shop"].key
        async with slow_clients(self._grounds.hub.port, key, _SLOW_CLIENTS):
            struck.ended_seconds = await self.ask_to_end(self._grounds.hub)
        await self._start_again(struck)

    async def ask_to_end(self, process: HubProcess) -> float:
        """SIGTERM; gives the seconds until it was gone. Raises `RunFailed` where it is not."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(3 * END_SECONDS_MAX):
                code = await process.stop()
        except TimeoutError:
            raise RunFailed("A process did not end", found=process.last_words()) from None
        seconds = time.monotonic() - began
        if code != 0:
            self._violated(f"exit code {code} after SIGTERM: {process.last_words()[-500:]}")
        if seconds > END_SECONDS_MAX:
            self._violated(f"{seconds:.1f} s from SIGTERM until the end")
        return seconds

    # --- the database ------------------------------------------------------------------------

    async def _kill_database(self, struck: Struck) -> None:
        self._grounds.processes.strike()
        if self._grounds.database is not None:
            await self._grounds.database.come_back()
        self._measure()

    async def _restart_database(self, struck: Struck) -> None:
        """Stop PostgreSQL without a checkpoint and leave it down for a while (D1)."""
        assert self._grounds.database is not None
        seconds = self._chance.uniform(*_DOWN_SECONDS)
        await self._grounds.database.restart(seconds)
        struck.detail = f"down {seconds:.1f} s"
        self._measure()

    async def _stop_database(self, struck: Struck) -> None:
        """Stop all its processes and let them go on: so looks a disk that does not answer (D11)."""
        seconds = self._chance.uniform(*_STILL_SECONDS)
        processes = self._grounds.processes
        processes.strike(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            processes.strike(signal.SIGCONT)
        struck.detail = f"{seconds:.1f} s"
        self._measure()

    async def _kill_session(self, struck: Struck) -> None:
        """Kill one server process of the hub's; PostgreSQL then resets all sessions (D2)."""
        sessions = sorted(await self._eyes.sessions())
        if sessions:
            self._grounds.processes.strike(pids=[self._chance.choice(sessions)])
        struck.detail = f"one of {len(sessions)}"
        self._measure()

    async def _lose_commits(self, struck: Struck) -> None:
        """Let some commits happen whose answers never arrive (C3)."""
        assert self._grounds.to_database is not None
        proxy = self._grounds.to_database
        before = proxy.did["reply lost"]
        async with broken([proxy], Faults(lose_reply_to=b"COMMIT\x00")):
            with suppress(TimeoutError):
                async with asyncio.timeout(_BROKEN_SECONDS[1]):
                    while proxy.did["reply lost"] < before + _COMMITS_LOST:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
        struck.detail = f"{proxy.did['reply lost'] - before} commits unanswered"
        self._measure()

    async def _use_up_connections(self, struck: Struck) -> None:
        """Take every connection of the server, those of the hub included, for a while (D5)."""
        assert self._grounds.database is not None
        async with AsyncExitStack() as stack:
            taken = 0
            for pid in [0, *await self._eyes.sessions()]:
                if pid:
                    await self._end_session(pid)
                taken += await self._fill_up(stack)
            struck.detail = f"{taken} sleepers"
            await asyncio.sleep(self._chance.uniform(*_SLEEP_SECONDS))
        self._measure()

    async def _end_session(self, pid: int) -> None:
        with suppress(*DRIVER_ERRORS):
            connection = await self._eyes.connection()
            await connection.execute("SELECT pg_terminate_backend($1)", pid)

    async def _fill_up(self, stack: AsyncExitStack) -> int:
        """Connect until the server has no room; gives how often that was."""
        assert self._grounds.database is not None
        taken = 0
        with suppress(*DRIVER_ERRORS):
            while True:
                sleeper = await asyncpg.connect(self._grounds.database.dsn, timeout=5.0)
                stack.callback(sleeper.terminate)
                taken += 1
        return taken

    # --- disks -------------------------------------------------------------------------------

    async def _make_disk_low(self, struck: Struck) -> None:
        """Leave less room than the floor: the hub must refuse while the database still works."""
        assert self._grounds.disks is not None
        server = self._grounds.processes.pids()[:1]
        with self._grounds.disks.left(data_mib=FLOOR_MIB * 0.8):
            refused = await within(_REFUSED_SECONDS_MAX, self._is_refused, _POLL_SECONDS)
        if not refused:
            self._violated("a disk that is nearly full is not refused for")
        if self._grounds.processes.pids()[:1] != server:
            self._violated("the database broke before the hub refused")
        struck.detail = "refused" if refused else "not refused"
        self._measure()

    def _is_refused(self) -> bool:
        return because(self._grounds.hub.port) == ["disk-low"]

    async def _fill_data(self, struck: Struck) -> None:
        assert self._grounds.disks is not None
        await self._fill(struck, self._grounds.disks.left(data_mib=_FULL_MIB))

    async def _fill_log(self, struck: Struck) -> None:
        assert self._grounds.disks is not None
        await self._fill(struck, self._grounds.disks.left(log_mib=_FULL_MIB))

    async def _fill(self, struck: Struck, full: AbstractContextManager[None]) -> None:
        server = self._grounds.processes.pids()[:1]
        with full:
            await asyncio.sleep(self._chance.uniform(*_FULL_SECONDS))
        ended = self._grounds.processes.pids()[:1] != server
        struck.detail = "the database ended" if ended else "the database stayed"
        self._measure()

    # --- lines -------------------------------------------------------------------------------

    async def _lose_replies(self, struck: Struck) -> None:
        """Far systems do what they are told and their answers are lost (N2)."""
        await self._break_lines(struck, Faults(lost_replies=_SHARE_LOST), self._far_lines())

    async def _lose_requests(self, struck: Struck) -> None:
        await self._break_lines(struck, Faults(lost_requests=_SHARE_LOST), self._far_lines())

    async def _say_twice(self, struck: Struck) -> None:
        """Who honours no key does again what comes twice; no sender can keep it from that."""
        lines = self._far_lines(besides=ASKED)
        await self._break_lines(struck, Faults(duplicates=_SHARE_LOST), lines)

    async def _lag(self, struck: Struck) -> None:
        slow = Toxics(latency_seconds=0.02, jitter_seconds=0.02)
        assert self._grounds.to_database is not None
        lines = [self._grounds.to_database, *self._far_lines()]
        async with broken(lines, Faults(up=slow, down=slow)):
            await asyncio.sleep(self._chance.uniform(*_BROKEN_SECONDS))
        self._measure()

    async def _silence_one(self, struck: Struck) -> None:
        """One far system takes connections and says nothing: half-open, or a black hole (N12)."""
        assert self._grounds.to_systems is not None
        name = self._chance.choice(sorted(self._grounds.to_systems))
        hole = Toxics(blackhole=True)
        faults = self._chance.choice([Faults(up=hole), Faults(down=hole), Faults(hole, hole)])
        seconds = self._chance.uniform(*_SILENT_SECONDS)
        async with broken([self._grounds.to_systems[name]], faults):
            await asyncio.sleep(seconds)
        struck.detail = f"{name} for {seconds:.1f} s"
        self._measure()

    async def _break_lines(self, struck: Struck, faults: Faults, lines: list[FaultProxy]) -> None:
        before = sum(line.did.total() - line.did["opened"] for line in lines)
        async with broken(lines, faults):
            await asyncio.sleep(self._chance.uniform(*_BROKEN_SECONDS))
        after = sum(line.did.total() - line.did["opened"] for line in lines)
        struck.detail = f"{after - before} times"
        self._measure()

    def _far_lines(self, besides: Collection[str] = ()) -> list[FaultProxy]:
        assert self._grounds.to_systems is not None
        return [line for name, line in self._grounds.to_systems.items() if name not in besides]


@asynccontextmanager
async def broken(lines: list[FaultProxy], faults: Faults) -> AsyncIterator[None]:
    """Have some lines broken while the block runs."""
    for line in lines:
        line.faults = faults
    try:
        yield
    finally:
        for line in lines:
            line.faults = NONE
