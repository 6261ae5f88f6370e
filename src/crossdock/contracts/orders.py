"""What a customer asks for, changes and takes back (R7); what a warehouse is asked to do."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.vocabulary import CancelReason, ItemKind, OrderStatus
from crossdock.contracts.words import (
    Address,
    AmountMinor,
    Currency,
    Identifier,
    Instant,
    Measured,
    Noun,
    PriceE4,
    Quantity,
    QuantityOrZero,
    Text,
    UnitQuantity,
)
from crossdock.kernel.limits import ORDER_LINES_MAX

Priority = Annotated[int, Meta(ge=1, le=9)]
"""1 is most urgent, 5 is normal."""


class OrderLine(Measured, frozen=True, kw_only=True):
    """One wanted item; `line` is unique within the order and never reused.

    The price is for one `unit` where the quantity is said in one, else for one base unit.
    """

    line: Identifier
    item: Identifier
    quantity: Quantity | None = None
    unit_quantity: UnitQuantity | None = None
    unit_price_e4: PriceE4 = 0
    kind: ItemKind = ItemKind.STOCK
    description: Text = ""
    discount_minor: AmountMinor = 0  # off the whole line
    tax_code: Identifier | None = None  # None: as its item's master says, else the standard rate


class Order(Noun, frozen=True, kw_only=True):
    """A sales order as its channel submits it."""

    order_id: Identifier
    channel: Identifier
    customer: Identifier
    currency: Currency
    lines: Annotated[tuple[OrderLine, ...], Meta(min_length=1, max_length=ORDER_LINES_MAX)]
    purchase_order: Identifier | None = None
    reservation: Identifier | None = None  # what was reserved for it passes to its lines
    ship_to: Address = Address()
    ship_to_id: Identifier | None = None  # one of the customer's own addresses, without `ship_to`
    requested_for: Instant | None = None
    priority: Priority = 5
    freight_minor: AmountMinor = 0  # invoiced in parts, as the goods leave
    discount_minor: AmountMinor = 0  # off the whole order, spread over its lines by their value
    terms: Identifier | None = None  # of payment; the customer's own where none are named


class LineChange(Measured, frozen=True, kw_only=True):
    """The quantity that a line shall have from this revision on; an unknown line is added."""

    line: Identifier
    item: Identifier
    quantity: QuantityOrZero | None = None
    unit_quantity: UnitQuantity | None = None
    unit_price_e4: PriceE4 = 0  # 0 leaves the price as it is
    kind: ItemKind = ItemKind.STOCK


class OrderChange(Noun, frozen=True, kw_only=True):
    """A change request; per line the highest `revision` wins, whatever arrives first.

    So it does for the address and for the date. What is left out stays as it is.
    """

    change_id: Identifier
    order_id: Identifier
    revision: Quantity
    lines: Annotated[tuple[LineChange, ...], Meta(max_length=ORDER_LINES_MAX)] = ()
    ship_to: Address | None = None
    requested_for: Instant | None = None

    def __post_init__(self) -> None:
        """Refuse a change of nothing.

        Raises:
            ValueError: no line, no address and no date is named.
        """
        if not self.lines and self.ship_to is None and self.requested_for is None:
            raise ValueError("Expected `lines`, `ship_to` or `requested_for`")


class LineQuantity(Noun, frozen=True, kw_only=True):
    """So many base units of one order line."""

    line: Identifier
    item: Identifier
    quantity: Quantity


class OrderCancellation(Noun, frozen=True, kw_only=True):
    """A wish to cancel: the named quantities, or the whole order when no line is named.

    It is granted for what has not left the house; the rest opens a case (decision 4).
    """

    cancellation_id: Identifier
    order_id: Identifier
    lines: Annotated[tuple[LineQuantity, ...], Meta(max_length=ORDER_LINES_MAX)] = ()
    reason: CancelReason = CancelReason.CUSTOMER


class ReleaseLine(LineQuantity, frozen=True, kw_only=True):
    """So many base units to pick, with what the item's master says of how to handle them (R21)."""

    zone: Identifier | None = None
    carton_rule: Identifier | None = None
    routing_code: Identifier | None = None
    wave_group: Identifier | None = None


class Release(Noun, frozen=True, kw_only=True):
    """The hub asks a warehouse to pick, pack and ship what is reserved there."""

    release_id: Identifier
    order_id: Identifier
    site: Identifier
    lines: tuple[ReleaseLine, ...]
    customer: Identifier
    ship_to: Address = Address()
    priority: Priority = 5
    requested_for: Instant | None = None
    version: Quantity = 1  # of the order; a release change of a higher one says more
    group: Identifier | None = None  # may leave together with releases of the same group only


class ReleaseCancellation(Noun, frozen=True, kw_only=True):
    """The hub asks a warehouse to stop working on quantities that it was given earlier."""

    release_cancellation_id: Identifier
    order_id: Identifier
    site: Identifier
    lines: tuple[LineQuantity, ...]


class ReleaseStopped(Noun, frozen=True, kw_only=True):
    """A warehouse's answer to a release cancellation: what it will not pick any more.

    `put_back` is what it had picked and will not ship: the movement to the shelf is told as one
    (`crossdock.stock.moved.v1`), here the order learns that these units are not on their way. What
    is in neither list was shipped, or will be. `unpacked` are cartons of which nothing is left.
    """

    release_cancellation_id: Identifier
    order_id: Identifier
    site: Identifier
    lines: Annotated[tuple[LineQuantity, ...], Meta(max_length=ORDER_LINES_MAX)] = ()
    put_back: Annotated[tuple[LineQuantity, ...], Meta(max_length=ORDER_LINES_MAX)] = ()
    unpacked: Annotated[tuple[Identifier, ...], Meta(max_length=ORDER_LINES_MAX)] = ()


class StatusLine(Noun, frozen=True, kw_only=True):
    """How far one line has come, in base units."""

    line: Identifier
    item: Identifier
    ordered: QuantityOrZero
    backordered: QuantityOrZero = 0
    shipped: QuantityOrZero = 0
    cancelled: QuantityOrZero = 0


class OrderStatusChange(Noun, frozen=True, kw_only=True):
    """What a channel or a customer desk is told when an order's status moves."""

    order_id: Identifier
    channel: Identifier
    customer: Identifier
    status: OrderStatus
    lines: tuple[StatusLine, ...] = ()
    version: Quantity = 1  # of the order; who has heard a higher one leaves this aside


class OrderReview(Noun, frozen=True, kw_only=True):
    """Look at an order again: something that it waited for has come."""

    order_id: Identifier
    reason: Text = ""
