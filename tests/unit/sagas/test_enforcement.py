"""Every write by somebody else than the owner ends as the matrix declares, with the evidence.

Three endings times the four places of the matrix where only state can tell, or where the door lets
in what is to be held or proposed: a field of a master record, a stage of an order, an event, a
site. Each is played on a hub of its own, with the owner's write beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.orders import (
    LineChange,
    LineQuantity,
    Order,
    OrderCancellation,
    OrderChange,
    OrderLine,
)
from crossdock.contracts.products import Item
from crossdock.contracts.shipments import Pick, PickLine
from crossdock.contracts.vocabulary import Fate
from crossdock.contracts.words import Noun
from crossdock.log.records import Outcome
from crossdock.ownership.grammar import rule_of
from crossdock.ownership.matrix import Matrix
from crossdock.ownership.rule import OnViolation
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy

CANCELLED = catalogue.ORDER_CANCELLATION_REQUESTED


@dataclass(frozen=True)
class Case:
    """A cell, its owner, and a write of it by somebody else."""

    name: str
    rule: str
    owner: str
    by: str
    kind: str
    said: Noun
    evidence: str  # in the words of the condition


CASES = [
    Case("a field of a master record", "item.description", "erp", "wms_east",
         catalogue.ITEM_CHANGED, Item(item="bolt", description="BOLT", weight_grams=9, revision=1),
         'wms_east wants description from "Bolt" to "BOLT", which erp owns'),
    Case("a stage of an order", "order@released", "erp", "shop",
         catalogue.ORDER_CHANGE_REQUESTED,
         OrderChange(change_id="C1", order_id="O1", revision=1,
                     lines=(LineChange(line="1", item="bolt", quantity=2),)),
         "shop says crossdock.order.change_requested.v1 of O1 via web, released, which erp owns"),
    Case("an event", "order/cancellation_requested", "crm", "shop",
         CANCELLED, OrderCancellation(cancellation_id="X1", order_id="O1"),
         "shop says crossdock.order.cancellation_requested.v1 of O1 via web, released, which crm"),
    Case("a site", "pick at EAST", "wms_east", "wms_west",
         catalogue.PICK_CONFIRMED,
         Pick(pick_id="P1", order_id="O1", site="EAST",
              lines=(PickLine(line="1", item="bolt", quantity=4),)),
         "wms_west says crossdock.pick.confirmed.v1 of O1 at EAST via web, which wms_east owns"),
]  # fmt: skip


def hub_of(case: Case, ending: OnViolation) -> SmallHub:
    """A hub with a released order, an item, and the case's row in its matrix."""
    policy = small_policy()
    rule, weight = rule_of(case.rule), rule_of("item.weight_grams")
    assert rule is not None
    assert weight is not None
    rules = (
        *policy.matrix.rules,
        replace(rule, owners=(case.owner,), on_violation=ending),
        replace(weight, owners=("wms_east",)),
    )
    matrix = Matrix(rules, policy.matrix.sites, policy.matrix.channels)
    hub = SmallHub(replace(policy, matrix=matrix))
    hub.stock(EAST={"bolt": 10})
    line = OrderLine(line="1", item="bolt", quantity=4)
    said(hub, "erp", catalogue.ITEM_CHANGED, Item(item="bolt", description="Bolt"), "i-1")
    said(
        hub,
        "shop",
        catalogue.ORDER_PLACED,
        Order(order_id="O1", channel="web", customer="C", currency="EUR", lines=(line,)),
        "o-1",
    )
    return hub


def said(hub: SmallHub, by: str, kind: str, noun: Noun, name: str) -> Outcome:
    """Say a message; gives what was decided on it."""
    [receipt] = hub.tell(noun_message(kind, noun, name, source=by, seconds=60))
    return hub.store.data.partition(receipt.partition).outcomes[receipt.position].outcome


def state(hub: SmallHub) -> Any:
    """What the case is about: the item's record and the order's facts and figures."""
    return (
        hub.store.data.masters["item", "bolt"].body,
        msgspec.json.encode(hub.order("O1")),
        hub.store.data.balances.copy(),
    )


ENDINGS = {
    OnViolation.REJECT: (Fate.DEAD, "rejected"),
    OnViolation.HOLD: (Fate.HELD, "held"),
    OnViolation.PROPOSE: (Fate.HELD, "put before the owner"),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_write_by_another_ends_as_declared(case: Case, ending: OnViolation) -> None:
    """Nothing of it holds; the condition says who, what, whose, by which rule and how it ended.

    At a site, and of an event, the door knows all there is to know: what it rejects by name never
    comes so far (tests/gateway/test_admission.py).
    """
    hub = hub_of(case, ending)
    before = state(hub)
    outcome = said(hub, case.by, case.kind, case.said, "w-1")
    if case.name in ("a site", "an event") and ending is OnViolation.REJECT:
        assert outcome.fate is Fate.APPLIED  # taken under the rules of another day
        return
    fate, words = ENDINGS[ending]
    notes = [note for note in outcome.notes if note.kind == "not-yours"]
    assert case.evidence in notes[0].detail
    assert f"`{rule_of(case.rule).key}`: {words}" in notes[0].detail  # type: ignore[union-attr]
    if case.kind == catalogue.ITEM_CHANGED:
        assert outcome.fate is Fate.APPLIED  # its weight is the warehouse's
        kept = msgspec.json.decode(hub.store.data.masters["item", "bolt"].body)
        assert (kept["description"], kept["weight_grams"]) == ("Bolt", 9)
    else:
        assert (outcome.fate, case.by in outcome.reason) == (fate, True)
        assert state(hub) == before
    asked = [kept.effect for kept in hub.store.data.effects.by_id.values()]
    asked = [effect for effect in asked if effect.type == catalogue.PROPOSAL_MADE]
    expected = [case.owner] if ending is OnViolation.PROPOSE else []
    assert [effect.destination for effect in asked] == expected


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_owners_write_is_applied(case: Case, ending: OnViolation) -> None:
    """The same message from the owner goes through without a condition."""
    hub = hub_of(case, ending)
    noun = case.said
    if isinstance(noun, Item):
        noun = msgspec.structs.replace(noun, revision=2, weight_grams=None)
    outcome = said(hub, case.owner, case.kind, noun, "w-1")
    assert outcome.fate is Fate.APPLIED
    assert [note for note in outcome.notes if note.kind == "not-yours"] == []


def test_what_comes_before_its_order_is_taken_from_any_channels_owner() -> None:
    """Nobody knows the channel yet, and facts may come before their order."""
    policy = small_policy()
    hub = SmallHub(policy)
    line = LineQuantity(line="1", item="bolt", quantity=1)
    wish = OrderCancellation(cancellation_id="X1", order_id="O9", lines=(line,))
    assert said(hub, "shop", CANCELLED, wish, "x-1").fate is Fate.APPLIED


def test_a_shop_does_not_speak_of_another_shops_order() -> None:
    """The door lets every shop ask for cancellations; the order knows whose it is."""
    policy = small_policy()
    channels = {**policy.matrix.channels, "bazaar": {"system": "bazaar"}}
    hub = SmallHub(
        replace(policy, matrix=Matrix(policy.matrix.rules, policy.matrix.sites, channels))
    )
    line = OrderLine(line="1", item="bolt", quantity=4)
    placed = Order(order_id="O1", channel="web", customer="C", currency="EUR", lines=(line,))
    said(hub, "shop", catalogue.ORDER_PLACED, placed, "o-1")
    wish = OrderCancellation(cancellation_id="X1", order_id="O1")
    outcome = said(hub, "bazaar", CANCELLED, wish, "x-1")
    assert (outcome.fate, outcome.reason) == (
        Fate.DEAD,
        "not bazaar's to say: order via web, captured is shop or crm's",
    )
