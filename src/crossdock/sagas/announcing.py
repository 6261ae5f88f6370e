"""What the world is told of an order: each line acknowledged, each milestone reached (R72, R76).

Both say how things stand, whole, under the order's version, which every message about the order
raises: who has heard a higher one leaves a lower one aside, and nobody ever goes back (P17, P51).
They are told when they say something new, and made only where somebody is told.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order
from crossdock.contracts.submissions import (
    AcknowledgedLine,
    OrderAcknowledgement,
    OrderProgress,
)
from crossdock.contracts.vocabulary import AcknowledgementKind, ItemKind, OrderRefusal
from crossdock.log.records import Lane
from crossdock.orders.doings import Doing
from crossdock.orders.milestones import milestones
from crossdock.orders.state import Figures, Line, OrderState, status
from crossdock.sagas.steering import requested_for
from crossdock.sagas.turn import Turn

_encode = msgspec.json.Encoder(order="deterministic").encode


def announce(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    """Tell what is new of an order, if anything is."""
    if not order.placed:
        return
    _acknowledge(turn, order, known)
    _tell_progress(turn, order, known)


def tell_refusal(turn: Turn, noun: Order, refusal: OrderRefusal) -> None:
    """Acknowledge an order that was refused: none of its lines is taken."""
    to = turn.routes("order_notice", catalogue.ORDER_ACKNOWLEDGED, None, noun.channel)
    if not to:
        return
    said = OrderAcknowledgement(
        order_id=noun.order_id,
        channel=noun.channel,
        customer=noun.customer,
        currency=noun.currency,
        version=0,
        first=True,
        purchase_order=noun.purchase_order,
        refusal=refusal,
        lines=tuple(
            AcknowledgedLine(
                line=line.line,
                item=line.item,
                answer=AcknowledgementKind.REJECTED,
                ordered=max(0, line.units),
                kind=line.kind,
                unit_price_e4=line.unit_price_e4,
                price_unit=line.unit,
            )
            for line in noun.lines
        ),
    )
    key = f"order-acknowledgement/{noun.order_id}/refused/{turn.message.place}"
    turn.tell(to, catalogue.ORDER_ACKNOWLEDGED, noun.order_id, said, key)


def _acknowledge(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    to = turn.routes("order_notice", catalogue.ORDER_ACKNOWLEDGED, None, order.channel)
    if not to:
        return
    lines = tuple(
        _line(order, number, order.lines[number], known[number])
        for number in sorted(order.lines)
        if not order.lines[number].kit
    )
    version = order.version + 1
    said = OrderAcknowledgement(
        order_id=order.order_id,
        channel=order.channel,
        customer=order.customer,
        currency=order.currency,
        version=0,
        first=not order.acknowledged,
        purchase_order=order.purchase_order or None,
        placed_at=datetime.fromisoformat(order.since),
        ship_to=order.ship_to,
        requested_for=requested_for(order),
        priority=order.priority,
        terms=order.terms or None,
        holds=tuple(order.holds),
        lines=lines,
    )
    digest = blake2b(_encode(replace(said, first=False)), digest_size=8).hexdigest()
    if digest == order.acknowledged:
        return
    turn.remember(order, Doing.ACKNOWLEDGED, digest)
    key = f"order-acknowledgement/{order.order_id}/{version}"
    whole = replace(said, version=version)
    turn.tell(to, catalogue.ORDER_ACKNOWLEDGED, order.order_id, whole, key)


def _line(order: OrderState, number: str, line: Line, now: Figures) -> AcknowledgedLine:
    confirmed = now.taken + now.reserved if line.kind is ItemKind.STOCK else now.taken
    if line.kind is ItemKind.KIT:
        confirmed = max(0, now.ordered - now.cancelled - now.backordered)
    return AcknowledgedLine(
        line=number,
        item=line.item,
        answer=_answer(order, line, now),
        ordered=now.ordered,
        confirmed=min(confirmed, now.ordered),
        backordered=0 if order.holds else now.backordered,
        cancelled=now.cancelled,
        kind=line.kind,
        unit_price_e4=line.price_e4,
        price_unit=line.price_unit or None,
    )


def _answer(order: OrderState, line: Line, now: Figures) -> AcknowledgementKind:
    if now.ordered and now.cancelled >= now.ordered:
        return AcknowledgementKind.CANCELLED
    if order.holds and now.open:
        return AcknowledgementKind.PENDING
    if now.backordered:
        return AcknowledgementKind.BACKORDERED
    if line.revision[0] or now.cancelled:
        return AcknowledgementKind.CHANGED
    return AcknowledgementKind.ACCEPTED


def _tell_progress(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    to = turn.routes("order_notice", catalogue.ORDER_PROGRESSED, None, order.channel)
    if not to:
        return
    reached = milestones(order, known)
    if reached == order.reached:
        return
    turn.remember(order, Doing.REACHED, reached)
    version = order.version + 1
    said = OrderProgress(
        order_id=order.order_id,
        channel=order.channel,
        customer=order.customer,
        status=status(order, known),
        version=version,
        reached=tuple(reached),
    )
    key = f"order-progress/{order.order_id}/{version}"
    turn.tell(to, catalogue.ORDER_PROGRESSED, order.order_id, said, key, Lane.ANALYTICAL)
