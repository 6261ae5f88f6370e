"""The ownership matrix is the routing table: by event, site, channel and stage (point 5)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.ownership.grammar import rule_of
from crossdock.ownership.matrix import Matrix
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy

ROUTES = {
    "release at EAST": ({"release"}, "tms"),
    "release/order.released": ({"release"}, "tms"),
    "shipment at EAST": ({"shipment"}, "tms"),
    "shipment at WEST": (set(), "tms"),
    "shipment via web": ({"shipment"}, "tms"),
    "invoice/invoice.requested": ({"invoice-request"}, "tms"),
    "order@captured": ({"order-status"}, "tms"),
    "order@invoiced": (set(), "tms"),
}


def play(hub: SmallHub) -> None:
    """One order waits, another is released and shipped."""
    hub.stock(EAST={"bolt": 4})
    for name, item in (("O1", "nut"), ("O2", "bolt")):
        line = OrderLine(line="1", item=item, quantity=4)
        order = Order(order_id=name, channel="web", customer="C", currency="EUR", lines=(line,))
        hub.tell(noun_message(catalogue.ORDER_PLACED, order, name))
    shipped = ShipmentLine(line="1", item="bolt", quantity=4)
    shipment = Shipment(shipment_id="S1", order_id="O2", site="EAST", lines=(shipped,))
    hub.tell(noun_message(catalogue.SHIPMENT_SHIPPED, shipment, "S1"))


@pytest.mark.parametrize("key", ROUTES)
def test_a_narrowed_row_routes_what_it_names(key: str) -> None:
    """Its consumers are told what falls into its cells, and nothing else."""
    expected, system = ROUTES[key]
    policy = small_policy()
    rule = rule_of(key)
    assert rule is not None
    rules = (*policy.matrix.rules, replace(rule, consumers=(system,)))
    matrix = Matrix(rules, policy.matrix.sites, policy.matrix.channels)
    hub = SmallHub(replace(policy, matrix=matrix))
    play(hub)
    told = {
        kept.effect.type
        for kept in hub.store.data.effects.by_id.values()
        if kept.effect.destination == system
    }
    words = {
        "release": catalogue.ORDER_RELEASED,
        "shipment": catalogue.SHIPMENT_SHIPPED,
        "invoice-request": catalogue.INVOICE_REQUESTED,
        "order-status": catalogue.ORDER_STATUS_CHANGED,
    }
    assert told == {words[word] for word in expected}
