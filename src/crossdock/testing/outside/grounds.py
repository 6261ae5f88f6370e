"""What a run strikes: a hub, perhaps a further worker, far systems, a database, and the lines.

Three ways to stand. *Embedded*: the hub runs its own PostgreSQL, as on one machine. *Apart*: the
harness runs PostgreSQL, a second process decides and delivers beside the hub, and a fault proxy
stands in every line: between the processes and the database, and before each far system. *Disks*:
as embedded, with the database's data and its write-ahead log on small disks of their own.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from crossdock.contracts.connector import Ability
from crossdock.estate.estate import Estate
from crossdock.kernel.errors import CrossdockError
from crossdock.runtime.demo import house
from crossdock.runtime.demo.run import Wish, free_port
from crossdock.runtime.processhub import HubProcess
from crossdock.storage.postgres.server import EmbeddedServer
from crossdock.testing.fault_proxy import FaultProxy
from crossdock.testing.outside.database import Apart, Processes, dsn_through
from crossdock.testing.outside.disks import FLOOR_MIB, Disks, small_disks
from crossdock.testing.outside.recovered import SentRecord
from crossdock.testing.outside.report import Stage

WORKER_NAME = "second"
_FAR_SECONDS = 5.0
"""How long the hub waits for a far system here: blows are short, and so must be its patience."""

_START_SECONDS_MAX = 60.0

ASKED = {"wms_west": Ability.LOOK_UP, "crm": Ability.LOOK_UP}
"""Systems that honour no key and must be asked when in doubt: sent to again they do it again."""

_CONNECTIONS = {"max_connections": "44"}
"""Enough for hub, worker and a few looks; few enough to be used up by a blow."""


class RunFailed(CrossdockError):
    """The run cannot go on; what was found so far stands in its report."""

    code = "run-failed"


@dataclass(slots=True)
class Grounds:
    """Everything that stands, and everything that may be struck."""

    data: Path
    estate: Estate
    sent: SentRecord
    hub: HubProcess
    processes: Processes  # of the database
    worker: HubProcess | None = None
    database: Apart | None = None
    to_database: FaultProxy | None = None
    to_systems: Mapping[str, FaultProxy] | None = None
    disks: Disks | None = None

    async def dsn(self) -> str:
        """The straight way into the database; where the hub runs it, only once the hub runs."""
        if self.database is not None:
            return self.database.dsn
        server = EmbeddedServer(self.data)
        await server.start()
        if not server.attached:
            await server.stop()
            raise RunFailed("The hub does not run its database")
        return server.dsn

    async def end(self) -> None:
        """Leave no process behind, whatever happened."""
        await self.hub.kill()
        if self.worker is not None:
            await self.worker.kill()
        if self.database is None:
            await self.processes.end()


@asynccontextmanager
async def standing(
    wish: Wish,
    data: Path | None,
    stage: Stage,
    *,
    settings: Mapping[str, object] | None = None,
    fsync: bool = True,
    disk: Path | None = None,
    floor: bool = True,
) -> AsyncIterator[Grounds]:
    """Set it all up; no hub runs yet. `settings` add to the hub's section of its configuration.

    A database that stands apart lives on `disk` where one is given. Without a `floor` the hub does
    not look at the room of its disks.
    """
    async with AsyncExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossdock-out-")))
        data = data.resolve()
        data.mkdir(parents=True, exist_ok=True)
        port = free_port()
        keys = house.make_keys(data / "keys", house.SYSTEMS)
        apart = stage is Stage.APART
        estate = house.make_estate(
            f"http://127.0.0.1:{port}",
            keys,
            wish.seed,
            chaos=wish.chaos,
            abilities=ASKED if apart else None,
        )
        sent = SentRecord(estate)
        await stack.enter_async_context(estate)
        more: dict[str, Mapping[str, object]] = {"hub": settings or {}}
        grounds = Grounds(data, estate, sent, HubProcess(Path(), Path()), Processes(data))
        if apart:
            await _stand_apart(grounds, stack, disk or data, fsync=fsync)
            more["database"] = {"url": f"file:{data}/keys/database.url"}
        if stage is Stage.DISKS:
            grounds.disks = stack.enter_context(small_disks(data))
            more["limits"] = {"disk_free_mib": FLOOR_MIB if floor else 0}
        urls = {
            name: f"http://127.0.0.1:{proxy.port}"
            for name, proxy in (grounds.to_systems or {}).items()
        }
        config = house.write_config(
            data, estate, port, urls=urls, timeout_seconds=_FAR_SECONDS, more=more
        )
        if apart:
            command = ("worker", "--name", WORKER_NAME)
            grounds.worker = HubProcess(config, data / "worker.log", command)
        grounds.hub = HubProcess(config, data / "hub.log")
        stack.push_async_callback(grounds.end)
        if grounds.disks is not None:
            await started(grounds.hub)
            await grounds.hub.stop()
            grounds.disks.move_the_log()
        yield grounds


async def _stand_apart(grounds: Grounds, stack: AsyncExitStack, disk: Path, *, fsync: bool) -> None:
    database = Apart(disk, fsync=fsync, settings=_CONNECTIONS)
    grounds.processes = database.processes
    stack.push_async_callback(database.stop)
    await database.start()
    seed = grounds.estate.config.seed
    proxy = await stack.enter_async_context(FaultProxy(database.address, seed=seed))
    grounds.database, grounds.to_database = database, proxy
    grounds.to_systems = {
        name: await stack.enter_async_context(FaultProxy(("127.0.0.1", port), seed=seed))
        for name, port in grounds.estate.ports.items()
    }
    url = grounds.data / "keys" / "database.url"
    url.write_text(dsn_through(proxy.port), encoding="ascii")


async def started(process: HubProcess) -> None:
    """Start a process and wait until it is at work. Raises `RunFailed`, `HubDied`."""
    try:
        async with asyncio.timeout(_START_SECONDS_MAX):
            await process.start()
    except TimeoutError:
        raise RunFailed("A process does not start", found=process.last_words()) from None
