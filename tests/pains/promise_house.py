"""A house that tells a channel what it may sell: what the pains about availability are shown in."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.shipments import Pick, PickLine, Shipment, ShipmentLine
from crossdock.contracts.stock import Availability
from crossdock.log.records import NewMessage
from crossdock.sagas.policy import ChannelPolicy
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy


@dataclass(frozen=True)
class Channel:
    """A channel, as publishing sees it."""

    channel: str = "web"
    sites: tuple[str, ...] = ("EAST", "WEST")
    keep_back: int = 0
    destinations: tuple[str, ...] = ("shop",)
    wants_on_hand: bool = False
    per_site: bool = False


def selling(channel: Channel, **shelves: dict[str, int]) -> SmallHub:
    """A hub with this stock that sells by this channel, whose policy says the same of it."""
    policy = small_policy()
    web = ChannelPolicy(
        channel.channel,
        "shop",
        channel.sites,
        channel.keep_back,
        channel.wants_on_hand,
        channel.per_site,
    )
    hub = SmallHub(replace(policy, channels={**policy.channels, channel.channel: web}))
    hub.stock(**shelves)
    return hub


def placed(order_id: str, units: int) -> NewMessage:
    """Somebody buys bolts in the web shop."""
    order = Order(
        order_id=order_id,
        channel="web",
        customer="acme",
        currency="EUR",
        lines=(OrderLine(line="1", item="bolt", quantity=units),),
    )
    return noun_message(catalogue.ORDER_PLACED, order, f"placed-{order_id}")


def picked(order_id: str, units: int, site: str = "EAST") -> NewMessage:
    """Bolts are taken off the shelf."""
    noun = Pick(
        pick_id=f"pick-{order_id}-{site}",
        order_id=order_id,
        site=site,
        lines=(PickLine(line="1", item="bolt", quantity=units),),
    )
    return noun_message(catalogue.PICK_CONFIRMED, noun, noun.pick_id)


def shipped(order_id: str, units: int, site: str = "EAST") -> NewMessage:
    """Bolts leave the house."""
    noun = Shipment(
        shipment_id=f"ship-{order_id}-{site}",
        order_id=order_id,
        site=site,
        lines=(ShipmentLine(line="1", item="bolt", quantity=units),),
    )
    return noun_message(catalogue.SHIPMENT_SHIPPED, noun, noun.shipment_id)


def told(hub: SmallHub, channel: Channel) -> Availability:
    """What the channel was told last about bolts, after publishing."""
    at_once(hub.store.publish_availability((channel,), at(1), 100))
    bodies = [
        kept.effect.body
        for kept in hub.store.data.effects.by_id.values()
        if kept.effect.type == catalogue.AVAILABILITY_PUBLISHED
    ]
    return msgspec.json.decode(bodies[-1], type=Availability)
