"""The bench of coming back: how soon a hub that was killed with its database decides again.

Twice: with nothing waiting, where a message is sent as soon as the door is open, and with a backlog
of messages that were taken while nobody decided. Both times hub and PostgreSQL are killed (kill -9)
in the middle of work, so that the database recovers from its write-ahead log, and the clock runs
from the start of the new process.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import yaml

from crossdock.runtime.bench.run import CONSUMERS, Shape, post, write_config
from crossdock.runtime.bench.workload import Said, Script
from crossdock.runtime.console import hint
from crossdock.runtime.processhub import HubProcess
from crossdock.storage.postgres.folder import Layout
from crossdock.storage.postgres.process import read_postmaster
from crossdock.storage.postgres.server import EmbeddedServer

RESTARTS = 5
"""How often, with nothing waiting and again with the backlog."""

_CHUNK = 20_000  # messages made and posted at a time
_AT_WORK = 500  # messages decided before a blow falls
_LOOK_SECONDS = 0.01
_DECIDED_SECONDS_MAX = 120.0
_WORKERS = 2
_NOBODY = 9  # a port at which nobody listens: what is told is no part of this
_SHAPE = Shape(per_post=500, per_request=500, connections=2)
_FIRST_SINCE = """
    SELECT min(o.processed_time) FROM lease l
    CROSS JOIN LATERAL (
        SELECT processed_time FROM outcome
        WHERE partition = l.partition AND position > l.decided - 2000
        ORDER BY position
    ) o
    WHERE o.processed_time >= $1
"""


@dataclass(frozen=True, slots=True)
class Return:
    """One restart: seconds from the start of the process."""

    open: float  # until it takes messages
    decided: float  # until the first message is decided


async def run(messages: int, data: Path | None, restarts: int = RESTARTS) -> dict[str, object]:
    """Measure restarts with nothing waiting and with so many messages; gives `bench --json`.

    Raises:
        BenchFailed: messages were refused, lost, or not decided within two minutes of a start.
    """
    async with AsyncExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossdock-bench-")))
        house = _House(data)
        stack.push_async_callback(house.close)
        idle = await house.returns_with_nothing_waiting(restarts)
        took = await house.gather(messages)
        waiting, backlog = await house.returns_with_a_backlog(restarts)
        return {
            "workload": "restart",
            "restarts": restarts,
            "messages": messages,
            "taken_per_second": round(messages / took),
            **_figures("idle", idle),
            "backlog_at_first": waiting[0],
            "backlog_at_last": waiting[-1],
            **_figures("backlog", backlog),
        }


def _figures(name: str, returns: list[Return]) -> dict[str, float]:
    return {
        f"{name}_open_seconds_max": round(max(one.open for one in returns), 2),
        f"{name}_decided_seconds_max": round(max(one.decided for one in returns), 2),
    }


class _House:
    """A hub with its database in one folder, killed and started again."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._key = secrets.token_hex(16)
        self._config = write_config(data, dict.fromkeys(CONSUMERS, _NOBODY), _SHAPE, self._key)
        self._hub = HubProcess(self._config, data / "hub.log")
        self._script = Script(datetime.now(UTC))
        self._said = 0

    async def close(self) -> None:
        """Stop the hub, and its database with it."""
        await self._hub.stop()

    async def returns_with_nothing_waiting(self, restarts: int) -> list[Return]:
        """Strike while it is at work; what was left is decided before the restart that counts."""
        self._configure(workers=_WORKERS)
        await self._hub.start()
        found = []
        for number in range(restarts):
            hint(f"nothing waiting: restart {number + 1} of {restarts}")
            await self._post(2 * _AT_WORK)
            await self._strike()
            await self._hub.start()
            await self._all_decided()
            await self._strike()
            found.append(await self._returns(sends=True))
        await self._hub.stop()
        return found

    async def gather(self, messages: int) -> float:
        """Take so many messages while nobody decides; gives the seconds that posting took."""
        self._configure(workers=0)
        await self._hub.start()
        seconds = 0.0
        for first in range(0, messages, _CHUNK):
            hint(f"taking messages {first} to {min(first + _CHUNK, messages) - 1} of {messages}")
            seconds += await self._post(min(_CHUNK, messages - first))
        await self._hub.stop()
        return seconds

    async def returns_with_a_backlog(self, restarts: int) -> tuple[list[int], list[Return]]:
        """Strike while it works its backlog off; gives what was left each time, and the times."""
        self._configure(workers=_WORKERS)
        await self._hub.start()
        left, found = [], []
        for number in range(restarts):
            hint(f"with a backlog: restart {number + 1} of {restarts}")
            async with self._asking() as connection:
                await self._decides(connection, await _decided(connection) + _AT_WORK)
            await self._strike()
            found.append(await self._returns(sends=False))
            async with self._asking() as connection:
                left.append(await _undecided(connection))
        return left, found

    def _configure(self, workers: int) -> None:
        config = yaml.safe_load(self._config.read_text(encoding="utf-8"))
        config["hub"]["workers"] = workers
        config["limits"] = {"undecided_messages": 0}
        self._config.write_text(yaml.safe_dump(config), encoding="utf-8")

    async def _post(self, messages: int) -> float:
        """Let the warehouses report so many receipts; gives the seconds that it took."""
        said: list[Said] = [self._script.receipt(self._said + n) for n in range(messages)]
        self._said += messages
        began = time.perf_counter()
        await post(self._hub.port, self._key, said, _SHAPE.per_post, _SHAPE.connections)
        return time.perf_counter() - began

    async def _strike(self) -> None:
        """Kill hub and database without warning."""
        postmaster = read_postmaster(Layout(self._data / "postgres").cluster)
        await self._hub.kill()
        if postmaster is not None:
            with suppress(ProcessLookupError):
                os.kill(postmaster.pid, signal.SIGKILL)

    async def _returns(self, *, sends: bool) -> Return:
        """Start it; with nothing waiting, send a message as soon as the door is open."""
        moment, began = datetime.now(UTC), time.perf_counter()
        await self._hub.start()
        is_open = time.perf_counter() - began
        if sends:
            await self._post(1)
        async with self._asking() as connection, asyncio.timeout(_DECIDED_SECONDS_MAX):
            while (at := await connection.fetchval(_FIRST_SINCE, moment)) is None:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)
        return Return(is_open, (at - moment).total_seconds())

    async def _all_decided(self) -> None:
        async with self._asking() as connection:
            while await _undecided(connection):  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)

    async def _decides(self, connection: asyncpg.Connection, least: int) -> None:
        async with asyncio.timeout(_DECIDED_SECONDS_MAX):
            while await _decided(connection) < least:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[asyncpg.Connection]:
        async with EmbeddedServer(self._data) as database:
            connection = await asyncpg.connect(database.dsn)
            try:
                yield connection
            finally:
                await connection.close()


async def _decided(connection: asyncpg.Connection) -> int:
    found: int = await connection.fetchval("SELECT sum(decided)::bigint FROM lease")
    return found


async def _undecided(connection: asyncpg.Connection) -> int:
    found: int = await connection.fetchval(
        "SELECT sum(h.head - l.decided)::bigint FROM log_head h JOIN lease l USING (partition)"
    )
    return found
