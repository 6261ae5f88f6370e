"""P37: an item that is sold as can and as case had one number for both.

A shop was told "24" and offered 24 cases where 24 cans, two cases, were left. Here a channel is
told the base units and, for every unit that the item is sold in, how many whole units the same pool
makes; a sale in one unit lowers them all.
"""

from __future__ import annotations

from crossdock.contracts.orders import OrderLine
from crossdock.testing.hub import SmallHub
from tests.pains.kit_house import can, house, placed, published


def told(hub: SmallHub, seconds: float = 1) -> dict[str, int]:
    """What the shop is told of the can, by unit."""
    return {pack.unit: pack.quantity for pack in published(hub, seconds)["can"].packs}


def test_each_unit_has_its_own_number_from_one_pool() -> None:
    """24 cans are two cases; one can less, and it is one case; a case less, and it is none."""
    hub = house(can(), can=24)
    assert told(hub) == {"EA": 24, "case": 2}
    hub.tell(placed("O1", OrderLine(line="1", item="can", quantity=1)))
    assert told(hub, 2) == {"EA": 23, "case": 1}
    hub.tell(placed("O2", OrderLine(line="1", item="can", unit="case", unit_quantity=1)))
    assert told(hub, 3) == {"EA": 11, "case": 0}


def test_an_item_without_other_units_is_told_one_number() -> None:
    """Nothing is said of units that the item is not sold in."""
    hub = house(can(), bolt=3)
    assert published(hub)["bolt"].packs == ()
