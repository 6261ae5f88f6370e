"""Running the demo: boot, feed, wait until everybody is done, look at everything."""

from __future__ import annotations

import asyncio
import errno
import random
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from crossdock.estate.estate import Estate
from crossdock.estate.feed import Fed, Pace, Progress, feed
from crossdock.estate.stories.generated import generated_story
from crossdock.estate.stories.planner import Cast
from crossdock.estate.stories.story import Story
from crossdock.estate.stories.uci import uci_story
from crossdock.kernel.errors import CrossdockError
from crossdock.runtime.accounts import peak_mib
from crossdock.runtime.console import hint
from crossdock.runtime.demo import house
from crossdock.runtime.processhub import HubProcess
from crossdock.runtime.watching import Left, left_to_do, orders_by_status
from crossdock.storage.postgres.server import EmbeddedServer

_PORTS = range(20_000, 30_000)  # below what systems hand out, which begins at 32768 or later
_PORTS_TRIED = 100
_POLL_SECONDS = 0.2
_SAY_SECONDS = 2.0
_STUCK_SECONDS = 60.0
"""Without any progress for so long the demo gives up and says what is left."""


class DemoStuck(CrossdockError):
    """The demo made no progress any more."""

    code = "demo-stuck"


class DemoHubDied(CrossdockError):
    """The hub's process ended while the demo ran."""

    code = "demo-hub-died"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for."""

    orders: int = 500
    seconds: int | None = None
    source: Path | None = None
    chaos: bool = False
    seed: int = 1

    def story(self) -> Story:
        """The orders to play."""
        cast = Cast(keep_back=house.KEEP_BACK)
        if self.source is not None:
            return uci_story(self.source, cast)
        return generated_story(self.orders, self.seed, cast)


@dataclass(slots=True)
class Played:
    """What the run measured; the summary adds what the hub knows."""

    data: Path
    fed: Fed
    estate: Estate
    connection: asyncpg.Connection
    hub: HubProcess
    left: Left
    seconds: float  # from the hub's start until everybody was done
    first_order_seconds: float  # from the hub's start until its first order was visible
    peak_mib: float = 0.0


@asynccontextmanager
async def played(wish: Wish, data: Path | None) -> AsyncIterator[Played]:
    """Run the demo to its end; everything still stands while the block runs.

    Raises:
        DemoStuck: something is left that nobody does.
        DemoHubDied: with the hub's last words.
    """
    async with AsyncExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossdock-demo-")))
        data = data.resolve()
        data.mkdir(parents=True, exist_ok=True)
        story = wish.story()
        port = free_port()
        keys = house.make_keys(data / "keys", house.SYSTEMS)
        estate = house.make_estate(f"http://127.0.0.1:{port}", keys, wish.seed, chaos=wish.chaos)
        await stack.enter_async_context(estate)
        hub = HubProcess(house.write_config(data, estate, port), data / "hub.log")
        hint("starting the hub")
        started = time.monotonic()
        await hub.start()
        stack.push_async_callback(hub.stop)
        server = await stack.enter_async_context(EmbeddedServer(data))
        connection = await asyncpg.connect(server.dsn)
        stack.push_async_callback(connection.close)
        watcher = _Watcher(hub, estate, connection, started)
        fed, left = await watcher.through(story, Pace(seconds_max=wish.seconds))
        yield Played(
            data=data,
            fed=fed,
            estate=estate,
            connection=connection,
            hub=hub,
            left=left,
            seconds=time.monotonic() - started,
            first_order_seconds=watcher.first_order_seconds,
            peak_mib=peak_mib(hub.pid),
        )


class _Watcher:
    """Feeds the story and watches until everybody is done, saying how far things are."""

    def __init__(
        self, hub: HubProcess, estate: Estate, connection: asyncpg.Connection, started: float
    ) -> None:
        self.first_order_seconds = 0.0
        self._hub = hub
        self._estate = estate
        self._connection = connection
        self._started = started
        self._progress: Progress | None = None
        self._said = started

    async def through(self, story: Story, pace: Pace) -> tuple[Fed, Left]:
        """Play the story and wait for the end of all that follows from it."""
        feeding = asyncio.create_task(
            feed(story, self._estate.systems, pace=pace, progress=self._note)
        )
        try:
            left = await self._until_quiet(feeding)
        finally:
            feeding.cancel()
        return await feeding, left

    def _note(self, progress: Progress) -> None:
        self._progress = progress

    async def _until_quiet(self, feeding: asyncio.Task[Fed]) -> Left:
        calm = 0
        seen: object = None
        moved = time.monotonic()
        while True:
            left = await left_to_do(self._connection)
            await self._look_for_first_order()
            now = time.monotonic()
            if feeding.done():
                feeding.result()
                calm = calm + 1 if left.quiet and not self._estate.pending else 0
                if calm >= 3:
                    return left
            if not self._hub.alive:
                raise DemoHubDied(found=self._hub.last_words())
            sight = (left, self._progress, self._estate.pending)
            if sight != seen:
                seen, moved = sight, now
            if now - moved > _STUCK_SECONDS:
                raise DemoStuck(
                    found=f"{left}, {self._estate.pending} jobs in the estate;"
                    f" the hub said last: {self._hub.last_words()}"
                )
            if now - self._said > _SAY_SECONDS:
                self._said = now
                await self._say(left, now)
            await asyncio.sleep(_POLL_SECONDS)

    async def _look_for_first_order(self) -> None:
        if not self.first_order_seconds and await self._connection.fetchval(
            "SELECT EXISTS (SELECT FROM sales_order)"
        ):
            self.first_order_seconds = time.monotonic() - self._started

    async def _say(self, left: Left, now: float) -> None:
        statuses = await orders_by_status(self._connection)
        where = ", ".join(f"{count} {name}" for name, count in statuses.items()) or "none yet"
        lines = self._progress.lines if self._progress is not None else 0
        hint(
            f"{now - self._started:6.1f} s  {lines} lines in, {left.accepted} messages,"
            f" {left.accepted - left.decided} undecided, {left.due} effects due; orders: {where}"
        )


def free_port() -> int:
    """A loopback port that is free now; the hub keeps it over restarts.

    Not one that the system hands out to whoever connects, or it may be gone at the next start.
    Raises `OSError` where none is free.
    """
    for port in random.sample(_PORTS, _PORTS_TRIED):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(errno.EADDRINUSE, f"{_PORTS_TRIED} ports of {_PORTS} are taken")
