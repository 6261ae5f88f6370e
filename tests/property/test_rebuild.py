"""The log rebuilds the orders: facts folded again, with what was decided, to the byte (I28)."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.log.keys import transport_digest
from crossdock.log.records import NewMessage, OrderRow
from crossdock.orders.doings import Doing
from crossdock.orders.state import OrderState
from crossdock.sagas import rebuild
from crossdock.sagas.batch import order_row
from crossdock.sagas.decide import opened
from crossdock.sagas.deciders import DECIDERS, sagas
from crossdock.sagas.turn import Turn
from crossdock.testing.hub import SmallHub, at_once, small_policy
from crossdock.testing.strategies import Tale, scarce, tales

_ALL = 1_000_000
OFTEN = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def rebuilt(hub: SmallHub) -> list[OrderRow]:
    """Every order as the log alone gives it."""
    orders: dict[str, OrderState] = {}
    for partition in at_once(hub.store.position()):
        for row in at_once(hub.store.outcomes(partition, 0, _ALL)):
            [message] = at_once(hub.store.messages([(partition, row.position)]))
            if CATALOGUE[message.type].key == "order_id":
                order = orders.setdefault(message.key, OrderState(message.key))
                rebuild.fold(order, *opened(message), row.outcome)
    return [order_row(order) for _, order in sorted(orders.items()) if order.facts]


def named_apart(number: int, messages: Iterable[NewMessage]) -> list[NewMessage]:
    """Messages of one tale among others, whose facts may have the same names."""
    return [
        replace(
            message,
            id=f"{number}-{message.id}",
            transport_key=transport_digest(message.source, f"{number}-{message.id}"),
            business_key=None,
        )
        for message in messages
    ]


@OFTEN
@given(
    told=st.tuples(*(tales(scarce(), more=5, order_id=f"o-{n}") for n in range(3))),
    seed=st.integers(0, 2**32),
    at_a_time=st.sampled_from([1, 4, 100]),
)
def test_the_log_rebuilds_every_order_to_the_byte(
    told: tuple[Tale, ...], seed: int, at_a_time: int
) -> None:
    """Whatever was told in whatever order, on stock that was never enough."""
    hub = SmallHub(small_policy(partitions=2), batch=at_a_time)
    hub.stock(**told[0].stock)
    messages = [
        message
        for number, tale in enumerate(told)
        for message in named_apart(number, tale.messages(partitions=2))
    ]
    random.Random(seed).shuffle(messages)
    hub.tell(*messages)
    hub.ending()
    assert rebuilt(hub) == at_once(hub.store.orders("", _ALL))


@settings(OFTEN, max_examples=60)
@given(
    tale=tales(scarce(), more=6, kits=True),
    seed=st.integers(0, 2**32),
    at_a_time=st.sampled_from([1, 4, 100]),
)
def test_the_log_rebuilds_orders_of_kits_without_a_master(
    tale: Tale, seed: int, at_a_time: int
) -> None:
    """What a case and a kit were at the time stands in the outcomes."""
    hub = tale.hub(batch=at_a_time)
    messages = tale.messages()
    random.Random(seed).shuffle(messages)
    hub.tell(*messages)
    hub.ending()
    assert rebuilt(hub) == at_once(hub.store.orders("", _ALL))


def test_a_doing_that_is_not_recorded_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The property has teeth: with one memory kept from the log it finds an order that differs."""
    remember = Turn.remember

    def forgetful(
        turn: Turn, order: OrderState, what: Doing, value: bool | int | str | list[str], *of: str
    ) -> None:
        remember(turn, order, what, value, *of)
        if what is Doing.WAITING:
            turn.outcome.memories.pop()

    monkeypatch.setattr(Turn, "remember", forgetful)

    @settings(OFTEN, phases=[Phase.generate], database=None, derandomize=True)
    @given(tale=tales(scarce(), more=1))
    def search(tale: Tale) -> None:
        hub = SmallHub()
        hub.stock(**tale.stock)
        hub.tell(*tale.messages())
        assert rebuilt(hub) == at_once(hub.store.orders("", _ALL))

    with pytest.raises(AssertionError):
        search()


def test_every_decider_of_an_order_folds_or_records() -> None:
    """A new kind of message about orders is a fact to fold, the hub's own word, or an answer."""
    answers = {name for name in DECIDERS if DECIDERS[name].decide is sagas.answered}
    about_orders = {name for name in DECIDERS if CATALOGUE[name].key == "order_id"}
    recorded = {
        catalogue.INVOICE_REJECTED,
        catalogue.INVOICE_RETRIED,
        catalogue.SHIPMENT_LINKED,
        catalogue.SHIPMENT_CLOSED,
    }
    facts = {name for name in about_orders if CATALOGUE[name].inbound} - answers - recorded
    own_facts = {
        catalogue.ORDER_ADMITTED,
        catalogue.ORDER_HOLD_LAPSED,
        catalogue.RETURN_GRANTED,
        catalogue.SHIPMENT_ASSIGNED,
    }
    assert set(rebuild.FACTS) == facts | own_facts
