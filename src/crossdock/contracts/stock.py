"""Goods that are held, promised and moved (R5, R6, R9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from msgspec import Meta

from crossdock.contracts.movements import kind_of
from crossdock.contracts.vocabulary import AdjustmentReason, MovementKind, StockState
from crossdock.contracts.words import (
    Identifier,
    Instant,
    Measured,
    Noun,
    Quantity,
    QuantityOrZero,
    SignedQuantity,
    Text,
    UnitQuantity,
)
from crossdock.kernel.limits import DOCUMENT_LINES_MAX


class StockPlace(Noun, frozen=True, kw_only=True):
    """One side of a movement: a site (empty beyond the door) and a state."""

    state: StockState
    site: Identifier


Serials = Annotated[tuple[Identifier, ...], Meta(max_length=DOCUMENT_LINES_MAX)]
"""The serial numbers of single units: each is a lot of one."""


def units_of(lot: str | None, serials: Sequence[str], quantity: int) -> Iterator[tuple[str, int]]:
    """The lots among these units: a unit with a serial number is a lot of one."""
    named = serials[:quantity]
    for serial in named:
        yield serial, 1
    if quantity > len(named):
        yield lot or "", quantity - len(named)


class StockMovementV1(Noun, frozen=True, kw_only=True):
    """Goods went from one state or site to another; their sender cannot say why."""

    movement_id: Identifier
    item: Identifier
    quantity: Quantity
    source: StockPlace
    target: StockPlace
    lot: Identifier | None = None
    owner: Identifier | None = None
    document: Identifier | None = None
    reason: Text = ""


class StockMovement(Noun, frozen=True, kw_only=True):
    """Goods went from one state or site to another; a fact, keyed by `movement_id`.

    `kind` says why they went: `contracts.movements` says which kinds go from where to where.
    """

    movement_id: Identifier
    kind: MovementKind
    item: Identifier
    quantity: Quantity
    source: StockPlace
    target: StockPlace
    lot: Identifier | None = None
    serials: Serials = ()
    owner: Identifier | None = None
    document: Identifier | None = None
    weight_grams: Quantity | None = None
    reason: Text = ""


def with_kind(said: StockMovementV1) -> StockMovement:
    """The movement in its second version: its states tell its kind."""
    source, target = said.source, said.target
    return StockMovement(
        movement_id=said.movement_id,
        kind=kind_of(source.state, target.state, apart=source.site != target.site),
        item=said.item,
        quantity=said.quantity,
        source=source,
        target=target,
        lot=said.lot,
        owner=said.owner,
        document=said.document,
        reason=said.reason,
    )


class StockAdjustment(Measured, frozen=True, kw_only=True):
    """The stock of one item at one site is so much more or less than believed."""

    adjustment_id: Identifier
    site: Identifier
    item: Identifier
    reason: AdjustmentReason
    state: StockState = StockState.AVAILABLE
    lot: Identifier | None = None
    owner: Identifier | None = None
    weight_change_grams: SignedQuantity | None = None  # heavier or lighter than believed
    note: Text = ""


class ReceiptLine(Measured, frozen=True, kw_only=True):
    """What came through the door, and what was expected of it (in base units)."""

    item: Identifier
    quantity: QuantityOrZero | None = None
    unit_quantity: UnitQuantity | None = None
    expected: QuantityOrZero | None = None
    state: StockState = StockState.AVAILABLE
    lot: Identifier | None = None
    weight_grams: Quantity | None = None
    serials: Serials = ()
    owner: Identifier | None = None


class Receipt(Noun, frozen=True, kw_only=True):
    """Goods received from a supplier at a site."""

    receipt_id: Identifier
    site: Identifier
    lines: Annotated[tuple[ReceiptLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)]
    supplier: Identifier | None = None
    purchase_order: Identifier | None = None


class ChannelPool(Noun, frozen=True, kw_only=True):
    """Units of an item at a site that only this channel may take: so many in all, used ones too.

    The highest version stands; to give a channel more, say a higher quantity.
    """

    channel: Identifier
    item: Identifier
    site: Identifier
    quantity: QuantityOrZero
    version: Quantity


class Grant(Noun, frozen=True, kw_only=True):
    """Stock that came free was set aside for a waiting order line; the hub tells itself."""

    order_id: Identifier
    line: Identifier
    item: Identifier
    site: Identifier
    quantity: Quantity


class PackAvailability(Noun, frozen=True, kw_only=True):
    """How many whole units of one code the same pool could be sold as."""

    unit: Identifier
    quantity: QuantityOrZero


class SiteAvailability(Noun, frozen=True, kw_only=True):
    """What a channel may promise of an item at one site."""

    site: Identifier
    quantity: QuantityOrZero
    on_hand: QuantityOrZero | None = None


class Availability(Noun, frozen=True, kw_only=True):
    """What a channel may promise of an item; a higher `version` replaces every lower one (I16).

    `quantity` is available: free to be sold. `on_hand` is told to channels that subtract their own
    open orders themselves; what is left then is `quantity` (P36). The two are never mixed up.
    """

    channel: Identifier
    item: Identifier
    quantity: QuantityOrZero
    version: Quantity
    as_of: Instant
    packs: tuple[PackAvailability, ...] = ()  # of an item with pack levels: each level by itself
    on_hand: QuantityOrZero | None = None
    sites: Annotated[tuple[SiteAvailability, ...], Meta(max_length=1000)] = ()
