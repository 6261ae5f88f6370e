"""Folding a fact into its order once, whatever decider met it."""

from __future__ import annotations

from typing import Any

from crossdock.orders.facts import Happened
from crossdock.orders.state import OrderState
from crossdock.sagas import rebuild
from crossdock.sagas.turn import Turn


def learn(turn: Turn, order: OrderState, noun: Any) -> list[Happened] | None:
    """Fold a fact into the order and give what it did to the goods; None when it is not new.

    The second wall behind the business keys (I3).
    """
    place = rebuild.known_at(order, turn.message, noun)
    if place is not None:
        turn.supersede(f"the order learned this at {place}")
        return None
    happened = rebuild.learn(order, turn.message, noun)
    turn.outcome.weights += rebuild.weigh(order, noun)
    return happened
