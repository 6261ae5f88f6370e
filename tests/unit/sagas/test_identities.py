"""Systems with numbers and codes of their own: read, held, asked about, and decided again."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.codes import CodeTable
from crossdock.contracts.identities import (
    ExternalNumber,
    IdentityLink,
    IdentityMerge,
    IdentitySplit,
    MessageRetry,
)
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.parties import Party
from crossdock.contracts.products import Item, PackLevel
from crossdock.contracts.shipments import Pick, PickLine
from crossdock.contracts.stock import StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason, Entity, Fate, ItemStatus
from crossdock.contracts.words import Noun
from crossdock.identity.matching import DEFAULT_RULES
from crossdock.log.records import Answer
from crossdock.log.views import OutcomeRow
from crossdock.sagas import review
from crossdock.sagas.policy import Policy
from crossdock.sagas.understanding import Speech
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy

OWN = Speech(own=frozenset({Entity.ITEM, Entity.PARTY}))
GTIN = "04006381333931"


def house(**speech: Speech) -> Policy:
    """A house in which these systems do not speak as we do."""
    return replace(small_policy(), speech=speech, matching=dict(DEFAULT_RULES))


class Told:
    """A hub, and a way to tell it things and see what became of them."""

    def __init__(self, policy: Policy, batch: int = 100) -> None:
        self.hub = SmallHub(policy, batch=batch)
        self.count = 0

    def tell(self, kind: str, noun: Noun, source: str) -> OutcomeRow:
        self.count += 1
        message = noun_message(kind, noun, f"m-{self.count}", source=source, seconds=self.count)
        [receipt] = self.hub.tell(message)
        assert receipt.answer is Answer.ACCEPTED
        return self.hub.store.data.partition(0).outcomes[receipt.position]

    def item(self, number: str, source: str, **said: object) -> OutcomeRow:
        return self.tell(
            catalogue.ITEM_CHANGED, msgspec.convert({"item": number, **said}, Item), source
        )

    def link(self, system: str, external: str, canonical: str) -> OutcomeRow:
        noun = IdentityLink(
            change_id=f"c-{self.count}",
            entity=Entity.ITEM,
            system=system,
            external=external,
            canonical=canonical,
        )
        return self.tell(catalogue.IDENTITY_LINKED, noun, "crossdock")

    def order(self, order_id: str, item: str, source: str = "shop") -> OutcomeRow:
        noun = Order(
            order_id=order_id,
            channel="web",
            customer="C1",
            currency="EUR",
            lines=(OrderLine(line="1", item=item, quantity=2),),
        )
        return self.tell(catalogue.ORDER_PLACED, noun, source)

    def masters(self) -> dict[tuple[str, str], dict[str, object]]:
        return {
            key: msgspec.json.decode(row.body) for key, row in self.hub.store.data.masters.items()
        }

    def case(self, system: str, external: str) -> review.Case:
        document = self.hub.store.data.documents[review.case_key("item", system, external)]
        return review.read_case(document.body)

    def fates(self, kind: str) -> list[str]:
        rows = self.hub.store.data.partition(0)
        return [
            rows.outcomes[at].outcome.fate.value
            for at, kept in rows.beyond(0, 1000)
            if kept.message.type == kind
        ]

    def notes(self) -> set[str]:
        return {kind for kind, _ in self.hub.store.data.conditions.rows}


@pytest.mark.parametrize("batch", [1, 100])
def test_a_system_with_its_own_numbers_speaks_of_our_items(batch: int) -> None:
    """The order stands on the canonical item; the outcome says what was read as what."""
    told = Told(house(shop=Speech(own=frozenset({Entity.ITEM}))), batch)
    told.link("shop", "4711", "bolt")
    row = told.order("O1", "4711")
    assert row.outcome.fate is Fate.APPLIED
    assert told.hub.order("O1").lines["1"].item == "bolt"
    assert [(one.path, one.said, one.meant) for one in row.outcome.resolved] == [
        (("lines", 0, "item"), "4711", "bolt")
    ]


def test_an_unknown_number_holds_the_message_until_it_is_linked() -> None:
    """Held by name, shown once, decided again by itself, applied once."""
    told = Told(house(shop=Speech(own=frozenset({Entity.ITEM}))))
    row = told.order("O1", "4711")
    told.order("O2", "4711")
    assert (row.outcome.fate, row.outcome.reason) == (Fate.HELD, "unknown-identifier:item:4711")
    assert told.case("shop", "4711").waiting == 2
    assert told.notes() == {"match-review"}
    assert "O1" not in told.hub.store.data.orders or not told.hub.order("O1").placed
    told.link("shop", "4711", "bolt")
    assert told.hub.order("O1").lines["1"].item == "bolt"
    assert told.hub.order("O2").lines["1"].item == "bolt"
    assert told.fates(catalogue.ORDER_PLACED) == ["held", "held", "applied", "applied"]
    assert told.case("shop", "4711").canonical == "bolt"
    told.link("shop", "4711", "nut")
    assert len(told.fates(catalogue.ORDER_PLACED)) == 4, (
        "what was said again is not said a third time"
    )


def test_a_message_that_waits_for_two_numbers_is_applied_once() -> None:
    """Whatever the order of the answers, one of its copies goes through; the others stay held."""
    told = Told(house(shop=Speech(own=frozenset({Entity.ITEM}))))
    lines = tuple(OrderLine(line=n, item=n * 3, quantity=1) for n in "12")
    noun = Order(order_id="O1", channel="web", customer="C", currency="EUR", lines=lines)
    told.tell(catalogue.ORDER_PLACED, noun, "shop")
    told.link("shop", "111", "bolt")
    assert told.fates(catalogue.ORDER_PLACED) == ["held", "held"]
    told.link("shop", "222", "nut")
    assert told.fates(catalogue.ORDER_PLACED) == ["held", "held", "applied"]
    assert {line.item for line in told.hub.order("O1").lines.values()} == {"bolt", "nut"}


def test_a_question_that_comes_after_its_answer_is_answered() -> None:
    """Held by a worker that did not see the link: said again as soon as the question is read."""
    told = Told(house(shop=Speech(own=frozenset({Entity.ITEM}))), batch=1)
    first = noun_message(
        catalogue.ORDER_PLACED,
        Order(
            order_id="O1",
            channel="web",
            customer="C",
            currency="EUR",
            lines=(OrderLine(line="1", item="4711", quantity=1),),
        ),
        "m-order",
        source="shop",
    )
    link = noun_message(
        catalogue.IDENTITY_LINKED,
        IdentityLink(
            change_id="c", entity=Entity.ITEM, system="shop", external="4711", canonical="bolt"
        ),
        "m-link",
        source="crossdock",
    )
    told.hub.tell(first, link)
    assert told.hub.order("O1").lines["1"].item == "bolt"


def test_an_owner_that_describes_something_new_makes_a_new_record() -> None:
    """Under its own number where that is free, under a number of its own making where it is not."""
    told = Told(house(erp=OWN))
    told.item("77", "erp", description="Hex bolt")
    told.item("78", "erp", description="Wing nut")
    assert set(told.masters()) == {("item", "77"), ("item", "78")}
    told.link("pim", "5", "90")
    told.item("90", "erp", description="Something else")
    assert told.masters()[("item", "erp:90")]["description"] == "Something else"


def test_what_looks_like_a_known_item_waits_for_a_person() -> None:
    """Same words in another order: nothing is made, nothing is matched, the case names both."""
    told = Told(house(erp=OWN))
    told.item("77", "erp", description="Hex bolt, 12 mm")
    row = told.item("B-12", "erp", description="BOLT hex 12 MM")
    assert row.outcome.fate is Fate.HELD
    assert set(told.masters()) == {("item", "77")}
    case = told.case("erp", "B-12")
    assert [one.canonical for one in case.candidates] == ["77"]
    told.link("erp", "B-12", "77")
    assert set(told.masters()) == {("item", "77")}
    claims = msgspec.json.decode(told.hub.store.data.documents[("master", "item/77")].body)
    assert set(claims["claims"]) == {"erp/77", "erp/B-12"}


def test_the_same_gtin_is_the_same_item() -> None:
    """A sure rule links by itself, also when both are said before either is decided."""
    told = Told(house(erp=OWN, pim=OWN), batch=100)
    pack = (PackLevel(code="CASE", base_units=10, gtin=GTIN),)
    both = [
        noun_message(
            catalogue.ITEM_CHANGED, Item(item=number, pack_levels=pack), f"m-{number}", source="erp"
        )
        for number in ("77", "B-12")
    ]
    told.hub.tell(*both)
    assert set(told.masters()) == {("item", "77")}
    assert told.notes() == set()
    told.order("O1", "77")


def test_a_renamed_item_breaks_nothing() -> None:
    """Everybody speaks in canonical ids; the new name stands for the old id."""
    told = Told(small_policy())
    told.hub.stock(EAST={"old-sku": 10})
    told.order("O1", "old-sku")
    assert told.link("crossdock", "new-sku", "old-sku").outcome.fate is Fate.APPLIED
    told.order("O2", "new-sku")
    for order_id, name in (("O1", "new-sku"), ("O2", "old-sku")):
        pick = Pick(
            pick_id=f"P-{order_id}",
            order_id=order_id,
            site="EAST",
            lines=(PickLine(line="1", item=name, quantity=2),),
        )
        assert told.tell(catalogue.PICK_CONFIRMED, pick, "wms_east").outcome.fate is Fate.APPLIED
    assert told.notes() == set()
    balances = {
        (row.item, row.state): row.quantity for row in at_once(told.hub.store.balances(None, 99))
    }
    assert {item for item, _ in balances} == {"old-sku"}
    assert balances[("old-sku", "available")] == 6


def test_a_name_that_is_another_record_is_refused() -> None:
    """Stock under the new name is a record of its own: that is a merge, not a rename."""
    told = Told(small_policy())
    told.hub.stock(EAST={"new-sku": 1})
    row = told.link("crossdock", "new-sku", "old-sku")
    assert (row.outcome.fate, row.outcome.reason) == (Fate.HELD, "name-taken:item:new-sku")


def merge(told: Told, loser: str, survivor: str) -> OutcomeRow:
    noun = IdentityMerge(
        change_id=f"c-{told.count}", entity=Entity.ITEM, loser=loser, survivor=survivor
    )
    return told.tell(catalogue.IDENTITY_MERGED, noun, "crossdock")


def test_whoever_names_the_loser_finds_the_survivor() -> None:
    """Links, canonical ids and claims go over; goods under the loser's id stop the merge."""
    told = Told(house(shop=Speech(own=frozenset({Entity.ITEM}))))
    told.item("bolt", "erp", description="Bolt")
    told.item("bolt-2", "erp", weight_grams=12, revision=5)
    told.link("shop", "4711", "bolt-2")
    told.hub.stock(EAST={"bolt-2": 1})
    row = merge(told, "bolt-2", "bolt")
    assert (row.outcome.fate, row.outcome.reason) == (Fate.HELD, "merge-in-use:bolt-2")
    told.hub.stock(WEST={"bolt-2": 1})
    for site in ("EAST", "WEST"):
        told.tell(
            catalogue.STOCK_ADJUSTED,
            StockAdjustment(
                adjustment_id=f"out-{site}",
                site=site,
                item="bolt-2",
                quantity=-1,
                reason=AdjustmentReason.CORRECTION,
            ),
            f"wms_{site.lower()}",
        )
    assert merge(told, "bolt-2", "bolt").outcome.fate is Fate.APPLIED
    told.order("O1", "4711")
    assert told.hub.order("O1").lines["1"].item == "bolt"
    told.item("bolt-2", "erp", weight_grams=13, revision=6)
    bolt = told.masters()[("item", "bolt")]
    assert bolt["weight_grams"] == 13
    assert bolt["revision"] == 7, "1 of bolt and 6 of bolt-2"


def test_a_split_takes_numbers_to_another_record() -> None:
    """What was linked by mistake; refused, with the reason, where it makes no sense."""
    told = Told(house(shop=Speech(own=frozenset({Entity.ITEM}))))
    told.link("shop", "4711", "bolt")

    def split(external: str) -> OutcomeRow:
        noun = IdentitySplit(
            change_id=f"c-{told.count}",
            entity=Entity.ITEM,
            canonical="bolt",
            into="nut",
            numbers=(ExternalNumber(system="shop", external=external),),
        )
        return told.tell(catalogue.IDENTITY_SPLIT, noun, "crossdock")

    assert split("4712").outcome.reason == "split-refused: shop:4712 is no number of it"
    assert split("4711").outcome.fate is Fate.APPLIED
    told.order("O1", "4711")
    assert told.hub.order("O1").lines["1"].item == "nut"


def test_an_unknown_code_holds_the_message_until_the_table_knows_it() -> None:
    """Nothing is guessed; with the table extended the message is decided again and applied once."""
    table = {"A": ItemStatus.ACTIVE, "B": ItemStatus.BLOCKED}
    speech = Speech(codes={"item.status": CodeTable("item.status", table)})
    told = Told(replace(small_policy(), speech={"erp": speech}))

    def say(number: str, status: str, revision: int) -> OutcomeRow:
        message = noun_message(
            catalogue.ITEM_CHANGED,
            Item(item=number, revision=revision),
            f"m-{revision}",
            source="erp",
        )
        raw = message.raw.replace(b'"item":', b'"status":"%s","item":' % status.encode())
        [receipt] = told.hub.tell(replace(message, raw=raw))
        return told.hub.store.data.partition(0).outcomes[receipt.position]

    assert say("bolt", "B", 1).outcome.fate is Fate.APPLIED
    assert told.masters()[("item", "bolt")]["status"] == "blocked"
    held = say("nut", "Z", 2)
    assert (held.outcome.fate, held.outcome.reason) == (Fate.HELD, "unknown-code:item.status:Z")
    [note] = held.outcome.notes
    assert note.key == "erp/item.status/Z"
    assert note.detail == f"0:{held.position} has it at $.data.status; the table knows A, B"
    table["Z"] = ItemStatus.BLOCKED
    for _ in range(2):
        told.tell(
            catalogue.MESSAGE_RETRIED, MessageRetry(message=f"0:{held.position}"), "crossdock"
        )
    assert told.masters()[("item", "nut")]["status"] == "blocked"
    assert told.fates(catalogue.ITEM_CHANGED) == ["applied", "held", "applied"]


def test_a_system_may_call_sites_in_its_own_way() -> None:
    """R17: its word for a site is read as ours; one that its table does not know is held."""
    speech = Speech(codes={"site": CodeTable("site", {"01": "EAST"})})
    told = Told(replace(small_policy(), speech={"wms_east": speech}))

    def found(number: str, site: str) -> OutcomeRow:
        noun = StockAdjustment(
            adjustment_id=number, site=site, item="bolt", quantity=2, reason=AdjustmentReason.FOUND
        )
        return told.tell(catalogue.STOCK_ADJUSTED, noun, "wms_east")

    assert found("a", "01").outcome.fate is Fate.APPLIED
    assert told.hub.store.data.promises["bolt"]["EAST"].sellable == 2
    held = found("b", "02").outcome
    assert (held.fate, held.reason) == (Fate.HELD, "unknown-code:site:02")


def test_parties_are_read_like_items() -> None:
    """Customer, parent and bill-to of a system with its own numbers."""
    told = Told(house(crm=OWN))
    policy = told.hub.policy
    assert policy.matrix.owners("party") == ("erp",)
    noun = Party(party="A-1", name="Acme", parent="A-0")
    row = told.tell(catalogue.PARTY_CHANGED, noun, "crm")
    assert row.outcome.reason == "unknown-identifier:party:A-1"
    for external, canonical in (("A-1", "P1"), ("A-0", "P0")):
        link = IdentityLink(
            change_id=external,
            entity=Entity.PARTY,
            system="crm",
            external=external,
            canonical=canonical,
        )
        told.tell(catalogue.IDENTITY_LINKED, link, "crossdock")
    claims = msgspec.json.decode(told.hub.store.data.documents[("master", "party/P1")].body)
    assert claims["claims"]["crm/A-1"]["fields"] == {"name": "Acme", "parent": "P0"}
