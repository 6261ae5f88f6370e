"""What an order's messages do: the customer's wishes, and the warehouse's and finance's facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crossdock.contracts import catalogue, orders, shipments, stock
from crossdock.contracts.words import Address
from crossdock.log.keys import DESK_FIRST
from crossdock.log.records import Wanted
from crossdock.orders import facts
from crossdock.orders.doings import Doing
from crossdock.orders.state import OrderState
from crossdock.sagas import (
    checking,
    exposure,
    fulfilment,
    reserving,
    steering,
    submitting,
    telling,
)
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider, items_of_lines, its_item
from crossdock.sagas.deciders.goods import check_serials
from crossdock.sagas.learning import learn as _learn
from crossdock.sagas.turn import Turn


def _placed(batch: Batch, turn: Turn, noun: orders.Order) -> None:
    if turn.message.partition >= DESK_FIRST:
        submitting.admit(batch, turn, noun)
        return
    order = batch.order(noun.order_id)
    if order.placed:
        turn.hold("the order was placed before under another business key")
        turn.note("rival", noun.order_id, f"{turn.message.place} places the order again")
    elif submitting.takes(batch, turn, noun):
        _place(batch, turn, order, noun)


def _admitted(batch: Batch, turn: Turn, noun: orders.Order) -> None:
    order = batch.order(noun.order_id)
    if order.placed:
        turn.hold("the order was placed meanwhile by somebody else")
        turn.note("rival", noun.order_id, f"{turn.message.place} places the order again")
    else:
        _place(batch, turn, order, noun)


def _place(batch: Batch, turn: Turn, order: OrderState, noun: orders.Order) -> None:
    if _learn(turn, order, noun) is None:
        return
    address = checking.address_of(batch, noun)
    if address is not None and order.ship_to_revision == facts.NEVER:
        turn.remember(order, Doing.SHIP_TO, msgspec.json.encode(address).decode())
    outcomes = checking.review(batch, turn, order)
    _reviewed(batch, turn, order)
    if any(one.breaches for one in outcomes):
        checking.answer(turn, order, outcomes, order.holds)


def _changed(batch: Batch, turn: Turn, noun: orders.OrderChange) -> None:
    order = batch.order(noun.order_id)
    other = _names_another_item(order, noun)
    if other:
        turn.hold(f"a line keeps its item: {other}")
        return
    before = steering.header(order)
    if _learn(turn, order, noun) is not None:
        checking.review(batch, turn, order)
        _reviewed(batch, turn, order)
        steering.tell_of_changes(turn, order, before)


def _names_another_item(order: OrderState, noun: orders.OrderChange) -> str:
    """The line for which a change names another item than what was promised for it, in words.

    What was promised, released and picked under one item cannot go on under another.
    """
    for wanted in noun.lines:
        line = order.lines.get(wanted.line)
        added = order.placed and line is not None and not line.priced and line.revision[0]
        if line is not None and added and line.item and line.item != wanted.item:
            return f"{wanted.line} is {line.item}, not {wanted.item}"
    return ""


def _cancelled(batch: Batch, turn: Turn, noun: orders.OrderCancellation) -> None:
    order = batch.order(noun.order_id)
    if _learn(turn, order, noun) is not None:
        if exposure.is_checked(batch, order) and order.holds:
            checking.review(batch, turn, order)  # less is wanted: the credit may do now
        _settle(batch, turn, order, anew=True)


def _settle(batch: Batch, turn: Turn, order: OrderState, **how: Any) -> None:
    """Settle, and let the customer's credit show what the order is worth now."""
    fulfilment.settle(turn, order, **how)
    checking.count_credit(batch, turn, order)


def _picked(batch: Batch, turn: Turn, noun: shipments.Pick) -> None:
    order = batch.order(noun.order_id)
    happened = _learn(turn, order, noun)
    if happened is not None:
        unpromised, freed = fulfilment.apply_goods(turn, order, happened, noun.pick_id)
        _check_serials(batch, turn, noun.pick_id, noun.lines)
        for done in happened:
            if done.short:
                turn.note(
                    "short-pick",
                    f"{noun.order_id}/{done.line}/{noun.site}",
                    f"{done.short} of {done.item} not found",
                )
        _settle(batch, turn, order, unpromised=sorted(unpromised), freed=freed)


def _check_serials(
    batch: Batch,
    turn: Turn,
    document: str,
    lines: Sequence[shipments.PickLine | shipments.ShipmentLine],
) -> None:
    for line in lines:
        check_serials(batch, turn, document, line.item, line.quantity, line.serials)


def _stopped(batch: Batch, turn: Turn, noun: orders.ReleaseStopped) -> None:
    order = batch.order(noun.order_id)
    if _learn(turn, order, noun) is not None:
        fulfilment.settle(turn, order, freed=fulfilment.take_stop(turn, order, noun))


def _packed(batch: Batch, turn: Turn, noun: shipments.Pack) -> None:
    order = batch.order(noun.order_id)
    happened = _learn(turn, order, noun)
    if happened is not None:
        unpromised, freed = fulfilment.apply_goods(turn, order, happened, noun.carton_id)
        _settle(batch, turn, order, unpromised=sorted(unpromised), freed=freed)


def _shipped(batch: Batch, turn: Turn, noun: shipments.Shipment) -> None:
    order = batch.order(noun.order_id)
    happened = _learn(turn, order, noun)
    if happened is not None:
        unpromised, freed = fulfilment.apply_goods(turn, order, happened, noun.shipment_id)
        # First that it left, then what follows: who hears both of one order hears them in turn.
        telling.tell_shipment(turn, order, noun)
        _settle(batch, turn, order, unpromised=sorted(unpromised), freed=freed)
        _check_serials(batch, turn, noun.shipment_id, noun.lines)


def _granted(batch: Batch, turn: Turn, noun: stock.Grant) -> None:
    order = batch.order(noun.order_id)
    fulfilment.take_grant(turn, order, noun)
    fulfilment.settle(turn, order, listed_otherwise={noun.line})


def _reviewed_again(batch: Batch, turn: Turn, noun: orders.OrderReview) -> None:
    order = batch.order(noun.order_id)
    checking.review(batch, turn, order)
    _reviewed(batch, turn, order)


def _reviewed(batch: Batch, turn: Turn, order: OrderState) -> None:
    """Settle an order whose holds were just derived; a held one waits for its item's master."""
    reserving.take_over(batch, turn, order)
    waited = {number for number, line in order.lines.items() if line.waiting}
    _settle(batch, turn, order, listed_otherwise=waited, anew=True)
    fulfilment.wait_for_masters(turn, order)


def _items_and_masters(wanted: Wanted, noun: Any) -> None:
    items_of_lines(wanted, noun)
    wanted.masters.update(("item", line.item) for line in noun.lines)


def _serials_of_lines(wanted: Wanted, noun: shipments.Shipment) -> None:
    for line in noun.lines:
        wanted.lots.update((line.item, serial) for serial in line.serials)


def _wants_order(wanted: Wanted, noun: orders.Order) -> None:
    _items_and_masters(wanted, noun)
    if noun.ship_to == Address():
        wanted.masters.add(("party", noun.customer))


def _short_items(wanted: Wanted, noun: shipments.Pick) -> None:
    for line in noun.lines:
        wanted.lots.update((line.item, serial) for serial in line.serials)
    wanted.items.update(line.item for line in noun.lines if line.short)


DECIDERS: dict[str, Decider] = {
    catalogue.ORDER_PLACED: Decider(
        _placed, _wants_order, submitting.contradicted, revives=submitting.follows_a_refusal
    ),
    catalogue.ORDER_ADMITTED: Decider(_admitted, _wants_order),
    catalogue.ORDER_CHANGE_REQUESTED: Decider(_changed, _items_and_masters),
    catalogue.ORDER_CANCELLATION_REQUESTED: Decider(_cancelled, items_of_lines),
    catalogue.ORDER_REVIEW_REQUESTED: Decider(_reviewed_again),
    catalogue.PICK_CONFIRMED: Decider(_picked, _short_items),
    catalogue.RELEASE_STOPPED: Decider(_stopped, items_of_lines),
    catalogue.CARTON_PACKED: Decider(_packed),
    catalogue.SHIPMENT_SHIPPED: Decider(_shipped, _serials_of_lines),
    catalogue.STOCK_GRANTED: Decider(_granted, its_item),
}
"""Every message about an order."""
