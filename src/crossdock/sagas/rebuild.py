"""Folding the log again: what was said, and what was decided on it, give the same state (I28).

Deciders fold facts by `learn` too, so there is one way only in which a fact changes an order.
Nothing is decided here: what depended on stock and masters comes out of the outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossdock.contracts import catalogue
from crossdock.contracts.returns import ReturnRequest
from crossdock.contracts.shipments import Pick, Shipment
from crossdock.contracts.vocabulary import Fate, ReturnReason
from crossdock.log.keys import DESK_FIRST
from crossdock.log.records import Outcome, Recorded, Weighed
from crossdock.orders import doings, facts, holding, weights
from crossdock.orders.facts import Happened
from crossdock.orders.state import ASKED_BACK_FACT, STOP_ANSWER, OrderState


@dataclass(frozen=True, slots=True)
class FactKind:
    """How an order learns one kind of fact: under which key, and what that changes."""

    key: Callable[[Any], str]
    fold: Callable[[OrderState, Any, datetime], list[Happened] | None]


def _return_key(said: ReturnRequest) -> str:
    late = said.reason is ReturnReason.LATE_CANCELLATION
    return f"{ASKED_BACK_FACT if late else 'return/'}{said.return_id}"


FACTS: dict[str, FactKind] = {
    catalogue.ORDER_PLACED: FactKind(lambda said: f"placed/{said.order_id}", facts.place_order),
    catalogue.ORDER_CHANGE_REQUESTED: FactKind(
        lambda said: f"change/{said.change_id}",
        lambda order, said, _: facts.change_order(order, said),
    ),
    catalogue.ORDER_CANCELLATION_REQUESTED: FactKind(
        lambda said: f"cancellation/{said.cancellation_id}",
        lambda order, said, _: facts.cancel_order(order, said),
    ),
    catalogue.ORDER_ADMITTED: FactKind(lambda said: f"placed/{said.order_id}", facts.place_order),
    catalogue.ORDER_PRIORITISED: FactKind(
        lambda said: f"priority/{said.change_id}",
        lambda order, said, _: facts.prioritise(order, said),
    ),
    catalogue.ORDER_OVERRIDDEN: FactKind(
        lambda said: f"override/{said.override_id}",
        lambda order, said, _: facts.override(order, said),
    ),
    catalogue.ORDER_HOLD_PLACED: FactKind(
        lambda said: f"hold/{said.hold_id}",
        lambda order, said, _: holding.place_hold(order, said),
    ),
    catalogue.ORDER_HOLD_RELEASED: FactKind(
        lambda said: f"hold-release/{said.release_id}",
        lambda order, said, _: holding.release_hold(order, said),
    ),
    catalogue.ORDER_HOLD_LAPSED: FactKind(
        lambda said: f"hold-lapse/{said.hold}",
        lambda order, said, _: holding.lapse_hold(order, said),
    ),
    catalogue.PICK_CONFIRMED: FactKind(
        lambda said: f"pick/{said.site}/{said.pick_id}",
        facts.pick,
    ),
    catalogue.RELEASE_STOPPED: FactKind(
        lambda said: f"{STOP_ANSWER}{said.site}/{said.release_cancellation_id}",
        lambda order, said, _: facts.put_back(order, said),  # what it frees is in the outcome
    ),
    catalogue.CARTON_PACKED: FactKind(
        lambda said: f"carton/{said.site}/{said.carton_id}",
        facts.pack,
    ),
    catalogue.SHIPMENT_SHIPPED: FactKind(
        lambda said: f"shipment/{said.shipment_id}",
        facts.ship,
    ),
    catalogue.SHIPMENT_ASSIGNED: FactKind(
        lambda said: f"shipment/{said.shipment.shipment_id}",
        lambda order, said, at: facts.ship(order, said.shipment, at),
    ),
    catalogue.RETURN_REQUESTED: FactKind(_return_key, facts.request_return),
    catalogue.RETURN_GRANTED: FactKind(
        lambda said: f"return/{said.return_id}",
        lambda order, said, at: facts.request_return(order, said, at, granted=True),
    ),
    catalogue.RETURN_RECEIVED: FactKind(
        lambda said: f"return-receipt/{said.site}/{said.return_receipt_id}",
        facts.receive_return,
    ),
    catalogue.RETURN_INSPECTED: FactKind(
        lambda said: f"return-inspection/{said.site}/{said.inspection_id}",
        lambda order, said, _: facts.inspect_return(order, said),
    ),
    catalogue.INVOICE_POSTED: FactKind(
        lambda said: f"invoice/{said.invoice_id}",
        facts.invoice,
    ),
    catalogue.INVOICE_PAID: FactKind(
        lambda said: f"payment/{said.payment_id}",
        lambda order, said, _: facts.pay(order, said),
    ),
    catalogue.INVOICE_CORRECTED: FactKind(
        lambda said: f"correction/{said.correction_id}",
        lambda order, said, _: facts.correct(order, said),
    ),
    catalogue.CREDIT_POSTED: FactKind(
        lambda said: f"credit/{said.credit_memo_id}",
        facts.credit,
    ),
}
"""Every kind of message from which an order learns a fact."""

MASTERS = frozenset(
    {
        catalogue.ITEM_CHANGED,
        catalogue.PARTY_CHANGED,
        catalogue.SITE_CHANGED,
        catalogue.CHANNEL_CHANGED,
        catalogue.LOCATION_CHANGED,
        catalogue.CREDIT_CHANGED,
        catalogue.PRICE_CHANGED,
    }
)
"""Every kind of message that carries a master record."""


def known_at(order: OrderState, message: Recorded, noun: Any) -> str | None:
    """The place at which the order learned this fact, or None: it is new."""
    return order.facts.get(FACTS[message.type].key(noun))


def learn(order: OrderState, message: Recorded, noun: Any) -> list[Happened]:
    """Fold a fact that is new to the order; gives what it did to the goods."""
    kind = FACTS[message.type]
    order.facts[kind.key(noun)] = message.place
    return kind.fold(order, noun, message.event_time) or []


def weigh(order: OrderState, noun: Any) -> list[Weighed]:
    """Fold what a new fact says was weighed; gives the grams that moved."""
    return weights.weigh(order, noun) if isinstance(noun, Pick | Shipment) else []


def fold(order: OrderState, message: Recorded, noun: Any, outcome: Outcome) -> None:
    """Fold one decided message of the order into its state; at a desk an order is only admitted."""
    if outcome.fate is not Fate.APPLIED or message.partition >= DESK_FIRST:
        return
    if message.type in FACTS:
        learn(order, message, noun)
        weigh(order, noun)
    for memory in outcome.memories:  # first: taking a kit apart makes lines
        doings.remember(order, memory.what, memory.of, memory.value)
    for one in outcome.commitments:
        doings.promise(order, one.line, one.site, one.reserved, one.released)
    if makes_a_version(message, outcome):
        order.version += 1


def makes_a_version(message: Recorded, outcome: Outcome) -> bool:
    """Whether a message makes a new version of the order that it is about, whatever it said.

    Messages about something else may stand under an order's key, to keep its turn: how an effect
    ended, what a recipe waited for. They are none of the order's.
    """
    return (
        outcome.fate is Fate.APPLIED
        and message.partition < DESK_FIRST
        and catalogue.CATALOGUE[message.type].key == "order_id"
    )
