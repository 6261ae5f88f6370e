"""Who must be told what came, what left and how an order stands; once each, by its key."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.contracts import catalogue
from crossdock.contracts.orders import OrderStatusChange, StatusLine
from crossdock.contracts.shipments import Shipment
from crossdock.contracts.stock import Receipt
from crossdock.contracts.vocabulary import ItemKind, OrderStatus
from crossdock.log.records import Lane
from crossdock.orders.doings import Doing
from crossdock.orders.matching import NOTED, MatchRow, match
from crossdock.orders.stages import stage_of
from crossdock.orders.state import Figures, Line, OrderState, status
from crossdock.sagas.turn import Turn

_WORTH_TELLING = {
    OrderStatus.HELD,
    OrderStatus.BACKORDERED,
    OrderStatus.CANCELLED,
    OrderStatus.RETURNED,
}
"""Statuses of which channels are told by themselves; shipping is told by the shipment."""


def tell_receipt(turn: Turn, receipt: Receipt) -> None:
    """What came, in base units, to whoever keeps books of it, but not to who said it: no echo."""
    consumers = turn.routes("receipt", catalogue.RECEIPT_POSTED, receipt.site)
    turn.tell(
        tuple(one for one in consumers if one != turn.message.source),
        catalogue.RECEIPT_POSTED,
        receipt.receipt_id,
        receipt,
        f"receipt/{receipt.site}/{receipt.receipt_id}",
    )


def tell_shipment(turn: Turn, order: OrderState, shipment: Shipment) -> None:
    """Tracking to the channel, notice to the desks."""
    turn.tell(
        turn.routes("shipment", catalogue.SHIPMENT_SHIPPED, shipment.site, order.channel),
        catalogue.SHIPMENT_SHIPPED,
        order.order_id,
        shipment,
        f"shipment/{shipment.shipment_id}",
    )


def note_conditions(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    """Show what does not add up, once as it is, and close what adds up by now.

    Facts are kept; a person decides what follows.
    """
    _note_documents(turn, order)
    for number, line in order.lines.items():
        before = dict(words.split("=", 1) for words in line.shown)
        now = dict(_what_is_odd(order, line, known[number]))
        if now == before:
            continue
        key = f"{order.order_id}/{number}"
        for kind, detail in now.items():
            if detail != before.get(kind):
                turn.note(kind, key, detail)
        for kind in sorted(before.keys() - now.keys()):
            turn.cure(kind, key, f"it adds up since {turn.message.place}")
        shown = [f"{kind}={detail}" for kind, detail in sorted(now.items())]
        turn.remember(order, Doing.SHOWN, shown, number)


def _what_is_odd(order: OrderState, line: Line, now: Figures) -> Iterator[tuple[str, str]]:
    """What of a line does not add up: kinds of conditions, with the numbers."""
    if order.placed and line.kind is ItemKind.STOCK:
        if not (line.priced or line.revision[0] or line.kit):
            what = f"{now.taken} units of {line.item}" if line.item else "it was named, but"
            yield "unordered-line", f"{what} not ordered"
        elif now.shipped > now.ordered:
            yield "over-shipped", f"{now.shipped} shipped of {now.ordered} ordered"
    if line.kind is ItemKind.KIT and line.sites:
        yield "kit-not-in-parts", f"facts name {line.item}, not its components"
    if line.kit and line.cancel:
        yield "part-of-a-kit", f"{line.item} is cancelled with its kit, not alone"
    if now.refused_cancel and order.placed:
        yield "late-cancellation", f"{now.refused_cancel} units had left the house"
    if now.returned > now.shipped:
        yield "over-returned", f"{now.returned} came back of {now.shipped} shipped"
    if now.invoiced > now.shipped and order.placed:
        yield "over-invoiced", f"{now.invoiced} invoiced of {now.shipped} shipped"


def _note_documents(turn: Turn, order: OrderState) -> None:
    """Likewise what contradicts between the order's documents."""
    before = dict(words.split("=", 1) for words in order.open)
    now = {
        f"{row.finding.value} {row.document}": _in_words(row)
        for row in match(order, turn.policy.credits)
        if row.finding in NOTED
    }
    if now == before:
        return
    for name, detail in now.items():
        kind, _, document = name.partition(" ")
        if detail != before.get(name):
            turn.note(kind, f"{order.order_id}/{document}", detail)
    for name in sorted(before.keys() - now.keys()):
        kind, _, document = name.partition(" ")
        turn.cure(kind, f"{order.order_id}/{document}", f"it matches since {turn.message.place}")
    shown = [f"{name}={detail}" for name, detail in sorted(now.items())]
    turn.remember(order, Doing.OPEN, shown)


def _in_words(row: MatchRow) -> str:
    """What is open of a document, with its numbers."""
    parts = [f"{row.units} units"] if row.units else []
    if row.value_minor:
        parts.append(f"{row.value_minor:+} minor units of {row.currency}")
    return "; ".join([*parts, *([row.detail] if row.detail else [])]) or row.finding.value


def tell_status(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    """Tell channels and desks when the derived status moves to one worth telling."""
    if not order.placed:
        return
    now = status(order, known)
    if now == order.told or now not in _WORTH_TELLING:
        return
    turn.remember(order, Doing.TOLD, now.value)
    lines = []
    for number in sorted(order.lines):
        line = order.lines[number]
        if line.kit:
            continue  # its kit stands for it
        at = known[number]
        lines.append(
            StatusLine(
                line=number,
                item=line.item,
                ordered=at.ordered,
                backordered=at.backordered,
                shipped=at.shipped,
                cancelled=at.cancelled,
            )
        )
    turn.tell(
        turn.routes("order", catalogue.ORDER_STATUS_CHANGED, None, order.channel, stage_of(order)),
        catalogue.ORDER_STATUS_CHANGED,
        order.order_id,
        OrderStatusChange(
            order_id=order.order_id,
            channel=order.channel,
            customer=order.customer,
            status=now,
            lines=tuple(lines),
            version=order.version + 1,
        ),
        f"order-status/{order.order_id}/{turn.message.place}",
        Lane.ANALYTICAL,
    )
