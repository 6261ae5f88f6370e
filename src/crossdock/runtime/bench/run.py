"""Running a workload: a hub process, three consumers, a loader, and afterwards the floor."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import yaml

from crossdock.contracts import catalogue
from crossdock.kernel.errors import CrossdockError
from crossdock.runtime.accounts import cpu_seconds, own_cpu_seconds, peak_mib
from crossdock.runtime.bench import floor, wire
from crossdock.runtime.bench.workload import DOCKS, Said, Script
from crossdock.runtime.console import hint
from crossdock.runtime.processhub import HubProcess
from crossdock.runtime.watching import left_to_do
from crossdock.storage.postgres.migrations import discover, migrate
from crossdock.storage.postgres.server import EmbeddedServer

RECEIPTS = (catalogue.RECEIPT_POSTED,)
ORDERS = (catalogue.ORDER_PLACED,)
SHIPMENTS = (catalogue.SHIPMENT_SHIPPED,)
SCANS = (catalogue.PICK_CONFIRMED, catalogue.CARTON_PACKED, catalogue.SHIPMENT_SHIPPED)
PARTITIONS = 16
CONSUMERS = ("erp", "shop", "crm", *DOCKS.values())


class BenchFailed(CrossdockError):
    """The workload did not go through as it must."""

    code = "bench-failed"


@dataclass(frozen=True, slots=True)
class Shape:
    """What tells one workload from another."""

    per_post: int  # messages in one POST
    per_request: int  # effects in one request to a consumer
    connections: int  # of the loader; in W4 of each warehouse
    kinds: tuple[str, ...] = SCANS  # what is measured


SHAPES = {
    "W1": Shape(per_post=500, per_request=500, connections=4),
    "W1s": Shape(per_post=500, per_request=1, connections=4),
    "W1p": Shape(per_post=1, per_request=500, connections=64),
    "W2": Shape(per_post=500, per_request=500, connections=4, kinds=ORDERS),
    "W3": Shape(per_post=500, per_request=500, connections=4, kinds=SHIPMENTS),
    "W4": Shape(per_post=500, per_request=500, connections=2, kinds=RECEIPTS),
}


async def run(workload: str, messages: int, data: Path | None) -> dict[str, object]:
    """Run one workload; gives the figures that `bench --json` prints."""
    shape = SHAPES[workload]
    async with AsyncExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossdock-bench-")))
        key = secrets.token_hex(16)
        ports = {}
        for name in CONSUMERS:
            server, ports[name], _ = await wire.consume()
            stack.callback(server.close)
        hub = HubProcess(write_config(data, ports, shape, key), data / "hub.log")
        await hub.start()
        stack.push_async_callback(hub.stop)
        database = await stack.enter_async_context(EmbeddedServer(data))
        connection = await asyncpg.connect(database.dsn)
        stack.push_async_callback(connection.close)
        bench = _Bench(shape, hub, database, connection, key)
        return {"workload": workload, **await bench.measure(messages)}


class _Bench:
    def __init__(
        self,
        shape: Shape,
        hub: HubProcess,
        database: EmbeddedServer,
        connection: asyncpg.Connection,
        key: str,
    ) -> None:
        self._shape = shape
        self._hub = hub
        self._database = database
        self._connection = connection
        self._key = key

    async def measure(self, messages: int) -> dict[str, object]:
        said = await self._said(Script(datetime.now(UTC)), messages)
        hint(f"measuring: {len(said)} messages")
        before, alone = cpu_seconds(self._hub.pid), own_cpu_seconds(self._hub.pid)
        started = datetime.now(UTC)
        took = time.perf_counter()
        await self._post(said, self._shape.per_post, self._shape.connections)
        took = time.perf_counter() - took
        await self._quiet()
        used = cpu_seconds(self._hub.pid) - before
        alone = own_cpu_seconds(self._hub.pid) - alone
        figures = await self._figures(started, len(said))
        figures["posted_per_second"] = round(len(said) / took)
        figures["cpu_seconds_per_1000"] = round(used / len(said) * 1000, 4)
        figures["hub_cpu_seconds_per_1000"] = round(alone / len(said) * 1000, 4)
        figures["peak_mib"] = round(peak_mib(self._hub.pid), 1)
        floor_figures = await self._floor()
        figures["floor_messages_per_second"] = round(floor_figures.total)
        figures["floor_intake"] = round(floor_figures.intake)
        figures["floor_decide"] = round(floor_figures.decide)
        if floor_figures.settle is not None:
            figures["floor_settle"] = round(floor_figures.settle)
        rate = figures["messages_per_second"]
        assert isinstance(rate, int)
        figures["ratio"] = round(rate / floor_figures.total, 3)
        return figures

    async def _said(self, script: Script, messages: int) -> list[Said]:
        """Lay out what comes before; gives the messages that are measured."""
        if self._shape.kinds is RECEIPTS:
            return [script.receipt(index) for index in range(messages)]
        await self._post(list(script.opening()), 500)
        await self._quiet()
        count = messages // len(SCANS) if self._shape.kinds is SCANS else messages
        orders = [script.order(index) for index in range(count)]
        if self._shape.kinds is ORDERS:
            return orders
        hint(f"loading {count} orders")
        await self._post(orders, 500)
        await self._quiet()
        scans = [script.scans(index) for index in range(count)]
        if self._shape.kinds is SCANS:
            return _in_waves(scans)
        hint("picking and packing them")
        for step in (0, 1):
            await self._post([scan[step] for scan in scans], 500)
        await self._quiet()
        return [scan[2] for scan in scans]

    async def _post(self, said: Sequence[Said], per_post: int, connections: int = 4) -> None:
        await post(self._hub.port, self._key, said, per_post, connections)

    async def _quiet(self) -> None:
        """Wait until everything is decided and told."""
        while True:
            if (await left_to_do(self._connection)).quiet:
                return
            if not self._hub.alive:
                raise BenchFailed("the hub died", found=self._hub.last_words())
            await asyncio.sleep(0.1)

    async def _figures(self, started: datetime, count: int) -> dict[str, object]:
        row = await self._connection.fetchrow(
            """
            WITH measured AS (
                SELECT m.partition, m.position, m.received_time FROM message m
                WHERE m.type = ANY($1)
            ), told AS (
                SELECT e.partition, e.position, max(a.settled_time) AS settled
                FROM effect e JOIN attempt a USING (effect_id)
                GROUP BY e.partition, e.position
            ), done AS (
                SELECT greatest(o.processed_time, told.settled) AS done, m.received_time
                FROM measured m
                JOIN outcome o USING (partition, position)
                LEFT JOIN told USING (partition, position)
            )
            SELECT count(*) AS messages, max(done) AS ended,
                   percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
                       ORDER BY extract(epoch FROM done - received_time)) AS latency
            FROM done
            """,
            list(self._shape.kinds),
        )
        if row["messages"] != count:
            raise BenchFailed("messages are missing", found=str(row["messages"]))
        seconds = (row["ended"] - started).total_seconds()
        return {
            "messages": count,
            "messages_per_second": round(count / seconds),
            "p50_ms": round(row["latency"][0] * 1000, 1),
            "p99_ms": round(row["latency"][1] * 1000, 1),
        }

    async def _floor(self) -> floor.FloorFigures:
        hint("writing the same rows by hand: the floor")
        batches = await floor.read_back(
            self._database.dsn, (*DOCKS.values(), "shop"), self._shape.kinds
        )
        await self._connection.execute("CREATE DATABASE floor")
        dsn = self._database.dsn_of("floor")
        empty = await asyncpg.connect(dsn)
        try:
            await migrate(empty, discover(), now=datetime.now(UTC))
        finally:
            await empty.close()
        return await floor.run_floor(dsn, batches, PARTITIONS)


def _in_waves(scans: Sequence[tuple[Said, Said, Said]]) -> list[Said]:
    """A thousand orders are picked, then packed, then shipped, before the next thousand."""
    return [
        scan[step]
        for start in range(0, len(scans), 1000)
        for step in range(3)
        for scan in scans[start : start + 1000]
    ]


async def post(port: int, key: str, said: Sequence[Said], per_post: int, connections: int) -> None:
    """Let every source post what is its own, all sources at once.

    Raises:
        BenchFailed: the hub refused any of it.
    """
    kind = f"application/cloudevents{'' if per_post == 1 else '-batch'}+json"
    groups: dict[str, list[bytes]] = {}
    for one in said:
        groups.setdefault(one.source, []).append(one.body)
    answers = await asyncio.gather(
        *(
            wire.post_all(
                port,
                bodies if per_post == 1 else _batches(bodies, per_post),
                kind,
                f"{source}-{key}",
                connections,
            )
            for source, bodies in groups.items()
        )
    )
    for statuses in answers:
        if set(statuses) != {202}:
            raise BenchFailed("the hub refused messages", found=str(statuses))


def _batches(bodies: list[bytes], size: int) -> list[bytes]:
    return [
        b"[" + b",".join(bodies[start : start + size]) + b"]"
        for start in range(0, len(bodies), size)
    ]


def write_config(data: Path, ports: dict[str, int], shape: Shape, key: str) -> Path:
    """The configuration of a hub that tells these consumers, and the keys of its sources."""
    data.mkdir(parents=True, exist_ok=True)
    systems = {}
    for name, port in ports.items():
        (data / f"{name}.key").write_text(f"{name}-{key}", encoding="ascii")
        systems[name] = {
            "connector": "rest",
            "url": f"http://127.0.0.1:{port}",
            "inbound_key": f"file:{data / name}.key",
            "batch_max": shape.per_request,
            "limits": {"at_once": 2 if shape.per_request > 1 else 16},
            "operations": {"default": {"path": "/told", "ability": "keys"}},
        }
    config = {
        "hub": {
            "listen": "127.0.0.1:0",
            "data": str(data),
            "partitions": PARTITIONS,
            "known_items_only": False,
        },
        "systems": systems,
        "sites": {site: {"wms": system} for site, system in DOCKS.items()},
        "posting": {"shipment": "summed"},  # as a house that ships by the thousand posts them
        "channels": {"web": {"system": "shop", "sells_from": ["EAST", "WEST"]}},
    }
    file = data / "crossdock.yaml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file
