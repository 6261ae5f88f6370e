"""The table of an order's life: which status may follow which, message by message, and why.

Statuses are derived from quantities and never set (decision 5), so nothing is refused because of
one. This table says which moves the derivation can make: a history that leaves it is a defect, in
the derivation or in the table, and `crossdock verify` and the properties look for one. It says too
what a message means where the order stands: done, of no effect, or come too late for what it wants.
Whole it is checked when it is imported: every status and event is known and has its row, every
status can be reached, and no row stands twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from crossdock.contracts import catalogue
from crossdock.contracts.vocabulary import OrderStatus
from crossdock.kernel.invariants import require
from crossdock.orders.state import Figures


class Event(StrEnum):
    """What may happen to an order; several message types may say it."""

    PLACED = "placed"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    HELD_BACK = "held back"
    LET_GO = "let go"
    OVERRIDDEN = "overridden"
    PRIORITISED = "prioritised"
    REVIEWED = "reviewed"
    GRANTED = "granted"
    STOPPED = "stopped"
    PICKED = "picked"
    PACKED = "packed"
    SHIPPED = "shipped"
    RETURN_ASKED = "return asked"
    RETURNED = "returned"
    INVOICED = "invoiced"
    ASIDE = "aside"


EVENTS: dict[str, Event] = {
    catalogue.ORDER_PLACED: Event.PLACED,
    catalogue.ORDER_ADMITTED: Event.PLACED,
    catalogue.ORDER_CHANGE_REQUESTED: Event.CHANGED,
    catalogue.ORDER_CANCELLATION_REQUESTED: Event.CANCELLED,
    catalogue.ORDER_HOLD_PLACED: Event.HELD_BACK,
    catalogue.ORDER_HOLD_RELEASED: Event.LET_GO,
    catalogue.ORDER_HOLD_LAPSED: Event.LET_GO,
    catalogue.ORDER_OVERRIDDEN: Event.OVERRIDDEN,
    catalogue.ORDER_PRIORITISED: Event.PRIORITISED,
    catalogue.ORDER_REVIEW_REQUESTED: Event.REVIEWED,
    catalogue.STOCK_GRANTED: Event.GRANTED,
    catalogue.RELEASE_STOPPED: Event.STOPPED,
    catalogue.PICK_CONFIRMED: Event.PICKED,
    catalogue.CARTON_PACKED: Event.PACKED,
    catalogue.SHIPMENT_SHIPPED: Event.SHIPPED,
    catalogue.SHIPMENT_ASSIGNED: Event.SHIPPED,
    catalogue.RETURN_REQUESTED: Event.RETURN_ASKED,
    catalogue.RETURN_RECEIVED: Event.RETURNED,
    catalogue.INVOICE_POSTED: Event.INVOICED,
    catalogue.RETURN_GRANTED: Event.RETURN_ASKED,
    catalogue.RETURN_INSPECTED: Event.ASIDE,
    catalogue.INVOICE_REJECTED: Event.ASIDE,
    catalogue.INVOICE_RETRIED: Event.ASIDE,
    catalogue.INVOICE_PAID: Event.ASIDE,
    catalogue.INVOICE_CORRECTED: Event.ASIDE,
    catalogue.CREDIT_POSTED: Event.ASIDE,
    catalogue.RATE_QUOTED: Event.ASIDE,
    catalogue.LABEL_BOUGHT: Event.ASIDE,
    catalogue.LABEL_DECLINED: Event.ASIDE,
    catalogue.LABEL_VOIDED: Event.ASIDE,
}
"""Which event a message type is."""

_S = OrderStatus
_WAITING = (_S.HELD, _S.BACKORDERED, _S.RELEASED)
"""Nothing of it is off a shelf."""
_HOUSE = (*_WAITING, _S.PICKING)
"""Nothing of it has left the house."""
_OPEN = (*_HOUSE, _S.PARTLY_SHIPPED)
"""Something of it is still to leave."""
_LEFT = (_S.SHIPPED, _S.INVOICED, _S.RETURNED)
"""All of it that is wanted has left."""
_PLACED = (*_OPEN, *_LEFT, _S.CANCELLED)


@dataclass(frozen=True, slots=True)
class Row:
    """From these statuses an event may lead to those; `late`: too late for what it wants."""

    event: Event
    before: tuple[OrderStatus, ...]
    after: tuple[OrderStatus, ...]
    means: str
    late: bool = False


_SAME = ()
"""No other status than before."""

TABLE: tuple[Row, ...] = (
    Row(Event.PLACED, (_S.AWAITED,), _PLACED, "it is ordered; what was told before counts now"),
    Row(Event.PLACED, _PLACED, _SAME, "another order under its number: held for a person", True),
    Row(Event.CHANGED, (_S.AWAITED,), _SAME, "kept for the order that is to come"),
    Row(
        Event.CHANGED, _HOUSE, (*_HOUSE, _S.CANCELLED, _S.SHIPPED), "more is promised, less stopped"
    ),
    Row(
        Event.CHANGED,
        (_S.PARTLY_SHIPPED, *_LEFT, _S.CANCELLED),
        _PLACED,
        "what is added is promised; what has left stays as it is",
    ),
    Row(Event.CANCELLED, (_S.AWAITED,), _SAME, "kept for the order that is to come"),
    Row(
        Event.CANCELLED,
        _HOUSE,
        (*_HOUSE, _S.CANCELLED, _S.SHIPPED),
        "what is not picked is given back, what is picked is put back",
    ),
    Row(
        Event.CANCELLED,
        (_S.PARTLY_SHIPPED,),
        (_S.PARTLY_SHIPPED, *_LEFT),
        "what is in the house is cancelled; what has left is asked back",
    ),
    Row(Event.CANCELLED, _LEFT, _SAME, "all has left: it is asked back, nothing is changed", True),
    Row(Event.CANCELLED, (_S.CANCELLED,), _SAME, "nothing is left to cancel"),
    Row(Event.HELD_BACK, (_S.AWAITED,), _SAME, "the order will be held when it comes"),
    Row(
        Event.HELD_BACK,
        _WAITING,
        _WAITING,
        "promises are given back, warehouses stop; one that was let go before lets the order go on",
    ),
    Row(
        Event.HELD_BACK,
        (_S.PICKING, _S.PARTLY_SHIPPED),
        _SAME,
        "warehouses stop what they have not picked",
    ),
    Row(Event.HELD_BACK, (*_LEFT, _S.CANCELLED), _SAME, "nothing is left to be held", True),
    Row(Event.LET_GO, (_S.AWAITED,), _SAME, "that hold will not stand when the order comes"),
    Row(Event.LET_GO, _WAITING, _WAITING, "without another hold it is promised and released"),
    Row(
        Event.LET_GO,
        (_S.PICKING, _S.PARTLY_SHIPPED, *_LEFT, _S.CANCELLED),
        _SAME,
        "what is still open is promised and released",
    ),
    Row(Event.OVERRIDDEN, (_S.AWAITED,), _SAME, "kept for the order that is to come"),
    Row(
        Event.OVERRIDDEN,
        _OPEN,
        (*_OPEN, *_LEFT, _S.CANCELLED),
        "its holds step back, it is closed short, or a line has its site",
    ),
    Row(Event.OVERRIDDEN, (*_LEFT, _S.CANCELLED), _SAME, "nothing is left to decide", True),
    Row(Event.PRIORITISED, (_S.AWAITED,), _SAME, "kept for the order that is to come"),
    Row(Event.PRIORITISED, _WAITING, _WAITING, "who waits is served by it, warehouses are told"),
    Row(Event.PRIORITISED, (_S.PICKING, _S.PARTLY_SHIPPED), _SAME, "warehouses at work are told"),
    Row(Event.PRIORITISED, (*_LEFT, _S.CANCELLED), _SAME, "nothing is left to hurry", True),
    Row(Event.REVIEWED, (_S.AWAITED,), _SAME, "there is nothing to look at yet"),
    Row(
        Event.REVIEWED,
        _PLACED,
        (*_OPEN, *_LEFT, _S.CANCELLED),
        "its holds are found anew, and what it waited for is taken up",
    ),
    Row(Event.GRANTED, (_S.AWAITED,), _SAME, "kept for the order that is to come"),
    Row(Event.GRANTED, _WAITING, _WAITING, "promised and released, or given back if held"),
    Row(
        Event.GRANTED,
        (_S.PICKING, _S.PARTLY_SHIPPED, *_LEFT, _S.CANCELLED),
        _SAME,
        "promised and released as far as it is still open, else given back",
    ),
    Row(Event.STOPPED, (_S.AWAITED,), _SAME, "nothing was asked for"),
    Row(Event.STOPPED, _WAITING, _WAITING, "what was stopped is free for everybody"),
    Row(
        Event.STOPPED,
        (_S.PICKING,),
        (*_WAITING, _S.CANCELLED),
        "what was stopped is free for everybody; what was put back is open again, or given up where"
        " the order was closed short",
    ),
    Row(
        Event.STOPPED,
        (_S.PARTLY_SHIPPED,),
        _LEFT,
        "what was stopped is free for everybody; what was put back is open again, or given up where"
        " the order was closed short",
    ),
    Row(
        Event.STOPPED,
        (*_LEFT, _S.CANCELLED),
        _SAME,
        "what was stopped is free for everybody",
    ),
    Row(Event.PICKED, (_S.AWAITED,), _SAME, "a fact: it counts when the order comes"),
    Row(
        Event.PICKED,
        _WAITING,
        (*_HOUSE, _S.CANCELLED),
        "off the shelf; what was not found is served, waits or is given up",
    ),
    Row(
        Event.PICKED,
        (_S.PICKING, _S.PARTLY_SHIPPED),
        (_S.PICKING, _S.PARTLY_SHIPPED, *_LEFT, _S.CANCELLED),
        "off the shelf; what was not found is served, waits or is given up",
    ),
    Row(
        Event.PICKED,
        (*_LEFT, _S.CANCELLED),
        (_S.PICKING, _S.PARTLY_SHIPPED),
        "a fact: wanted again where the order was closed short, else it must be put back",
        True,
    ),
    Row(Event.PACKED, (_S.AWAITED,), _SAME, "a fact: it counts when the order comes"),
    Row(Event.PACKED, _HOUSE, (_S.PICKING,), "in a carton, and so off the shelf"),
    Row(Event.PACKED, (_S.PARTLY_SHIPPED,), _SAME, "in a carton, and so off the shelf"),
    Row(
        Event.PACKED,
        (*_LEFT, _S.CANCELLED),
        (_S.PICKING, _S.PARTLY_SHIPPED),
        "a fact: wanted again where the order was closed short, else it must be unpacked",
        True,
    ),
    Row(Event.SHIPPED, (_S.AWAITED,), _SAME, "a fact: it counts when the order comes"),
    Row(
        Event.SHIPPED,
        _WAITING,
        (_S.PICKING, _S.PARTLY_SHIPPED, *_LEFT),
        "through the door; an invoice is asked for, channels are told; a kit is picked until it is"
        " whole",
    ),
    Row(
        Event.SHIPPED,
        (_S.PICKING, _S.PARTLY_SHIPPED),
        (_S.PARTLY_SHIPPED, *_LEFT),
        "through the door; an invoice is asked for, channels are told",
    ),
    Row(
        Event.SHIPPED,
        _LEFT,
        (_S.PARTLY_SHIPPED, *_LEFT),
        "a fact: more left than was wanted, which is shown; a cancelled kit of which a part left is"
        " wanted again",
        True,
    ),
    Row(
        Event.SHIPPED,
        (_S.CANCELLED,),
        (_S.PICKING, _S.PARTLY_SHIPPED, *_LEFT),
        "a fact: it left though it was cancelled; it is asked back, and a kit of which a part left"
        " is wanted again",
        True,
    ),
    Row(Event.RETURN_ASKED, (_S.AWAITED, *_PLACED), _SAME, "authorised up to what was shipped"),
    Row(Event.RETURNED, (_S.AWAITED, *_OPEN), _SAME, "a fact: it came back"),
    Row(Event.RETURNED, (*_LEFT, _S.CANCELLED), (*_LEFT, _S.CANCELLED), "a fact: it came back"),
    Row(Event.INVOICED, (_S.AWAITED, *_OPEN), _SAME, "charged; what is not shipped is shown"),
    Row(Event.INVOICED, (*_LEFT, _S.CANCELLED), (*_LEFT, _S.CANCELLED), "charged"),
    Row(Event.ASIDE, (_S.AWAITED, *_PLACED), _SAME, "kept with it: money, labels, inspections"),
)
"""Every status and event; after each the order may also stand as it stood before."""

_BY_CELL: dict[tuple[OrderStatus, Event], Row] = {
    (status, row.event): row for row in TABLE for status in row.before
}


def row_of(status: OrderStatus, event: Event) -> Row:
    """What an event means to an order of this status."""
    return _BY_CELL[status, event]


def may_follow(before: OrderStatus, event: Event, after: OrderStatus) -> bool:
    """Whether an order of the one status may stand at the other after the event."""
    return after is before or after in row_of(before, event).after


def may_lead(before: OrderStatus, message_type: str, after: OrderStatus) -> bool:
    """Whether a message of this type may lead an order from the one status to the other."""
    if after is before:
        return True
    event = EVENTS.get(message_type)
    return event is not None and may_follow(before, event, after)


def _reached() -> set[OrderStatus]:
    """Every status that some history leads to, from an order of which nothing is known."""
    seen = {_S.AWAITED}
    while True:
        more = {after for row in TABLE if seen & set(row.before) for after in row.after} - seen
        if not more:
            return seen
        seen |= more


def _missing() -> Iterator[str]:
    for status in OrderStatus:
        for event in Event:
            if (status, event) not in _BY_CELL:
                yield f"{status} x {event}"


require(not list(_missing()), "every status has a row for every event", missing=list(_missing()))
require(
    len(_BY_CELL) == sum(len(row.before) for row in TABLE), "no status has two rows for an event"
)
require(_reached() == set(OrderStatus), "every status can be reached", found=sorted(_reached()))
require(set(EVENTS.values()) == set(Event), "every event is said by a message")


# Lines --------------------------------------------------------------------------------------------


class LineStatus(StrEnum):
    """Where one line stands; derived from its quantities too."""

    EMPTY = "empty"  # nothing of it is ordered
    OPEN = "open"  # nothing is promised of it
    PART_PROMISED = "part promised"
    PROMISED = "promised"
    PART_TAKEN = "part taken"
    TAKEN = "taken"
    PART_SHIPPED = "part shipped"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


def line_status(now: Figures) -> LineStatus:
    """Where a line with these figures stands; the first that holds."""
    found = LineStatus.OPEN
    if now.shipped:
        found = LineStatus.PART_SHIPPED if now.shipped < _wanted(now) else LineStatus.SHIPPED
    elif not now.ordered and not now.taken:
        found = LineStatus.EMPTY
    elif now.cancelled and now.cancelled >= now.ordered:
        found = LineStatus.CANCELLED
    elif now.taken:
        found = LineStatus.PART_TAKEN if now.open else LineStatus.TAKEN
    elif now.reserved > 0:
        found = LineStatus.PART_PROMISED if now.backordered else LineStatus.PROMISED
    return found


def _wanted(now: Figures) -> int:
    return now.ordered - now.cancelled


_L = LineStatus
_UNSHIPPED = tuple(one for one in LineStatus if one not in (_L.PART_SHIPPED, _L.SHIPPED))

LINE_TABLE: dict[LineStatus, tuple[LineStatus, ...]] = {
    **{one: tuple(LineStatus) for one in _UNSHIPPED},
    _L.PART_SHIPPED: (_L.SHIPPED,),
    _L.SHIPPED: (_L.PART_SHIPPED,),
}
"""Which may follow which: what has left never comes undone, what was picked may be put back.

A line that is cancelled may be wanted again by a change of a higher revision, and picked or shipped
all the same; goods that came back are a figure of their own.
"""

require(set(LINE_TABLE) == set(LineStatus), "every status of a line has its row")


def line_may_follow(before: LineStatus, after: LineStatus) -> bool:
    """Whether a line of the one status may stand at the other after a message."""
    return after is before or after in LINE_TABLE[before]
