"""P40: one faulty bundle made a whole stock batch fail, and hundreds of items were stale for days.

Here a kit that cannot be taken apart is a kit of which there is none; the items beside it are told
as ever, and an order for it is held alone. A master that would close a circle is held at its own
message; one that got past that does no more harm.
"""

from __future__ import annotations

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.orders import OrderLine
from crossdock.contracts.products import Item
from crossdock.contracts.vocabulary import Fate, ItemKind
from crossdock.log.records import MasterRow
from tests.pains.kit_house import house, kit, placed, published, reserved, said

BROKEN = {
    "ring": [kit("ring", rang=1), kit("rang", ring=1)],
    "hollow": [Item(item="hollow", kind=ItemKind.KIT)],
    "huge": [kit("huge", box=10**9), kit("box", bolt=10**9)],
    "wide": [kit("wide", **{f"i{n}": 1 for n in range(60)}, more=1),
             kit("more", **{f"j{n}": 1 for n in range(60)})],
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_bundle_harms_only_itself(name: str) -> None:
    """A hundred items and a sound kit are told beside it, and sold in the same batch as it."""
    hub = house(kit("set", bolt=4), bolt=8, **{f"item-{n}": n + 1 for n in range(100)})
    for item in BROKEN[name]:  # past the decider that would have held it
        row = MasterRow("item", item.item, 1, msgspec.json.encode(item))
        hub.store.data.masters[("item", item.item)] = row
        if item.components:
            hub.store.data.components[item.item] = item.units_of_components()
        hub.store.data.changed_items[item.item] = None
    told = published(hub)
    assert {f"item-{n}" for n in range(100)} <= set(told)
    assert told["set"].quantity == 2
    assert told[name].quantity == 0
    hub.tell(
        placed("O1", OrderLine(line="1", item=name, quantity=1)),
        placed("O2", OrderLine(line="1", item="set", quantity=1)),
    )
    assert hub.order("O1").holds != []
    assert hub.order("O2").holds == []
    assert reserved(hub, "bolt") == 4


def test_a_master_that_closes_a_circle_is_held_alone() -> None:
    """Its message waits for a person; the items of the same batch are known."""
    hub = house(kit("ring", rang=1))
    items = [kit("rang", ring=1), Item(item="bolt")]
    hub.tell(*(said(catalogue.ITEM_CHANGED, one, f"late-{one.item}") for one in items))
    outcomes = [row.outcome for row in hub.store.data.partitions[0].outcomes.values()]
    assert [one.reason for one in outcomes if one.fate is Fate.HELD] == ["kit-circle: rang"]
    assert ("item", "bolt") in hub.store.data.masters
    assert ("item", "rang") not in hub.store.data.masters
