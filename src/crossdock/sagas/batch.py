"""Deciding a batch: messages in order, over the state that they touch, into one commit.

Pure: takes what the store loaded, gives what the store must write. Every message type has one
decider here or below; each is a function of (turn, state, noun) without clock, chance or I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from crossdock.contracts import catalogue, invoices, orders, returns, shipments, stock
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.parties import Party
from crossdock.contracts.places import Channel, Site
from crossdock.contracts.products import Item
from crossdock.contracts.vocabulary import ItemStatus
from crossdock.inventory import ledger
from crossdock.inventory.promise import PromiseBook, StockNotLoaded
from crossdock.log.records import Decided, Loaded, MasterRow, OrderRow, Recorded, Wanted
from crossdock.orders.doings import Doing
from crossdock.orders.facts import Happened
from crossdock.orders.state import Figures, OrderState, all_figures, status
from crossdock.sagas import fulfilment, rebuild, telling
from crossdock.sagas.policy import Policy
from crossdock.sagas.turn import Turn, WaitingList


class _Letter(msgspec.Struct, gc=False):
    """What a decider opens of an envelope: the door has read and judged the rest."""

    data: msgspec.Raw


_LETTER = msgspec.json.Decoder(_Letter)
_ORDER = msgspec.json.Decoder(OrderState)
_NOUNS = {name: msgspec.json.Decoder(row.noun) for name, row in CATALOGUE.items()}
_ITEM = msgspec.json.Decoder(Item)


class MasterNotLoaded(LookupError):
    """A decision asked for a master record that the batch had not loaded."""

    def __init__(self, kind: str, number: str) -> None:
        super().__init__(kind, number)
        self.kind = kind
        self.id = number


def noun_of(message: Recorded) -> Any:
    """The canonical noun that a recorded message carries."""
    return _NOUNS[message.type].decode(_LETTER.decode(message.raw).data)


def wanted_by(messages: Sequence[tuple[Recorded, Any]]) -> Wanted:
    """What these messages will look at; `decide` asks for more where this was too little."""
    wanted = Wanted()
    for message, noun in messages:
        row = CATALOGUE[message.type]
        if row.key == "order_id":
            wanted.orders.add(noun.order_id)
        if message.type in _STOCK_BOUND:
            wanted.items.update(line.item for line in noun.lines)
        if message.type in (catalogue.ORDER_PLACED, catalogue.ORDER_CHANGE_REQUESTED):
            wanted.masters.update(("item", line.item) for line in noun.lines)
        elif message.type == catalogue.PICK_CONFIRMED:
            wanted.items.update(line.item for line in noun.lines if line.short)
        elif message.type in _ITEM_BOUND:
            wanted.items.add(noun.item)
        if message.type in rebuild.MASTERS:
            kind = row.entity
            wanted.masters.add((kind, getattr(noun, row.key)))
    return wanted


class Batch:
    """The working view of one batch of messages."""

    def __init__(self, policy: Policy, wanted: Wanted, loaded: Loaded) -> None:
        self.policy = policy
        self.wanted = wanted
        self.book = PromiseBook(loaded.stock, wanted.items)
        self.waiting = WaitingList(loaded.waiting)
        self.orders: dict[str, OrderState] = {}
        self.masters = dict(loaded.masters)
        self.decided = Decided()
        self._loaded = loaded
        self._changed_masters: dict[tuple[str, str], MasterRow] = {}
        self._settled: dict[str, dict[str, Figures]] = {}

    def order(self, order_id: str) -> OrderState:
        """The order's state; an empty shell when nothing is known of it yet."""
        found = self.orders.get(order_id)
        if found is None:
            stored = self._loaded.orders.get(order_id)
            found = OrderState(order_id) if stored is None else _ORDER.decode(stored)
            self.orders[order_id] = found
        return found

    def items_of_orders(self) -> set[str]:
        """The items of every order that was loaded: who misses one will soon miss the next."""
        return {line.item for key in self._loaded.orders for line in self.order(key).lines.values()}

    def master(self, kind: str, number: str) -> bytes | None:
        """The newest stored master record, or None."""
        if (kind, number) not in self.wanted.masters:
            raise MasterNotLoaded(kind, number)
        return self.masters.get((kind, number))

    def store_master(self, row: MasterRow) -> None:
        """Keep a newer revision."""
        self.masters[(row.kind, row.id)] = row.body
        self._changed_masters[(row.kind, row.id)] = row

    def decide(self, message: Recorded, noun: Any) -> None:
        """Decide one message and let the rest of the batch see it."""
        turn = Turn(message, self.policy, self.book, self.waiting, self._settled)
        if message.rival is not None:
            turn.hold(f"business key of {message.rival} with other content")
            turn.note("rival", message.rival, f"{message.place} says otherwise")
        else:
            _DECIDERS[message.type](self, turn, noun)
        decided = self.decided
        decided.outcomes.append((message.partition, message.position, turn.outcome))
        decided.event_times.append(message.event_time)
        decided.effects.extend((message.partition, message.position, e) for e in turn.effects)
        decided.messages.extend(turn.messages)

    def finish(self) -> Decided:
        """Everything that the batch changes."""
        self.decided.orders = [
            order_row(order, self._settled.get(key)) for key, order in sorted(self.orders.items())
        ]
        self.decided.stock = self.book.changes()
        self.decided.waiting = self.waiting.changes()
        self.decided.masters = [row for _, row in sorted(self._changed_masters.items())]
        return self.decided


def decide(
    policy: Policy, messages: Sequence[tuple[Recorded, Any]], wanted: Wanted, loaded: Loaded
) -> Decided | Wanted:
    """Decide messages in order; gives what to write, or what else must be loaded first."""
    batch = Batch(policy, wanted, loaded)
    try:
        for message, noun in messages:
            batch.decide(message, noun)
    except StockNotLoaded as missing:
        more = {missing.item} | batch.items_of_orders()
        return Wanted(wanted.orders, wanted.items | more, wanted.masters)
    except MasterNotLoaded as unknown:
        asked = {(unknown.kind, unknown.id)}
        asked.update(("item", item) for item in batch.items_of_orders())
        return Wanted(wanted.orders, wanted.items, wanted.masters | asked)
    return batch.finish()


def order_row(order: OrderState, known: dict[str, Figures] | None = None) -> OrderRow:
    """An order's row: its state, and the sums that lists show; `known` if derived already."""
    known = all_figures(order) if known is None else known
    totals = known.values()
    return OrderRow(
        order_id=order.order_id,
        status=status(order, known),
        customer=order.customer,
        channel=order.channel,
        ordered=sum(f.ordered for f in totals),
        shipped=sum(f.shipped for f in totals),
        invoiced=sum(f.invoiced for f in totals),
        cancelled=sum(f.cancelled for f in totals),
        returned=sum(f.returned for f in totals),
        state=msgspec.json.encode(order),
    )


def _learn(turn: Turn, order: OrderState, noun: Any) -> list[Happened] | None:
    """Fold a fact into the order and give what it did to the goods; None when it is not new.

    The second wall behind the business keys (I3).
    """
    place = rebuild.known_at(order, turn.message, noun)
    if place is not None:
        turn.supersede(f"the order learned this at {place}")
        return None
    return rebuild.learn(order, turn.message, noun)


def _check_items(batch: Batch, turn: Turn, order: OrderState) -> None:
    if not batch.policy.known_items_only or not order.placed:
        return
    holds = set()
    for line in order.lines.values():
        body = batch.master("item", line.item)
        if body is None:
            holds.add(f"unknown-item:{line.item}")
        elif (item := _ITEM.decode(body)).kind is not line.kind:
            holds.add(f"item-kind:{line.item}")
        elif item.status is not ItemStatus.ACTIVE:
            holds.add(f"blocked-item:{line.item}")
    if order.channel not in batch.policy.channels:
        holds.add(f"unknown-channel:{order.channel}")
    if order.holds != sorted(holds):
        turn.remember(order, Doing.HOLDS, sorted(holds))


def _placed(batch: Batch, turn: Turn, noun: orders.Order) -> None:
    order = batch.order(noun.order_id)
    if order.placed:
        turn.hold("the order was placed before under another business key")
        turn.note("rival", noun.order_id, f"{turn.message.place} places the order again")
        return
    if _learn(turn, order, noun) is not None:
        _check_items(batch, turn, order)
        _reviewed(batch, turn, order)


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
        unpromised = fulfilment.apply_goods(turn, order, happened, noun.pick_id)
        for done in happened:
            if done.short:
                turn.note(
                    "short-pick",
                    f"{noun.order_id}/{done.line}/{noun.site}",
                    f"{done.short} of {done.item} not found",
                )
        fulfilment.settle(turn, order, unpromised=sorted(unpromised))


def _stopped(batch: Batch, turn: Turn, noun: orders.ReleaseStopped) -> None:
    order = batch.order(noun.order_id)
    if _learn(turn, order, noun) is not None:
        fulfilment.settle(turn, order, freed=fulfilment.take_stop(turn, order, noun))


def _packed(batch: Batch, turn: Turn, noun: shipments.Pack) -> None:
    order = batch.order(noun.order_id)
    happened = _learn(turn, order, noun)
    if happened is not None:
        unpromised = fulfilment.apply_goods(turn, order, happened, noun.carton_id)
        fulfilment.settle(turn, order, unpromised=sorted(unpromised))


def _shipped(batch: Batch, turn: Turn, noun: shipments.Shipment) -> None:
    order = batch.order(noun.order_id)
    happened = _learn(turn, order, noun)
    if happened is not None:
        unpromised = fulfilment.apply_goods(turn, order, happened, noun.shipment_id)
        fulfilment.settle(turn, order, unpromised=sorted(unpromised))
        telling.tell_shipment(turn, order, noun)


def _return_requested(batch: Batch, turn: Turn, noun: returns.ReturnRequest) -> None:
    order = batch.order(noun.order_id)
    if _learn(turn, order, noun) is not None:
        fulfilment.settle(turn, order)


def _return_received(batch: Batch, turn: Turn, noun: returns.ReturnReceipt) -> None:
    order = batch.order(noun.order_id)
    if _learn(turn, order, noun) is not None:
        _enter(turn, ledger.returned(noun))
        fulfilment.settle(turn, order)


def _invoiced(batch: Batch, turn: Turn, noun: invoices.Invoice) -> None:
    order = batch.order(noun.order_id)
    if _learn(turn, order, noun) is not None:
        fulfilment.settle(turn, order)


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
    waited = {number for number, line in order.lines.items() if line.waiting}
    fulfilment.settle(turn, order, listed_otherwise=waited, anew=True)
    fulfilment.wait_for_masters(turn, order)


def _received(batch: Batch, turn: Turn, noun: stock.Receipt) -> None:
    _enter(turn, ledger.received(noun))
    for line in noun.lines:
        if line.expected is not None and line.expected != line.quantity:
            turn.note(
                "receipt-discrepancy",
                f"{noun.site}/{noun.receipt_id}/{line.item}",
                f"{line.quantity} received of {line.expected} expected",
            )


def _adjusted(batch: Batch, turn: Turn, noun: stock.StockAdjustment) -> None:
    if noun.quantity == 0:
        turn.supersede("an adjustment by nothing")
        return
    _enter(turn, ledger.adjusted(noun))


def _moved(batch: Batch, turn: Turn, noun: stock.StockMovement) -> None:
    _enter(turn, ledger.moved(noun))


def _enter(turn: Turn, movements: list[Any]) -> None:
    """Enter movements, then give what came free to those who wait."""
    freed: set[tuple[str, str]] = set()
    for movement in movements:
        turn.move(movement)
        freed.update(
            (item, site) for item, site, change in ledger.sellable_change(movement) if change > 0
        )
    for item, site in sorted(freed):
        fulfilment.serve_waiting(turn, item, site)


def _master(batch: Batch, turn: Turn, noun: Any) -> None:
    row = CATALOGUE[turn.message.type]
    number = getattr(noun, row.key)
    stored = batch.master(row.entity, number)
    if stored is not None:
        known = msgspec.json.decode(stored, type=type(noun))
        if known.revision >= noun.revision:
            turn.supersede(f"revision {known.revision} is known")
            return
    batch.store_master(rebuild.master_row(turn.message.type, noun))
    if row.entity == "item":
        fulfilment.review_waiting(turn, number)


_STOCK_BOUND = {
    catalogue.ORDER_PLACED,
    catalogue.ORDER_CHANGE_REQUESTED,
    catalogue.ORDER_CANCELLATION_REQUESTED,
    catalogue.RELEASE_STOPPED,
    catalogue.RECEIPT_POSTED,
    catalogue.RETURN_RECEIVED,
}
_ITEM_BOUND = {
    catalogue.STOCK_MOVED,
    catalogue.STOCK_ADJUSTED,
    catalogue.STOCK_GRANTED,
    catalogue.ITEM_CHANGED,
}
_MASTERS: dict[str, type[Any]] = {
    catalogue.ITEM_CHANGED: Item,
    catalogue.PARTY_CHANGED: Party,
    catalogue.SITE_CHANGED: Site,
    catalogue.CHANNEL_CHANGED: Channel,
}
_DECIDERS: dict[str, Callable[[Batch, Turn, Any], None]] = {
    catalogue.ORDER_PLACED: _placed,
    catalogue.ORDER_CHANGE_REQUESTED: _changed,
    catalogue.ORDER_CANCELLATION_REQUESTED: _cancelled,
    catalogue.ORDER_REVIEW_REQUESTED: _reviewed_again,
    catalogue.PICK_CONFIRMED: _picked,
    catalogue.RELEASE_STOPPED: _stopped,
    catalogue.CARTON_PACKED: _packed,
    catalogue.SHIPMENT_SHIPPED: _shipped,
    catalogue.RETURN_REQUESTED: _return_requested,
    catalogue.RETURN_RECEIVED: _return_received,
    catalogue.INVOICE_POSTED: _invoiced,
    catalogue.STOCK_GRANTED: _granted,
    catalogue.RECEIPT_POSTED: _received,
    catalogue.STOCK_ADJUSTED: _adjusted,
    catalogue.STOCK_MOVED: _moved,
    **dict.fromkeys(rebuild.MASTERS, _master),
}
