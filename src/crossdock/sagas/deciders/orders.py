"""What an order's messages do: the customer's wishes, and the warehouse's and finance's facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from crossdock.contracts import catalogue, orders, shipments, stock
from crossdock.contracts.parties import Party
from crossdock.contracts.products import Item
from crossdock.contracts.vocabulary import ItemKind, ItemStatus
from crossdock.contracts.words import Address
from crossdock.log.records import Wanted
from crossdock.orders.doings import Doing
from crossdock.orders.state import Line, OrderState
from crossdock.sagas import fulfilment, reserving, telling
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider, items_of_lines, its_item
from crossdock.sagas.deciders.goods import check_serials
from crossdock.sagas.learning import learn as _learn
from crossdock.sagas.measures import understand
from crossdock.sagas.turn import Turn

_PARTY = msgspec.json.Decoder(Party)


def _check_items(batch: Batch, turn: Turn, order: OrderState) -> None:
    if not order.placed:
        return
    holds = understand(batch, turn, order)
    if batch.policy.known_items_only:
        holds |= _unknown(batch, order)
        _note_handling(batch, turn, order)
    if order.holds != sorted(holds):
        turn.remember(order, Doing.HOLDS, sorted(holds))


_HANDLING = ("zone", "carton_rule", "routing_code", "wave_group")


def _note_handling(batch: Batch, turn: Turn, order: OrderState) -> None:
    """Remember what releases tell the warehouse of each item, as its master has it now (R21)."""
    for number, line in order.stock_lines():
        item = batch.item(line.item)
        if item is None:
            continue
        _note_money(turn, order, number, item)
        known = {name: value for name in _HANDLING if (value := getattr(item, name)) is not None}
        if known != line.handling:
            told = [f"{name}={value}" for name, value in known.items()]
            turn.remember(order, Doing.HANDLING, told, number)


def _note_money(turn: Turn, order: OrderState, number: str, item: Item) -> None:
    """Remember how the item's master says that a line is taxed, and whether it is taken back."""
    line = order.lines[number]
    if item.tax_code and not line.tax_code:
        turn.remember(order, Doing.TAX_CODE, item.tax_code, number)
    if line.kept is item.returnable:
        turn.remember(order, Doing.KEPT, not item.returnable, number)


def _unknown(batch: Batch, order: OrderState) -> set[str]:
    """What of the order the masters do not know, or do not let be sold."""
    holds = set()
    for line in order.lines.values():
        item = batch.item(line.item)
        if item is None:
            holds.add(f"unknown-item:{line.item}")
        elif item.kind is not line.kind and not _to_be_taken_apart(line, item):
            holds.add(f"item-kind:{line.item}")
        elif item.status is not ItemStatus.ACTIVE:
            holds.add(f"blocked-item:{line.item}")
    if order.channel not in batch.policy.channels:
        holds.add(f"unknown-channel:{order.channel}")
    return holds


def _to_be_taken_apart(line: Line, item: Item) -> bool:
    """Whether a channel sells a kit like any other item, as it may."""
    return item.kind is ItemKind.KIT and line.kind is ItemKind.STOCK


def _placed(batch: Batch, turn: Turn, noun: orders.Order) -> None:
    order = batch.order(noun.order_id)
    if order.placed:
        turn.hold("the order was placed before under another business key")
        turn.note("rival", noun.order_id, f"{turn.message.place} places the order again")
        return
    if _learn(turn, order, noun) is not None:
        _fill_in(batch, turn, order, noun)
        _check_items(batch, turn, order)
        _reviewed(batch, turn, order)


def _fill_in(batch: Batch, turn: Turn, order: OrderState, noun: orders.Order) -> None:
    """Take the address that the order leaves out from its customer's record (R22).

    The one that it names, else the first. What the record says later changes no placed order.
    """
    if noun.ship_to != Address():
        return
    body = batch.master("party", noun.customer)
    known = _PARTY.decode(body).ship_to if body is not None else ()
    named = [one for one in known if noun.ship_to_id in (None, one.ship_to)]
    if named:
        address = msgspec.json.encode(named[0].address).decode()
        turn.remember(order, Doing.SHIP_TO, address)


def _changed(batch: Batch, turn: Turn, noun: orders.OrderChange) -> None:
    order = batch.order(noun.order_id)
    if _learn(turn, order, noun) is not None:
        _check_items(batch, turn, order)
        _reviewed(batch, turn, order)


def _cancelled(batch: Batch, turn: Turn, noun: orders.OrderCancellation) -> None:
    order = batch.order(noun.order_id)
    if _learn(turn, order, noun) is not None:
        fulfilment.settle(turn, order)


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
        fulfilment.settle(turn, order, unpromised=sorted(unpromised), freed=freed)


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
        fulfilment.settle(turn, order, unpromised=sorted(unpromised), freed=freed)


def _shipped(batch: Batch, turn: Turn, noun: shipments.Shipment) -> None:
    order = batch.order(noun.order_id)
    happened = _learn(turn, order, noun)
    if happened is not None:
        unpromised, freed = fulfilment.apply_goods(turn, order, happened, noun.shipment_id)
        fulfilment.settle(turn, order, unpromised=sorted(unpromised), freed=freed)
        _check_serials(batch, turn, noun.shipment_id, noun.lines)
        telling.tell_shipment(turn, order, noun)


def _granted(batch: Batch, turn: Turn, noun: stock.Grant) -> None:
    order = batch.order(noun.order_id)
    fulfilment.take_grant(turn, order, noun)
    fulfilment.settle(turn, order, listed_otherwise={noun.line})


def _reviewed_again(batch: Batch, turn: Turn, noun: orders.OrderReview) -> None:
    order = batch.order(noun.order_id)
    _check_items(batch, turn, order)
    _reviewed(batch, turn, order)


def _reviewed(batch: Batch, turn: Turn, order: OrderState) -> None:
    """Settle an order whose holds were just derived; a held one waits for its item's master."""
    reserving.take_over(batch, turn, order)
    waited = {number for number, line in order.lines.items() if line.waiting}
    fulfilment.settle(turn, order, listed_otherwise=waited, anew=True)
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
    catalogue.ORDER_PLACED: Decider(_placed, _wants_order),
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
