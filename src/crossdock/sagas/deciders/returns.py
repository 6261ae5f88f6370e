"""What messages and calls about returns do: wishes, goods at the door, what inspection says."""

from __future__ import annotations

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.returns import (
    ReturnInspection,
    ReturnReceipt,
    ReturnRequest,
    ReturnSubmission,
)
from crossdock.contracts.vocabulary import MovementKind, ReturnRefusal, StockState
from crossdock.inventory import ledger, weights
from crossdock.log.records import Movement, Wanted
from crossdock.orders.doings import Doing
from crossdock.orders.facts import wish
from crossdock.sagas import fulfilment, lots, returning
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.deciders.goods import check_serials, enter, wants_lots
from crossdock.sagas.learning import learn
from crossdock.sagas.returning import GRANTS, Grants, grants_of
from crossdock.sagas.turn import Turn


def _requested(batch: Batch, turn: Turn, noun: ReturnRequest) -> None:
    """A wish by message; what desks granted meanwhile goes before it."""
    order = batch.order(noun.order_id)
    grants = grants_of(batch, noun.order_id)
    if learn(turn, order, noun) is None:
        return
    for number, mark in grants.granted.items():
        if number not in order.returns:
            turn.remember(order, Doing.GRANTED, msgspec.json.encode(mark).decode(), number)
    fulfilment.settle(turn, order)
    # Written though nothing in it changed: a desk that granted meanwhile decides again.
    batch.store_document(turn, GRANTS, noun.order_id, grants)


def _granted(batch: Batch, turn: Turn, noun: ReturnRequest) -> None:
    """The order learns what a desk granted."""
    order = batch.order(noun.order_id)
    if learn(turn, order, noun) is not None:
        fulfilment.settle(turn, order)


def _submitted(batch: Batch, turn: Turn, noun: ReturnSubmission) -> None:
    """A caller waits: the answer is for good, and a refusal leaves no wish behind (R99)."""
    order = batch.glance(noun.order_id)
    grants = grants_of(batch, noun.order_id)
    said = wish(noun, turn.message.event_time)
    reply = returning.reply_to(order, noun, grants, turn.policy, said, turn.message.source)
    turn.outcome.answer = msgspec.Raw(msgspec.json.encode(reply))
    if not reply.authorised:
        return
    mark = msgspec.structs.replace(said, granted=True)
    after = Grants({**grants.granted, noun.return_id: mark})
    batch.store_document(turn, GRANTS, noun.order_id, after)
    fields = {name: getattr(noun, name) for name in ReturnRequest.__struct_fields__}
    turn.say(catalogue.RETURN_GRANTED, noun.order_id, ReturnRequest(**fields))


def _contradicted(batch: Batch, turn: Turn, noun: ReturnSubmission) -> None:
    """Answer a call whose number was used before, with other content."""
    reply = returning.refusal_of(noun, ReturnRefusal.SAME_ID_OTHER_CONTENT)
    turn.outcome.answer = msgspec.Raw(msgspec.json.encode(reply))


def _received(batch: Batch, turn: Turn, noun: ReturnReceipt) -> None:
    order = batch.order(noun.order_id)
    if learn(turn, order, noun) is None:
        return
    noun = returning.set_apart(turn, order, noun)
    enter(turn, lots.admit(batch, turn, ledger.returned(noun)))
    turn.outcome.weights += weights.returned(noun)
    for line in noun.lines:
        document = noun.return_receipt_id
        check_serials(batch, turn, document, line.item, line.quantity, line.serials)
    fulfilment.settle(turn, order)


def _inspected(batch: Batch, turn: Turn, noun: ReturnInspection) -> None:
    """What stood apart goes where a later look sends it."""
    order = batch.order(noun.order_id)
    if learn(turn, order, noun) is None:
        return
    enter(turn, lots.admit(batch, turn, _from_apart(noun)))
    fulfilment.settle(turn, order)


def _from_apart(noun: ReturnInspection) -> list[Movement]:
    as_received = ReturnReceipt(
        return_receipt_id=noun.return_receipt_id,
        order_id=noun.order_id,
        site=noun.site,
        lines=noun.lines,
    )
    moved = []
    for movement in ledger.returned(as_received):
        kind = _KINDS.get(movement.to_state, MovementKind.RETURN)
        if movement.to_state is not StockState.RETURNED:
            moved.append(
                msgspec.structs.replace(movement, from_state=StockState.RETURNED, kind=kind)
            )
    return moved


_KINDS = {
    StockState.AVAILABLE: MovementKind.RESTOCK,
    StockState.QUARANTINE: MovementKind.QUARANTINE,
    StockState.SCRAPPED: MovementKind.SCRAP,
}
"""By which kind of movement goods leave the state of returned ones; any other is a return."""


def _wants_grants(wanted: Wanted, noun: ReturnRequest) -> None:
    wanted.documents.add((GRANTS, noun.order_id))


def _wants_submission(wanted: Wanted, noun: ReturnSubmission) -> None:
    wanted.orders.add(noun.order_id)
    _wants_grants(wanted, noun)


def _lots_of_lines(wanted: Wanted, noun: ReturnReceipt | ReturnInspection) -> None:
    for line in noun.lines:
        wants_lots(wanted, line.item, line.lot, line.serials)


DECIDERS: dict[str, Decider] = {
    catalogue.RETURN_REQUESTED: Decider(_requested, _wants_grants),
    catalogue.RETURN_GRANTED: Decider(_granted),
    catalogue.RETURN_SUBMITTED: Decider(_submitted, _wants_submission, _contradicted),
    catalogue.RETURN_RECEIVED: Decider(_received, _lots_of_lines),
    catalogue.RETURN_INSPECTED: Decider(_inspected, _lots_of_lines),
}
"""Every message about goods that come back."""
