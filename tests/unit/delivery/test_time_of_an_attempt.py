"""An attempt has its time; a far side that takes longer is not told a second time meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from crossdock.contracts.connector import (
    Ability,
    Document,
    FarAnswer,
    Found,
)
from crossdock.delivery.pump import Pump
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.hub import at_once
from tests.helpers.aio import run
from tests.unit.delivery.far_side import Clock, Even, FarSide, Fault, intended

ONE = ("release/1", "order-1")


class Silent(FarSide):
    """A far side that never answers what it is sent, or asked."""

    def __init__(self, ability: Ability, script: Sequence[Fault] = ()) -> None:
        super().__init__(ability, script)
        self.silent = False

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        answers = await super().send(documents)
        if self.silent:
            await asyncio.Event().wait()
        return answers

    async def look_up(self, document: Document) -> Found:
        if self.silent:
            await asyncio.Event().wait()
        return await super().look_up(document)


def hasty(store: MemoryStore, far: FarSide, clock: Clock) -> Pump:
    """A pump whose attempts may take a tenth of a second."""
    return Pump("wms", far, store, clock, Even(), attempt_seconds_max=0.1)


def test_n3_an_attempt_ends_before_another_may_begin() -> None:
    """A far side that never answers: the attempt is given up in time, and in doubt (N3, N8)."""
    far = Silent(Ability.LOOK_UP)
    far.silent = True
    store, clock = intended(ONE, ("release/2", "order-2")), Clock()
    assert run(hasty(store, far, clock).turn()) == 2
    far.silent = False
    clock.seconds = 100
    run(hasty(store, far, clock).turn())
    assert far.effects == {"release/1": 1, "release/2": 1}
    [view] = at_once(store.effects_of("order-1"))
    assert [ended.verdict for ended in view.ended] == ["unknown", "already_done"]


def test_questions_without_answer_share_one_time() -> None:
    """Ten silent look-ups take no longer than one: the attempt's time is for all it does."""
    far = Silent(Ability.LOOK_UP, [Fault.LOST_AFTER])
    store, clock = intended(*((f"release/{n}", f"order-{n}") for n in range(10))), Clock()
    run(hasty(store, far, clock).turn())
    far.silent = True
    clock.seconds = 100

    async def turned() -> int:
        async with asyncio.timeout(0.8):  # ten times the attempt's time would be a second
            return await hasty(store, far, clock).turn()

    assert run(turned()) == 10
    assert far.effects == {f"release/{n}": 1 for n in range(10)}


def test_what_was_not_sent_for_lack_of_time_is_not_in_doubt() -> None:
    """A question took all the time; what should have been sent after it was not, and comes again.

    It uses up no try, and is not held for a person where the far side cannot be asked.
    """
    clock = Clock()
    store = intended(ONE, ("release/2", "order-2"))
    run(hasty(store, FarSide(Ability.LOOK_UP, [Fault.LOST_AFTER], batch_max=1), clock).turn())
    clock.seconds = 100
    far = Silent(Ability.LOOK_UP)
    far.silent = True
    assert run(hasty(store, far, clock).turn()) == 2
    [view] = at_once(store.effects_of("order-2"))
    assert [ended.verdict for ended in view.ended] == ["retry"]
    assert far.sent == []
    clock.seconds = 200
    [claimed] = [
        one
        for one in at_once(store.claim("wms", clock.now(), clock.now(), 10))
        if one.key[-1] == "2"
    ]
    assert not claimed.doubtful
