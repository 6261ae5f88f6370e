"""Deciding a batch is a function: nothing given is changed, the same again comes out the same."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from itertools import pairwise

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.products import Item
from crossdock.contracts.versions import newest
from crossdock.contracts.vocabulary import ItemKind
from crossdock.log.records import Decided, Loaded, Recorded, StockRow, Wanted
from crossdock.sagas import rebuild
from crossdock.sagas.decide import decide, opened, wanted_by
from crossdock.sagas.deciders import DECIDERS
from crossdock.sagas.policy import Policy
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy

STOCK = {("bolt", "EAST"): StockRow(10, 0), ("nut", "EAST"): StockRow(1, 0)}


def recorded(order_id: str, position: int = 1, **quantities: int) -> Recorded:
    """An order on the log, one line per item."""
    lines = tuple(
        OrderLine(line=str(number), item=item, quantity=quantity)
        for number, (item, quantity) in enumerate(quantities.items(), start=1)
    )
    noun = Order(order_id=order_id, channel="web", customer="a", currency="EUR", lines=lines)
    said = noun_message(catalogue.ORDER_PLACED, noun, order_id)
    return Recorded(
        0, position, said.source, said.id, said.type, said.key, None, said.event_time,
        said.received_time, said.raw, None,
    )  # fmt: skip


def decided(policy: Policy, *messages: Recorded, loaded: Loaded) -> tuple[Decided, list[Wanted]]:
    """The batch's decision, and what it asked for on the way; all of `loaded` is there to ask."""
    pairs = [opened(message) for message in messages]
    wanted = wanted_by(pairs)
    asked = [wanted]
    while True:
        given = Loaded(
            orders={k: v for k, v in loaded.orders.items() if k in wanted.orders},
            stock={k: v for k, v in loaded.stock.items() if k[0] in wanted.items},
            masters={k: v for k, v in loaded.masters.items() if k in wanted.masters},
        )
        before = deepcopy((pairs, wanted, given))
        result = decide(policy, pairs, wanted, given)
        assert (pairs, wanted, given) == before
        if isinstance(result, Decided):
            return result, asked
        wanted = result
        asked.append(wanted)


def test_the_same_batch_is_decided_the_same_way() -> None:
    """Twice over, with everything that was given left as it was."""
    messages = (recorded("O1", 1, bolt=4, nut=3), recorded("O2", 2, bolt=7))
    loaded = Loaded(stock=dict(STOCK))
    first, _ = decided(small_policy(), *messages, loaded=loaded)
    again, _ = decided(small_policy(), *messages, loaded=loaded)
    assert again == first
    assert [outcome.fate for _, _, outcome in first.outcomes] == ["applied", "applied"]


def test_a_message_sees_what_the_one_before_it_took() -> None:
    """Two orders of one batch never share a unit."""
    result, _ = decided(
        small_policy(), recorded("O1", 1, bolt=8), recorded("O2", 2, bolt=8),
        loaded=Loaded(stock=dict(STOCK)),
    )  # fmt: skip
    [change] = result.stock
    assert (change.item, change.reserved, change.need) == ("bolt", 10, 10)
    [row] = [row for row in result.waiting if row.quantity]
    assert (row.order_id, row.quantity) == ("O2", 6)


def test_what_was_not_loaded_is_asked_for_and_never_guessed() -> None:
    """Each question is for more than the one before, so it ends."""
    policy = replace(small_policy(), known_items_only=True)
    stored = SmallHub(small_policy())
    stored.tell(noun_message(catalogue.ITEM_CHANGED, Item(item="bolt"), "i"))
    master = at_once(stored.store.load(Wanted(masters={("item", "bolt")}))).masters
    result, asked = decided(
        policy, recorded("O1", bolt=4), loaded=Loaded({}, dict(STOCK), [], master)
    )
    assert result.orders[0].status == "released"
    for less, more in pairwise(asked):
        assert (less.orders, less.items, less.masters) != (more.orders, more.items, more.masters)
        assert less.orders <= more.orders
        assert less.items <= more.items
        assert less.masters <= more.masters


def test_a_rival_is_held_whatever_it_says() -> None:
    """No decider sees a message whose business key another one holds."""
    rival = replace(recorded("O1", 2, bolt=4), rival="0:1")
    result, _ = decided(small_policy(), rival, loaded=Loaded(stock=dict(STOCK)))
    [(_, _, outcome)] = result.outcomes
    assert (outcome.fate, [note.kind for note in outcome.notes]) == ("held", ["rival"])
    assert result.stock == []
    assert result.effects == []


def test_every_message_that_may_come_has_a_decider() -> None:
    """What a far system may say, and what the hub says to itself, is decided; nothing else."""
    to_itself = {
        catalogue.STOCK_GRANTED,
        catalogue.ORDER_REVIEW_REQUESTED,
        catalogue.ORDER_ADMITTED,
        catalogue.ORDER_HOLD_LAPSED,
        catalogue.TIMER_FIRED,
        catalogue.IDENTITY_ASKED,
        catalogue.MESSAGE_RETRIED,
        catalogue.MESSAGE_CORRECTED,
        catalogue.MESSAGE_OVERRIDDEN,
        catalogue.MESSAGE_DISMISSED,
        catalogue.CONDITION_ASSIGNED,
        catalogue.CONDITION_CLOSED,
        catalogue.EFFECT_RULED,
        catalogue.EFFECT_RESENT,
        catalogue.PAUSE_SWITCHED,
        catalogue.RECORD_SET_ASIDE,
        catalogue.FEED_OVERRAN,
        catalogue.POSTING_PERIOD_ENDED,
        catalogue.STOCK_POLICY_REVIEWED,
        catalogue.RETURN_GRANTED,
        catalogue.SHIPMENT_ASSIGNED,
        catalogue.EFFECT_SETTLED,
        catalogue.SAGA_INSTRUCTED,
    }
    inbound = {newest(row.name) for row in CATALOGUE.values() if row.inbound}
    assert set(DECIDERS) == inbound | to_itself
    assert set(rebuild.FACTS) | rebuild.MASTERS <= inbound | to_itself


@pytest.mark.parametrize("kind", ItemKind)
def test_only_goods_are_looked_for_on_shelves(kind: ItemKind) -> None:
    """A service is never promised, released or waited for."""
    hub = SmallHub(small_policy())
    line = OrderLine(line="1", item="bolt", quantity=2, kind=kind)
    noun = Order(order_id="O1", channel="web", customer="a", currency="EUR", lines=(line,))
    hub.tell(noun_message(catalogue.ORDER_PLACED, noun, "O1"))
    waits = any(row.sites for row in hub.store.data.waiting.get("bolt", {}).values())
    assert waits == (kind is ItemKind.STOCK)
