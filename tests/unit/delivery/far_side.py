"""A far system that does as it is told, and breaks as a script says, one exchange at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import cast

from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    Document,
    FarAnswer,
    Found,
    NotThere,
    Refused,
    RetryLater,
    Unknown,
)
from crossdock.delivery.pump import Pump
from crossdock.delivery.retry import RetrySchedule
from crossdock.log.records import Outcome
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import at, decided, effect, message
from crossdock.testing.hub import at_once


class Fault(StrEnum):
    """What may go wrong with one exchange; two of them end the worker, not the far side."""

    LOST_BEFORE = "lost before it arrived"
    LOST_AFTER = "its reply lost"
    BUSY = "slow down"
    NOT_NOW = "not done, a try that counts"
    DIED_BEFORE = "the worker died before it sent"
    DIED_AFTER = "the worker died before it heard"


@dataclass(frozen=True)
class Exchange:
    """One document sent, or asked about, and what went wrong with it."""

    key: str
    sent: bool
    fault: Fault | None


class WorkerDied(BaseException):
    """The end of a process: nothing of ours catches it."""


class FarSide:
    """A connector and the system behind it.

    `effects` counts what happened there, by business key. With `Ability.KEYS` the system honours
    our key; otherwise whatever arrives happens again.
    """

    def __init__(
        self,
        ability: Ability = Ability.KEYS,
        script: Iterable[Fault] = (),
        *,
        refuses: Iterable[str] = (),
        batch_max: int = 10,
        meanwhile: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._ability = ability
        self._script = list(script)
        self._refuses = set(refuses)
        self._meanwhile = meanwhile  # once, after the far side acted and before it answers
        self._batch_max = batch_max
        self.effects: Counter[str] = Counter()
        self.log: list[Exchange] = []

    @property
    def sent(self) -> list[str]:
        """The business keys that were sent, in order."""
        return [one.key for one in self.log if one.sent and one.fault is not Fault.DIED_BEFORE]

    @property
    def asked(self) -> list[str]:
        """The business keys that were asked for, in order."""
        return [one.key for one in self.log if not one.sent]

    @property
    def batch_max(self) -> int:
        """How many documents one `send` may carry."""
        return self._batch_max

    def ability(self, message_type: str) -> Ability:
        """What it offers against doing this twice."""
        return self._ability

    def ask_after_seconds(self, message_type: str) -> float:
        """At once."""
        return 0.0

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """Do what the documents say, unless the script says otherwise; one fault for them all."""
        fault = self._next_fault()
        self.log += [Exchange(document.business_key, True, fault) for document in documents]
        if fault is Fault.DIED_BEFORE:
            raise WorkerDied
        if fault is Fault.LOST_BEFORE:
            return [Unknown(fault.value) for _ in documents]
        if fault in (Fault.BUSY, Fault.NOT_NOW):
            return [RetryLater(fault.value, counts=fault is Fault.NOT_NOW) for _ in documents]
        answers = [self._do(document.business_key) for document in documents]
        if self._meanwhile is not None:
            meanwhile, self._meanwhile = self._meanwhile, None
            await meanwhile()
        if fault is Fault.DIED_AFTER:
            raise WorkerDied
        if fault is Fault.LOST_AFTER:
            return [Unknown(fault.value) for _ in documents]
        return answers

    async def look_up(self, document: Document) -> Found:
        """Say whether it happened."""
        fault = self._next_fault()
        self.log.append(Exchange(document.business_key, False, fault))
        if fault in (Fault.DIED_BEFORE, Fault.DIED_AFTER):
            raise WorkerDied
        if fault is not None:
            return Unknown(fault.value)
        happened = self.effects[document.business_key]
        return AlreadyDone(f"no. {document.business_key}") if happened else NotThere()

    async def close(self) -> None:
        """Nothing to let go of."""

    def _next_fault(self) -> Fault | None:
        return self._script.pop(0) if self._script else None

    def _do(self, key: str) -> FarAnswer:
        if key in self._refuses:
            return Refused(f"{key} is not wanted")
        if self.effects[key] and self._ability is Ability.KEYS:
            return AlreadyDone(f"no. {key}")
        self.effects[key] += 1
        return Accepted(f"no. {key}")


class Asking(FarSide):
    """A far side that gives one answer to everything, whatever that is."""

    def __init__(self, answer: object) -> None:
        super().__init__(Ability.LOOK_UP)
        self.answer = answer

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        """The answer, once per document."""
        return [cast("FarAnswer", self.answer) for _ in documents]


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """The test's own moment."""
        return at(self.seconds)

    def monotonic(self) -> float:
        """The same, as seconds."""
        return self.seconds


class Even:
    """Chance that is always the same."""

    def __init__(self, chance: float = 0.5) -> None:
        self.chance = chance

    def uniform(self, low: float, high: float) -> float:
        """The same share of the way from low to high."""
        return low + (high - low) * self.chance

    def token_bytes(self, size_bytes: int) -> bytes:
        """No secret."""
        return bytes(size_bytes)


def intended(*keys: tuple[str, str]) -> MemoryStore:
    """A store in which effects are due: (business key, ordering key), in this order."""
    store = MemoryStore()
    at_once(store.append([message("placed")]))
    [lease] = at_once(store.lease("hub/0", [0], at(0), at(60)))
    batch = decided(lease, Outcome())
    batch.effects = [(0, 1, effect(business_key, key=key)) for business_key, key in keys]
    at_once(store.commit(batch, at(0)))
    return store


class Worker:
    """A pump with its clock; `life` turns it until nothing more happens by itself."""

    def __init__(
        self,
        store: MemoryStore,
        far: FarSide,
        schedule: RetrySchedule | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.store = store
        self.far = far
        self.clock = clock or Clock()
        self.pump = Pump("wms", far, store, self.clock, Even(), schedule, attempt_seconds_max=60)

    async def turn(self) -> int:
        """One turn; the death of the worker is survived by the next one."""
        try:
            return await self.pump.turn()
        except WorkerDied:
            return 0

    async def life(self, turns: int = 30) -> None:
        """Turn again and again, each time after the longest wait that there is."""
        for _ in range(turns):
            await self.turn()
            self.clock.seconds += 100.0

    def states(self, key: str = "order-1") -> dict[str, str]:
        """How each effect of an ordering key stands, by business key."""
        return {view.business_key: view.state for view in at_once(self.store.effects_of(key))}
