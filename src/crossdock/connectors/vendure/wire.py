"""Vendure's shapes: its queries, the states of its orders and fulfilments, its money.

Money is whole minor units, prices without tax where the channel says so. `updatedAt` of a variant
does not move when stock does, so stock is never read by it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

PLACED: Final = frozenset(
    {
        "PaymentAuthorized",
        "PaymentSettled",
        "PartiallyShipped",
        "Shipped",
        "PartiallyDelivered",
        "Delivered",
    }
)
"""States of an order that a customer has placed and paid for, or promised to."""

CANCELLED: Final = "Cancelled"

NOT_YET: Final = frozenset(
    {
        "Created",
        "Draft",
        "AddingItems",
        "ArrangingPayment",
        "Modifying",
        "ArrangingAdditionalPayment",
    }
)
"""States in which an order is a cart, or being changed: it is told when it leaves them."""

GONE: Final = frozenset({"Shipped", "Delivered"})
"""States of a fulfilment that has left."""

DIGITS: Final = {"USD": 2, "EUR": 2, "GBP": 2, "CHF": 2, "JPY": 0, "KWD": 3}
"""Decimals of currencies; another one is never guessed."""

E4_PER_MAJOR: Final = 10_000
"""Ten-thousandths of a currency's major unit, in which our prices are."""

HANDLER: Final = "manual-fulfillment"

_ERROR = "... on ErrorResult{errorCode message}"

LOG_IN: Final = (
    "mutation($user:String!,$password:String!){login(username:$user,password:$password)"
    f"{{__typename {_ERROR}}}}}"
)
_ORDER = (
    "id code state updatedAt orderPlacedAt currencyCode shipping lines{id quantity "
    "orderPlacedQuantity unitPrice productVariant{sku}} shippingAddress{fullName streetLine1 "
    "streetLine2 city postalCode countryCode}"
)
ORDERS: Final = "query($options:OrderListOptions){orders(options:$options){items{" + _ORDER + "}}}"
FULFILMENTS: Final = (
    "query($options:OrderListOptions){orders(options:$options){items{id code state lines{id "
    "quantity} fulfillments{id state method trackingCode lines{orderLineId quantity}} "
    "history{items{type data}}}}}"
)
FULFIL: Final = (
    "mutation($input:FulfillOrderInput!){addFulfillmentToOrder(input:$input)"
    f"{{__typename ... on Fulfillment{{id state}} {_ERROR}}}}}"
)
MOVE_FULFILMENT: Final = (
    "mutation($id:ID!,$state:String!){transitionFulfillmentToState(id:$id,state:$state)"
    f"{{__typename ... on Fulfillment{{id state}} {_ERROR}}}}}"
)
CANCEL: Final = (
    "mutation($input:CancelOrderInput!){cancelOrder(input:$input)"
    f"{{__typename ... on Order{{id state}} {_ERROR}}}}}"
)
ORDER_NOTE: Final = "ORDER_NOTE"
"""The kind of history entry that a note is."""

NOTE: Final = "mutation($input:AddNoteToOrderInput!){addNoteToOrder(input:$input){id}}"
VARIANTS: Final = (
    "query($options:ProductVariantListOptions){productVariants(options:$options){items{id sku "
    "name price currencyCode stockLevels{stockLocationId stockOnHand stockAllocated}}}}"
)
CHANGE_VARIANTS: Final = (
    "mutation($input:[UpdateProductVariantInput!]!){updateProductVariants(input:$input){id}}"
)
SET_LEVELS: Final = (
    "mutation($input:[UpdateProductVariantInput!]!){updateProductVariants(input:$input){id"
    " stockLevels{stockLocationId stockAllocated}}}"
)
PLACES: Final = "{stockLocations{items{id name}}}"


class Variant(msgspec.Struct, frozen=True):
    """What a line sells."""

    sku: str


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """One line of an order; `order_placed_quantity` is what it held when it was placed."""

    id: str | int
    unit_price: int
    quantity: int = 0
    order_placed_quantity: int = 0
    product_variant: Variant | None = None


class ShippingAddress(msgspec.Struct, frozen=True, rename="camel"):
    """Where an order goes; anything may be missing."""

    full_name: str | None = None
    street_line1: str | None = None
    street_line2: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country_code: str | None = None


class Order(msgspec.Struct, frozen=True, rename="camel"):
    """An order as it is asked for."""

    id: str | int
    code: str
    state: str
    updated_at: str
    currency_code: str
    order_placed_at: str | None = None
    shipping: int | None = 0
    lines: tuple[Line, ...] = ()
    shipping_address: ShippingAddress | None = None


def moment(value: datetime) -> str:
    """A moment as Vendure's filters take it."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
