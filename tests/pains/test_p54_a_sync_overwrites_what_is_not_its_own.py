"""P54: a sync run overwrote the supplier, the warehouse and the custom fields of a record.

A connector wrote the whole record as its own system knew it, and what people or other systems had
maintained in the fields that it knew nothing of, or knew an old value of, was gone. Here every
field has an owner in the matrix, a message is the claim of its source and of nobody else, and a
record takes each field from its owner's claim: what others say of it is shown and never holds.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.parties import Party
from crossdock.contracts.products import Item, PackLevel
from crossdock.contracts.vocabulary import ItemStatus, PartyRole
from crossdock.contracts.words import Noun
from crossdock.ownership.matrix import Matrix
from crossdock.ownership.rule import OnViolation, Rule
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy

ERP, WMS, SHOP = "erp", "wms_east", "shop"
OWNED = (
    Rule("item", (WMS,), field="weight_grams"),
    Rule("item", (WMS,), field="pack_levels"),
    Rule("item", (SHOP,), field="description", on_violation=OnViolation.HOLD),
    Rule("party", ("crm",), field="ship_to"),
)
PACK = PackLevel(code="CASE", base_units=12)

# What each system would write if it wrote the whole record as it knows it.
WRITES: tuple[tuple[str, Noun], ...] = (
    (ERP, Item(item="bolt", status=ItemStatus.BLOCKED, description="BOLT M8 OLD", weight_grams=1)),
    (WMS, Item(item="bolt", weight_grams=120, pack_levels=(PACK,), lot_tracked=True)),
    (SHOP, Item(item="bolt", description="A fine bolt", base_unit="BOX")),
)


def hub_of_many_owners() -> SmallHub:
    """A hub in which the fields of one record have three owners."""
    policy = small_policy()
    matrix = Matrix((*policy.matrix.rules, *OWNED), policy.matrix.sites, policy.matrix.channels)
    return SmallHub(replace(policy, matrix=matrix))


def written(hub: SmallHub, writes: tuple[tuple[str, Noun], ...], kind: str) -> None:
    """Let systems write their records."""
    for source, noun in writes:
        hub.tell(noun_message(kind, noun, f"{source}-{noun.revision}", source=source))  # type: ignore[attr-defined]


def record(hub: SmallHub, entity: str, number: str) -> dict[str, Any]:
    """The record as orders and lists see it."""
    body: dict[str, Any] = msgspec.json.decode(hub.store.data.masters[entity, number].body)
    return body


@pytest.mark.parametrize(
    "writes", list(permutations(WRITES)), ids=lambda p: "-".join(s for s, _ in p)
)
def test_each_field_is_its_owners_whoever_syncs_last(
    writes: tuple[tuple[str, Noun], ...],
) -> None:
    """In any order of the runs the record is the same: every field as its owner has it."""
    hub = hub_of_many_owners()
    written(hub, writes, catalogue.ITEM_CHANGED)
    kept = record(hub, "item", "bolt")
    assert kept["status"] == "blocked"
    assert kept["weight_grams"] == 120
    assert kept["pack_levels"] == [{"code": "CASE", "base_units": 12}]
    assert kept["description"] == "A fine bolt"
    assert "base_unit" not in kept
    assert "lot_tracked" not in kept


def test_a_second_run_that_knows_less_takes_nothing_away() -> None:
    """The ERP's next export leaves out what it has no column for; the warehouse's stays."""
    hub = hub_of_many_owners()
    written(hub, WRITES, catalogue.ITEM_CHANGED)
    written(hub, ((ERP, Item(item="bolt", revision=2)),), catalogue.ITEM_CHANGED)
    kept = record(hub, "item", "bolt")
    assert (kept["weight_grams"], kept["description"]) == (120, "A fine bolt")
    assert "status" not in kept  # the ERP's own field follows the ERP


def test_what_was_not_taken_is_shown_with_its_evidence() -> None:
    """Nothing is lost silently either: who wanted what, from which value to which, whose it is."""
    hub = hub_of_many_owners()
    written(hub, tuple(reversed(WRITES)), catalogue.ITEM_CHANGED)
    shown = {
        note.key: note.detail
        for partition in hub.store.data.partitions.values()
        for row in partition.outcomes.values()
        for note in row.outcome.notes
    }
    assert shown["item/bolt.weight_grams/erp"].startswith(
        "erp wants weight_grams from 120 to 1, which wms_east owns by `item.weight_grams`: rejected"
    )
    assert shown["item/bolt.description/erp"].startswith(
        'erp wants description from "A fine bolt" to "BOLT M8 OLD", which shop owns'
    )
    assert "item/bolt.base_unit/shop" in shown


def test_addresses_of_the_desk_survive_the_finance_export() -> None:
    """The same holds for parties: the desk keeps the addresses, finance the terms."""
    hub = hub_of_many_owners()
    place = {"ship_to": "DOCK-4", "address": {"city": "Hull"}}
    desk = msgspec.convert({"party": "C-17", "ship_to": [place], "terms": "NET90"}, Party)
    finance = Party(party="C-17", role=PartyRole.CUSTOMER, terms="NET30")
    written(hub, (("crm", desk), (ERP, finance)), catalogue.PARTY_CHANGED)
    kept = record(hub, "party", "C-17")
    assert kept["terms"] == "NET30"
    assert kept["ship_to"] == [place]
