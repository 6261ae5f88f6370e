"""The pump over the memory store: order per key, refusals, tries, and workers that died.

A worker that dies leaves its attempt in flight; the clock is set by hand.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.contracts.connector import Ability, RetryLater
from crossdock.delivery.gatekeeper import AtTheGate
from crossdock.delivery.pump import Delivered, Pump
from crossdock.delivery.retry import RetrySchedule
from crossdock.testing.hub import at_once
from tests.helpers.aio import run
from tests.unit.delivery.far_side import Asking, Clock, Even, FarSide, Fault, Worker, intended

ONE = ("release/1", "order-1")


def test_c2_what_a_dead_worker_had_in_flight_is_asked_about_first() -> None:
    """It happened, nobody heard of it; the next worker asks and sends nothing (C2)."""
    worker = Worker(intended(ONE), FarSide(Ability.LOOK_UP, [Fault.DIED_AFTER]))
    run(worker.turn())
    assert worker.states() == {"release/1": "in_flight"}
    worker.clock.seconds = 61
    run(worker.turn())
    assert (worker.far.sent, worker.far.asked) == (["release/1"], ["release/1"])
    assert worker.far.effects == {"release/1": 1}
    assert worker.states() == {"release/1": "already_done"}


def test_what_is_in_flight_is_left_alone() -> None:
    """While an attempt may still be answered, nobody else begins another (N3)."""
    worker = Worker(intended(ONE), FarSide(Ability.KEYS, [Fault.DIED_BEFORE]))
    run(worker.turn())
    worker.clock.seconds = 59
    assert run(worker.turn()) == 0
    worker.clock.seconds = 60
    assert run(worker.turn()) == 1
    assert worker.states() == {"release/1": "accepted"}


def test_a_hub_that_starts_takes_up_at_once_what_its_last_life_left() -> None:
    """It need not wait for the attempt to run out, and asks first: nothing stays begun (P23)."""
    worker = Worker(intended(ONE), FarSide(Ability.LOOK_UP, [Fault.DIED_BEFORE]))
    run(worker.turn())
    at_once(worker.store.reclaim(worker.clock.now()))
    assert run(worker.turn()) == 1
    assert (worker.far.asked, worker.far.sent) == (["release/1"], ["release/1"])
    assert worker.far.effects == {"release/1": 1}


def test_c6_a_worker_that_was_paused_too_long_records_nothing() -> None:
    """Another took the effect up and settled it; the late answer changes nothing (P23, I22)."""
    clock = Clock()
    store = intended(ONE)
    other = Worker(store, FarSide(Ability.KEYS), clock=clock)

    async def meanwhile() -> None:
        clock.seconds = 61
        assert await other.turn() == 1

    paused = Worker(store, FarSide(Ability.KEYS, meanwhile=meanwhile), clock=clock)
    run(paused.turn())
    [view] = at_once(store.effects_of("order-1"))
    assert view.state == "accepted"
    assert [(ended.attempt, ended.verdict) for ended in view.ended] == [
        (1, "lost"),
        (2, "accepted"),
    ]


def test_effects_of_a_key_go_out_in_their_order() -> None:
    """The next waits until the one before is done, others do not wait for either (I21)."""
    far = FarSide(Ability.KEYS, [Fault.LOST_BEFORE])
    worker = Worker(intended(ONE, ("release/2", "order-1"), ("release/3", "order-2")), far)
    run(worker.turn())
    assert far.sent == ["release/1", "release/3"]
    worker.clock.seconds = 0.01
    assert run(worker.turn()) == 0
    run(worker.life())
    assert far.sent == ["release/1", "release/3", "release/1", "release/3", "release/2"]


@settings(max_examples=60, deadline=None)
@given(
    keys=st.lists(st.sampled_from("abc"), min_size=1, max_size=8),
    script=st.lists(st.sampled_from(list(Fault)), max_size=8),
    ability=st.sampled_from([Ability.KEYS, Ability.LOOK_UP]),
    batch_max=st.integers(1, 4),
)
def test_no_fault_turns_the_order_of_a_key(
    keys: list[str], script: list[Fault], ability: Ability, batch_max: int
) -> None:
    """Whatever is lost, the effects of a key happen once each, in the order of their intents."""
    intents = [(f"{key}/{number:02}", key) for number, key in enumerate(keys)]
    far = FarSide(ability, script, batch_max=batch_max)
    run(Worker(intended(*intents), far).life(turns=len(keys) + len(script) + 2))
    assert far.effects == dict.fromkeys((name for name, _ in intents), 1)
    for key in set(keys):
        happened = [name for name in far.effects if name.startswith(key)]  # in order of effect
        assert happened == sorted(happened)


def test_a_refused_effect_blocks_its_own_key_only() -> None:
    """It is held with the far side's words; those behind it wait, those beside it do not (I24)."""
    far = FarSide(Ability.KEYS, refuses=["release/1"])
    worker = Worker(intended(ONE, ("release/2", "order-1"), ("release/3", "order-2")), far)
    run(worker.life())
    assert worker.states("order-1") == {"release/1": "held", "release/2": "due"}
    assert worker.states("order-2") == {"release/3": "accepted"}
    assert far.sent == ["release/1", "release/3"]
    [shown] = at_once(worker.store.exceptions(10))
    assert (shown.kind, shown.key) == ("refused", "release/1")
    assert shown.detail == "release/1 is not wanted"


def test_a_far_side_that_is_busy_for_long_is_waited_for() -> None:
    """That it asks to slow down uses up no try, however often (N13)."""
    worker = Worker(intended(ONE), FarSide(script=[Fault.BUSY] * 20), RetrySchedule(attempts_max=3))
    run(worker.life(25))
    assert worker.states() == {"release/1": "accepted"}


@pytest.mark.parametrize("fault", [Fault.NOT_NOW, Fault.LOST_BEFORE])
def test_one_failure_after_a_long_slowness_is_not_the_last_try(fault: Fault) -> None:
    """The tries that were not counted then are not counted later either."""
    far = FarSide(script=[*[Fault.BUSY] * 5, fault])
    worker = Worker(intended(ONE), far, RetrySchedule(attempts_max=3))
    run(worker.life(10))
    assert worker.states() == {"release/1": "accepted"}


@pytest.mark.parametrize("fault", [Fault.NOT_NOW, Fault.LOST_BEFORE])
def test_an_effect_whose_tries_are_used_up_is_held(fault: Fault) -> None:
    """After the last try nothing is sent any more, and a person is shown why."""
    far = FarSide(script=[fault] * 10)
    worker = Worker(intended(ONE), far, RetrySchedule(attempts_max=3))
    run(worker.life())
    assert worker.states() == {"release/1": "held"}
    assert far.sent == ["release/1"] * 3
    [shown] = at_once(worker.store.exceptions(10))
    assert shown.detail == fault.value


def test_no_retry_comes_before_its_time() -> None:
    """The far side asked for 30 seconds; it gets them, and then is told at once (N5, I23)."""
    worker = Worker(intended(ONE), Asking(RetryLater("busy", 30.0, counts=False)))
    run(worker.turn())
    worker.clock.seconds = 29.9
    assert run(worker.turn()) == 0
    worker.clock.seconds = 30.0
    assert run(worker.turn()) == 1


def test_the_listener_hears_what_came_of_each_effect() -> None:
    """Whoever watches sees effects and settlements side by side; an idle turn says nothing."""
    heard: list[Delivered | AtTheGate] = []
    store = intended(ONE)
    pump = Pump("wms", FarSide(), store, Clock(), Even(), listener=heard.append)
    assert run(pump.turn()) == 1
    assert run(pump.turn()) == 0
    [turn] = heard
    assert isinstance(turn, Delivered)
    assert turn.destination == "wms"
    assert [effect.business_key for effect in turn.effects] == ["release/1"]
    assert [settled.effect_id for settled in turn.settlements] == [turn.effects[0].effect_id]
