"""A connector that breaks its promise ends no loop, whatever it answers."""

from __future__ import annotations

import pytest

from crossdock.contracts.connector import NotThere, RetryLater
from crossdock.testing.hub import at_once
from tests.helpers.aio import run
from tests.unit.delivery.far_side import Asking, Worker, intended

ONE = ("release/1", "order-1")


@pytest.mark.parametrize("answer", [None, NotThere(), "done", 200])
def test_an_answer_that_is_none_leaves_the_effect_in_doubt(answer: object) -> None:
    """A connector that answers nonsense ends no loop: nothing is known then, and it is asked."""
    worker = Worker(intended(ONE), Asking(answer))
    assert run(worker.turn()) == 1
    [view] = at_once(worker.store.effects_of("order-1"))
    assert (view.state, view.ended[0].verdict) == ("due", "unknown")
    worker.clock.seconds = 100
    run(worker.turn())
    assert worker.far.asked == ["release/1"]


@pytest.mark.parametrize("asked", [float("inf"), float("nan"), 1e300, -5.0])
def test_a_wait_beyond_reason_ends_no_loop(asked: float) -> None:
    """The effect comes again within a day; the connector's number is not taken at its word."""
    worker = Worker(intended(ONE), Asking(RetryLater("later", asked)))
    assert run(worker.turn()) == 1
    worker.clock.seconds = 86_400.0
    assert run(worker.turn()) == 1
