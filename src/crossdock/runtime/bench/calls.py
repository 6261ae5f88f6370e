"""W5: reserve, commit and release on few hot items, beside one guarded UPDATE per call.

In one run on one server: the floor with 8 and with 40 connections and with 8 that all want one row,
calls through the store's port, calls over HTTP at full speed and at a steady rate. The shelves are
kept nearly empty, so that many calls meet at the last units, and are filled up by messages that
workers decide meanwhile. While it runs, the database itself refuses every transaction that would
promise more than is there; at the end the log is read through: what was granted, resolved how
often, and what the rows must say.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import uvloop
import yaml

from crossdock.contracts import catalogue
from crossdock.contracts.envelope import Envelope
from crossdock.contracts.stock import StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason
from crossdock.contracts.words import Noun
from crossdock.gateway.admission import admit_call
from crossdock.gateway.calls import GroupCalls, Told
from crossdock.gateway.keys import Caller
from crossdock.kernel.errors import CrossdockError
from crossdock.runtime.accounts import cpu_seconds, peak_mib
from crossdock.runtime.bench.customers import CHANNEL, ITEMS, Crowd, Say, Tally, shop
from crossdock.runtime.bench.line import Line, kind_of
from crossdock.runtime.clocks import SystemClock, SystemRandomness
from crossdock.runtime.collecting import look_rarely
from crossdock.runtime.config import read_settings
from crossdock.runtime.console import hint
from crossdock.runtime.desk import Desk
from crossdock.runtime.processhub import HubProcess
from crossdock.storage.postgres.pool import PoolOptions
from crossdock.storage.postgres.server import EmbeddedServer
from crossdock.storage.postgres.store import PostgresStore

ON_SHELF = 60
"""Units of each item at the start: a few times what the customers hold together."""

_FLOOR_MANY = 40
"""As many connections as the embedded server has left beside the hub's."""

_FLOOR_CALLS_MAX = 20_000
_HTTP_CALLS_MAX = 20_000
_STEADY_SECONDS_MAX = 10
_CALLS_PER_KILL = 3_000
_REFILL_SECONDS = 0.1
_REFILL_UNITS = 30
_NEVER_OVERSOLD = """
    CREATE FUNCTION oversold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% at %: % promised of %', NEW.item, NEW.site, NEW.reserved, NEW.sellable;
    END $$;
    CREATE CONSTRAINT TRIGGER never_oversold AFTER INSERT OR UPDATE ON promise
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.reserved > NEW.sellable)
    EXECUTE FUNCTION oversold()
"""
"""At the commit: a batch that finds less than it decided on writes first and takes it back then."""


class CallsFailed(CrossdockError):
    """Calls of the bench had no answer, or what the log says does not add up."""

    code = "calls-failed"


async def run(
    calls: int,
    workers: int,
    rate: int,
    processes: int,
    data: Path | None,
    kills: int = 0,
    hot: int = len(ITEMS),
) -> dict[str, object]:
    """Run W5 on so many hot items; gives the figures that `bench --json` prints.

    With `kills`, the hub is killed and started again so often among further calls.
    """
    async with AsyncExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossdock-bench-")))
        key = secrets.token_hex(16)
        config = _write_config(data, key)
        hub = HubProcess(config, data / "hub.log")
        await hub.start()
        stack.push_async_callback(hub.stop)
        database = await stack.enter_async_context(EmbeddedServer(data))
        connection = await asyncpg.connect(database.dsn)
        await connection.execute(_NEVER_OVERSOLD)
        bench = _Bench(hub, database, connection, config, key, hot)
        stack.push_async_callback(bench.close)
        await bench.fill(dict.fromkeys(ITEMS[:hot], ON_SHELF))
        await bench.filled()
        return {
            "workload": "W5",
            "hot_items": hot,
            **await bench.measure(calls, workers, rate, processes, kills),
        }


class _Bench:
    def __init__(
        self,
        hub: HubProcess,
        database: EmbeddedServer,
        connection: asyncpg.Connection,
        config: Path,
        key: str,
        hot: int,
    ) -> None:
        self._hub = hub
        self._database = database
        self._connection = connection
        self._config = config
        self._key = key
        self._hot = hot
        self._fills = 0

    async def measure(
        self, calls: int, workers: int, rate: int, processes: int, kills: int
    ) -> dict[str, object]:
        hint("the floor: one guarded UPDATE per call")
        some = min(calls, _FLOOR_CALLS_MAX)
        floor = {n: await self._floor(n, some, self._hot) for n in (8, _FLOOR_MANY)}
        one_row = await self._floor(8, some, 1)
        hint(f"{calls} calls through the store's port, {processes} processes")
        port, took, port_cpu = await self._at_the_port(calls, workers, processes)
        over = min(calls, _HTTP_CALLS_MAX)
        hint(f"{over} calls over HTTP")
        before = cpu_seconds(self._hub.pid)
        full, full_took = await self._over_http("full", workers, over, 0)
        http_cpu = cpu_seconds(self._hub.pid) - before
        steady_calls = min(calls, rate * _STEADY_SECONDS_MAX)
        hint(f"{steady_calls} calls over HTTP at {rate} calls/s")
        steady, steady_took = await self._over_http("steady", workers, steady_calls, rate)
        figures: dict[str, object] = {
            "messages": len(port.seconds),
            "messages_per_second": round(len(port.seconds) / took),
            "floor_messages_per_second": round(floor[8]),
            f"floor_{_FLOOR_MANY}_connections_per_second": round(floor[_FLOOR_MANY]),
            "floor_one_row_per_second": round(one_row),
            "ratio": round(len(port.seconds) / took / floor[8], 3),
            "ratio_to_one_row": round(len(port.seconds) / took / one_row, 3),
            **dict(port.seconds.figures("")),
            "cpu_seconds_per_1000": round(port_cpu / len(port.seconds) * 1000, 4),
            "http_messages_per_second": round(len(full.seconds) / full_took),
            **dict(full.seconds.figures("http_")),
            "http_cpu_seconds_per_1000": round(http_cpu / len(full.seconds) * 1000, 4),
            "steady_messages_per_second": round(len(steady.seconds) / steady_took),
            **dict(steady.seconds.figures("steady_")),
            "peak_mib": round(peak_mib(self._hub.pid), 1),
            "refused": sum(one.answers["refused"] for one in (port, full, steady)),
            "failed": sum(one.answers["failed"] for one in (port, full, steady)),
        }
        figures |= await self._struck(workers, kills) if kills else {}
        figures |= await self._account()
        return figures

    # The floor ------------------------------------------------------------------------------

    async def _floor(self, connections: int, calls: int, hot: int) -> float:
        """Calls per second of one guarded UPDATE per call over `hot` rows, each a transaction."""
        await self._connection.execute(
            "CREATE TABLE IF NOT EXISTS counter (item text PRIMARY KEY, sellable bigint NOT NULL,"
            " reserved bigint NOT NULL) WITH (fillfactor = 50); TRUNCATE counter"
        )
        await self._connection.executemany(
            "INSERT INTO counter VALUES ($1, $2, 0)", [(item, 10**9) for item in ITEMS[:hot]]
        )
        todo = iter(range(calls))

        async def caller() -> None:
            connection = await asyncpg.connect(self._database.dsn)
            statement = await connection.prepare(
                "UPDATE counter SET reserved = reserved + $2"
                " WHERE item = $1 AND sellable - reserved >= $2"
            )
            for number in todo:
                await statement.fetch(ITEMS[number % hot], 1)
            await connection.close()

        started = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(connections)))
        return calls / (time.perf_counter() - started)

    # Calls ----------------------------------------------------------------------------------

    async def _at_the_port(
        self, calls: int, workers: int, processes: int
    ) -> tuple[Tally, float, float]:
        """Let processes with a desk each make the calls; gives tally, seconds, CPU seconds."""
        loop = asyncio.get_running_loop()
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            await asyncio.gather(
                *(loop.run_in_executor(pool, _warm, str(self._config)) for _ in range(processes))
            )
            async with self._refilling():
                started = time.perf_counter()
                parts = await asyncio.gather(
                    *(
                        loop.run_in_executor(
                            pool,
                            _port_process,
                            self._database.dsn,
                            str(self._config),
                            Crowd(
                                f"port{n}", workers // processes, calls // processes, hot=self._hot
                            ),
                        )
                        for n in range(processes)
                    )
                )
                took = max(part[1] for part in parts)
                hint(f"{time.perf_counter() - started:.1f} s with the start of the processes")
        tally = Tally()
        for part, _, _ in parts:
            tally.seconds.merge(part.seconds)
            tally.answers += part.answers
        return tally, took, sum(cpu for _, _, cpu in parts)

    async def _over_http(
        self, name: str, workers: int, calls: int, per_second: float
    ) -> tuple[Tally, float]:
        async with AsyncExitStack() as stack:
            lines = [
                await stack.enter_async_context(Line(self._hub, f"shop-{self._key}"))
                for _ in range(workers)
            ]
            await stack.enter_async_context(self._refilling())
            started = time.perf_counter()
            says: list[Say] = [line.say for line in lines]
            tally = await shop(Crowd(name, workers, calls, per_second, self._hot), says)
            took = time.perf_counter() - started
        return tally, took

    async def close(self) -> None:
        """Close the connection to the database."""
        await self._connection.close()

    async def _struck(self, workers: int, kills: int) -> dict[str, object]:
        """Kill the hub (-9) among calls and start it again; callers call again until answered."""
        calls = kills * _CALLS_PER_KILL
        hint(f"{calls} calls over HTTP, {kills} times kill -9")
        tally = Tally()
        async with AsyncExitStack() as stack:
            lines = [
                await stack.enter_async_context(Line(self._hub, f"shop-{self._key}"))
                for _ in range(workers)
            ]
            await stack.enter_async_context(self._refilling())
            says: list[Say] = [line.say for line in lines]
            shopping = asyncio.create_task(
                shop(Crowd("struck", workers, calls, hot=self._hot), says, tally)
            )
            for kill in range(kills):
                while len(tally.seconds) < (kill + 0.5) * _CALLS_PER_KILL:  # noqa: ASYNC110
                    await asyncio.sleep(0.002)
                await self._hub.kill()
                await self._hub.start()
                await self._reconnect()
            await shopping
        return {
            "kills": kills,
            "struck_calls": len(tally.seconds),
            "struck_called_again": sum(line.again for line in lines),
            "struck_failed": tally.answers["failed"],
            **dict(tally.seconds.figures("struck_")),
        }

    async def _reconnect(self) -> None:
        """The embedded server goes down with the hub that started it."""
        self._connection.terminate()
        self._connection = await asyncpg.connect(self._database.dsn)

    # Stock ----------------------------------------------------------------------------------

    def _refilling(self) -> _Refilling:
        return _Refilling(self._refill)

    async def _refill(self) -> None:
        """Put a few units more on every shelf that is sold out."""
        try:
            rows = await self._connection.fetch(
                "SELECT item FROM promise WHERE reserved >= sellable"
            )
        except (asyncpg.InterfaceError, asyncpg.PostgresError, ConnectionError):
            return  # the server was struck with its hub: the next time
        await self.fill({row["item"]: _REFILL_UNITS for row in rows})

    async def fill(self, units: dict[str, int]) -> None:
        """The warehouse finds so many units more."""
        async with Line(self._hub, f"wms_east-{self._key}") as line:
            for item, quantity in units.items():
                self._fills += 1
                noun = StockAdjustment(
                    adjustment_id=f"FILL-{self._fills}",
                    site="EAST",
                    item=item,
                    quantity=quantity,
                    reason=AdjustmentReason.FOUND,
                )
                await line.post(
                    "/v1/messages",
                    msgspec.json.encode(
                        Envelope(
                            id=noun.adjustment_id,
                            source="wms_east",
                            type=catalogue.STOCK_ADJUSTED,
                            time=datetime.now(UTC),
                            data=msgspec.Raw(msgspec.json.encode(noun)),
                        )
                    ),
                )

    async def filled(self) -> None:
        """Wait until every item is on the shelf."""
        async with asyncio.timeout(30):
            count = "SELECT count(*) FROM promise WHERE sellable > 0"
            while await self._connection.fetchval(count) < self._hot:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    # The account ----------------------------------------------------------------------------

    async def _account(self) -> dict[str, object]:
        """What the log says of all calls, and whether the rows agree with it."""
        rows = await self._connection.fetch(_GRANTED_UNITS)
        sums = {row["item"]: row["held"] for row in rows}
        promises = await self._connection.fetch(
            "SELECT item, sum(sellable)::bigint AS sellable, sum(reserved)::bigint AS reserved"
            " FROM promise GROUP BY item"
        )
        oversold = sum(
            max(0, row["reserved"] - row["sellable"], sums.get(row["item"], 0) - row["sellable"])
            for row in promises
        )
        astray = [row["item"] for row in promises if row["reserved"] != sums.get(row["item"], 0)]
        often = await self._connection.fetchrow(_RESOLVED)
        if astray:
            raise CallsFailed("The rows are not what the log says", found=", ".join(astray))
        return {
            "oversold": oversold,
            "reservations": often["reservations"],
            "resolved": often["resolved"],
            "resolved_once": often["twice"] == 0,
        }


_ANSWERS = """
    WITH said AS MATERIALIZED (
        SELECT m.key, m.type, convert_from(o.body, 'UTF8')::jsonb -> 'answer' AS answer
        FROM message m JOIN outcome o USING (partition, position)
        WHERE m.type LIKE 'crossdock.reservation.%' AND o.fate = 'applied'
    )
"""
_GRANTED_UNITS = f"""
    {_ANSWERS}
    , newest AS (
        SELECT DISTINCT ON (key) key, answer FROM said
        WHERE answer ->> 'answer' <> 'refused'
        ORDER BY key, type LIKE '%.requested.%'
    )
    SELECT line ->> 'item' AS item, sum((line ->> 'reserved')::bigint)::bigint AS held
    FROM newest, jsonb_array_elements(answer -> 'lines') AS line
    GROUP BY 1
"""  # noqa: S608 - fixed text
"""By item, what the log granted and did not take back."""

_RESOLVED = f"""
    {_ANSWERS}
    , resolved AS (
        SELECT key, count(*) FILTER (WHERE type LIKE '%.requested.%') AS granted,
               count(*) FILTER (WHERE type NOT LIKE '%.requested.%') AS times
        FROM said WHERE answer ->> 'answer' <> 'refused' GROUP BY key
    )
    SELECT count(*) AS reservations, count(*) FILTER (WHERE times = 1) AS resolved,
           count(*) FILTER (WHERE times > 1 OR granted <> 1) AS twice
    FROM resolved
"""  # noqa: S608 - fixed text


class _Refilling:
    """While it is entered, shelves are filled up again and again."""

    def __init__(self, refill: Callable[[], Any]) -> None:
        self._refill = refill
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._go_on())

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(_REFILL_SECONDS)
            await self._refill()


# A desk in a process of its own ---------------------------------------------------------------


def _warm(config: str) -> str:
    """Import everything, so that it is not measured."""
    return read_settings(Path(config)).hub.name


def _port_process(dsn: str, config: str, crowd: Crowd) -> tuple[Tally, float, float]:
    """Let a crowd call at a desk of this process; gives tally, seconds, CPU seconds."""
    look_rarely()
    return uvloop.run(_at_a_desk(dsn, Path(config), crowd))


async def _at_a_desk(dsn: str, config: Path, crowd: Crowd) -> tuple[Tally, float, float]:
    settings = read_settings(config)
    policy = settings.policy()
    clock = SystemClock()
    caller = Caller("shop")
    store = await PostgresStore.open(
        dsn,
        partitions=settings.hub.partitions,
        now=clock.now(),
        options=PoolOptions(connections_max=4, by_index=True),
    )
    desk = Desk(f"bench/{crowd.name}", store, policy, clock, SystemRandomness())
    try:
        async with GroupCalls([desk]) as group:

            async def say(kind: str, _: str, noun: Noun) -> str:
                told = await group.ask(admit_call(kind, noun, caller, policy, clock.now()))
                return kind_of(told.outcome.answer) if isinstance(told, Told) else "failed"

            started, cpu = time.perf_counter(), time.process_time()
            tally = await shop(crowd, [say])
            return tally, time.perf_counter() - started, time.process_time() - cpu
    finally:
        await store.close()


def _write_config(data: Path, key: str) -> Path:
    data.mkdir(parents=True, exist_ok=True)
    systems: dict[str, dict[str, object]] = {}
    for name in ("shop", "wms_east", "erp", "crm"):
        (data / f"{name}.key").write_text(f"{name}-{key}", encoding="ascii")
        systems[name] = {"inbound_key": f"file:{data / name}.key"}
    systems["shop"]["scopes"] = ["messages:write", "stock:promise"]
    config = {
        "hub": {"listen": "127.0.0.1:0", "data": str(data), "known_items_only": False},
        "systems": systems,
        "sites": {"EAST": {"wms": "wms_east"}},
        "channels": {CHANNEL: {"system": "shop", "sells_from": ["EAST"]}},
    }
    file = data / "crossdock.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file
