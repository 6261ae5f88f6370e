"""Every history that can be told is a path in the table of an order's life (I7), in any order."""

from __future__ import annotations

import random
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.contracts.vocabulary import Fate, OrderStatus
from crossdock.orders.lifecycle import (
    EVENTS,
    LineStatus,
    line_may_follow,
    line_status,
    may_follow,
    may_lead,
)
from crossdock.orders.state import OrderState, all_figures, status
from crossdock.sagas import rebuild
from crossdock.sagas.decide import opened
from crossdock.storage.memory.messages import recorded
from crossdock.testing.hub import SmallHub
from crossdock.testing.strategies import AMPLE, Tale, scarce, tales

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
Step = tuple[OrderStatus, str, OrderStatus]


def steps(hub: SmallHub, order_id: str) -> Iterator[Step]:
    """What each message made of the order; its lines are judged on the way."""
    order = OrderState(order_id)
    [partition] = hub.store.data.partitions.values()
    for position, kept in enumerate(partition.messages, start=1):
        outcome = partition.outcomes[position].outcome
        if kept.message.key != order_id or outcome.fate is not Fate.APPLIED:
            continue
        before, lines = status(order), standing(order)
        message = recorded(0, position, kept)
        rebuild.fold(order, *opened(message, outcome.resolved), outcome)
        for number, after in standing(order).items():
            was = lines.get(number, LineStatus.EMPTY)
            assert line_may_follow(was, after), f"{number}: {was} became {after} by {message.type}"
        yield before, message.type, status(order)
    assert msgspec.json.encode(order) == hub.store.data.orders[order_id].state


def standing(order: OrderState) -> dict[str, LineStatus]:
    """Where each line stands that sits on a shelf."""
    known = all_figures(order)
    return {number: line_status(known[number]) for number, _ in order.stock_lines()}


def check(tale: Tale, seed: int) -> None:
    """In the order in which it happened, and in another, no message leads beside the table."""
    messages = tale.messages()
    shuffled = list(messages)
    random.Random(seed).shuffle(shuffled)
    for told in (messages, shuffled):
        hub = tale.hub(batch=1)
        hub.tell(*told)
        hub.ending()  # warehouses answer what they were asked
        for before, kind, after in steps(hub, "o-1"):
            assert may_lead(before, kind, after), f"{before} -> {after} by {kind}"


@SLOW
@given(
    tale=tales(st.just(AMPLE) | scarce(), more=6, desk=True),
    seed=st.integers(0, 2**32),
)
def test_every_history_is_a_path_in_the_table(tale: Tale, seed: int) -> None:
    """Orders of goods, with people who hold, hurry and override."""
    check(tale, seed)


@SLOW
@given(
    tale=tales(st.just(AMPLE) | scarce(), more=6, kits=True, desk=True),
    seed=st.integers(0, 2**32),
)
def test_every_history_of_kits_is_a_path_in_the_table(tale: Tale, seed: int) -> None:
    """Kits too."""
    check(tale, seed)


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        (OrderStatus.SHIPPED, "cancellation_requested", OrderStatus.CANCELLED),
        (OrderStatus.INVOICED, "cancellation_requested", OrderStatus.RELEASED),
        (OrderStatus.RETURNED, "prioritised", OrderStatus.RELEASED),
        (OrderStatus.CANCELLED, "prioritised", OrderStatus.RELEASED),
    ],
)
def test_what_must_never_happen_is_not_in_the_table(
    before: OrderStatus, kind: str, after: OrderStatus
) -> None:
    """No late cancellation undoes what has left (I8), and hurrying wakes nothing."""
    assert not may_follow(before, EVENTS[f"crossdock.order.{kind}.v1"], after)
