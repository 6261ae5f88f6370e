"""The events that a distributor's systems speak of, and what carries each of them here (R23-R25).

A hub of facts needs fewer types than there are words: what differs by a field or a status is one
type. This table says, for every word that people use, which message to read and where to look in
it; `standing` says what does not stand in the catalogue, and a test fails when a word is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_args, get_type_hints

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE


@dataclass(frozen=True, slots=True)
class Carrier:
    """Where an event is said: a message type, and what its data hold then."""

    type: str
    field: str = ""  # path in the data, by points; empty where the type alone says it
    value: str = ""  # a code of the field's vocabulary; empty where any value says it


@dataclass(frozen=True, slots=True)
class Event:
    """One word, and everything that carries it."""

    subject: str
    word: str
    carriers: tuple[Carrier, ...]
    means: str


def _status(value: str) -> Carrier:
    return Carrier(catalogue.ORDER_STATUS_CHANGED, "status", value)


_SHIPPED = Carrier(catalogue.SHIPMENT_SHIPPED)
_PACKED = Carrier(catalogue.CARTON_PACKED)
_RELEASED = Carrier(catalogue.ORDER_RELEASED)
_RECEIVED_BACK = Carrier(catalogue.RETURN_RECEIVED)

EVENTS = (
    Event("inventory", "received", (Carrier(catalogue.RECEIPT_POSTED),), "Goods came in."),
    Event("inventory", "moved", (Carrier(catalogue.STOCK_MOVED),), "Goods changed state or site."),
    Event(
        "inventory",
        "allocated",
        (_RELEASED, Carrier(catalogue.STOCK_MOVED, "kind", "allocate")),
        "Units were set aside: by the hub, which hands them to the warehouse in the same decision,"
        " or by the warehouse itself.",
    ),
    Event(
        "inventory",
        "picked",
        (Carrier(catalogue.PICK_CONFIRMED, "lines.quantity"),),
        "Units were taken off the shelf.",
    ),
    Event(
        "inventory",
        "short-picked",
        (Carrier(catalogue.PICK_CONFIRMED, "lines.short"),),
        "Units were not found; also the exception `short-pick`.",
    ),
    Event("inventory", "packed", (_PACKED,), "Units are in a closed carton."),
    Event("inventory", "shipped", (_SHIPPED,), "Goods left the house."),
    Event(
        "inventory",
        "returned",
        (Carrier(catalogue.RETURN_RECEIVED, "lines.disposition"),),
        "Goods came back, and where to.",
    ),
    Event("inventory", "adjusted", (Carrier(catalogue.STOCK_ADJUSTED),), "Stock was corrected."),
    Event(
        "inventory",
        "counted",
        (Carrier(catalogue.STOCK_COUNTED),),
        "Units of an account were counted; what differs is corrected.",
    ),
    Event(
        "inventory",
        "replenished",
        (Carrier(catalogue.STOCK_MOVED, "kind", "replenish"),),
        "Goods went to where they are picked.",
    ),
    Event("order", "created", (Carrier(catalogue.ORDER_PLACED),), "A channel placed an order."),
    Event(
        "order",
        "approved",
        (_status("backordered"), _status("released")),
        "Nothing holds the order any more: the first status that is not held.",
    ),
    Event(
        "order",
        "split",
        (Carrier(catalogue.ORDER_RELEASED, "site"),),
        "Several sites fulfil the order: a release for each.",
    ),
    Event("order", "backordered", (_status("backordered"),), "Lines wait for stock."),
    Event("order", "released", (_RELEASED, _status("released")), "A warehouse is to fulfil it."),
    Event(
        "order",
        "allocated",
        (_RELEASED,),
        "Units were set aside for its lines; released in the same decision.",
    ),
    Event(
        "order",
        "partially picked",
        (Carrier(catalogue.PICK_CONFIRMED, "lines.quantity"), _status("picking")),
        "Some units are off the shelf.",
    ),
    Event("order", "packed", (_PACKED,), "A carton of the order is closed."),
    Event("order", "dispatched", (_SHIPPED, _status("partly_shipped")), "Goods of it left."),
    Event("order", "fulfilled", (_status("shipped"),), "All that was not cancelled has left."),
    Event(
        "order",
        "invoiced",
        (Carrier(catalogue.INVOICE_POSTED), _status("invoiced")),
        "Finance posted the invoice.",
    ),
    Event("order", "cancelled", (_status("cancelled"),), "Nothing is left to fulfil."),
    Event("order", "held", (_status("held"),), "A person or a master record must help first."),
    Event("shipment", "carton packed", (_PACKED,), "A carton was closed."),
    Event(
        "shipment",
        "shipment manifested",
        (Carrier(catalogue.SHIPMENT_SHIPPED, "packages"),),
        "The packages with their tracking numbers, told with the shipment.",
    ),
    Event("shipment", "shipment closed", (_SHIPPED,), "The shipment left; nothing joins it."),
    Event("receipt", "receipt posted", (Carrier(catalogue.RECEIPT_POSTED),), "Goods came in."),
    Event(
        "receipt",
        "receipt discrepancy",
        (Carrier(catalogue.RECEIPT_POSTED, "lines.expected"),),
        "Other than expected; also the exception `receipt-discrepancy`.",
    ),
    Event(
        "exception",
        "exception raised",
        (),
        "A row of the table `exception`, one for each condition; `crossdock trace` shows it.",
    ),
    Event("return", "return received", (_RECEIVED_BACK,), "Goods came back and were inspected."),
    Event(
        "return",
        "return status changed",
        (
            Carrier(catalogue.RETURN_REQUESTED),
            Carrier(catalogue.RETURN_AUTHORISED),
            _RECEIVED_BACK,
            _status("returned"),
        ),
        "Asked for, authorised, received; all shipped units are back.",
    ),
)
"""Every word of the catalogue of events, by subject."""


def standing(events: tuple[Event, ...] = EVENTS) -> Iterator[str]:
    """Say which carriers name a type, a field or a code that is not there."""
    for event in events:
        for carrier in event.carriers:
            at = f"{event.subject} {event.word}"
            row = CATALOGUE.get(carrier.type)
            if row is None:
                yield f"{at}: no type {carrier.type}"
                continue
            kind: Any = row.noun
            for name in filter(None, carrier.field.split(".")):
                kind = _field(kind, name)
            if kind is None:
                yield f"{at}: {carrier.type} has no field {carrier.field}"
            elif carrier.value and carrier.value not in _codes(kind):
                yield f"{at}: {carrier.field} has no code {carrier.value}"


def _codes(kind: Any) -> set[str]:
    coded = isinstance(kind, type) and issubclass(kind, StrEnum)
    return {code.value for code in kind} if coded else set()


def _field(noun: Any, name: str) -> Any:
    """The type of a noun's field, or of the elements where it is a list; None where it has none."""
    if not hasattr(noun, "__struct_fields__") or name not in noun.__struct_fields__:
        return None
    kind = get_type_hints(noun)[name]
    while get_args(kind):
        kind = get_args(kind)[0]
    return kind
