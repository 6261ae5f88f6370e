"""The hub, wired: store below, gateway at one end, connectors at the other, loops between."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from crossdock.contracts import catalogue
from crossdock.contracts.connector import Connector
from crossdock.contracts.feeds import Feed, Heard, Source, Webhook
from crossdock.contracts.orders import OrderReview
from crossdock.contracts.postings import PostingPeriod
from crossdock.contracts.replenishment import StockPolicyReview
from crossdock.contracts.timers import TimerFired
from crossdock.delivery.gatekeeper import AtTheGate, BreakerMoved
from crossdock.delivery.holders import Holders
from crossdock.delivery.older_words import OlderWords
from crossdock.delivery.pump import Delivered, Pump
from crossdock.gateway.errors import NotNow
from crossdock.gateway.keys import Key
from crossdock.kernel.ports import Clock, Randomness
from crossdock.log.ports import Store
from crossdock.log.records import Decided, NewMessage
from crossdock.runtime.clocks import SystemClock, SystemRandomness
from crossdock.runtime.config import Settings
from crossdock.runtime.deciding import Decider
from crossdock.runtime.desk import Desk
from crossdock.runtime.feeding import Feeder
from crossdock.runtime.guarding import UNGUARDED, Guard, disks_of
from crossdock.runtime.loops import Bell, run_loop
from crossdock.runtime.pace import Pace
from crossdock.runtime.pausing import Pauses
from crossdock.runtime.pressure import Pressure, free_mib_of
from crossdock.runtime.recounting import Recount
from crossdock.runtime.saying import Sayer
from crossdock.runtime.schedules import Every
from crossdock.runtime.words import TheirWords
from crossdock.sagas.policy import Policy
from crossdock.sagas.turn import own_message
from crossdock.storage.postgres.pool import PoolOptions
from crossdock.storage.postgres.server import choose_server, running
from crossdock.storage.postgres.store import PostgresStore

_LOG = logging.getLogger("crossdock.hub")
_SWEEP_ORDERS_MAX = 100
_SWEEP_TIMERS_MAX = 500
_SWEEP_PERIODS_MAX = 100
_SWEEP_POLICIES_MAX = 2_000
_AVAILABILITY_ITEMS_MAX = 500


@dataclass(frozen=True, slots=True)
class ChannelView:
    """What publishing availability must know of a channel."""

    channel: str
    sites: Sequence[str]
    keep_back: int
    destinations: Sequence[str]
    wants_on_hand: bool = False
    per_site: bool = False


Turn = Callable[[], Awaitable[int]]


class Hub:
    """All loops of one process over one store."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        connectors: Mapping[str, Connector],
        clock: Clock | None = None,
        randomness: Randomness | None = None,
        pace: Pace | None = None,
        feeds: Mapping[str, Sequence[Feed]] | None = None,
        guard: Guard = UNGUARDED,
        policy: Policy | None = None,
    ) -> None:
        """Stand ready; what is not given is the machine's own, or follows from the settings."""
        self.settings = settings
        self._guard = guard
        self.store = store
        self.policy = policy or settings.policy()
        self.clock = clock or SystemClock()
        self.randomness = randomness or SystemRandomness()
        self.pace = pace or Pace()
        self.delivered: Counter[str] = Counter()
        self._connectors = connectors
        self._feeds = feeds or {}
        self.sayer = Sayer(store, self.policy, self.clock, self.ring_deciders)
        self._feed_bells: dict[str, list[Bell]] = {}
        self._decide_bells: list[Bell] = []
        self._delivery_bells: dict[str, list[Bell]] = {}
        self._availability_bell = Bell()
        self._policies_seen = ""
        self._recount = Recount(store, self.channel_views().values())
        self._pumps: list[Pump] = []
        self.pauses = Pauses(settings.policies.pauses, store, self.policy, self.clock)
        self._holders = Holders(self.pace.silent_seconds)
        self._tasks: list[asyncio.Task[None]] = []

    async def reclaim(self) -> None:
        """Take back at once what a dead hub of our name held: leases, attempts and feeds.

        What was kept for a flow that did not run goes out if the configuration lets it run now.
        """
        for index in range(self.settings.hub.workers):
            await self.store.release(f"{self.settings.hub.name}/{index}")
        await self.store.reclaim(self.clock.now())
        await self.store.free_feeds(self.settings.hub.name)
        await self._beat()
        await self.store.resume(self.policy.stopped)
        await self.pauses.look()

    def start(self) -> None:
        """Start the loops; `stop` ends them."""
        workers = self.settings.hub.workers
        for index in range(workers):
            partitions = range(index, self.settings.hub.partitions, workers)
            decider = Decider(
                f"{self.settings.hub.name}/{index}",
                partitions,
                self.store,
                self.policy,
                self.clock,
                batch_max=self.settings.hub.batch,
                lease_seconds=self.pace.lease_seconds,
                on_commit=self.committed,
                thinking=self._guard.thinking,
                suspects=self._guard.suspects,
            )
            bell = Bell()
            self._decide_bells.append(bell)
            turn = self._unless_paused(decider.turn)
            self._spawn(f"decide-{index}", turn, bell, full=self.settings.hub.batch // 2)
        settings, sparing = self.settings, self.settings.sparing()
        for name, connector in self._connectors.items():
            pump = Pump(
                name,
                connector,
                self.store,
                self.clock,
                self.randomness,
                self.pace.retry,
                settings.systems[name].attempt_seconds(self.pace.attempt_seconds),
                listener=self._told,
                holders=self._holders,
                sparing=sparing[name],
                paused=lambda: self.pauses.types,
                words=TheirWords(name, speech, self.store)
                if (speech := self.policy.speech.get(name))
                else None,
            )
            self._pumps.append(pump)
            bells = self._delivery_bells[name] = []
            for index in range(pump.loops):
                bell = Bell()
                bells.append(bell)
                self._spawn(f"deliver-{name}-{index}", pump.turn, bell, full=connector.batch_max)
        self._spawn_feeders()
        self._spawn(
            "availability",
            self._publish,
            self._availability_bell,
            idle=self.pace.publish_idle_seconds,
        )
        self._spawn("sweep", self._sweep, Bell(), idle=self.pace.sweep_seconds)
        self._spawn("beat", self._beat, Bell(), idle=self.pace.beat_seconds)
        if self._guard.pressure is not None:
            turn = self._guard.pressure.turn
            self._spawn("pressure", turn, Bell(), idle=self.pace.look_seconds)

    def _unless_paused(self, turn: Turn) -> Turn:
        """The turn, as long as the disk has room for what it writes."""
        pressure = self._guard.pressure
        if pressure is None:
            return turn

        async def paused() -> int:
            return 0 if pressure.pauses() else await turn()

        return paused

    async def stop(self) -> None:
        """End the loops, give leases back, close connectors; unfinished batches leave no trace."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for index in range(self.settings.hub.workers):
            try:
                await self.store.release(f"{self.settings.hub.name}/{index}")
            except Exception:  # noqa: BLE001 - leases end by themselves
                _LOG.info("leases are left to run out")
                break
        for connector in self._connectors.values():
            await connector.close()

    def desks(self) -> list[Desk]:
        """The desks of this process, each under a name that no other process has."""
        return [
            Desk(
                f"{self.settings.hub.name}/desk/{self.randomness.token_bytes(8).hex()}",
                self.store,
                self.policy,
                self.clock,
                self.randomness,
                lease_seconds=self.pace.lease_seconds,
                on_commit=self.committed,
                thinking=self._guard.calling,
            )
            for _ in range(self.settings.hub.desks)
        ]

    def _spawn_feeders(self) -> None:
        """A loop for every feed, rung when its system points at records of its own."""
        for name, feeds in self._feeds.items():
            bells = self._feed_bells[name] = []
            for feed in feeds:
                bells.append(bell := Bell())
                turn = self._feeder(name, feed).turn
                idle = self.pace.feed_idle_seconds
                self._spawn(f"feed-{name}-{feed.name}", turn, bell, idle=idle)

    def _feeder(self, system: str, feed: Feed) -> Feeder:
        settings = self.settings.systems[system]
        every = Every(timedelta(seconds=settings.poll_seconds))
        return Feeder(
            system,
            feed,
            self.store,
            self.sayer,
            self.clock,
            self.randomness,
            settings.schedules.get(feed.name, every),
            self.settings.hub.name,
        )

    async def hear(self, system: str, heard: Heard) -> None:
        """Keep what a far system's webhook said, and ask for what it points at."""
        await self.sayer.hear(system, heard)
        for bell in self._feed_bells.get(system, ()):
            bell.ring()

    def pressed(self) -> NotNow | None:
        """Why nothing new is taken; None: there is room."""
        return self._guard.pressure.refusal() if self._guard.pressure else None

    def troubles(self) -> tuple[str, ...]:
        """What the process is short of, by its codes."""
        return self._guard.pressure.troubles() if self._guard.pressure else ()

    def ring_deciders(self) -> None:
        """New messages are on the log."""
        for bell in self._decide_bells:
            bell.ring()

    async def runs_until(self, ending: asyncio.Event) -> bool:
        """Wait for the event; False as soon as a loop ended, which is a defect: they run for ever.

        Who runs the process starts it again then; half a hub would be a silent one.
        """
        asked = asyncio.create_task(ending.wait())
        await asyncio.wait({asked, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        for task in self._tasks:
            if task.done() and not task.cancelled():
                _LOG.critical(
                    "%s ended, so the hub ends", task.get_name(), exc_info=task.exception()
                )
                return False
        return True

    def _spawn(
        self, name: str, turn: Turn, bell: Bell, *, full: int = 1, idle: float | None = None
    ) -> None:
        self._tasks.append(
            asyncio.create_task(
                run_loop(
                    name,
                    turn,
                    bell,
                    self.randomness,
                    full=full,
                    gather_seconds=self.pace.gather_seconds,
                    idle_seconds=self.pace.idle_seconds if idle is None else idle,
                ),
                name=name,
            )
        )

    def committed(self, decided: Decided) -> None:
        """A batch was kept: ring whoever has something to do now."""
        for destination in dict.fromkeys(effect.destination for _, _, effect in decided.effects):
            for bell in self._delivery_bells.get(destination, ()):
                bell.ring()
        if decided.messages:
            self.ring_deciders()
        if decided.marks or any(change.moves_free for change in decided.stock):
            self._availability_bell.ring()

    def _told(self, heard: Delivered | AtTheGate) -> None:
        if isinstance(heard, Delivered):
            self.delivered[heard.destination] += len(heard.settlements)
        elif isinstance(heard, BreakerMoved):
            _LOG.warning(
                "%s: breaker %s after %s, %d requests failed in a row, next probe in %.0f s",
                heard.destination, heard.now, heard.before, heard.failures, heard.probe_seconds,
            )  # fmt: skip
        else:
            _LOG.info("%s asks to be spared for %.0f s", heard.destination, heard.seconds)

    async def _beat(self) -> int:
        """Say that we live, and hear who else does."""
        asked = self.clock.monotonic()
        beats = await self.store.beat(self._holders.gone())
        self._holders.hear(beats, asked, self.clock.monotonic())
        busy = {number for pump in self._pumps for number in pump.busy}
        await self.store.let_go(self.clock.now(), busy)
        return 0

    async def _sweep(self) -> int:
        """Put on the log what nobody else would say: timers that are due, orders left waiting."""
        said = [
            *await self._due_timers(),
            *await self._ended_periods(),
            *await self._running_low(),
            *await self._left_waiting(),
            *await self.pauses.look(),
        ]
        await self.store.append(said)
        if said:
            self.ring_deciders()
        return 0

    async def _due_timers(self) -> list[NewMessage]:
        now = self.clock.now()
        return [
            own_message(
                self.policy,
                f"timer/{kind}/{number}/{revision}",
                catalogue.TIMER_FIRED,
                number,
                TimerFired(kind=kind, id=number, revision=revision),
                event_time=now,
                received_time=now,
            )
            for kind, number, revision in await self.store.due_documents(now, _SWEEP_TIMERS_MAX)
        ]

    async def _ended_periods(self) -> list[NewMessage]:
        """Days of sites that are over and have something left to post."""
        now = self.clock.now()
        return [
            own_message(
                self.policy,
                f"posting-period/{site}/{period}/{closed + 1}",
                catalogue.POSTING_PERIOD_ENDED,
                site,
                PostingPeriod(site=site, period=period, ended_at=ends, closing=closed + 1),
                event_time=now,
                received_time=now,
            )
            for (site, period, ends), closed in await self.store.ended_periods(
                now, _SWEEP_PERIODS_MAX
            )
        ]

    async def _running_low(self) -> list[NewMessage]:
        """Stock policies to be looked at again; a page of them at a time, round and round."""
        found, self._policies_seen = await self.store.policies_to_review(
            self._policies_seen, _SWEEP_POLICIES_MAX
        )
        now = self.clock.now()
        return [
            own_message(
                self.policy,
                f"sweep/{now.isoformat()}/{item}/{site}",
                catalogue.STOCK_POLICY_REVIEWED,
                item,
                StockPolicyReview(item=item, site=site),
                event_time=now,
                received_time=now,
            )
            for item, site in found
        ]

    async def _left_waiting(self) -> list[NewMessage]:
        """Orders to be looked at again that wait beside free stock (see `Deciding.stranded`)."""
        stranded = await self.store.stranded(_SWEEP_ORDERS_MAX)
        now = self.clock.now()
        return [
            own_message(
                self.policy,
                f"sweep/{now.isoformat()}/{order_id}",
                catalogue.ORDER_REVIEW_REQUESTED,
                order_id,
                OrderReview(order_id=order_id, reason="stock is free that it waits for"),
                event_time=now,
                received_time=now,
            )
            for order_id in stranded
        ]

    def channel_views(self) -> dict[str, ChannelView]:
        """How each channel is told what it may promise, and answered when it asks."""
        return {
            channel.channel: ChannelView(
                channel.channel,
                channel.sells_from,
                channel.keep_back,
                self.policy.matrix.consumers(
                    "availability", None, channel.channel, event=catalogue.AVAILABILITY_PUBLISHED
                ),
                channel.wants_on_hand,
                channel.per_site,
            )
            for channel in self.policy.channels.values()
        }

    async def _publish(self) -> int:
        if catalogue.AVAILABILITY_PUBLISHED in self.policy.stopped:
            return 0
        views = list(self.channel_views().values())
        done = await self.store.publish_availability(
            views, self.clock.now(), _AVAILABILITY_ITEMS_MAX
        )
        if done:
            for view in views:
                for destination in view.destinations:
                    for bell in self._delivery_bells.get(destination, ()):
                        bell.ring()
        if done < _AVAILABILITY_ITEMS_MAX:  # else more is waiting than one turn takes
            done += await self._recount.turn()
            await asyncio.sleep(self.pace.publish_seconds)
        return done


def webhooks(settings: Settings) -> dict[str, Webhook]:
    """How the systems tell of themselves that do."""
    return {
        name: system.kind.webhook(system.reached)
        for name, system in settings.systems.items()
        if system.kind.webhook is not None and system.reached is not None
    }


def callers(settings: Settings) -> list[Key]:
    """Who may speak at the door: each system's key, known by its hash, and what it opens."""
    return [
        Key(name, hashlib.sha256(system.inbound_key.value.encode()).digest(), system.scopes)
        for name, system in settings.systems.items()
        if system.inbound_key is not None
    ]


@asynccontextmanager
async def opened_store(
    settings: Settings, *, at_work: bool = False
) -> AsyncIterator[PostgresStore]:
    """The store of this configuration, its server started where it is the embedded one.

    `at_work` is for a hub's own store, whose statements all go by indexes.
    """
    clock = SystemClock()
    randomness = SystemRandomness()
    dsn = settings.database.value if settings.database is not None else None
    async with running(choose_server(settings.hub.data, database_url=dsn)) as server:
        store = await PostgresStore.open(
            server.dsn,
            partitions=settings.hub.partitions,
            now=clock.now(),
            uniform=randomness.uniform,
            options=PoolOptions(connections_max=16, by_index=at_work),
            allow_unsafe=settings.hub.allow_unsafe_database,
            owner=settings.hub.name,
        )
        try:
            yield store
        finally:
            await store.close()


@asynccontextmanager
async def running_hub(settings: Settings, guard: Guard = UNGUARDED) -> AsyncIterator[Hub]:
    """A hub with its loops running, its pressure looked at; leaving stops them."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(opened_store(settings, at_work=True))
        clock = SystemClock()
        reached = {
            name: system.kind.reach(system.reached, clock)
            for name, system in settings.systems.items()
            if system.reached is not None
        }
        connectors = {
            name: OlderWords(connector, settings.systems[name].reads)
            for name, connector in reached.items()
        }
        feeds = {
            name: connector.feeds
            for name, connector in reached.items()
            if isinstance(connector, Source)
        }
        pressure = Pressure(
            settings.limits, store, free_mib=partial(free_mib_of, disks_of(settings))
        )
        hub = Hub(settings, store, connectors, feeds=feeds, guard=replace(guard, pressure=pressure))
        for warning in store.warnings:
            _LOG.warning("%s", warning)
        await hub.reclaim()
        hub.start()
        try:
            yield hub
        finally:
            await hub.stop()
