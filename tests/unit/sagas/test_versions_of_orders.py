"""What makes a new version of an order, for the living and for the rebuilt alike (I28)."""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.orders import OrderReview
from crossdock.contracts.vocabulary import Fate
from crossdock.log.keys import DESK_FIRST
from crossdock.log.records import Outcome, Recorded
from crossdock.orders.state import OrderState
from crossdock.sagas.rebuild import fold, makes_a_version
from crossdock.testing.builders import at

APPLIED = Outcome(fate=Fate.APPLIED)


def under_the_order(kind: str, partition: int = 0) -> Recorded:
    """A message of this kind that keeps the turn of order O-1."""
    return Recorded(
        partition=partition,
        position=1,
        source="crossdock",
        id="m-1",
        type=kind,
        key="O-1",
        correlation=None,
        event_time=at(0),
        received_time=at(0),
        raw=b"{}",
        rival=None,
    )


def folded(kind: str, noun: object, outcome: Outcome = APPLIED) -> int:
    """The version of a fresh order after one message."""
    order = OrderState(order_id="O-1")
    fold(order, under_the_order(kind), noun, outcome)
    return order.version


def test_a_message_about_the_order_makes_a_version() -> None:
    """Also one that changes nothing of it; one that is held makes none."""
    review = OrderReview(order_id="O-1", reason="look again")
    assert folded(catalogue.ORDER_REVIEW_REQUESTED, review) == 1
    held = Outcome(fate=Fate.HELD, reason="why")
    assert folded(catalogue.ORDER_REVIEW_REQUESTED, review, held) == 0


def test_a_message_about_something_else_makes_none() -> None:
    """How an effect ended stands under the order's key only to keep its turn."""
    assert not makes_a_version(under_the_order(catalogue.EFFECT_SETTLED), APPLIED)


def test_what_a_desk_decides_makes_none() -> None:
    """A desk admits an order before its turn has come."""
    kind = catalogue.ORDER_REVIEW_REQUESTED
    assert makes_a_version(under_the_order(kind), APPLIED)
    assert not makes_a_version(under_the_order(kind, DESK_FIRST), APPLIED)
