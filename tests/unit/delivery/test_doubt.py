"""What was sent and not answered is asked about in good time, and adopted as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crossdock.contracts.connector import (
    Ability,
    Accepted,
    Document,
    Evidence,
    FarAnswer,
    Found,
    NotThere,
    RetryLater,
    Unknown,
    Void,
)
from crossdock.delivery.holders import Holders
from crossdock.delivery.pump import Pump
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.hub import at_once
from tests.helpers.aio import run
from tests.unit.delivery.far_side import Asking, Clock, Even, FarSide, Fault, Worker, intended

ONE = ("label/1", "order-1")


class StillAtWork(FarSide):
    """A far side that acts only some seconds after its reply was given up, and says "no" till then.

    It does again whatever is sent again: two labels.
    """

    def __init__(self, clock: Clock, acts_at: float, patience: float) -> None:
        super().__init__(Ability.LOOK_UP)
        self._clock = clock
        self._acts_at = acts_at
        self._patience = patience

    def ask_after_seconds(self, message_type: str) -> float:
        return self._patience

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        self.effects.update(document.business_key for document in documents)
        return [Unknown("no answer in time") for _ in documents]

    async def look_up(self, document: Document) -> Found:
        if self._clock.seconds < self._acts_at:
            return NotThere()
        return await super().look_up(document)


def lived(far: StillAtWork, clock: Clock, seconds: int = 60) -> MemoryStore:
    """A minute of a pump's life, in steps of half a second."""
    store = intended(ONE)
    worker = Worker(store, far, clock=clock)
    for _ in range(seconds * 2):
        run(worker.turn())
        clock.seconds += 0.5
    return store


def test_n3_a_far_side_still_at_work_is_not_asked_too_early() -> None:
    """It acts seven seconds after we gave up; asked after ten, it is adopted: one label (N3)."""
    clock = Clock()
    far = StillAtWork(clock, acts_at=7, patience=10)
    store = lived(far, clock)
    assert far.effects == {"label/1": 1}
    [view] = at_once(store.effects_of("order-1"))
    assert [end.verdict for end in view.ended] == ["unknown", "already_done"]


def test_without_patience_it_would_be_done_twice() -> None:
    """What the wait is for: asked at once, the same far side makes a second label."""
    clock = Clock()
    far = StillAtWork(clock, acts_at=7, patience=0)
    lived(far, clock, seconds=6)
    assert far.effects["label/1"] > 1


def test_a_hub_that_starts_again_waits_before_it_asks() -> None:
    """Its last life may have sent it a moment ago; the wait uses up no try."""
    clock = Clock()
    far = StillAtWork(clock, acts_at=7, patience=10)
    store = intended(ONE)
    at_once(store.claim("wms", clock.now(), clock.now(), 1))
    far.effects["label/1"] = 1
    at_once(store.reclaim(clock.now()))
    worker = Worker(store, far, clock=clock)
    for _ in range(40):
        run(worker.turn())
        clock.seconds += 0.5
    assert far.effects == {"label/1": 1}
    [view] = at_once(store.effects_of("order-1"))
    assert [end.verdict for end in view.ended] == ["lost", "retry", "already_done"]


class Cancelled(FarSide):
    """A far side that made the label, lost its reply, and has it cancelled since."""

    async def look_up(self, document: Document) -> Found:
        await super().look_up(document)
        return Void("LBL-7", "cancelled", Evidence(200, "voided by clerk"))


def test_what_was_cancelled_meanwhile_is_not_adopted() -> None:
    """It is there, and it is no success: held with their number and words, never sent again."""
    far = Cancelled(Ability.LOOK_UP, [Fault.LOST_AFTER])
    worker = Worker(intended(ONE), far)
    run(worker.life())
    [view] = at_once(worker.store.effects_of("order-1"))
    assert view.state == "held"
    last = view.ended[-1]
    assert (last.verdict, last.reference) == ("void", "LBL-7")
    assert last.problem == "it is there, and cancelled"
    assert last.evidence == Evidence(200, "voided by clerk")
    assert far.effects == {"label/1": 1}
    [shown] = at_once(worker.store.exceptions(10))
    assert (shown.kind, shown.key) == ("void", "label/1")


def test_a_create_that_finds_a_cancelled_record_is_no_success() -> None:
    """Status 200 and an old, cancelled shipment: held (P48)."""
    worker = Worker(intended(ONE), Asking(Void("LBL-7", "cancelled")))
    run(worker.life(3))
    assert worker.states() == {"label/1": "held"}


def test_evidence_of_every_answer_is_kept() -> None:
    """Whatever the answer, what was seen of it stays with its attempt."""
    for answer in (Accepted("n"), RetryLater("later", 1.0), Unknown("nothing")):
        seen = Evidence(299, "their words", b"s", b"r")
        worker = Worker(intended(ONE), Asking(type(answer)("x", evidence=seen)))
        run(worker.turn())
        [view] = at_once(worker.store.effects_of("order-1"))
        assert view.ended[0].evidence == seen


def test_t1_a_clock_that_jumps_takes_nothing_from_who_is_at_it() -> None:
    """An hour passes by the wall, not by the steady clock: the second loop finds nothing (T1)."""
    clock = Clock()
    store = intended(ONE)
    holders = Holders(60)

    class Jumping(FarSide):
        async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
            clock.seconds += 3600
            assert await pump.turn() == 0
            assert await elsewhere.turn() == 0
            return await super().send(documents)

    far = Jumping(Ability.KEYS)
    pump = Pump("wms", far, store, clock, Even(), holders=holders)
    steady = Steady(clock)
    elsewhere = Pump(
        "wms", far, MemoryStore(None, store.data, "other"), steady, Even(), holders=holders
    )
    holders.hear(at_once(store.beat()), steady.monotonic(), steady.monotonic())
    assert run(pump.turn()) == 1
    assert far.effects == {"label/1": 1}
    [view] = at_once(store.effects_of("order-1"))
    assert [(end.attempt, end.verdict) for end in view.ended] == [(1, "accepted")]


def test_what_a_dead_hub_had_in_flight_is_taken_over() -> None:
    """It is silent for longer than an attempt lasts: then, and not before, another asks."""
    clock = Clock()
    store = intended(ONE)
    holders = Holders(60)
    dead = MemoryStore(None, store.data, "dead")
    at_once(dead.claim("wms", clock.now(), clock.now(), 1))
    beats = at_once(dead.beat())
    holders.hear(beats, 0.0, 0.0)
    worker = Worker(store, FarSide(Ability.LOOK_UP), clock=clock)
    worker.pump = Pump("wms", worker.far, store, clock, Even(), holders=holders)
    for seconds, took in ((60, 0), (61, 1)):
        clock.seconds = seconds
        holders.hear(beats, seconds, seconds)
        assert run(worker.turn()) == took
    assert worker.far.effects == {"label/1": 1}


class Steady(Clock):
    """The other clock of the same moment: the civil one has jumped, this one has not."""

    def __init__(self, civil: Clock) -> None:
        super().__init__()
        self._civil = civil

    def now(self) -> datetime:
        return self._civil.now()

    def monotonic(self) -> float:
        return 0.0
