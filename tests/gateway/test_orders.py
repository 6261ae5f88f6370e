"""Orders submitted while the channel waits, by HTTP: answers, refusals, questions, repeats."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from crossdock.contracts.vocabulary import OrderRule, RuleAction
from crossdock.gateway.calls import GroupCalls
from crossdock.gateway.orders import order_routes
from crossdock.gateway.receiving import Room
from crossdock.orders.policy import OrderPolicy
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix
from crossdock.runtime.desk import Desk, rehearsed
from crossdock.storage.memory.store import MemoryStore
from tests.gateway.house import POLICY, House, TestClock, TestIds, TestRandomness, a_house
from tests.helpers.aio import run

OPEN = replace(
    POLICY,
    known_items_only=False,
    matrix=Matrix(
        DEFAULT_RULES,
        sites={"EAST": {"wms": "wms_east"}},
        channels={"web": {"system": "shop"}, "phone": {"system": "crm"}},
    ),
    orders_default=OrderPolicy(rules={OrderRule.ADDRESS: RuleAction.REJECT}),
)
PATH = "/v1/orders"
ASK = "/v1/orders/validate"


@asynccontextmanager
async def a_shop(store: MemoryStore) -> AsyncIterator[House]:
    """A house that takes orders which name an address."""
    clock = TestClock()
    desk = Desk("desk", store, OPEN, clock, TestRandomness())
    async with GroupCalls([desk]) as calls:
        routes = order_routes(
            calls, lambda call: rehearsed(store, OPEN, call), OPEN, clock, TestIds(), Room()
        )
        async with a_house(views=routes) as house:
            yield house


def order(number: str = "O-1", quantity: int = 3, **more: Any) -> dict[str, Any]:
    """An order as a shop submits it."""
    line = {"line": "1", "item": "A", "quantity": quantity}
    there = {"city": "York", "country": "GB"}
    return {
        "order_id": number,
        "channel": "web",
        "customer": "ACME",
        "currency": "EUR",
        "ship_to": there,
        "lines": [line],
        **more,
    }


async def asked(house: House, body: Any, path: str = PATH) -> tuple[int, Any]:
    """Call as JSON."""
    return await house.post(body, path=path, kind="application/json")


def on_the_log(store: MemoryStore) -> list[tuple[int, str]]:
    """Every message that is kept, by partition."""
    return [
        (number, kept.message.type)
        for number, partition in sorted(store.data.partitions.items())
        for kept in partition.messages
    ]


def test_an_order_is_taken_and_said_again_is_answered_the_same() -> None:
    """The call stands at the desk, the order on its own key's partition; a repeat adds nothing."""
    store = MemoryStore()

    async def scenario() -> None:
        async with a_shop(store) as house:
            first = await asked(house, order())
            assert first[0] == 200
            assert first[1]["answer"] == "accepted"
            assert [rule["rule"] for rule in first[1]["rules"]] == ["duplicate", "address"]
            log = on_the_log(store)
            assert [kind for _, kind in log] == [
                "crossdock.order.admitted.v1",
                "crossdock.order.placed.v1",
            ]
            assert log[0][0] < 1024 <= log[1][0]
            assert await asked(house, order()) == first
            assert on_the_log(store) == log

    run(scenario())


def test_a_refused_order_is_a_problem_with_the_whole_answer() -> None:
    """The rule by name, and nothing is placed; a corrected order comes under the same number."""
    store = MemoryStore()

    async def scenario() -> None:
        async with a_shop(store) as house:
            status, problem = await asked(house, order(ship_to={}))
            assert (status, problem["code"], problem["refusal"]) == (
                409,
                "refused",
                "address_missing",
            )
            assert problem["answer"]["rules"][1]["breaches"][0]["does"] == "reject"
            assert [kind for _, kind in on_the_log(store)] == ["crossdock.order.placed.v1"]
            status, answer = await asked(house, order())
            assert (status, answer["answer"]) == (200, "accepted")
            status, problem = await asked(house, order(quantity=4))
            assert (status, problem["refusal"]) == (409, "duplicate_purchase_order")

    run(scenario())


def test_a_question_is_answered_and_leaves_nothing() -> None:
    """Whatever the answer: no message, no document, no condition."""
    store = MemoryStore()

    async def scenario() -> None:
        async with a_shop(store) as house:
            status, answer = await asked(house, order(), ASK)
            assert (status, answer["answer"]) == (200, "accepted")
            status, answer = await asked(house, order(ship_to={}), ASK)
            assert (status, answer["answer"], answer["refusal"]) == (
                200,
                "refused",
                "address_missing",
            )
            assert on_the_log(store) == []
            assert store.data.documents == {}
            assert store.data.conditions.rows == {}

    run(scenario())


def test_who_may_not_sell_there_is_refused_at_the_door() -> None:
    """The same judgement as for messages, and nothing is kept."""
    store = MemoryStore()

    async def scenario() -> None:
        async with a_shop(store) as house:
            for path in (PATH, ASK):
                status, problem = await asked(house, order(channel="phone"), path)
                assert (status, problem["code"]) == (403, "not-yours")
            assert on_the_log(store) == []

    run(scenario())
