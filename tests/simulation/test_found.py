"""What the simulator found, each as the smallest story that shows it."""

from __future__ import annotations

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.operations import EffectRuling, Ruled
from crossdock.contracts.orders import (
    LineQuantity,
    Order,
    OrderCancellation,
    OrderLine,
    ReleaseCancellation,
    ReleaseStopped,
)
from crossdock.contracts.shipments import Pick, PickLine
from crossdock.contracts.steering import OrderOverride
from crossdock.contracts.vocabulary import OrderStatus, OverrideAction
from crossdock.log.records import Settlement, Verdict
from crossdock.orders.lifecycle import may_lead
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once


def order_of(quantity: int) -> Order:
    """One line of so many cogs."""
    line = OrderLine(line="1", item="cog", quantity=quantity, unit_price_e4=10_000)
    return Order(order_id="o-1", channel="web", customer="acme", currency="EUR", lines=(line,))


def test_a_warehouse_is_asked_once_for_all_units_of_a_line() -> None:
    """What is on the shelf and what is staged of one line are one line of the cancellation."""
    hub = SmallHub()
    hub.stock(EAST={"cog": 4})
    order = order_of(4)
    pick = Pick(
        pick_id="p-1",
        order_id="o-1",
        site="EAST",
        lines=(PickLine(line="1", item="cog", quantity=1),),
    )
    wish = OrderCancellation(cancellation_id="x-1", order_id="o-1")
    hub.tell(noun_message(catalogue.ORDER_PLACED, order, "placed"))
    hub.tell(noun_message(catalogue.PICK_CONFIRMED, pick, "picked"))
    hub.tell(noun_message(catalogue.ORDER_CANCELLATION_REQUESTED, wish, "cancelled"))
    [asked] = [
        msgspec.json.decode(kept.effect.body, type=ReleaseCancellation)
        for kept in hub.store.data.effects.by_id.values()
        if kept.effect.type == catalogue.ORDER_RELEASE_CANCELLED
    ]
    assert [(one.line, one.quantity) for one in asked.lines] == [("1", 4)]


def test_an_effect_is_ruled_on_once_however_many_say_so_at_once() -> None:
    """Of two rulings in one batch the second finds the effect no longer held."""
    hub = SmallHub()
    hub.stock(EAST={"cog": 1})
    order = order_of(1)
    hub.tell(noun_message(catalogue.ORDER_PLACED, order, "placed"))
    [claimed] = at_once(hub.store.claim("wms_east", at(0), at(9), 1))
    held = Settlement(claimed.effect_id, claimed.attempt, Verdict.UNKNOWN, problem="no answer")
    at_once(hub.store.settle([held], at(1)))
    ruling = EffectRuling(
        effect=claimed.business_key,
        attempts=1,
        action=Ruled.ADOPT,
        reference="W-1",
        by="somebody",
        reason="seen there",
    )
    hub.tell(
        *(noun_message(catalogue.EFFECT_RULED, ruling, f"ruling-{number}") for number in (1, 2))
    )
    views = at_once(hub.store.effects_of("o-1"))
    [view] = [one for one in views if one.business_key == claimed.business_key]
    assert [attempt.verdict for attempt in view.ended] == ["unknown", "adopted"]


def test_what_is_put_back_of_an_order_that_was_closed_short_is_given_up() -> None:
    """Picked after the close it was wanted again; back on the shelf it is as the close left it."""
    hub = SmallHub()
    hub.stock(EAST={"cog": 2})
    order = order_of(2)
    short = OrderOverride(
        override_id="short", order_id="o-1", action=OverrideAction.CLOSE_SHORT, reason="x", by="y"
    )
    late = Pick(
        pick_id="p-1",
        order_id="o-1",
        site="EAST",
        lines=(PickLine(line="1", item="cog", quantity=2),),
    )
    stopped = ReleaseStopped(
        release_cancellation_id="o-1-C2",
        order_id="o-1",
        site="EAST",
        put_back=(LineQuantity(line="1", item="cog", quantity=2),),
    )
    stands = []
    for kind, noun in (
        (catalogue.ORDER_PLACED, order),
        (catalogue.ORDER_OVERRIDDEN, short),
        (catalogue.PICK_CONFIRMED, late),
        (catalogue.RELEASE_STOPPED, stopped),
    ):
        hub.tell(noun_message(kind, noun, kind))
        stands.append(hub.store.data.orders["o-1"].status)
    assert stands == ["released", "cancelled", "picking", "cancelled"]
    for before, kind, after in (
        (OrderStatus.PICKING, catalogue.RELEASE_STOPPED, OrderStatus.CANCELLED),
        (OrderStatus.PARTLY_SHIPPED, catalogue.RELEASE_STOPPED, OrderStatus.SHIPPED),
    ):
        assert may_lead(before, kind, after)
