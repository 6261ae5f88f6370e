"""P51: a stale form overwrote the "delivered" flag: the shipment had not bumped the version.

Every message that is applied to an order makes a new version of it, whoever said it and whatever
it said, and nobody writes an order but by a message.
"""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.steering import OrderPriority
from tests.pains.order_house import (
    Said,
    cancelled,
    changed,
    house,
    invoiced,
    messages,
    picked,
    placed,
    returned,
    shipped,
)

HURRIED: Said = (
    catalogue.ORDER_PRIORITISED,
    OrderPriority(change_id="h", order_id="O1", revision=1, priority=1),
)


def test_every_writer_makes_a_new_version() -> None:
    """Customer, desk, warehouse, finance: each message counts one, and a repeat counts none."""
    hub = house()
    said = [placed(), changed(6), HURRIED, picked(3), shipped(3), invoiced(3), cancelled(1)]
    for number, message in enumerate(messages([*said, returned(1)]), start=1):
        hub.tell(message)
        assert hub.order("O1").version == number, message.type
        hub.tell(message)
        assert hub.order("O1").version == number, "said twice is said once"
