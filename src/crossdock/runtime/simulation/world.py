"""One schedule from its plan to its verdict: hubs, far systems, faults, checks, and the healing.

Three phases. In the first everything happens at once under the plan's faults; the promises are
asked for again and again. Then the faults stop, the hub is started anew and must come to rest
within a bounded time (liveness). At last both sides must agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crossdock.log.records import Outcome
from crossdock.runtime.hub import ChannelView
from crossdock.runtime.simulation import checks, endings
from crossdock.runtime.simulation.chance import DAY, stream
from crossdock.runtime.simulation.checks import Breach
from crossdock.runtime.simulation.doings import ITEMS, KIT, Doings
from crossdock.runtime.simulation.house import estate_of, pace_of, policy_of, settings_of
from crossdock.runtime.simulation.loop import (
    EndlessWork,
    Life,
    NothingLeft,
    VirtualLoop,
    in_the_world,
)
from crossdock.runtime.simulation.node import Node
from crossdock.runtime.simulation.operator import Operator
from crossdock.runtime.simulation.plan import Fault, Plan
from crossdock.runtime.simulation.store import Engine
from crossdock.runtime.simulation.trace import Trace
from crossdock.runtime.simulation.wires import FarSystem, HubWire

QUIET_SECONDS_MAX = 400.0
"""How long the hub may take to come to rest once the faults are over; waits of its own included."""

_MISHAP_SECONDS = 1.0
_LONG_STOPS_SHARE = 0.7
_CLOCKS_OFF_SECONDS = 120.0
"""How far wall clocks jump: what was put off by one that ran ahead is late by so much."""


@dataclass
class Result:
    """What became of a schedule."""

    seed: int
    digest: str
    breach: Breach | None = None
    trace: list[str] = field(default_factory=list)  # of a failure: the last lines about it
    reached: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0  # of virtual time
    steps: int = 0


class World:
    """Everything of one schedule."""

    def __init__(self, plan: Plan, engine: Engine) -> None:
        self.plan = plan
        self.engine = engine
        self.loop = VirtualLoop(stream(plan.seed, "order"))
        self.draw = stream(plan.seed, "world")
        self.stops = stream(plan.seed, "stops")
        self.context = in_the_world()
        self.trace = Trace(self.loop)
        self.begins = DAY + timedelta(hours=plan.begins_hour)
        self.settings = settings_of(plan)
        self.policy = policy_of(plan)
        self.pace = pace_of(plan)
        self.estate = estate_of(plan)
        self.far = {name: FarSystem(system) for name, system in self.estate.systems.items()}
        self.wires = {name: HubWire(self, name) for name in self.far}
        self.doings = Doings(self)
        self.operator = Operator(self)
        self.nodes = [Node(self, number) for number in range(1, plan.hubs + 1)]
        self.lives: list[Life] = []
        self.held_back = 0
        self.is_faulty = True
        self.is_full = False
        self.is_closing = False
        self.breach: Breach | None = None
        self.holding: dict[int, tuple[Node, Life]] = {}  # effect -> who claimed it last
        self.said_by_anybody: list[tuple[str, str, bytes]] = []

    # --- what everybody here asks ---------------------------------------------------------------

    def strikes(self, fault: Fault) -> bool:
        """Whether a fault strikes now."""
        rate = self.plan.faults.get(fault)
        if not rate or not self.is_faulty or self.draw.random() >= rate:
            return False
        self.trace.reach(f"fault {fault.name}")
        return True

    def failpoint(self, name: str, may: bool) -> bool:
        """Whether the process that passes this point is killed here."""
        if not may or not self.is_faulty:
            return False
        planned = name == self.plan.crash_at and not self.trace.reached[f"killed at {name}"]
        if planned or self.strikes(Fault.CRASH):
            self.trace.reach(f"killed at {name}")
            return True
        return False

    def seconds(self, longest: float) -> float:
        """How long something takes: often no time at all, now and then ten times as long."""
        chance = self.draw.random()
        if chance < 0.4:
            return 0.0
        return self.draw.uniform(0.0, longest if chance < 0.95 else 10 * longest)

    def later(self, seconds: float, do: Callable[..., object], *args: Any) -> None:
        """Let something happen in the world, in nobody's name."""
        self.loop.call_later(seconds, do, *args, context=self.context)

    def some_node(self) -> Node | None:
        """A process that takes messages, any of them."""
        up = [node for node in self.nodes if node.is_up]
        return self.draw.choice(up) if up else None

    def fail(self, check: str, invariant: str, found: str, about: Sequence[str] = ()) -> None:
        """Note the first broken promise."""
        if self.breach is None:
            self.breach = Breach(check, invariant, found, tuple(about))
            self.trace.say(f"BROKEN {invariant} {check}: {found}")

    def asked_availability(self, *, explain: bool = False) -> list[Any]:
        """What the channel may promise of every item, as the store answers it."""
        channel = self.settings.channels["web"]
        view = ChannelView(
            "web",
            channel.sells_from,
            channel.keep_back,
            ("shop",),
            channel.wants_on_hand,
            channel.per_site,
        )
        handle = self.engine.open("asking")
        found: list[Any] = handle.run("availability", view, [*ITEMS, KIT], explain=explain)
        handle.close()
        return found

    # --- the phases -----------------------------------------------------------------------------

    def play(self) -> Result:
        """Play the schedule."""
        try:
            self.loop.run(self._play())
        except NothingLeft as stuck:
            self.fail("goes_on", "L3", f"nothing moves any more {stuck}")
        except EndlessWork as endless:
            self.fail("goes_on", "L3", f"it runs in circles {endless}")
        except Exception as error:  # noqa: BLE001 - what the store shows makes no sense
            self.fail("makes_sense", "I28", f"a question broke: {error!r}")
        finally:
            self._tear_down()
        for trouble in self.loop.troubles:
            self.fail("nothing_uncaught", "I24", repr(trouble.get("exception") or trouble))
        about = list(self.breach.about) if self.breach is not None else []
        return Result(
            self.plan.seed,
            self.trace.digest(),
            self.breach,
            self.trace.about(about) if self.breach is not None else [],
            dict(self.trace.reached),
            self.loop.time(),
            self.loop.steps,
        )

    async def _play(self) -> None:
        for name, system in self.estate.systems.items():
            system.now = self.now
            self._listen(name, system)
            system.outbox.start(self.wires[name].post)
        for node in self.nodes:
            node.boot()
        mishaps = asyncio.create_task(self._mishaps())
        await self.doings.open_house()
        await self._act()
        mishaps.cancel()
        self._heal()
        await self._come_to_rest()
        while self.breach is None and self.operator.rule(calmly=True):
            await self._come_to_rest()
        self._judge()

    def now(self) -> datetime:
        """What an exact clock shows."""
        return self.begins + timedelta(seconds=self.loop.time())

    def _listen(self, name: str, system: Any) -> None:
        """Remember what a system says, so that it can be said again."""
        put = system.outbox.put

        def heard(message_id: str, event: bytes) -> None:
            self.said_by_anybody.append((name, message_id, event))
            self.trace.say(f"{name} says {message_id}")
            if self.strikes(Fault.SENT_AGAIN):
                self._bring(put, self.draw.uniform(0.0, 10.0), message_id, event)
            if self.strikes(Fault.REORDERED):
                self._bring(put, self.draw.uniform(0.0, 4.0), message_id, event)
            else:
                put(message_id, event)

        system.outbox.put = heard

    def _bring(
        self, put: Callable[[str, bytes], None], seconds: float, message_id: str, event: bytes
    ) -> None:
        """Let a message come to its outbox some time later, behind others."""
        self.held_back += 1

        def bring() -> None:
            self.held_back -= 1
            put(message_id, event)

        self.later(seconds, bring)

    async def _act(self) -> None:
        """Everybody does what the plan says; several at a time."""
        underway = []
        look_every = max(1, self.plan.steps // self.plan.looks)
        for number in range(self.plan.steps):
            if number in self.plan.left_out:
                continue
            underway.append(asyncio.ensure_future(self.doings.step(number)))
            await asyncio.sleep(
                stream(self.plan.seed, "pause", number).uniform(0, self.plan.step_seconds)
            )
            if number % look_every == look_every - 1:
                self._look()
        await asyncio.gather(*underway)

    async def _mishaps(self) -> None:
        """What befalls machines and systems by itself, about once a second."""
        while True:
            await asyncio.sleep(self.draw.uniform(0, 2 * _MISHAP_SECONDS))
            node = self.draw.choice(self.nodes)
            if self.strikes(Fault.CRASH):
                node.kill()
            if self.strikes(Fault.PAUSE):
                busy = [one for one in self.nodes if one.is_up and self._holds(one)]
                self.stops.choice(busy or [node]).stand_still(self._stop_seconds())
            if self.strikes(Fault.CLOCK):
                node.clock.offset_seconds = self.draw.choice(
                    (-_CLOCKS_OFF_SECONDS, -5.0, 0.0, 5.0, _CLOCKS_OFF_SECONDS)
                )
            if self.strikes(Fault.STORE_FULL):
                self.is_full = True
                self.later(self.draw.uniform(0.5, 8.0), self._space_again)
            if self.strikes(Fault.OPERATOR):
                self.operator.resume()
                self.operator.rule(calmly=False)
            self._trouble_far_systems()

    def _stop_seconds(self) -> float:
        """Past its leases, or until others take it for dead: then one of them wakes it."""
        if self.stops.random() < _LONG_STOPS_SHARE:
            return 4.0 * self.pace.silent_seconds
        return self.draw.uniform(0.5, 3.0) * self.plan.lease_seconds

    def _holds(self, node: Node) -> bool:
        """Whether something is in flight in the name of a process that runs or stands still."""
        return any(life is node.life for _, life in self.holding.values())

    def settled(self, effects: Iterable[int]) -> None:
        """These are in flight no more."""
        for number in effects:
            self.holding.pop(number, None)

    def claimed(self, owner: str, effects: Iterable[int]) -> None:
        """A process has these in flight now; one that stood still over them wakes meanwhile."""
        (node,) = (one for one in self.nodes if one.name == owner)
        for number in effects:
            before, life = self.holding.get(number, (node, node.life))
            self.holding[number] = node, node.life
            if before is not node and not life.is_running and not life.has_ended:
                self.trace.reach("overtaken while it stood still")
                self.later(self.stops.uniform(0.0, 0.5), before.go_on, life)

    def _space_again(self) -> None:
        self.is_full = False

    def _trouble_far_systems(self) -> None:
        for far in self.far.values():
            if self.strikes(Fault.FAR_RESTART):
                far.is_up = False
                self.later(self.draw.uniform(0.2, 15.0), self._is_back, far)
            if self.strikes(Fault.FAR_AMNESIA):
                far.has_forgotten = True
                far.system.effects.by_key.clear()

    def _is_back(self, far: FarSystem) -> None:
        far.is_up = True

    def _heal(self) -> None:
        """Stop the faults and start the hub anew; what stands still may wake later."""
        self.trace.say("healed")
        self.is_faulty = self.is_full = False
        for far in self.far.values():
            far.is_up = True
            far.system.set_faults(type(far.system._faults)())
        for node in self.nodes:
            node.clock.offset_seconds = 0.0
            stands = not (node.life.is_running or node.life.has_ended)
            if not (stands and self._holds(node) and self.stops.random() < _LONG_STOPS_SHARE):
                node.kill()

    async def _come_to_rest(self) -> None:
        """Wait until there is nothing left to do, twice in a row; not for ever."""
        ends_at = self.loop.time() + QUIET_SECONDS_MAX
        quiet = 0
        left: list[str] = []
        while quiet < 2:
            await asyncio.sleep(2 * self.pace.publish_idle_seconds + 1.0)
            left = self._left_over()
            quiet = 0 if left else quiet + 1
            if self.loop.time() > ends_at:
                self.fail(
                    "comes_to_rest", "L2", "; ".join(left[:5]), " ".join(left[:1]).split()[:1]
                )
                return

    def _left_over(self) -> list[str]:
        left = [
            f"{name} has {system.pending} things to do"
            for name, system in self.estate.systems.items()
            if system.pending
        ]
        if self.held_back:
            left.append(f"{self.held_back} messages are not brought yet")
        left += [f"{item} is not published yet" for item in self.engine.marked()]
        return left or self._undecided() or list(endings.left_over(self._picture()))

    def _judge_the_sweep(self) -> None:
        """Nothing is left of what nobody but the sweep would say."""
        handle = self.engine.open("looking")
        grace = 3 * self.plan.idle_seconds + _CLOCKS_OFF_SECONDS
        before = self.now() - timedelta(seconds=grace)
        try:
            for kind, name, _ in handle.run("due_documents", before, 100):
                self.fail("timers_fire", "L3", f"{kind} {name} is overdue", (name,))
            for order in handle.run("stranded", 100):
                self.fail("waiting_served", "I26", f"{order} waits beside free stock", (order,))
            for (site, period, _), _ in handle.run("ended_periods", before, 100):
                self.fail("days_are_closed", "I18", f"{period} at {site} is not told", (site,))
        finally:
            handle.close()

    def _undecided(self) -> list[str]:
        handle = self.engine.open("looking")
        try:
            heads = handle.run("position").items()
        finally:
            handle.close()
        return [
            f"partition {number} is decided up to {decided} of {head}"
            for number, (head, decided) in heads
            if decided < head
        ]

    def _picture(self) -> checks.Picture:
        handle = self.engine.open("looking")
        try:
            return checks.look(self.engine, handle)
        finally:
            handle.close()

    def _look(self) -> None:
        seen = self._picture()
        for breach in checks.breaches(seen):
            self.fail(*breach)
        for breach in (*endings.wrongly_answered(self), *endings.wrongly_shown(self, seen)):
            self.fail(*breach)

    def _judge(self) -> None:
        seen = self._picture()
        for breach in checks.breaches(seen):
            self.fail(*breach)
        for breach in endings.disagreements(self, seen):
            self.fail(*breach)
        self._judge_the_sweep()
        for said in self.engine.broken():
            self.fail("verify", "I28", said)
        self._count(seen)

    def _count(self, seen: checks.Picture) -> None:
        """What was reached, for the floors."""
        for place, message in seen.messages.items():
            outcome = seen.outcomes.get(place, Outcome())
            self.trace.reach(f"decided {message.type}")
            self.trace.reach(f"fate {outcome.fate}")
            self.trace.reached["moved goods"] += len(outcome.movements)
        for saga in seen.sagas:
            self.trace.reach(f"recipe {saga.recipe} {saga.standing}")
        for one in seen.effects:
            self.trace.reach(f"told {one.type}")
            self.trace.reach(f"effect {one.state}")
            for attempt in one.ended:
                self.trace.reach(f"verdict {attempt.verdict}")
        for kind, _ in seen.exceptions:
            self.trace.reach(f"exception {kind}")

    def _tear_down(self) -> None:
        """Let every task end, whatever it was at; nobody looks at what they do any more."""
        self.is_closing = True
        for system in self.estate.systems.values():
            system.work.close()
        self.loop.end_all()
