"""A small house that sells kits and cases: what the pains about them are shown in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.products import Component, Item, PackLevel
from crossdock.contracts.shipments import Pick, PickLine, Shipment, ShipmentLine
from crossdock.contracts.stock import Availability
from crossdock.contracts.vocabulary import ItemKind
from crossdock.contracts.words import Noun
from crossdock.log.records import NewMessage
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once


@dataclass(frozen=True)
class Web:
    """The web shop, as publishing sees it."""

    channel: str = "web"
    sites: tuple[str, ...] = ("EAST", "WEST")
    keep_back: int = 0
    destinations: tuple[str, ...] = ("shop",)
    wants_on_hand: bool = False
    per_site: bool = False


def kit(name: str, **components: int) -> Item:
    """A kit of these components."""
    parts = tuple(Component(item=item, quantity=units) for item, units in components.items())
    return Item(item=name, kind=ItemKind.KIT, components=parts)


def can(base_units: int = 12) -> Item:
    """Something that is sold singly and by the case."""
    return Item(item="can", pack_levels=(PackLevel(code="case", base_units=base_units),))


def house(*items: Item, **shelf: int) -> SmallHub:
    """A hub that knows these items and has this on the shelf of EAST."""
    hub = SmallHub(batch=1)
    hub.tell(*(said(catalogue.ITEM_CHANGED, item, f"item-{item.item}") for item in items))
    hub.stock(EAST=shelf)
    return hub


def said(kind: str, noun: Noun, name: str) -> NewMessage:
    """A message of this name."""
    return noun_message(kind, noun, name)


def placed(order_id: str, *lines: OrderLine) -> NewMessage:
    """An order of the web shop."""
    order = Order(
        order_id=order_id, channel="web", customer="acme", currency="EUR", lines=tuple(lines)
    )
    return said(catalogue.ORDER_PLACED, order, f"placed-{order_id}")


def picked(order_id: str, line: str, item: str, quantity: int, name: str) -> NewMessage:
    """Taken off the shelf of EAST."""
    lines = (PickLine(line=line, item=item, quantity=quantity),)
    noun = Pick(pick_id=name, order_id=order_id, site="EAST", lines=lines)
    return said(catalogue.PICK_CONFIRMED, noun, name)


def shipped(order_id: str, name: str, **parts: tuple[str, int]) -> NewMessage:
    """Through the door of EAST: `shipped("O1", "S1", **{"1/1": ("bolt", 4)})`."""
    lines = tuple(
        ShipmentLine(line=line, item=item, quantity=quantity)
        for line, (item, quantity) in parts.items()
    )
    noun = Shipment(shipment_id=name, order_id=order_id, site="EAST", lines=lines)
    return said(catalogue.SHIPMENT_SHIPPED, noun, name)


def reserved(hub: SmallHub, item: str) -> int:
    """What is promised of an item, as the promise rows have it."""
    return sum(row.reserved for row in hub.store.data.promises[item].values())


def held(hub: SmallHub, item: str, state: str) -> int:
    """What EAST holds of an item in a state."""
    rows = at_once(hub.store.balances(None, 1_000))
    return sum(r.quantity for r in rows if (r.item, r.site, r.state) == (item, "EAST", state))


def movements(hub: SmallHub) -> Counter[tuple[str, str, str, int]]:
    """Every movement that is on the books: item, from, to, base units."""
    outcomes = [row for p in hub.store.data.partitions.values() for row in p.outcomes.values()]
    return Counter(
        (m.item, m.from_state.value, m.to_state.value, m.quantity)
        for row in outcomes
        for m in row.outcome.movements
    )


def published(hub: SmallHub, seconds: float = 1) -> dict[str, Availability]:
    """What the shop is newly told, by item."""
    before = set(hub.store.data.effects.by_id)
    at_once(hub.store.publish_availability((Web(),), at(seconds), 1_000))
    kept = hub.store.data.effects.by_id
    bodies = [kept[key].effect.body for key in kept if key not in before]
    told = [msgspec.json.decode(body, type=Availability) for body in bodies]
    return {one.item: one for one in told}
