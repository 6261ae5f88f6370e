"""What the order desk does: hold an order, let it go, hurry it, decide against the rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.holds import OrderHold, OrderHoldLapse, OrderHoldRelease
from crossdock.contracts.steering import OrderOverride, OrderPriority
from crossdock.log.keys import content_digest
from crossdock.log.records import Document, Wanted
from crossdock.orders.refusals import placed_hold
from crossdock.orders.state import OrderState
from crossdock.sagas import checking, fulfilment, rebuild, reserving, steering
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.deciders.timers import TIMERS
from crossdock.sagas.turn import Turn

TIMER: Final = "order-hold"
"""The kind of document that ends a hold, or reminds of it."""


class HoldTimer(msgspec.Struct):
    """A hold that somebody placed, and what happens when its time has come."""

    order_id: str
    hold: str
    name: str
    lapses: bool
    since: datetime
    noted: dict[int, int] = {}  # where people were reminded of it: position by partition


_TIMER = msgspec.json.Decoder(HoldTimer)


def _learns(turn: Turn, order: OrderState, noun: Any) -> bool:
    place = rebuild.known_at(order, turn.message, noun)
    if place is None:
        rebuild.learn(order, turn.message, noun)
        return True
    turn.supersede(f"the order learned this at {place}")
    return False


def _held(batch: Batch, turn: Turn, noun: OrderHold) -> None:
    order = batch.order(noun.order_id)
    if not _learns(turn, order, noun):
        return
    _set_timer(batch, turn, noun)
    _go_on(batch, turn, order)


def _set_timer(batch: Batch, turn: Turn, noun: OrderHold) -> None:
    """Let the hold lapse when it shall, else somebody be reminded of it."""
    policy = batch.policy.holds.get(noun.kind)
    due = noun.expires_at
    if due is None and policy is not None and policy.remind_hours:
        due = turn.message.received_time + timedelta(hours=policy.remind_hours)
    if due is None:
        return
    name = placed_hold(noun.kind, noun.hold_id)
    since = turn.message.event_time
    timer = HoldTimer(noun.order_id, noun.hold_id, name, noun.expires_at is not None, since)
    batch.store_document(turn, TIMER, _timer_id(noun.order_id, noun.hold_id), timer, due)


def _timer_id(order_id: str, hold_id: str) -> str:
    """A timer's id is an identifier, which two of them may be too long for together."""
    return content_digest(TIMER, f"{order_id}\t{hold_id}".encode()).hex()


def _time_is_over(batch: Batch, turn: Turn, document: Document) -> None:
    timer = _TIMER.decode(document.body)
    if not timer.lapses:
        timer.noted = {turn.message.partition: turn.message.position}
    batch.store_document(turn, TIMER, document.id, timer)
    if timer.lapses:
        lapse = OrderHoldLapse(order_id=timer.order_id, hold=timer.hold)
        turn.say(catalogue.ORDER_HOLD_LAPSED, timer.order_id, lapse)
    else:
        since = timer.since.isoformat(timespec="minutes")
        turn.note("hold-overdue", timer.order_id, f"{timer.name} stands since {since}")


TIMERS[TIMER] = _time_is_over


def _released(batch: Batch, turn: Turn, noun: OrderHoldRelease) -> None:
    may = batch.policy.holds.get(noun.kind)
    source = turn.message.source
    if may is not None and may.released_by and source not in (*may.released_by, batch.policy.name):
        turn.refuse(f"a hold of kind {noun.kind} is not {source}'s to release")
        return
    order = batch.order(noun.order_id)
    if not _learns(turn, order, noun):
        return
    _end_timer(batch, turn, order, noun)
    _go_on(batch, turn, order)


def _end_timer(batch: Batch, turn: Turn, order: OrderState, noun: OrderHoldRelease) -> None:
    """Nobody is reminded of a hold that is released, and who was need not look any more."""
    known = batch.document(TIMER, _timer_id(noun.order_id, noun.hold))
    if known is None or noun.hold not in order.placed_holds:
        return
    timer = _TIMER.decode(known.body)
    if known.due is not None:
        batch.store_document(turn, TIMER, known.id, timer)
    if timer.noted:
        why = f"{timer.name} is released at {turn.message.place}"
        turn.cure("hold-overdue", noun.order_id, why, timer.noted)


def _lapsed(batch: Batch, turn: Turn, noun: OrderHoldLapse) -> None:
    order = batch.order(noun.order_id)
    if _learns(turn, order, noun):
        _go_on(batch, turn, order)


def _go_on(batch: Batch, turn: Turn, order: OrderState) -> None:
    """Settle an order whose holds or rules have just changed."""
    reserving.take_over(batch, turn, order)
    waited = {number for number, line in order.lines.items() if line.waiting}
    fulfilment.settle(turn, order, listed_otherwise=waited, anew=True)
    checking.count_credit(batch, turn, order)
    fulfilment.wait_for_masters(turn, order)


def _prioritised(batch: Batch, turn: Turn, noun: OrderPriority) -> None:
    order = batch.order(noun.order_id)
    before = steering.header(order)
    if not _learns(turn, order, noun):
        return
    _go_on(batch, turn, order)  # who waits is served by the new priority
    steering.tell_of_changes(turn, order, before)


def _overridden(batch: Batch, turn: Turn, noun: OrderOverride) -> None:
    order = batch.order(noun.order_id)
    if _learns(turn, order, noun):
        _go_on(batch, turn, order)


def _wants_timer(wanted: Wanted, noun: OrderHold) -> None:
    wanted.documents.add((TIMER, _timer_id(noun.order_id, noun.hold_id)))


def _wants_its_timer(wanted: Wanted, noun: OrderHoldRelease) -> None:
    wanted.documents.add((TIMER, _timer_id(noun.order_id, noun.hold)))


DECIDERS: dict[str, Decider] = {
    catalogue.ORDER_HOLD_PLACED: Decider(_held, _wants_timer),
    catalogue.ORDER_HOLD_RELEASED: Decider(_released, _wants_its_timer),
    catalogue.ORDER_HOLD_LAPSED: Decider(_lapsed),
    catalogue.ORDER_PRIORITISED: Decider(_prioritised),
    catalogue.ORDER_OVERRIDDEN: Decider(_overridden),
}
"""Every message of the order desk."""
