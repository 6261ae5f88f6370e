"""Whatever is lost on the way, what is told happens once at the far side, or a person looks (I20).

Every sequence of up to four faults is played to its end, two effects at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from crossdock.contracts.connector import Ability
from tests.helpers.aio import run
from tests.unit.delivery.far_side import Exchange, FarSide, Fault, Worker, intended

FAULTS_MAX = 4
FAULTS = (
    Fault.LOST_BEFORE,
    Fault.LOST_AFTER,
    Fault.BUSY,
    Fault.DIED_BEFORE,
    Fault.DIED_AFTER,
)
DOUBTFUL = frozenset(FAULTS) - {Fault.BUSY}
HAPPENED = (Fault.LOST_AFTER, Fault.DIED_AFTER)
DONE = {"accepted", "already_done"}


def scripts() -> Iterator[tuple[Fault, ...]]:
    """Every sequence of faults."""
    for length in range(FAULTS_MAX + 1):
        yield from product(FAULTS, repeat=length)


async def played(ability: Ability, script: tuple[Fault, ...]) -> Worker:
    """Two effects of two orders, told until nothing more happens by itself."""
    far = FarSide(ability, script)
    worker = Worker(intended(("release/1", "order-1"), ("release/2", "order-2")), far)
    await worker.life(turns=len(script) + 3)
    return worker


@pytest.mark.parametrize("ability", [Ability.KEYS, Ability.LOOK_UP])
def test_n1_n2_every_effect_happens_once_where_the_far_side_helps(ability: Ability) -> None:
    """Exactly one effect per key, and the hub knows that it is done."""

    async def play() -> None:
        for script in scripts():
            worker = await played(ability, script)
            assert worker.far.effects == {"release/1": 1, "release/2": 1}, script
            states = worker.states("order-1") | worker.states("order-2")
            assert set(states.values()) <= DONE, script

    run(play())


def test_n2_what_nobody_can_be_asked_about_is_held() -> None:
    """After the first doubt nothing is sent again: at most one effect, and a person looks."""

    async def play() -> None:
        for script in scripts():
            worker = await played(Ability.NEITHER, script)
            doubt = next((fault for fault in script if fault is not Fault.BUSY), None)
            happened = doubt is None or doubt in HAPPENED
            assert worker.far.effects == ({"release/1": 1, "release/2": 1} if happened else {})
            states = set((worker.states("order-1") | worker.states("order-2")).values())
            assert states == ({"accepted"} if doubt is None else {"held"}), script
            assert worker.far.asked == []

    run(play())


def test_a_doubtful_effect_is_asked_about_before_it_is_sent_again() -> None:
    """In every history: once in doubt, each sending comes right after an answer that it may."""

    async def play() -> None:
        for script in scripts():
            far = FarSide(Ability.LOOK_UP, script)
            await Worker(intended(("release/1", "order-1")), far).life(turns=len(script) + 3)
            doubt = False
            before: Exchange | None = None
            for now in far.log:
                if now.sent and doubt:
                    assert before is not None
                    assert not before.sent, (script, far.log)
                    assert before.fault is None, (script, far.log)
                doubt = doubt or now.fault in DOUBTFUL
                before = now

    run(play())
