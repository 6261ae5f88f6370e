"""The headline: any permutation and duplication of the same messages ends in the same state (M4).

Stock is posted before and then constant: no other order takes from it, and with scarce stock no
return adds to it. Who came first for the last unit is a fact of its own, and not in here.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import permutations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.orders import (
    LineChange,
    LineQuantity,
    Order,
    OrderCancellation,
    OrderChange,
    OrderLine,
)
from crossdock.contracts.shipments import Pick, PickLine, Shipment, ShipmentLine
from crossdock.log.keys import transport_digest
from crossdock.log.records import NewMessage
from crossdock.orders.facts import Happened
from crossdock.orders.state import OrderState
from crossdock.sagas.rebuild import FACTS, FactKind
from crossdock.testing.hub import Ending, SmallHub, small_policy
from crossdock.testing.strategies import AMPLE, Said, Tale, scarce, tales
from tests.property.every_order import renamed

QUICK = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FEW = settings(QUICK, max_examples=15)


def ending(
    tale: Tale, told: Iterable[NewMessage], *, at_a_time: int = 1, partitions: int = 1
) -> Ending:
    """What the messages end in when they are told in this order, to a hub as the tale finds it."""
    hub = tale.hub(small_policy(partitions=partitions), batch=at_a_time)
    hub.tell(*told)
    return hub.ending()


def check_every_order(tale: Tale) -> None:
    """Every permutation ends alike, decided one by one or together, with duplicates or without."""
    messages = tale.messages()
    expected = ending(tale, messages)
    for number, order in enumerate(permutations(messages)):
        told: Sequence[NewMessage] = order
        if number % 3 == 1:
            told = [copy for message in order for copy in (message, message)]
        elif number % 3 == 2:
            told = [*order, *map(renamed, order), *reversed(order)]
        assert ending(tale, told, at_a_time=1 if number % 2 else 100) == expected, (
            f"{[message.id for message in told]} of\n{tale!r}"
        )


@QUICK
@given(tale=tales(st.just(AMPLE), more=4))
def test_every_permutation_ends_alike_with_ample_stock(tale: Tale) -> None:
    """Up to five messages of one order, each of their orders, duplicated in two ways."""
    check_every_order(tale)


@QUICK
@given(tale=tales(scarce(), more=4, restock=False))
def test_every_permutation_ends_alike_with_scarce_stock(tale: Tale) -> None:
    """Also where lines must be split, or wait."""
    check_every_order(tale)


@settings(QUICK, max_examples=25)
@given(tale=tales(st.just(AMPLE) | scarce(), more=4, restock=False, kits=True))
def test_every_permutation_of_an_order_of_kits_ends_alike(tale: Tale) -> None:
    """Also where lines are kits that share components, and are said in boxes."""
    check_every_order(tale)


@settings(QUICK, max_examples=30)
@given(tale=tales(st.just(AMPLE) | scarce(), more=4, restock=False, desk=True))
def test_every_permutation_with_the_order_desk_ends_alike(tale: Tale) -> None:
    """Also where people hold the order, let it go, hurry it, and decide against the rules."""
    check_every_order(tale)


@FEW
@given(tale=tales(st.just(AMPLE) | scarce(), more=5, restock=False))
def test_o4_every_permutation_of_six_messages_ends_alike(tale: Tale) -> None:
    """All 720 orders of longer histories."""
    check_every_order(tale)


@settings(QUICK, max_examples=25)
@given(
    told=st.tuples(*(tales(st.just(AMPLE), more=8, order_id=f"o-{n}") for n in range(4))),
    seed=st.integers(0, 2**32),
    at_a_time=st.sampled_from([1, 3, 100]),
)
def test_orders_shuffled_together_end_alike(
    told: tuple[Tale, ...], seed: int, at_a_time: int
) -> None:
    """Several orders on ample stock, over three partitions, in any interleaving, with repeats."""
    messages = [
        replace(
            message,
            id=f"{number}-{message.id}",
            transport_key=transport_digest(message.source, f"{number}-{message.id}"),
            # The tales count their shipments alike; each tale's facts are its own.
            business_key=None,
        )
        for number, tale in enumerate(told)
        for message in tale.messages(partitions=3)
    ]
    expected = ending(Tale(AMPLE, []), messages, partitions=3)
    chance = random.Random(seed)
    for _ in range(5):
        shuffled = messages + chance.choices(messages, k=len(messages) // 2)
        chance.shuffle(shuffled)
        assert ending(Tale(AMPLE, []), shuffled, at_a_time=at_a_time, partitions=3) == expected


@settings(QUICK, max_examples=4)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_two_hundred_messages_of_twenty_orders_end_alike(data: st.DataObject, seed: int) -> None:
    """Shuffled and said twice, over three partitions, in batches: twenty lives end as they must."""
    told = [
        data.draw(tales(st.just(AMPLE), more=9, order_id=f"o-{number}", desk=number % 2 == 0))
        for number in range(20)
    ]
    messages = [
        replace(
            message,
            id=f"{number}-{message.id}",
            transport_key=transport_digest(message.source, f"{number}-{message.id}"),
            business_key=None,  # the tales count their shipments alike; each tale's are its own
        )
        for number, tale in enumerate(told)
        for message in tale.messages(partitions=3)
    ]
    chance = random.Random(seed)
    while len(messages) < 200:  # what is short of two hundred is said again
        messages.append(renamed(chance.choice(messages)))
    expected = ending(Tale(AMPLE, []), messages, partitions=3)
    for at_a_time in (1, 100):
        shuffled = list(messages)
        chance.shuffle(shuffled)
        assert ending(Tale(AMPLE, []), shuffled, at_a_time=at_a_time, partitions=3) == expected


def assigning(kind: FactKind) -> FactKind:
    """Picks that are learned wrongly: each overwrites what was picked before it."""

    def fold(order: OrderState, said: Pick, at: datetime) -> list[Happened]:
        before = {
            done.line: order.line(done.line, done.item).at(said.site).picked for done in said.lines
        }
        happened = kind.fold(order, said, at) or []
        for done in said.lines:
            order.lines[done.line].at(said.site).picked -= before[done.line]
        return happened

    return replace(kind, fold=fold)


def test_a_fold_that_assigns_instead_of_adding_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The property has teeth: with one fold broken on purpose it finds a history that differs."""
    kind = catalogue.PICK_CONFIRMED
    monkeypatch.setitem(FACTS, kind, assigning(FACTS[kind]))

    @settings(QUICK, max_examples=400, phases=[Phase.generate], database=None, derandomize=True)
    @given(tale=tales(st.just(AMPLE), more=4))
    def search(tale: Tale) -> None:
        check_every_order(tale)

    with pytest.raises(AssertionError):
        search()


# --- Histories that once ended otherwise ------------------------------------------------------


def placed(*lines: tuple[str, int]) -> Said:
    """An order of these (item, quantity), lines counted from 1."""
    return catalogue.ORDER_PLACED, Order(
        order_id="o-1",
        channel="web",
        customer="acme",
        currency="EUR",
        lines=tuple(
            OrderLine(line=str(number), item=item, quantity=quantity)
            for number, (item, quantity) in enumerate(lines, start=1)
        ),
    )


def picked(name: str, site: str, *, found: int = 0, short: int = 0, line: str = "1") -> Said:
    """A pick of bolts."""
    lines = (PickLine(line=line, item="bolt", quantity=found, short=short),)
    return catalogue.PICK_CONFIRMED, Pick(pick_id=name, order_id="o-1", site=site, lines=lines)


def shipped(site: str, quantity: int) -> Said:
    """A shipment of bolts of line 1."""
    line = ShipmentLine(line="1", item="bolt", quantity=quantity)
    return catalogue.SHIPMENT_SHIPPED, Shipment(
        shipment_id="s-1", order_id="o-1", site=site, lines=(line,)
    )


def cancelled(quantity: int) -> Said:
    """So many bolts of line 1 are not wanted any more."""
    line = LineQuantity(line="1", item="bolt", quantity=quantity)
    return catalogue.ORDER_CANCELLATION_REQUESTED, OrderCancellation(
        cancellation_id="c-1", order_id="o-1", lines=(line,)
    )


def changed(line: str, quantity: int) -> Said:
    """A line of bolts shall have this quantity."""
    change = LineChange(line=line, item="bolt", quantity=quantity)
    return catalogue.ORDER_CHANGE_REQUESTED, OrderChange(
        change_id=f"h-{line}", order_id="o-1", revision=1, lines=(change,)
    )


CASES = {
    "a short line moves alone": Tale(
        AMPLE, [placed(("bolt", 1), ("bolt", 1)), picked("p", "EAST", short=1)]
    ),
    "only what was not found moves": Tale(
        AMPLE, [placed(("bolt", 10)), picked("p", "EAST", found=3), picked("q", "EAST", short=2)]
    ),
    "a smaller order fits one site": Tale(
        {"EAST": {"bolt": 2}, "WEST": {"bolt": 3}}, [placed(("bolt", 5)), cancelled(2)]
    ),
    "the earlier line is served first": Tale(
        {"EAST": {"bolt": 5}, "WEST": {}}, [placed(("bolt", 3), ("bolt", 3)), changed("1", 5)]
    ),
    "a pick overtakes the cancellation that freed its unit": Tale(
        {"EAST": {}, "WEST": {"bolt": 1}},
        [placed(("bolt", 1)), picked("p", "WEST", found=1), cancelled(1), changed("9", 1)],
    ),
    "a cancellation comes after the goods were staged": Tale(
        {"EAST": {"bolt": 2}, "WEST": {"bolt": 3}},
        [
            placed(("bolt", 1), ("bolt", 4)),
            picked("p", "EAST", found=1),
            cancelled(1),
            picked("q", "WEST", short=1, line="2"),
        ],
    ),
    "a shipment overtakes its pick": Tale(
        {"EAST": {"bolt": 3}, "WEST": {"bolt": 4}},
        [placed(("bolt", 5)), picked("p", "WEST", found=1), shipped("WEST", 1), cancelled(1)],
    ),
}


@pytest.mark.parametrize("tale", CASES.values(), ids=CASES)
def test_found_histories_end_alike_in_every_order(tale: Tale) -> None:
    """What the property found once stays found."""
    check_every_order(tale)


def test_a_pick_as_planned_moves_no_promise() -> None:
    """While a split order is picked as asked, no warehouse is told to stop or to start."""
    hub = SmallHub()
    hub.stock(EAST={"bolt": 3}, WEST={"bolt": 9})
    tale = Tale(
        {}, [placed(("bolt", 10)), picked("p", "WEST", found=1), picked("q", "EAST", found=2)]
    )
    hub.tell(*tale.messages())
    line = hub.order("o-1").lines["1"]
    assert {site: place.reserved for site, place in line.sites.items()} == {"EAST": 1, "WEST": 6}
    assert hub.order("o-1").releases == 2
