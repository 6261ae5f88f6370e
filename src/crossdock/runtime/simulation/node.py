"""One process of the hub: the production's own loops, desks and door over simulated ports.

Killing it drops its tasks where they stand; stopping it leaves them to go on later, as SIGSTOP and
SIGCONT do. Whoever supervises it starts it again under its name.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

import msgspec

from crossdock.connectors.rest.client import RestConnector
from crossdock.connectors.rest.settings import RestSettings
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.delivery.older_words import OlderWords
from crossdock.estate.outbox import Posted
from crossdock.gateway.admission import admit_call
from crossdock.gateway.calls import GroupCalls, Told
from crossdock.gateway.intake import GroupCommit
from crossdock.gateway.keys import Caller
from crossdock.gateway.problems import problem_details, problem_reply
from crossdock.gateway.taking import Taker, receipts_reply, take_all
from crossdock.kernel.batches import split_array
from crossdock.kernel.errors import CrossdockError
from crossdock.log.errors import StoreError
from crossdock.log.ports import Store
from crossdock.runtime.hub import Hub
from crossdock.runtime.simulation.chance import Chance, NodeClock, stream
from crossdock.runtime.simulation.loop import Life, in_the_name_of
from crossdock.runtime.simulation.store import Handle, StorePort
from crossdock.runtime.simulation.wires import FarWire

if TYPE_CHECKING:
    from crossdock.runtime.simulation.world import World


class HubEnded(AssertionError):
    """A loop of the hub ended, which none ever may."""


class Node:
    """A process under supervision; between two lives there is none."""

    def __init__(self, world: World, number: int) -> None:
        self.name = f"hub-{number}"
        self.world = world
        self.clock = NodeClock(world.loop, world.begins)
        self.life = Life(self.name)
        self.boots = 0
        self.hub: Hub | None = None
        self._store: StorePort | None = None
        self._handle: Handle | None = None
        self._intake: GroupCommit | None = None
        self._calls: GroupCalls | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether it takes messages."""
        return self._intake is not None and self.life.is_running

    def boot(self) -> None:
        """Start the process."""
        self.boots += 1
        self.life = Life(f"{self.name}.{self.boots}")
        self.world.lives.append(self.life)
        self._task = self.world.loop.create_task(
            self._run(), name=self.life.name, context=in_the_name_of(self.life)
        )
        self._task.add_done_callback(self._ended, context=self.world.context)

    def kill(self) -> None:
        """End it at once: `kill -9`."""
        if self.life.has_ended:
            return
        self.world.trace.say(f"killed {self.life.name}")
        self.world.trace.reach("process killed")
        self.world.loop.end(self.life)
        self._gone()
        self.world.later(self.world.draw.uniform(0.1, 4.0), self.boot)

    def stand_still(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after so many seconds."""
        if not self.life.is_running:
            return
        self.world.trace.say(f"stopped {self.life.name} for {seconds:.1f} s")
        self.world.trace.reach("process stopped")
        self.life.is_running = False
        self.world.later(seconds, self.go_on, self.life)

    def go_on(self, life: Life) -> None:
        """SIGCONT, if it stands still."""
        if not life.has_ended and not life.is_running:
            self.world.loop.resume(life)

    def _gone(self) -> None:
        if self._store is not None:
            self._store.cut()
        if self._handle is not None:
            self._handle.close()
        self._handle = self._intake = self._calls = self.hub = None

    def _ended(self, task: asyncio.Task[None]) -> None:
        """The process ended by itself: at its start without a store, or by a defect."""
        self._gone()
        self.world.loop.end(self.life)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StoreError):
            self.world.trace.say(f"{self.life.name} could not start: {error.code}")
            self.world.later(self.world.draw.uniform(0.1, 2.0), self.boot)
        elif not self.world.is_closing:
            self.world.fail("loops_run", "I24", f"{self.life.name} ended: {error!r}")

    async def _run(self) -> None:
        world = self.world
        self._handle = world.engine.open(self.name)
        self._store = StorePort(world, self._handle, self.kill, self.name)
        settings = dataclasses.replace(
            world.settings, hub=dataclasses.replace(world.settings.hub, name=self.name)
        )
        chance = Chance(stream(world.plan.seed, "node", self.name, self.boots))
        hub = Hub(
            settings,
            cast("Store", self._store),
            {
                name: OlderWords(
                    RestConnector(system.reached, FarWire(world, world.far[name])), system.reads
                )
                for name, system in settings.systems.items()
                if isinstance(system.reached, RestSettings)
            },
            self.clock,
            chance,
            world.pace,
            policy=world.policy,
        )
        await hub.reclaim()
        hub.start()
        async with (
            GroupCommit(hub.store, chance, listener=lambda _: hub.ring_deciders()) as self._intake,
            GroupCalls(hub.desks()) as self._calls,
        ):
            self.hub = hub
            world.trace.say(f"up {self.life.name}")
            if not await hub.runs_until(asyncio.Event()):
                raise HubEnded(self.life.name)

    # --- its door -------------------------------------------------------------------------------

    def spawn(
        self, work: Callable[[Node], Awaitable[Posted]], answer: asyncio.Future[Posted]
    ) -> None:
        """Serve a request in the name of this process; nobody hears of it once that is dead."""

        async def serve() -> Posted:
            try:
                return await work(self)
            except CrossdockError as error:
                reply = problem_reply(problem_details(error, "simulated"))
                return Posted(reply.status, reply.body)

        def done(task: asyncio.Task[Posted]) -> None:
            if not task.cancelled() and not answer.done():
                answer.set_result(task.result())

        task = self.world.loop.create_task(serve(), context=in_the_name_of(self.life))
        task.add_done_callback(done, context=self.world.context)

    async def take(self, system: str, body: bytes) -> Posted:
        """Take a batch of messages, as `POST /v1/messages` does."""
        assert self._intake is not None
        assert self.hub is not None
        taker = Taker(
            Caller(system), self.hub.policy, self.clock, self._intake, lambda: "simulated"
        )
        reply = receipts_reply(await take_all(taker, split_array(body)))
        return Posted(reply.status, reply.body)

    async def ask(self, system: str, kind: str, body: bytes) -> Posted:
        """Decide a call while its caller waits, as the routes of reservations do."""
        assert self._calls is not None
        assert self.hub is not None
        noun: Any = msgspec.json.decode(body, type=CATALOGUE[kind].noun)
        call = admit_call(kind, noun, Caller(system), self.hub.policy, self.clock.now())
        told = await self._calls.ask(call)
        if not isinstance(told, Told):
            raise told
        return Posted(200, bytes(told.outcome.answer))
