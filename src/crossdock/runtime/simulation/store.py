"""The store as a simulated process reaches it: every call a message there and an answer back.

What the store does happens at one moment of virtual time, in the world and not in the process: a
process that dies meanwhile has its transaction all the same, and one that stands still finds its
answer when it goes on. Faults strike at the boundaries of the call; each of them has a name, a
failpoint, at which a process can be killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Protocol

from crossdock.contracts.vocabulary import StockState
from crossdock.log.errors import (
    CommitUnknown,
    StoreConflict,
    StoreFull,
    StoreTimeout,
    StoreUnavailable,
)
from crossdock.log.looking import Looking
from crossdock.log.ports import Reading
from crossdock.log.records import Decided, EffectState, Loaded, Settlement, Wanted
from crossdock.runtime.simulation.plan import Fault
from crossdock.storage.memory.data import Data
from crossdock.storage.memory.store import MemoryStore

if TYPE_CHECKING:
    from crossdock.runtime.simulation.world import World

_ONLY_LOOKS = frozenset(
    {
        "read", "load", "stranded", "due_documents", "ended_periods", "policies_to_review",
        "earlier", "gate", "something_due",
        *(name for name in vars(Reading) | vars(Looking) if not name.startswith("_")),
    }
)  # fmt: skip
_DECIDING = frozenset({"commit", "commit_calls"})
_TELLING = frozenset({"commit", "commit_calls", "release", "reclaim"})
_SECONDS = 0.02
"""The longest usual way to a store that is well."""

ANSWER_SECONDS_MAX = 35.0
"""How long a process waits for an answer of the store, as the pool of the real one does."""


def writes(call: str) -> bool:
    """Whether a call of the store commits something."""
    return call not in _ONLY_LOOKS


class Handle(Protocol):
    """What one process holds of the store; a call is one step, while virtual time stands still."""

    def run(self, call: str, *args: Any, lost_at: int | None = None, **named: Any) -> Any:
        """Make the call. With `lost_at` its connection breaks at that statement, counted from 1."""
        ...

    def close(self) -> None:
        """The process is gone."""
        ...


class Engine(Protocol):
    """The data of one schedule, and handles to it."""

    def open(self, owner: str) -> Handle:
        """One more process's handle."""
        ...

    def in_flight(self, numbers: Iterable[int]) -> dict[int, int]:
        """Of these effects those that are in flight, with their attempt; empty: it cannot say."""
        ...

    def effects(self) -> Sequence[Any]:
        """Every effect there ever was, as `log.views.EffectView`, in the order of their numbers."""
        ...

    def marked(self) -> list[str]:
        """Items that may be sold in other quantities than were published last."""
        ...

    def broken(self) -> list[str]:
        """Which promises the engine itself finds broken, in words."""
        ...


def at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise RuntimeError("it waited for something")


class MemoryEngine:
    """SIM-M: everything in dictionaries."""

    def __init__(self) -> None:
        self.data = Data()

    def open(self, owner: str) -> MemoryHandle:
        """One more handle."""
        return MemoryHandle(MemoryStore(None, self.data, owner))

    def in_flight(self, numbers: Iterable[int]) -> dict[int, int]:
        """From the data."""
        known = self.data.effects.by_id
        return {
            number: known[number].attempts
            for number in numbers
            if known[number].state is EffectState.IN_FLIGHT
        }

    def effects(self) -> Sequence[Any]:
        """From the data."""
        effects = self.data.effects
        views = [view for key in effects.ids_by_key for view in effects.views(key)]
        return sorted(views, key=lambda view: view.effect_id)

    def marked(self) -> list[str]:
        """From the data."""
        return list(self.data.changed_items)

    def broken(self) -> list[str]:
        """It asks itself nothing."""
        return []


class MemoryHandle:
    """One process's handle."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def run(self, call: str, *args: Any, lost_at: int | None = None, **named: Any) -> Any:
        """Make the call, whole or not at all."""
        if lost_at is not None:
            raise StoreUnavailable(found="a connection that is gone")
        return at_once(getattr(self._store, call)(*args, **named))

    def close(self) -> None:
        """Nothing to let go of."""


class StorePort:
    """A `log.ports.Store` for one process; `die` kills the process."""

    def __init__(self, world: World, handle: Handle, die: Callable[[], None], owner: str) -> None:
        self.owner = owner
        self._world = world
        self._handle = handle
        self._die = die
        self._is_dead = False

    def __getattr__(self, call: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        """Every call goes the same way."""
        if call.startswith("_"):
            raise AttributeError(call)
        made = partial(self._call, call)
        setattr(self, call, made)  # the next time it is found without asking here
        return made

    def cut(self) -> None:
        """The process is gone: nobody hears answers any more."""
        self._is_dead = True

    async def _call(self, call: str, *args: Any, **named: Any) -> Any:
        world = self._world
        if world.is_closing:
            raise StoreUnavailable
        answer: asyncio.Future[Any] = world.loop.create_future()
        there = self._delay()
        if there:
            world.later(there, self._at_the_store, call, args, named, answer)
        else:
            world.context.run(self._at_the_store, call, args, named, answer)
        return await answer

    def _delay(self) -> float:
        world = self._world
        if world.strikes(Fault.SLOW_STORE):
            return world.draw.uniform(1.0, 1.5 * ANSWER_SECONDS_MAX)
        return world.seconds(world.plan.store_seconds if world.is_faulty else _SECONDS)

    def _at_the_store(self, call: str, args: Any, named: Any, answer: asyncio.Future[Any]) -> None:
        """The call has arrived: do it or not, and let its answer go back."""
        if self._is_dead and self._world.draw.random() < 0.5:
            return  # it never left the machine
        back = self._delay()
        ended: Sequence[Settlement] = args[0] if call == "settle" else ()
        before = self._world.engine.in_flight(one.effect_id for one in ended)
        try:
            result = self._do(call, args, named)
        except Exception as error:  # noqa: BLE001 - whatever it is goes to the caller
            self._world.trace.say(f"store {call}{_about(args)}: {type(error).__name__}")
            self._world.trace.reach(type(error).__name__)
            self._world.later(back, _tell, answer, None, error)
            return
        if result or call in _TELLING:  # that somebody looked and found nothing is no news
            self._world.trace.say(f"store {call}{_about(args)}{_about((result,))}")
        if call in _DECIDING:
            decided = next(one for one in args if isinstance(one, Decided))
            self._count_what_only_pools_give(decided)
            self._see_that_nothing_is_oversold(decided)
        if call == "claim":
            self._world.claimed(self.owner, [one.effect_id for one in result])
        if ended:
            self._see_who_ended(ended, before)
        if self._world.failpoint(f"{call}.after-commit", writes(call) and not self._is_dead):
            self._die()
        if back > ANSWER_SECONDS_MAX:
            late = CommitUnknown() if writes(call) else StoreTimeout()
            self._world.later(ANSWER_SECONDS_MAX, _tell, answer, None, late)
        else:
            self._world.later(back, _tell, answer, result, None)

    def _see_who_ended(self, ended: Sequence[Settlement], before: Mapping[int, int]) -> None:
        """An attempt that ran out leaves alone what somebody else has in flight (I22)."""
        late = [one for one in ended if before.get(one.effect_id, one.attempt) != one.attempt]
        now = self._world.engine.in_flight(one.effect_id for one in ended)
        for one in late:
            self._world.trace.reach("settled too late")
            if now.get(one.effect_id) != before[one.effect_id]:
                found = f"attempt {one.attempt} ended effect {one.effect_id} in flight by another"
                self._world.fail("ended_by_its_holder", "I22", found)
        self._world.settled(one.effect_id for one in ended if one.effect_id not in now)

    def _count_what_only_pools_give(self, decided: Decided) -> None:
        for one in decided.stock:
            if one.pooled < 0 and one.sellable == one.reserved + one.pooled + one.safety:
                self._world.trace.reach("taken from a pool alone")

    def _see_that_nothing_is_oversold(self, decided: Decided) -> None:
        """A batch that took nothing off a shelf leaves no less free than nothing (I14)."""
        left = {
            (moved.item, moved.from_site)
            for _, _, outcome in decided.outcomes
            for moved in outcome.movements
            if moved.from_state == StockState.AVAILABLE
        }
        taking = {
            (one.item, one.site)
            for one in decided.stock
            if one.reserved > 0 and not one.safety and (one.item, one.site) not in left
        }
        if not taking:
            return
        loaded: Loaded = self._handle.run("load", Wanted(items={item for item, _ in taking}))
        for key in sorted(taking):
            row = loaded.stock[key]
            if row.sellable < row.reserved:
                found = f"{key}: {row.reserved} promised of {row.sellable}"
                self._world.fail("nothing_oversold", "I14", found, (key[0],))

    def _do(self, call: str, args: Any, named: Any) -> Any:
        world = self._world
        if world.strikes(Fault.STORE_LOST):
            return self._handle.run(call, *args, lost_at=world.draw.randint(1, 12), **named)
        if not writes(call):
            return self._handle.run(call, *args, **named)
        if world.failpoint(f"{call}.before-commit", not self._is_dead):
            self._die()
            raise StoreUnavailable
        if world.is_full:
            raise StoreFull
        if world.strikes(Fault.STORE_CONFLICT):
            raise StoreConflict
        if world.strikes(Fault.COMMIT_UNKNOWN):
            if world.draw.random() < 0.6:
                self._handle.run(call, *args, **named)
            raise CommitUnknown
        return self._handle.run(call, *args, **named)


def _tell(answer: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if answer.done():
        return  # whoever asked has given up
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)
        answer.exception()  # whoever asked may be dead: then nobody will look


_NAMES = ("id", "key", "business_key", "effect_id", "position", "answer", "verdict")


@cache
def _named(kind: type) -> tuple[str, ...]:
    """What of an object of this type a trace names; nothing of a document's contents."""
    return tuple(name for name in _NAMES if hasattr(kind, name))


def _about(values: Iterable[Any]) -> str:
    """A few words on what a call was about: names of things, never whole documents."""
    words: list[str] = []
    for value in values:
        for one in value[:6] if isinstance(value, list | tuple) else (value,):
            if isinstance(one, str | int) or one is None:
                words.append(str(one))
                continue
            for name in _named(one.__class__):
                said = getattr(one, name)
                if isinstance(said, str | int):
                    words.append(str(said))
    return f"({' '.join(words)})" if words else ""
