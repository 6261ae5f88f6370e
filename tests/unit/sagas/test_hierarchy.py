"""Trees of parties and locations: loaded in any order, never in a circle; what they are for."""

from __future__ import annotations

import random

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.identities import IdentityMerge
from crossdock.contracts.orders import Order, OrderLine, Release
from crossdock.contracts.parties import Party, ShipTo
from crossdock.contracts.places import Location
from crossdock.contracts.vocabulary import Entity, LocationKind
from crossdock.contracts.words import Address
from crossdock.log.records import NewMessage
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy


def parties(
    tree: dict[str, str | None], revision: int = 1, partitions: int = 1
) -> list[NewMessage]:
    return [
        noun_message(
            catalogue.PARTY_CHANGED,
            Party(party=name, parent=parent, revision=revision),
            f"{name}-{revision}-{parent}",
            partitions=partitions,
        )
        for name, parent in tree.items()
    ]


def parents(hub: SmallHub) -> dict[str, str | None]:
    return {
        number: msgspec.json.decode(row.body).get("parent")
        for (kind, number), row in hub.store.data.masters.items()
        if kind == "party"
    }


def is_a_tree(found: dict[str, str | None]) -> bool:
    for name, parent in found.items():
        seen, at = {name}, parent
        while at is not None:
            if at in seen:
                return False
            seen.add(at)
            at = found.get(at)
    return True


@pytest.mark.parametrize("seed", range(5))
def test_a_deep_tree_is_loaded_in_any_order(seed: int) -> None:
    """Two hundred parties, ten levels, shuffled: all stand, none is held."""
    tree = {f"p{n}": f"p{n // 2}" if n else None for n in range(1, 200)}
    tree["p0"] = None
    messages = parties(tree, partitions=3)
    random.Random(seed).shuffle(messages)
    hub = SmallHub(small_policy(partitions=3), batch=50)
    hub.tell(*messages)
    assert parents(hub) == tree
    assert {
        row.outcome.fate for p in hub.store.data.partitions.values() for row in p.outcomes.values()
    } == {"applied"}


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_said_the_tree_stays_one(seed: int) -> None:
    """Random parents, several revisions, three partitions: no circle ever stands."""
    dice = random.Random(seed)
    names = [f"p{n}" for n in range(6)]
    messages = [
        one
        for revision in range(1, 6)
        for one in parties({n: dice.choice([None, *names]) for n in names}, revision, 3)
    ]
    dice.shuffle(messages)
    hub = SmallHub(small_policy(partitions=3), batch=dice.choice([1, 7, 100]))
    for at in range(0, len(messages), 5):
        hub.tell(*messages[at : at + 5])
        assert is_a_tree(parents(hub))


def test_what_closed_a_circle_goes_on_when_the_circle_is_opened() -> None:
    """Two parties that change places: the first is held until the second has moved."""
    hub = SmallHub()
    hub.tell(*parties({"a": None, "b": "a"}))
    hub.tell(*parties({"a": "b"}, 2))
    assert parents(hub) == {"a": None, "b": "a"}
    hub.tell(*parties({"b": None}, 2))
    assert parents(hub) == {"a": "b", "b": None}


def test_a_merge_that_would_close_a_circle_is_held() -> None:
    """A child merged into its parent would be its own parent: the tree is put right first."""
    hub = SmallHub()
    hub.tell(*parties({"group": None, "shop": "group"}))

    def merge(name: str) -> str:
        noun = IdentityMerge(change_id=name, entity=Entity.PARTY, loser="shop", survivor="group")
        [receipt] = hub.tell(noun_message(catalogue.IDENTITY_MERGED, noun, name))
        return hub.store.data.partition(0).outcomes[receipt.position].outcome.reason

    before = dict(hub.store.data.documents)
    assert merge("first") == "cycle:party:group > group"
    assert {
        k: v for k, v in hub.store.data.documents.items() if k[0] != "hierarchy-circle"
    } == before
    hub.tell(*parties({"shop": None}, 2))
    assert parents(hub) == {"group": None, "shop": None}
    assert hub.store.data.documents[("names", "party/shop")].revision == 1, "merged by itself"


def test_locations_have_trees_of_their_own() -> None:
    """A bin in a zone in a warehouse; a zone in its own bin is held."""
    hub = SmallHub()

    def say(name: str, parent: str | None, kind: LocationKind, revision: int = 1) -> str:
        noun = Location(location=name, site="EAST", kind=kind, parent=parent, revision=revision)
        message = noun_message(
            catalogue.LOCATION_CHANGED, noun, f"{name}-{revision}", source="wms_east"
        )
        [receipt] = hub.tell(message)
        return hub.store.data.partition(0).outcomes[receipt.position].outcome.fate.value

    assert say("W1", None, LocationKind.WAREHOUSE) == "applied"
    assert say("Z1", "W1", LocationKind.ZONE) == "applied"
    assert say("B1", "Z1", LocationKind.BIN) == "applied"
    assert say("Z1", "B1", LocationKind.ZONE, 2) == "held"


HULL, LEEDS = Address(city="Hull"), Address(city="Leeds")
ACME = Party(
    party="acme",
    ship_to=(ShipTo(ship_to="1", address=HULL), ShipTo(ship_to="2", address=LEEDS)),
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, HULL),
        ({"ship_to_id": "2"}, LEEDS),
        ({"ship_to_id": "9"}, Address()),
        ({"ship_to": Address(city="York")}, Address(city="York")),
        ({"customer": "nobody"}, Address()),
    ],
)
def test_an_order_is_sent_where_its_customer_lives(
    said: dict[str, object], expected: Address
) -> None:
    """The address that the order leaves out is filled in from the customer's record, once."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 5})
    hub.tell(noun_message(catalogue.PARTY_CHANGED, ACME, "acme"))
    order = Order(
        order_id="O1",
        channel="web",
        currency="EUR",
        lines=(OrderLine(line="1", item="bolt", quantity=2),),
        **{"customer": "acme", **said},  # type: ignore[arg-type]
    )
    hub.tell(noun_message(catalogue.ORDER_PLACED, order, "order"))
    [release] = [
        msgspec.json.decode(kept.effect.body, type=Release)
        for kept in hub.store.data.effects.by_id.values()
        if kept.effect.type == catalogue.ORDER_RELEASED
    ]
    assert release.ship_to == hub.order("O1").ship_to == expected
    assert at_once(hub.store.orders("", 9))
