"""One worker at the gate: it loses no report, writes only what changed, learns in a second."""

from __future__ import annotations

import pytest

from crossdock.contracts.connector import Accepted, Evidence, RetryLater
from crossdock.delivery.breaker import BreakerRules, Position
from crossdock.delivery.gate import Sparing, decode, view
from crossdock.delivery.gatekeeper import AtTheGate, BreakerMoved, Gatekeeper, Spared
from crossdock.log.errors import StoreUnavailable
from crossdock.storage.memory.data import Data
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.hub import at_once
from tests.helpers.aio import run
from tests.unit.delivery.far_side import Clock, Even

DOWN = RetryLater("no connection", counts=False)
BUSY = RetryLater("429", 30.0, counts=False, evidence=Evidence(429))
LIMITS = Sparing(at_once=4, breaker=BreakerRules(failures_max=3, pause_seconds=20.0))


class Counting(MemoryStore):
    """A store that counts what is written to gates, and may be away."""

    def __init__(self, data: Data, owner: str) -> None:
        super().__init__(None, data, owner)
        self.moves = 0
        self.away = False

    async def move_gate(self, destination: str, revision: int, state: bytes) -> bool:
        if self.away:
            raise StoreUnavailable
        self.moves += 1
        return await super().move_gate(destination, revision, state)


class Worker:
    """A keeper with its store, its clock and what it said."""

    def __init__(self, data: Data, owner: str, clock: Clock, limits: Sparing = LIMITS) -> None:
        self.store = Counting(data, owner)
        self.heard: list[AtTheGate] = []
        self.keeper = Gatekeeper("erp", limits, self.store, clock, Even(), self.heard.append)

    async def sends(self, *answers: Accepted | RetryLater) -> int:
        """One turn of a request for each answer; gives how many went."""
        admission = await self.keeper.admit(1, len(answers) or 1)
        if admission is None:
            return 0
        for answer in answers:
            admission.moment()
            self.keeper.saw([answer], 0.0)
        self.keeper.leave(admission)
        await self.keeper.report()
        return len(answers)


async def both(data: Data, clock: Clock) -> tuple[Worker, Worker]:
    """Two workers that have come to their equal shares."""
    east, west = Worker(data, "east", clock), Worker(data, "west", clock)
    for _ in range(2):
        await east.sends(Accepted())
        await west.sends(Accepted())
        clock.seconds += 1.0
    return east, west


def test_what_one_met_another_knows_within_a_second() -> None:
    """It has a pass that still holds; with the next one it is spared (R134)."""

    async def play() -> None:
        clock, data = Clock(), Data()
        east, west = await both(data, clock)
        assert await west.sends(Accepted()) == 1
        await east.sends(DOWN, DOWN, DOWN)
        clock.seconds += 1.0
        assert await west.sends(Accepted()) == 0
        assert east.heard == [BreakerMoved("erp", Position.CLOSED, Position.OPEN, 3, 15.0)]

    run(play())


def test_a_report_is_not_lost_with_the_store() -> None:
    """Three failures were seen while the database was away: then all three are counted."""

    async def play() -> None:
        clock, data = Clock(), Data()
        worker = Worker(data, "east", clock)
        await worker.sends(Accepted())
        worker.store.away = True
        await worker.sends(DOWN, DOWN)
        with pytest.raises(StoreUnavailable):
            await worker.sends(DOWN)
        worker.store.away = False
        clock.seconds = 2.0
        await worker.sends(DOWN)
        assert decode(data.gates["erp"][1]).breaker.open_until

    run(play())


def test_workers_that_meet_at_the_gate_both_get_through() -> None:
    """Whoever was second reads again: nothing of either is lost."""

    async def play() -> None:
        clock, data = Clock(), Data()
        east, west = await both(data, clock)
        counted = 3  # of the first two rounds, in which one worker had no part yet
        plain = MemoryStore.move_gate

        async def first(self: MemoryStore, name: str, revision: int, state: bytes) -> bool:
            if not meeting:
                return await plain(self, name, revision, state)
            meeting.pop()
            await west.sends(DOWN)
            return await plain(self, name, revision, state)

        meeting = [True]
        east.store.move_gate = first.__get__(east.store)  # type: ignore[method-assign]
        await east.sends(DOWN)
        budget = decode(data.gates["erp"][1]).budget
        assert meeting == []
        assert sum(step.first for step in budget) == counted + 2

    run(play())


def test_an_idle_worker_writes_next_to_nothing() -> None:
    """Asking for a pass every second for a minute: only its part of the requests is renewed."""

    async def play() -> None:
        clock, data = Clock(), Data()
        worker = Worker(data, "east", clock)
        for second in range(60):
            clock.seconds = float(second)
            await worker.sends()
        assert worker.store.moves <= 5

    run(play())


def test_a_wish_to_be_spared_is_heard() -> None:
    """By the listener and by the gate, for exactly so long."""

    async def play() -> None:
        clock, data = Clock(), Data()
        worker = Worker(data, "east", clock)
        await worker.sends(BUSY)
        assert worker.heard == [Spared("erp", 30.0)]
        clock.seconds = 29.9
        assert await worker.sends(Accepted()) == 0
        clock.seconds = 30.0
        assert await worker.sends(Accepted()) == 1

    run(play())


def test_no_request_of_a_quota_is_taken_while_nothing_is_due() -> None:
    """An idle worker leaves all of it to the busy ones."""
    clock, data = Clock(), Data()
    worker = Worker(data, "east", clock, Sparing(per_second=1.0))
    assert at_once(worker.sends()) == 0
    assert "erp" not in data.gates
    assert view(decode(b""), LIMITS, 0.0).breaker is Position.CLOSED
