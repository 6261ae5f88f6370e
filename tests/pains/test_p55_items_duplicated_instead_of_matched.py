"""P55: a synchronisation made every item a second time instead of matching those that were there.

A connector did not find its own number and so created the record. Here a number that nobody knows
creates nothing by itself where anything like it is known: the same GTIN is the same item, anything
that only looks alike waits for a person, and only the owner of items can bring in a new one. That
holds whatever comes first and however much is decided at a time, because all questions about items
are put in order by one partition.
"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import permutations

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.identities import IdentityLink
from crossdock.contracts.products import Item, PackLevel
from crossdock.contracts.vocabulary import Entity
from crossdock.identity.matching import DEFAULT_RULES
from crossdock.log.records import NewMessage
from crossdock.ownership.matrix import Matrix
from crossdock.ownership.rule import Rule
from crossdock.sagas import review
from crossdock.sagas.policy import Policy
from crossdock.sagas.understanding import Speech
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy

OWN = Speech(own=frozenset({Entity.ITEM}))
GTIN = PackLevel(code="CASE", base_units=10, gtin="4006381333931")
LONG = PackLevel(code="C", base_units=5, gtin="04006381333931")
SAME = (
    ("erp", Item(item="77", description="Hex bolt 12 mm", pack_levels=(GTIN,))),
    ("pim", Item(item="B-12", description="Bolt, hexagonal", pack_levels=(GTIN,))),
    ("erp", Item(item="4006381333931", description="BOLT 12")),
    ("pim", Item(item="B12X", pack_levels=(LONG,))),
)
ALIKE = (
    ("erp", Item(item="77", description="Hex bolt, 12 mm")),
    ("pim", Item(item="B-12", description="BOLT HEX 12 MM")),
    ("erp", Item(item="b12", description="12 mm hex bolt")),
)


def house(partitions: int) -> Policy:
    """Both systems describe items, each under numbers of its own."""
    policy = small_policy(partitions=partitions)
    rules = [rule for rule in policy.matrix.rules if rule.entity != "item"]
    matrix = Matrix(
        (*rules, Rule("item", ("erp", "pim"), ())), policy.matrix.sites, policy.matrix.channels
    )
    speech = {"erp": OWN, "pim": OWN}
    return replace(policy, matrix=matrix, speech=speech, matching=dict(DEFAULT_RULES))


def said(records: tuple[tuple[str, Item], ...], partitions: int) -> list[NewMessage]:
    return [
        noun_message(
            catalogue.ITEM_CHANGED, item, f"m-{item.item}", source=source, partitions=partitions
        )
        for source, item in records
    ]


def items(hub: SmallHub) -> set[str]:
    return {number for kind, number in hub.store.data.masters if kind == "item"}


def open_cases(hub: SmallHub) -> list[review.Case]:
    found = [
        review.read_case(document.body)
        for (kind, _), document in hub.store.data.documents.items()
        if kind == review.CASE
    ]
    return [case for case in found if not case.canonical]


@pytest.mark.parametrize("batch", [1, 2, 100])
@pytest.mark.parametrize("partitions", [1, 5])
def test_one_gtin_is_one_item_whoever_says_it_first(batch: int, partitions: int) -> None:
    """Four descriptions under four numbers: one record, all numbers linked, nobody asked."""
    for order in permutations(SAME):
        hub = SmallHub(house(partitions), batch=batch)
        hub.tell(*said(order, partitions))
        assert len(items(hub)) == 1
        [number] = items(hub)
        assert open_cases(hub) == []
        document = hub.store.data.documents[("master", f"item/{number}")]
        claims = msgspec.json.decode(document.body)["claims"]
        assert set(claims) == {f"{source}/{item.item}" for source, item in SAME}


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize("partitions", [1, 5])
def test_what_only_looks_alike_waits_for_a_person(batch: int, partitions: int) -> None:
    """One record, and a case for each of the others; the answers make no second record either."""
    for order in permutations(ALIKE):
        hub = SmallHub(house(partitions), batch=batch)
        hub.tell(*said(order, partitions))
        assert len(items(hub)) == 1
        [first] = items(hub)
        cases = open_cases(hub)
        assert len(cases) == 2
        for case in cases:
            assert [one.canonical for one in case.candidates] == [first]
            link = IdentityLink(
                change_id=case.external,
                entity=Entity.ITEM,
                system=case.system,
                external=case.external,
                canonical=first,
            )
            hub.tell(
                noun_message(
                    catalogue.IDENTITY_LINKED,
                    link,
                    f"link-{case.external}",
                    source="crossdock",
                    partitions=partitions,
                )
            )
        assert items(hub) == {first}
        assert open_cases(hub) == []


def test_three_hundred_records_said_twice_are_three_hundred_items() -> None:
    """Under other numbers the second time, in any order, hundreds decided together."""

    def packed(n: int) -> Item:
        return Item(item=f"{n}", pack_levels=(PackLevel(code="C", base_units=2, gtin=f"{n:014}"),))

    first = [("erp", packed(n)) for n in range(10**7, 10**7 + 300)]
    again = [("pim", msgspec.structs.replace(item, item=f"P{item.item}x")) for _, item in first]
    messages = said((*first, *again), 5)
    random.Random(1).shuffle(messages)
    hub = SmallHub(house(5), batch=150)
    hub.tell(*messages)
    assert len(items(hub)) == 300
    assert open_cases(hub) == []


def test_without_rules_the_story_would_go_wrong() -> None:
    """The test has teeth: where nothing is compared, the item is there twice."""
    hub = SmallHub(replace(house(1), matching={"item": ()}))
    hub.tell(*said(SAME, 1))
    assert len(items(hub)) > 1
