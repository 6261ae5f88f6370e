"""What may leave together: goods of two orders share a delivery only where all of this is the same.

The address always counts, down to its last letter: two orders to two addresses are never one
delivery. What must be the same besides is said per channel. A release bears its group as a short
name; a warehouse joins releases of one group, and of one group only.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

from crossdock.orders.policy import Together
from crossdock.orders.state import OrderState

_encode = msgspec.json.Encoder(order="deterministic").encode
_DATE = len("2031-03-03")


def group_of(order: OrderState, together: tuple[Together, ...]) -> str:
    """The group of an order's releases, twelve hex digits."""
    said = [order.ship_to, *(f"{one.value}={_value(order, one)}" for one in sorted(together))]
    return blake2b(_encode(said), digest_size=6).hexdigest()


def _value(order: OrderState, one: Together) -> str:
    if one is Together.CUSTOMER:
        return order.customer
    if one is Together.CHANNEL:
        return order.channel
    if one is Together.PRIORITY:
        return str(order.priority)
    return order.requested_for[:_DATE]
