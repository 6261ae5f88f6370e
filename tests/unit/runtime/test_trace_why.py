"""Why an order is where it is: each sentence says who is awaited since when, and cites evidence."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.conditions import CONDITIONS
from crossdock.contracts.holds import OrderHold
from crossdock.contracts.invoices import InvoiceRejected
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.purchasing import PurchaseOrder, PurchaseOrderLine
from crossdock.contracts.returns import ReturnReceipt, ReturnReceiptLine
from crossdock.contracts.shipments import Pick, PickLine, Shipment, ShipmentLine
from crossdock.contracts.steering import OrderPriority
from crossdock.contracts.vocabulary import HoldKind
from crossdock.contracts.words import Noun
from crossdock.log.records import Settlement, Verdict
from crossdock.returns.authorisation import ReturnRules
from crossdock.runtime.commands.destinations import Destination
from crossdock.runtime.commands.trace_common import House
from crossdock.runtime.commands.trace_delivery import Ways
from crossdock.runtime.commands.trace_order import picture_of
from crossdock.runtime.commands.trace_parts import Safe, Wait
from crossdock.runtime.commands.trace_safe import safe_for_order
from crossdock.runtime.commands.trace_why import Picture, waits_of
from crossdock.sagas.deciders.pauses import Pause
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.sagas.recipes.order_to_ship import ORDER_TO_SHIP
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy

_ALL = 1_000_000


def say(hub: SmallHub, kind: str, noun: Noun, source: str = "") -> None:
    """One more message, in its own words' order."""
    name = f"{kind}-{sum(len(one.messages) for one in hub.store.data.partitions.values())}"
    hub.tell(noun_message(kind, noun, name, source=source))


def place(hub: SmallHub, quantity: int = 4) -> None:
    """O1 wants bolts at 2.50."""
    line = OrderLine(line="1", item="bolt", quantity=quantity, unit_price_e4=25_000)
    said = Order(order_id="O1", channel="web", customer="acme", currency="EUR", lines=(line,))
    say(hub, catalogue.ORDER_PLACED, said, "shop")


def ship(hub: SmallHub, quantity: int = 4) -> None:
    """It leaves as S1."""
    line = ShipmentLine(line="1", item="bolt", quantity=quantity)
    said = Shipment(shipment_id="S1", order_id="O1", site="EAST", lines=(line,))
    say(hub, catalogue.SHIPMENT_SHIPPED, said)


def tell(hub: SmallHub, destination: str, verdict: Verdict, *, held: bool = False) -> None:
    """All that a destination is told now ends so; held effects are not due again."""
    while claimed := at_once(hub.store.claim(destination, at(10), at(20), 50)):
        due = None if held or verdict is Verdict.ACCEPTED else at(9_000)
        done = [
            Settlement(one.effect_id, one.attempt, verdict, "", "no answer", due) for one in claimed
        ]
        at_once(hub.store.settle(done, at(11)))


HOUSE = House(
    {"EAST": "wms_east", "WEST": "wms_west"},
    frozenset({"wms_east", "wms_west", "shop", "erp", "crm"}),
    CONDITIONS,
    RecipeBook((ORDER_TO_SHIP,)),
    {},
    "erp",
)


def picture(hub: SmallHub, seconds: float = 60) -> Picture:
    """What is looked at of O1."""
    places = at_once(hub.store.places_of_key("O1"))
    outcomes = at_once(hub.store.outcomes_at(places))
    return at_once(picture_of(hub.store, "O1", places, outcomes, HOUSE, at(seconds)))


def safe(hub: SmallHub, seen: Picture) -> list[Safe]:
    """What is safe to do about it, by the shipped table of conditions."""
    return safe_for_order(seen, waits_of(seen), at_once(hub.store.exceptions(_ALL)), CONDITIONS)


def stuck(waits: list[Wait]) -> list[tuple[str, str, str]]:
    """What does not come by itself: what, from whom, by which evidence."""
    return [(one.what, one.awaited_from, one.evidence) for one in waits if one.stuck]


def commands(steps: list[Safe]) -> list[str]:
    """The commands alone."""
    return [step.do for step in steps]


def cited(hub: SmallHub, seen: Picture) -> None:
    """Every sentence cites something that is there: a place, an effect, an instance, a condition.

    Raises:
        AssertionError: one cites nothing, or what is not there.
    """
    effects = {effect.business_key for effect in seen.effects}
    conditions = {f"{one.kind} {one.key}" for one in at_once(hub.store.exceptions(_ALL))}
    others = {saga.id for saga, _ in seen.sagas} | {
        f"destination:{name}" for name in seen.ways.destinations
    }
    parts = {number: len(one.messages) for number, one in hub.store.data.partitions.items()}
    sentences: list[Wait | Safe] = [*waits_of(seen), *safe(hub, seen)]
    for sentence in sentences:
        found = re.fullmatch(r"(\d+):(\d+)", sentence.evidence)
        if found is not None:
            assert 1 <= int(found[2]) <= parts[int(found[1])], sentence
        else:
            assert sentence.evidence in effects | conditions | others, sentence


def test_a_hold_says_who_placed_it_and_how_it_is_let_go() -> None:
    """The order desk's hold cites its message; the command that lets go of it names it."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 9})
    place(hub)
    hold = OrderHold(hold_id="H-1", order_id="O1", kind=HoldKind.FRAUD, reason="odd address")
    say(hub, catalogue.ORDER_HOLD_PLACED, hold, "shop")
    seen = picture(hub)
    [(what, who, _), *_] = stuck(waits_of(seen))
    assert what == "held: fraud-hold:H-1, placed by shop: odd address"
    assert who == "the order desk"
    release = "crossdock orders release-hold O1 fraud-hold:H-1 --by WHO --reason WHY"
    assert commands(safe(hub, seen))[0] == release
    cited(hub, seen)


def test_stock_is_awaited_since_the_decision_and_with_what_is_expected() -> None:
    """Nothing free: the purchase order that brings it, or that nothing is expected."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 1})
    place(hub)
    [nothing] = [one for one in waits_of(picture(hub)) if one.awaited_from == "stock"]
    assert nothing.what.startswith("stock for line 1: 3 x bolt: 0 free at EAST")
    assert nothing.what.endswith("; nothing is expected")
    assert (nothing.stuck, nothing.evidence) == (True, "0:2")
    line = PurchaseOrderLine(line="1", item="bolt", quantity=8, expected_at=at(3600))
    order = PurchaseOrder(purchase_order="PO-1", site="EAST", revision=1, lines=(line,))
    say(hub, catalogue.PURCHASE_ORDER_CHANGED, order, "erp")
    seen = replace(picture(hub), purchases={"PO-1": "0:3"})
    awaited = {one.awaited_from: one for one in waits_of(seen)}
    assert awaited["the supplier"].what == (
        "8 x bolt at EAST by purchase order PO-1, expected 2031-03-03 09:00:00Z"
    )
    assert not awaited["stock"].stuck
    assert "crossdock trace item:bolt" in commands(safe(hub, seen))
    cited(hub, seen)
    late = replace(seen, now=at(7200))
    [overdue] = [one for one in waits_of(late) if one.awaited_from == "the supplier"]
    assert (overdue.stuck, overdue.since) == (True, at(3600))


def test_an_unknown_item_is_awaited_from_its_owner() -> None:
    """The owner of items is named, with the message that lets the order go on."""
    hub = SmallHub(replace(small_policy(), known_items_only=True))
    place(hub)
    seen = picture(hub)
    assert ("held: unknown-item:bolt", "erp", "0:1") in stuck(waits_of(seen))
    assert commands(safe(hub, seen)) == ["let erp send crossdock.item.changed.v1 for bolt"]
    cited(hub, seen)


@pytest.mark.parametrize("held", [False, True])
def test_an_effect_in_doubt_is_asked_about_before_it_is_told_again(held: bool) -> None:
    """By the hub, or by a person where it is held; the runbook adopts or tells again."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 9})
    place(hub)
    tell(hub, "wms_east", Verdict.UNKNOWN, held=held)
    seen = picture(hub)
    [wait] = [one for one in waits_of(seen) if one.evidence == "wms_east/release/O1-R1"]
    who = "a person must look there" if held else "it is asked before it is told again"
    assert wait.what.endswith(f"nobody knows whether it was done: {who}")
    assert (wait.stuck, wait.since) == (held, at(11))
    adopt = "crossdock dead-letters adopt wms_east/release/O1-R1 --reference THEIRS --reason WHY"
    assert (adopt in commands(safe(hub, seen))) is held
    cited(hub, seen)


def test_a_held_effect_leads_to_the_runbook_of_its_refusal() -> None:
    """The far side's words are in the sentence; the steps are those of the table."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 9})
    place(hub)
    tell(hub, "wms_east", Verdict.REFUSED, held=True)
    seen = picture(hub)
    key = "wms_east/release/O1-R1"
    what = "wms_east to be told: held, 1 attempt, made at 2031-03-03 08:00:11Z: no answer"
    assert (what, "a person", key) in stuck(waits_of(seen))
    assert f"crossdock dead-letters retry {key} --reason WHY" in commands(safe(hub, seen))
    assert "crossdock trace O1" not in commands(safe(hub, seen))
    cited(hub, seen)


@pytest.mark.parametrize("breaker", ["open", "half_open"])
def test_a_far_system_that_is_away_is_said_to_be(breaker: str) -> None:
    """With its breaker, its failures and the next probe; nothing is to be done meanwhile."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 9})
    place(hub)
    tell(hub, "wms_east", Verdict.RETRY)
    away = Destination("wms_east", breaker, 5, 12.0, 0.0, 1, None, {}, 0.0)
    seen = replace(picture(hub), ways=Ways({"wms_east": away}))
    assert stuck(waits_of(seen)) == [
        (
            f"wms_east is away: breaker {breaker}; 5 requests failed in a row; next probe in 12 s",
            "wms_east",
            "destination:wms_east",
        )
    ]
    [step] = safe(hub, seen)
    assert (step.do, step.evidence) == ("nothing", "destination:wms_east")
    cited(hub, seen)
    alone = picture(hub)
    [wait, *_] = [one for one in waits_of(alone) if one.awaited_from == "wms_east"]
    assert wait.what.endswith("it is told again by itself")
    assert not wait.stuck


def test_a_paused_flow_is_named_with_the_message_that_paused_it() -> None:
    """The house's own rule holds it back, since a place on the log."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 9})
    place(hub)
    rule = Pause("pick events late > 5m: pause releases", True, "0:1", [catalogue.ORDER_RELEASED])
    seen = replace(picture(hub), ways=Ways(pauses=[rule]))
    [(what, _, evidence)] = stuck(waits_of(seen))
    assert what == f"the house's rule holds it back: {rule.rule}"
    assert evidence == "0:1"


def test_a_late_instance_says_which_step_and_from_whom() -> None:
    """Before its time it is awaited, beyond it it is late; parked, its own words say what next."""
    hub = SmallHub(replace(small_policy(), recipes=RecipeBook((ORDER_TO_SHIP,))))
    hub.stock(EAST={"bolt": 9})
    place(hub)
    line = PickLine(line="1", item="bolt", quantity=4)
    pick = Pick(pick_id="P1", order_id="O1", site="EAST", lines=(line,))
    say(hub, catalogue.PICK_CONFIRMED, pick)
    [wait] = [one for one in waits_of(picture(hub)) if "order-to-ship" in one.what]
    assert wait.what == "order-to-ship/O1: step packed, packed, by 2031-03-03 16:00:00Z"
    assert (wait.awaited_from, wait.stuck, wait.evidence) == ("the warehouse", False, "0:3")
    hub.ring(8 * 3600 + 1)
    late = picture(hub, 8 * 3600 + 2)
    [(what, who, _)] = [one for one in stuck(waits_of(late)) if "order-to-ship" in one[0]]
    assert (what.endswith("(late)"), who) == (True, "the warehouse")
    cited(hub, late)
    hub.ring(17 * 3600)
    parked = picture(hub, 17 * 3600)
    assert "crossdock sagas skip order-to-ship/O1 --step packed --by WHO --reason WHY" in commands(
        safe(hub, parked)
    )
    cited(hub, parked)


def test_a_shipment_that_is_not_posted_is_awaited_from_finance() -> None:
    """Since it left, under what finance was asked; nothing is to be done while it is in time."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 9})
    place(hub)
    ship(hub)
    for destination in ("wms_east", "erp", "shop", "crm"):
        tell(hub, destination, Verdict.ACCEPTED)
    seen = picture(hub)
    [wait] = waits_of(seen)
    assert wait == Wait("4 units of S1 to be invoiced", "erp/invoice/S1", "erp", at(0))
    assert commands(safe(hub, seen)) == ["nothing"]
    cited(hub, seen)


def test_a_rejected_invoice_says_finances_words_and_how_it_is_asked_again() -> None:
    """The sentence cites the rejection; the runbook asks again when it is put right."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 9})
    place(hub)
    ship(hub)
    said = InvoiceRejected(order_id="O1", shipment_id="S1", reason="no account")
    say(hub, catalogue.INVOICE_REJECTED, said, "erp")
    seen = picture(hub)
    what = "4 units of S1 to be invoiced: finance rejected it, no account"
    assert (what, "a person", "0:4") in stuck(waits_of(seen))
    assert "crossdock money match O1" in commands(safe(hub, seen))
    assert "crossdock money retry O1 S1" in commands(safe(hub, seen))
    cited(hub, seen)


def test_a_return_without_authorisation_waits_for_inspection() -> None:
    """It stands apart, since it came; the returns desk is awaited."""
    hub = SmallHub(replace(small_policy(), returns=ReturnRules()))
    hub.stock(EAST={"bolt": 9})
    place(hub)
    ship(hub)
    line = ReturnReceiptLine(line="1", item="bolt", quantity=2)
    back = ReturnReceipt(return_receipt_id="RR1", order_id="O1", site="EAST", lines=(line,))
    say(hub, catalogue.RETURN_RECEIVED, back)
    say(hub, catalogue.ORDER_PRIORITISED, OrderPriority(
        change_id="C1", order_id="O1", priority=2, revision=1, by="ann", reason="asked",
    ))  # fmt: skip
    seen = picture(hub)
    [(what, who, evidence)] = stuck(waits_of(seen))
    assert what == (
        "inspection of 2 units of return receipt EAST/RR1 at EAST, which came without an"
        " authorised return"
    )
    assert (who, evidence) == ("the returns desk", "0:4")
    assert any(one.startswith("crossdock exceptions close blind-return") for one in commands(
        safe(hub, seen)
    ))  # fmt: skip
    cited(hub, seen)


def test_what_a_warehouse_was_asked_for_is_awaited_from_it() -> None:
    """Asked and not answered: it takes its time, and nothing is stuck."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 9})
    place(hub)
    for destination in ("wms_east", "shop", "crm", "erp"):
        tell(hub, destination, Verdict.ACCEPTED)
    seen = picture(hub)
    [wait] = waits_of(seen)
    assert wait.what == "EAST to pick 4 x bolt (line 1): asked, no answer"
    assert (wait.awaited_from, wait.since, wait.stuck) == ("wms_east", at(11), False)
    cited(hub, seen)
