"""What a warehouse did for an order: picked, packed, shipped (R8). Facts, never refused."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.orders import LineQuantity
from crossdock.contracts.stock import Serials
from crossdock.contracts.vocabulary import PickSource
from crossdock.contracts.words import Identifier, Noun, Quantity, QuantityOrZero, Text
from crossdock.kernel.limits import DOCUMENT_LINES_MAX


class PickLine(Noun, frozen=True, kw_only=True):
    """What was taken off the shelf for a line, and what was not found (`short`)."""

    line: Identifier
    item: Identifier
    quantity: QuantityOrZero
    short: QuantityOrZero = 0
    lot: Identifier | None = None
    weight_grams: Quantity | None = None
    serials: Serials = ()
    source: PickSource = PickSource.AVAILABLE


class Pick(Noun, frozen=True, kw_only=True):
    """A pick confirmation of one order at one site."""

    pick_id: Identifier
    order_id: Identifier
    site: Identifier
    lines: Annotated[tuple[PickLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]


class Pack(Noun, frozen=True, kw_only=True):
    """A closed carton with its contents."""

    carton_id: Identifier
    order_id: Identifier
    site: Identifier
    lines: Annotated[tuple[LineQuantity, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]
    weight_grams: Quantity | None = None


class Package(Noun, frozen=True, kw_only=True):
    """One handling unit of a shipment; `parent` nests cartons on a pallet."""

    package_id: Identifier
    parent: Identifier | None = None
    tracking: Identifier | None = None
    weight_grams: Quantity | None = None


class ShipmentLine(Noun, frozen=True, kw_only=True):
    """What left the house for a line."""

    line: Identifier
    item: Identifier
    quantity: Quantity
    lot: Identifier | None = None
    weight_grams: Quantity | None = None
    serials: Serials = ()


class Shipment(Noun, frozen=True, kw_only=True):
    """Goods of one order that left one site; a part of the order is the normal case."""

    shipment_id: Identifier
    order_id: Identifier
    site: Identifier
    lines: Annotated[tuple[ShipmentLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]
    carrier: Identifier | None = None
    service: Text = ""
    tracking: Identifier | None = None
    packages: Annotated[tuple[Package, ...], Meta(max_length=DOCUMENT_LINES_MAX)] = ()


class ShipmentLink(Noun, frozen=True, kw_only=True):
    """A person found out to which order a shipment belongs that names one nobody placed (R112).

    The lines keep their numbers.
    """

    order_id: Identifier  # as the warehouse named it
    shipment_id: Identifier
    to_order: Identifier
    note: Text = ""


class ShipmentClosing(Noun, frozen=True, kw_only=True):
    """A person found out that a shipment of an order that nobody placed is not to be invoiced."""

    order_id: Identifier
    shipment_id: Identifier
    note: Text = ""


class ShipmentAssignment(Noun, frozen=True, kw_only=True):
    """A shipment that was booked under another order belongs to this one; the hub tells itself."""

    order_id: Identifier
    booked_under: Identifier
    shipment: Shipment
