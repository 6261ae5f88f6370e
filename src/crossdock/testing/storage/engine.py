"""What the contract suite needs of an engine, and how its tests are written.

A test is an async method marked `@scene`; it is given a fresh, empty engine and runs on a loop of
its own, so the suite needs no plugin.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from crossdock.log.errors import StoreConflict
from crossdock.log.ports import Store
from crossdock.log.records import Decided, Effect, Outcome
from crossdock.testing.builders import at, message
from crossdock.testing.builders import decided as decided_by

T = TypeVar("T")

Fault = Callable[[str], Awaitable[None]]
"""Called with a point's name wherever a call could lose its connection; may raise."""


class Engine(Protocol):
    """One set of data, and any number of handles to it, each as another process would hold it."""

    async def handle(self, fault: Fault | None = None) -> Store:
        """One more handle; the engine closes it in the end."""
        ...

    async def named_handle(self, owner: str) -> Store:
        """A handle as a hub or worker of this name holds it."""
        ...

    async def deaf_handle(self) -> Store:
        """A handle that never hears the answer to a COMMIT, though every COMMIT arrives."""
        ...

    def lost_at(self, point: str) -> BaseException:
        """What the engine's own code meets when its connection is gone at this point."""
        ...


class ContractBase(ABC):
    """What the parts of the suite share."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[Engine]:
        """A fresh, empty engine; closed with all its handles on leaving."""


def scene(play: Callable[[Any, Engine], Coroutine[Any, Any, None]]) -> Callable[[Any], None]:
    """Turn an async method that is given an engine into a plain test."""

    def test(self: Any) -> None:
        async def run() -> None:
            async with self.opened() as engine:
                await play(self, engine)

        asyncio.run(run())

    test.__name__ = play.__name__
    test.__qualname__ = play.__qualname__
    test.__doc__ = play.__doc__
    test.__module__ = play.__module__
    return test


async def persistent(call: Callable[[], Awaitable[T]]) -> T:
    """Run a call again while the store says that others were there first, as its callers do."""
    for _ in range(20):
        try:
            return await call()
        except StoreConflict:
            await asyncio.sleep(0)
    return await call()


async def next_batch(store: Store, *outcomes: Outcome, partition: int = 0) -> Decided:
    """Put one message per outcome on a partition, lease it, and give the batch that decides them.

    With no outcome given, one message is decided by an empty one.
    """
    outcomes = outcomes or (Outcome(),)
    head = (await store.position()).get(partition, (0, 0))[0]
    names = [f"set-up-{partition}-{head + number}" for number in range(1, len(outcomes) + 1)]
    await store.append([message(name, partition=partition, source="set-up") for name in names])
    [lease] = await store.lease("set-up", [partition], at(0), at(10_000))
    return decided_by(lease, *outcomes)


async def land(
    store: Store, *outcomes: Outcome, partition: int = 0, seconds: float = 0, **parts: Any
) -> None:
    """Commit one batch with these parts of `Decided`; the set-up of most tests."""
    batch = await next_batch(store, *outcomes, partition=partition)
    for name, rows in parts.items():
        getattr(batch, name).extend(rows)
    await store.commit(batch, at(seconds))


async def intend(store: Store, *effects: Effect, seconds: float = 0) -> None:
    """Commit effects."""
    await land(store, effects=[(0, 1, one) for one in effects], seconds=seconds)
