"""P41: a shipment of one line from two locations was handed over as one, and rejected.

The shop kept stock and fulfilments by location, and what it was told named none, or two. Here
every release, pick and shipment names exactly one site, so that a line from two sites becomes two
of each; and a channel that keeps locations is told its availability by site as well
(`per_site: true`), which sums to the whole.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.shipments import Shipment
from crossdock.contracts.stock import StockMovement, StockPlace
from crossdock.contracts.vocabulary import MovementKind, StockState
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub
from tests.pains.promise_house import Channel, picked, placed, selling, shipped, told

LINE = '{"line":"1","item":"bolt","quantity":7}'


def house(view: Channel) -> SmallHub:
    """4 bolts at EAST, 5 at WEST."""
    return selling(view, EAST={"bolt": 4}, WEST={"bolt": 5})


def heard(hub: SmallHub, kind: str, *systems: str) -> list[tuple[str, str, int]]:
    """What these systems were told of a kind: system, site, bolts."""
    effects = [kept.effect for kept in hub.store.data.effects.by_id.values()]
    found = []
    for effect in effects:
        if effect.type == kind and effect.destination in systems:
            noun: Any = msgspec.json.decode(effect.body, type=CATALOGUE[kind].noun)
            [line] = noun.lines
            found.append((effect.destination, noun.site, line.quantity))
    return sorted(found)


def test_a_line_from_two_sites_is_released_and_told_as_two() -> None:
    """Each warehouse is asked for its part; the shop hears of two shipments, of one site each."""
    hub = house(Channel())
    hub.tell(placed("O1", 7))
    released = heard(hub, catalogue.ORDER_RELEASED, "wms_east", "wms_west")
    assert [(system, site) for system, site, _ in released] == [
        ("wms_east", "EAST"),
        ("wms_west", "WEST"),
    ]
    parts = {site: units for _, site, units in released}
    assert sum(parts.values()) == 7
    for site, units in parts.items():
        hub.tell(picked("O1", units, site), shipped("O1", units, site))
    gone = heard(hub, catalogue.SHIPMENT_SHIPPED, "shop")
    assert {site: units for _, site, units in gone} == parts
    assert len(gone) == 2


def test_a_channel_that_keeps_locations_is_told_by_site() -> None:
    """What is told for each site sums to what is told for all; each shipment changes its own."""
    view = Channel(wants_on_hand=True, per_site=True)
    hub = house(view)
    first = told(hub, view)
    assert {one.site: one.quantity for one in first.sites} == {"EAST": 4, "WEST": 5}
    hub.tell(placed("O1", 7))
    open_order = told(hub, view)
    assert {one.site: one.on_hand for one in open_order.sites} == {"EAST": 4, "WEST": 5}
    assert sum(one.quantity for one in open_order.sites) == open_order.quantity == 2
    hub.tell(picked("O1", 4, "EAST"), shipped("O1", 4, "EAST"))
    later = told(hub, view)
    assert {one.site: one.on_hand for one in later.sites} == {"EAST": 0, "WEST": 5}
    assert sum(one.quantity for one in later.sites) == later.quantity == 2


def test_goods_that_only_change_places_are_told() -> None:
    """The sum stays, the sites do not: a channel that keeps locations hears of it."""
    view = Channel(per_site=True)
    hub = house(view)
    before = told(hub, view)
    moved = StockMovement(
        movement_id="M1",
        kind=MovementKind.MOVE,
        item="bolt",
        quantity=1,
        source=StockPlace(site="EAST", state=StockState.AVAILABLE),
        target=StockPlace(site="WEST", state=StockState.AVAILABLE),
    )
    hub.tell(noun_message(catalogue.STOCK_MOVED, moved, "M1"))
    after = told(hub, view)
    assert (after.quantity, before.quantity) == (9, 9)
    assert after.version > before.version
    assert {one.site: one.quantity for one in after.sites} == {"EAST": 3, "WEST": 6}


@pytest.mark.parametrize("site", ["", '"site":["EAST","WEST"],', '"site":null,'])
def test_a_shipment_cannot_be_said_without_its_one_site(site: str) -> None:
    """A shipment of two sites, or of none, is refused at the door."""
    body = f'{{"shipment_id":"S","order_id":"O1",{site}"lines":[{LINE}]}}'
    with pytest.raises(msgspec.ValidationError, match="site"):
        msgspec.json.decode(body.encode(), type=Shipment)
