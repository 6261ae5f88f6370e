"""A submitted order before it is one: taken, held or refused, and what whoever submits is told.

A refused order is none: nothing of it is kept but the message, the answer, and that it was
refused, so that a corrected one may come under the same number. At a desk an order is only
admitted; it is placed on its own key's turn, where everything else about it is decided too.
"""

from __future__ import annotations

from typing import Final

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order
from crossdock.contracts.submissions import Breach, OrderCharge, RuleOutcome
from crossdock.contracts.vocabulary import OrderRefusal, OrderRule, RuleAction
from crossdock.orders.state import OrderState
from crossdock.orders.validation import holds_of, refusal_of
from crossdock.sagas import announcing, checking, quoting
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn

REFUSED: Final = "order-refused"
"""The kind of document that says, by business key, that an order was refused and may come again."""


class Attempts(msgspec.Struct):
    """How an order's attempts under one business key have ended so far."""

    refused: bool


_ATTEMPTS = msgspec.json.Decoder(Attempts)


def follows_a_refusal(batch: Batch, noun: Order) -> bool:
    """Whether all that came under the order's business key before was refused."""
    known = batch.document(REFUSED, catalogue.order_key(noun))
    return known is not None and _ATTEMPTS.decode(known.body).refused


def takes(batch: Batch, turn: Turn, noun: Order) -> bool:
    """Whether an order that came as a message may be placed; where not, its turn is ended."""
    if not batch.policy.order_policy(noun.channel).asks:
        return True
    order = checking.sketch(batch, turn, noun)
    outcomes = checking.judged(batch, turn, order)
    refused = refusal_of(outcomes)
    if refused is None:
        _take(batch, turn, noun)
        return True
    _refuse(batch, turn, noun, order, outcomes, refused)
    return False


def admit(batch: Batch, turn: Turn, noun: Order) -> None:
    """Answer an order whose channel waits; where it is taken, have it placed."""
    order = checking.sketch(batch, turn, noun)
    outcomes = checking.judged(batch, turn, order, duplicate=True)
    taken = batch.known_order(noun.order_id)
    refused = refusal_of(outcomes)
    if taken is not None and taken.placed:
        refused = _found(noun, OrderRefusal.ORDER_ID_TAKEN, "an order of this id is placed")
    charge = quoting.quoted(batch, turn, order)
    if refused is not None:
        _refuse(batch, turn, noun, order, outcomes, refused, charge)
        return
    holds = holds_of(outcomes, admitted=False)
    if batch.policy.known_items_only:
        holds += checking.unknown(batch, order)
    _take(batch, turn, noun)
    turn.say(catalogue.ORDER_ADMITTED, noun.order_id, noun)
    checking.answer(turn, order, outcomes, holds, charge=charge)


def contradicted(batch: Batch, turn: Turn, noun: Order) -> None:
    """Answer an order under a number that another one has."""
    order = checking.sketch(batch, turn, noun)
    outcomes = checking.judged(
        batch, turn, order, duplicate=True, rival=turn.message.rival or turn.message.place
    )
    checking.answer(turn, order, outcomes, [], OrderRefusal.DUPLICATE_PURCHASE_ORDER)


def _found(noun: Order, refusal: OrderRefusal, found: str) -> Breach:
    return Breach(
        rule=OrderRule.DUPLICATE,
        refusal=refusal,
        does=RuleAction.REJECT,
        about=noun.order_id,
        found=found,
    )


def _refuse(
    batch: Batch,
    turn: Turn,
    noun: Order,
    order: OrderState,
    outcomes: list[RuleOutcome],
    refused: Breach,
    charge: OrderCharge | None = None,
) -> None:
    why = f"{refused.refusal.value} {refused.about}: {refused.found}"
    turn.refuse(f"refused: {why}")
    turn.note("order-refused", noun.order_id, why)
    if refused.rule is not OrderRule.DUPLICATE:
        batch.store_document(turn, REFUSED, catalogue.order_key(noun), Attempts(refused=True))
    checking.answer(turn, order, outcomes, [], refused.refusal, charge)
    announcing.tell_refusal(turn, noun, refused.refusal)


def _take(batch: Batch, turn: Turn, noun: Order) -> None:
    """From now on whoever comes under the order's business key is a rival."""
    if turn.message.rival is not None:
        batch.store_document(turn, REFUSED, catalogue.order_key(noun), Attempts(refused=False))
