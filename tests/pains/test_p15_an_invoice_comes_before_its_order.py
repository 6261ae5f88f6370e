"""P15: "paid" came before "created", and the invoice failed.

What is told of an order that is not known yet is kept under its number and counts when it comes.
"""

from __future__ import annotations

from crossdock.contracts.vocabulary import OrderStatus
from crossdock.orders.state import status
from tests.pains.order_house import check_alike, house, invoiced, messages, placed, shipped


def test_an_invoice_waits_for_its_order_and_counts_then() -> None:
    """First awaited, with the invoice on record; invoiced as soon as order and goods are told."""
    hub = house()
    invoice, shipment, order = messages([invoiced(5), shipped(5), placed(quantity=5)])
    hub.tell(invoice)
    assert status(hub.order("O1")) is OrderStatus.AWAITED
    hub.tell(shipment, order)
    assert status(hub.order("O1")) is OrderStatus.INVOICED


def test_every_order_of_arrival_ends_alike() -> None:
    """All six of them."""
    check_alike([placed(quantity=5), shipped(5), invoiced(5)])
