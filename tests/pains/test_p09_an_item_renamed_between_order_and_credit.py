"""P9: an item was renamed between order and credit, and more was saleable than was on the shelf.

Stock, orders and credit notes were kept under the name that people change. After the rename the
return was booked under the new name, the shipment stood under the old one, and the two never met:
the shop could sell units that no shelf held. Here a record has an id that never changes; a name is
a link to it, for one system or for everybody, so whatever name a late fact uses, it lands on the
item that was sold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.identities import IdentityLink
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.returns import ReturnReceipt, ReturnReceiptLine
from crossdock.contracts.shipments import Pick, PickLine, Shipment, ShipmentLine
from crossdock.contracts.vocabulary import Disposition, Entity, StockState
from crossdock.contracts.words import Noun
from crossdock.log.records import NewMessage
from crossdock.sagas.understanding import Speech
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy

OLD, NEW = "old-sku", "new-sku"


def story(names: Sequence[str]) -> list[tuple[str, Noun]]:
    """Ordered, picked, shipped, and one unit returned; each under the name that its teller uses."""
    ordered, picked, shipped, returned = names
    return [
        (
            catalogue.ORDER_PLACED,
            Order(
                order_id="O1",
                channel="web",
                customer="C1",
                currency="EUR",
                lines=(OrderLine(line="1", item=ordered, quantity=4),),
            ),
        ),
        (
            catalogue.PICK_CONFIRMED,
            Pick(
                pick_id="P1",
                order_id="O1",
                site="EAST",
                lines=(PickLine(line="1", item=picked, quantity=4),),
            ),
        ),
        (
            catalogue.SHIPMENT_SHIPPED,
            Shipment(
                shipment_id="S1",
                order_id="O1",
                site="EAST",
                lines=(ShipmentLine(line="1", item=shipped, quantity=4),),
            ),
        ),
        (
            catalogue.RETURN_RECEIVED,
            ReturnReceipt(
                return_receipt_id="R1",
                order_id="O1",
                site="EAST",
                lines=(
                    ReturnReceiptLine(
                        line="1", item=returned, quantity=1, disposition=Disposition.RESTOCK
                    ),
                ),
            ),
        ),
    ]


def renamed(system: str, canonical: str) -> NewMessage:
    """From now on the new name means what the old one meant."""
    noun = IdentityLink(
        change_id="rename", entity=Entity.ITEM, system=system, external=NEW, canonical=canonical
    )
    return noun_message(catalogue.IDENTITY_LINKED, noun, "rename", source="crossdock")


def assert_nothing_is_saleable_that_is_not_there(hub: SmallHub, item: str) -> None:
    """All goods stand under one item, and what may be sold is what the shelf holds."""
    shelf = {
        (row.item, row.site): row.quantity
        for row in at_once(hub.store.balances(None, 99))
        if row.state == StockState.AVAILABLE
    }
    assert shelf == {(item, "EAST"): 7}
    promises = at_once(hub.store.promises(None, 99))
    assert {(p.item, p.site): p.sellable for p in promises if p.sellable} == shelf
    assert hub.store.data.conditions.rows == {}


@pytest.mark.parametrize("at", range(5))
def test_late_facts_land_on_the_item_that_was_sold(at: int) -> None:
    """Renamed before any of the facts, or after all; later ones use either name."""
    for later in product([OLD, NEW], repeat=4 - at):
        hub = SmallHub(small_policy())
        hub.stock(EAST={OLD: 10})
        said = story([OLD] * at + list(later))
        for number, (kind, noun) in enumerate(said):
            if number == at:
                hub.tell(renamed("crossdock", OLD))
            hub.tell(noun_message(kind, noun, f"m-{number}"))
        assert_nothing_is_saleable_that_is_not_there(hub, OLD)


@pytest.mark.parametrize("at", range(5))
def test_so_do_those_of_a_system_with_numbers_of_its_own(at: int) -> None:
    """Its number changes; ours does not."""
    speech = {"estate": Speech(own=frozenset({Entity.ITEM}))}
    hub = SmallHub(replace(small_policy(), speech=speech))
    first = IdentityLink(
        change_id="first", entity=Entity.ITEM, system="estate", external=OLD, canonical="bolt"
    )
    hub.tell(noun_message(catalogue.IDENTITY_LINKED, first, "first", source="crossdock"))
    hub.stock(EAST={OLD: 10})
    for number, (kind, noun) in enumerate(story([OLD] * at + [NEW] * (4 - at))):
        if number == at:
            hub.tell(renamed("estate", "bolt"))
        hub.tell(noun_message(kind, noun, f"m-{number}"))
    assert_nothing_is_saleable_that_is_not_there(hub, "bolt")


def test_without_the_link_the_story_would_go_wrong() -> None:
    """The test has teeth: a return under a name that nobody linked stands beside the item."""
    hub = SmallHub(small_policy())
    hub.stock(EAST={OLD: 10})
    for number, (kind, noun) in enumerate(story([OLD, OLD, OLD, NEW])):
        hub.tell(noun_message(kind, noun, f"m-{number}"))
    with pytest.raises(AssertionError):
        assert_nothing_is_saleable_that_is_not_there(hub, OLD)
