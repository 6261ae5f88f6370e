"""W6: a mixed day with one of the destinations away for the whole of it, in minutes.

Orders come in and are picked, packed and shipped at a steady rate, first with everybody there. Then
one destination is gone: nobody listens at its address. What gathers for it in a day is made in one
go, while the steady rate goes on. Then it is back, and everything that waited for it is told beside
what is new. What counts: whether the others noticed, how fast the backlog went, how often anything
was told again, and whether each key's effects arrived in their order.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

import asyncpg

from crossdock.runtime.accounts import cpu_seconds, peak_mib
from crossdock.runtime.bench import wire
from crossdock.runtime.bench.run import CONSUMERS, BenchFailed, Shape, post, write_config
from crossdock.runtime.bench.workload import Said, Script
from crossdock.runtime.console import hint
from crossdock.runtime.processhub import HubProcess
from crossdock.runtime.watching import left_to_do
from crossdock.storage.postgres.server import EmbeddedServer

AWAY: Final = "crm"
PER_SECOND: Final = 20
_BEAT_SECONDS: Final = 0.25
_DRAIN_SECONDS_MAX: Final = 600.0
_SHAPE: Final = Shape(per_post=500, per_request=100, connections=4)


class Switched(wire.Consumer):
    """A consumer whose connections can be cut."""

    def __init__(self, counter: list[int], lines: set[asyncio.Transport]) -> None:
        super().__init__(counter)
        self._lines = lines

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the line."""
        super().connection_made(transport)
        self._lines.add(cast("asyncio.Transport", transport))


class Away:
    """A far system that is there or not."""

    def __init__(self) -> None:
        self.counter = [0, 0]  # effects, requests
        self.port = 0
        self._lines: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None

    async def come(self) -> None:
        """Listen, at the address that it had."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Switched(self.counter, self._lines), "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def go(self) -> None:
        """Hang up and listen no more."""
        if self._server is not None:
            self._server.close()
        for line in self._lines:
            line.abort()
        self._lines.clear()


async def run(
    messages: int, data: Path | None, *, phase_seconds: float = 20.0
) -> dict[str, object]:
    """Run W6 with about so many messages in the day; gives what `bench --json` prints."""
    async with AsyncExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossdock-bench-")))
        key = secrets.token_hex(16)
        away, ports = Away(), {}
        await away.come()
        stack.callback(away.go)
        for name in CONSUMERS:
            server, ports[name], _ = await wire.consume()
            stack.callback(server.close)
        ports[AWAY] = away.port
        hub = HubProcess(write_config(data, ports, _SHAPE, key), data / "hub.log")
        await hub.start()
        stack.push_async_callback(hub.stop)
        database = await stack.enter_async_context(EmbeddedServer(data))
        connection = await asyncpg.connect(database.dsn)
        stack.push_async_callback(connection.close)
        day = _Day(hub, connection, away, key)
        return {"workload": "W6", **await day.lived(messages, phase_seconds)}


class _Day:
    def __init__(
        self, hub: HubProcess, connection: asyncpg.Connection, away: Away, key: str
    ) -> None:
        self._hub = hub
        self._connection = connection
        self._away = away
        self._key = key
        self._script = Script(datetime.now(UTC))
        self._events = self._mixed()
        self.noticed_after = 0.0  # how long after its return it was told the first thing

    async def lived(self, messages: int, phase_seconds: float) -> dict[str, object]:
        """The day, and its figures."""
        await self._post(list(self._script.opening()))
        await self._quiet()
        hint("calm: everybody is there")
        calm = await self._steady(phase_seconds)
        self._away.go()
        gone_at = datetime.now(UTC)
        hint(f"{AWAY} is gone; {messages} messages, and the steady rate")
        took = time.perf_counter()
        await self._post([next(self._events) for _ in range(messages)])
        await self._told_but_for_the_one_away()
        took = time.perf_counter() - took
        outage = await self._steady(phase_seconds)
        backlog = await self._backlog()
        back_at = datetime.now(UTC)
        await self._away.come()
        hint(f"{AWAY} is back; {backlog} effects wait for it")
        drain, drained = await self._drained(back_at)
        figures = await self._figures(gone_at, back_at)
        return {
            "messages": messages,
            "messages_per_second": round(messages / took),
            "calm_p99_ms": calm,
            "outage_p99_ms": outage,
            "drain_p99_ms": drain,
            "outage_ratio": round(outage / calm, 2),
            "drain_ratio": round(drain / calm, 2),
            "backlog": backlog,
            "noticed_after_seconds": round(self.noticed_after, 1),
            "drained_per_second": round(backlog / drained),
            **figures,
            "cpu_seconds": round(cpu_seconds(self._hub.pid), 1),
            "peak_mib": round(peak_mib(self._hub.pid), 1),
        }

    def _mixed(self) -> Iterator[Said]:
        """Orders and, some orders later, the scans of each: one event after the other."""
        index = 0
        while True:
            yield self._script.order(index)
            if index >= 50:
                yield from self._script.scans(index - 50)
            index += 1

    async def _post(self, said: list[Said]) -> None:
        await post(self._hub.port, self._key, said, _SHAPE.per_post, _SHAPE.connections)

    async def _steady(self, seconds: float) -> float:
        """Post at the steady rate; gives the others' p99 in ms, from acceptance to settlement."""
        began = datetime.now(UTC)
        started = time.perf_counter()
        count = 0
        while (passed := time.perf_counter() - started) < seconds:
            due = int(passed * PER_SECOND) - count
            if due > 0:
                await self._post([next(self._events) for _ in range(due)])
                count += due
            await asyncio.sleep(_BEAT_SECONDS)
        ended = datetime.now(UTC)
        await self._told_but_for_the_one_away()
        return await self._p99(began, ended)

    async def _drained(self, back_at: datetime) -> tuple[float, float]:
        """Go on at the steady rate until nothing waits any more: others' p99, and the seconds."""
        started = time.perf_counter()
        while True:
            await self._steady(1.0)
            if not await self._backlog():
                break
            if time.perf_counter() - started > _DRAIN_SECONDS_MAX:
                raise BenchFailed("the backlog does not go", found=str(await self._backlog()))
        first, last = await self._connection.fetchrow(
            "SELECT min(a.settled_time), max(a.settled_time) FROM attempt a"
            " JOIN effect e USING (effect_id) WHERE e.destination = $1 AND e.intended_time < $2"
            " AND a.settled_time >= $2 AND a.verdict IN ('accepted', 'already_done')",
            AWAY,
            back_at,
        )
        self.noticed_after = (first - back_at).total_seconds()
        steady = await self._p99(back_at, datetime.now(UTC))
        return steady, max(0.001, (last - first).total_seconds())

    async def _backlog(self) -> int:
        found: int = await self._connection.fetchval(
            "SELECT count(*) FROM due WHERE destination = $1", AWAY
        )
        return found

    async def _p99(self, since: datetime, until: datetime) -> float:
        found = await self._connection.fetchval(
            """
            SELECT percentile_cont(0.99) WITHIN GROUP (
                ORDER BY extract(epoch FROM a.settled_time - m.received_time))
            FROM message m
            JOIN effect e ON e.partition = m.partition AND e.position = m.position
            JOIN attempt a ON a.effect_id = e.effect_id
            WHERE e.destination <> $1 AND m.received_time >= $2 AND m.received_time < $3
            """,
            AWAY,
            since,
            until,
        )
        return round(float(found) * 1000, 1)

    async def _quiet(self) -> None:
        while not (await left_to_do(self._connection)).quiet:
            self._must_live()
            await asyncio.sleep(0.1)

    async def _told_but_for_the_one_away(self) -> None:
        """Wait until all is decided, and told to everybody else."""
        while True:
            left = await left_to_do(self._connection)
            others = await self._connection.fetchval(
                "SELECT count(*) FROM due WHERE destination <> $1 AND state <> 2", AWAY
            )
            if left.accepted == left.decided and not others:
                return
            self._must_live()
            await asyncio.sleep(0.05)

    def _must_live(self) -> None:
        if not self._hub.alive:
            raise BenchFailed("the hub died", found=self._hub.last_words())

    async def _figures(self, gone_at: datetime, back_at: datetime) -> dict[str, object]:
        """What the ledger says of the one that was away."""
        row = await self._connection.fetchrow(
            """
            WITH theirs AS (
                SELECT e.effect_id, e.key, a.attempt, a.verdict, a.begun_time, a.sent,
                       a.settled_time,
                       max(a.settled_time) FILTER (WHERE a.verdict IN ('accepted', 'already_done'))
                           OVER (PARTITION BY e.key ORDER BY e.effect_id
                                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                FROM effect e JOIN attempt a USING (effect_id)
                WHERE e.destination = $1 AND a.begun_time IS NOT NULL
            ), requests AS (
                SELECT begun_time, avg(CASE WHEN attempt > 1 THEN 1.0 ELSE 0.0 END) AS again
                FROM theirs WHERE sent <> '' GROUP BY begun_time, sent
            )
            SELECT count(DISTINCT effect_id) AS effects,
                   count(*) FILTER (WHERE verdict IN ('accepted', 'already_done')
                                    AND settled_time < before) AS out_of_order,
                   (SELECT count(*) FROM requests) AS requests,
                   (SELECT sum(again) FROM requests) AS again,
                   (SELECT count(*) FROM requests
                    WHERE begun_time >= $2 AND begun_time < $3) AS while_away
            FROM theirs
            """,
            AWAY,
            gone_at,
            back_at,
        )
        return {
            "requests": row["requests"],
            "requests_while_away": row["while_away"],
            "repeated_share": round(float(row["again"]) / row["requests"], 4),
            "out_of_order": row["out_of_order"],
            "told_twice": self._away.counter[0] - row["effects"],
        }
