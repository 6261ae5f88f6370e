"""A warehouse is told how to handle what it is asked for (R21)."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderLine, Release
from crossdock.contracts.products import Item
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy


def test_a_release_carries_what_the_master_says_of_the_item() -> None:
    """Zone, carton rule, routing code and wave group come from the item, line by line."""
    hub = SmallHub(replace(small_policy(), known_items_only=True))
    hub.stock(EAST={"bolt": 9, "nut": 9})
    bolt = Item(item="bolt", zone="Z4", carton_rule="flat", routing_code="AS2", wave_group="W1")
    for item in (bolt, Item(item="nut")):
        hub.tell(noun_message(catalogue.ITEM_CHANGED, item, f"item-{item.item}"))
    lines = tuple(
        OrderLine(line=str(number), item=item, quantity=2)
        for number, item in enumerate(("bolt", "nut"), 1)
    )
    order = Order(order_id="O1", channel="web", customer="C1", currency="EUR", lines=lines)
    hub.tell(noun_message(catalogue.ORDER_PLACED, order, "O1"))
    [told] = [
        kept.effect
        for kept in hub.store.data.effects.by_id.values()
        if kept.effect.type == catalogue.ORDER_RELEASED
    ]
    first, second = msgspec.json.decode(told.body, type=Release).lines
    said = (first.zone, first.carton_rule, first.routing_code, first.wave_group)
    assert said == ("Z4", "flat", "AS2", "W1")
    assert (second.zone, second.carton_rule, second.wave_group) == (None, None, None)
