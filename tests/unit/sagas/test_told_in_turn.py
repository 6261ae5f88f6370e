"""Who hears of a shipment and is asked for its invoice hears of the shipment first."""

from __future__ import annotations

from dataclasses import replace

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix
from crossdock.ownership.rule import Rule
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy


def test_a_shipment_is_told_before_its_invoice_is_asked_for() -> None:
    """An ERP that knows nothing of the shipment cannot invoice it; effects of a key go in order."""
    rules = [rule for rule in DEFAULT_RULES if rule.entity != "shipment"]
    matrix = Matrix(
        (*rules, Rule("shipment", ("wms of site",), ("erp",))),
        sites={"EAST": {"wms": "wms_east"}},
        channels={"web": {"system": "shop"}},
    )
    hub = SmallHub(replace(small_policy(), matrix=matrix))
    hub.stock(EAST={"bolt": 2})
    order = Order(
        order_id="O1",
        channel="web",
        customer="a",
        currency="EUR",
        lines=(OrderLine(line="1", item="bolt", quantity=2, unit_price_e4=10_000),),
    )
    line = ShipmentLine(line="1", item="bolt", quantity=2)
    shipment = Shipment(shipment_id="S1", order_id="O1", site="EAST", lines=(line,))
    hub.tell(noun_message(catalogue.ORDER_PLACED, order, "m1"))
    hub.tell(noun_message(catalogue.SHIPMENT_SHIPPED, shipment, "m2"))
    told = [
        kept.effect.type
        for kept in hub.store.data.effects.by_id.values()
        if kept.effect.destination == "erp"
    ]
    assert told == [catalogue.SHIPMENT_SHIPPED, catalogue.INVOICE_REQUESTED]
