"""What may be looked at: positions, messages, orders; nothing for those without the scope."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crossdock.gateway.admission import admit
from crossdock.gateway.keys import Caller
from crossdock.gateway.views import view_routes
from crossdock.runtime.deciding import Decider
from crossdock.storage.memory.store import MemoryStore
from tests.gateway.house import (
    KEYS,
    NOW,
    POLICY,
    House,
    TestClock,
    a_house,
    message,
    order,
    raw,
)
from tests.helpers.aio import run

NUMBER = "SO/1 (a)"


@asynccontextmanager
async def a_house_with_an_order() -> AsyncIterator[tuple[House, MemoryStore, str]]:
    """A house whose log holds two orders, of which the first is decided."""
    store = MemoryStore()
    first = admit(raw(message(data=order(NUMBER))), Caller("shop"), POLICY, NOW)
    await store.append([first])
    decider = Decider("w", range(POLICY.partitions), store, POLICY, TestClock())
    while await decider.turn():
        pass
    other = message("m-2", data=order(f"{NUMBER}+"))
    await store.append([admit(raw(other), Caller("shop"), POLICY, NOW)])
    async with a_house(views=view_routes(store)) as house:
        yield house, store, f"{first.partition}/1"


def test_the_position_of_the_log() -> None:
    """Heads and decided positions are told per partition, with how much is not decided."""

    async def scenario() -> None:
        async with a_house_with_an_order() as (house, store, _):
            status, view = await house.get("/v1/position", KEYS["viewer"])
            heads = await store.position()
            assert (status, view["behind"]) == (200, 1)
            assert view["partitions"] == [
                {"partition": number, "head": head, "decided": decided}
                for number, (head, decided) in sorted(heads.items())
            ]

    run(scenario())


def test_a_message_by_its_place() -> None:
    """A message is shown as its sender wrote it, with what the hub noted."""

    async def scenario() -> None:
        async with a_house_with_an_order() as (house, _, place):
            status, view = await house.get(f"/v1/messages/{place}", KEYS["viewer"])
            assert status == 200
            assert view["message"] == message(data=order(NUMBER))
            assert (view["source"], view["id"], view["key"]) == ("shop", "m-1", NUMBER)
            assert view["position"] == place.replace("/", ":")

    run(scenario())


def test_an_order_by_its_number() -> None:
    """An order is shown with its derived status and quantities, also with a slash in its number."""

    async def scenario() -> None:
        async with a_house_with_an_order() as (house, _, _place):
            path = "/v1/orders/SO%2F1%20(a)"
            status, view = await house.get(path, KEYS["viewer"])
            assert status == 200
            assert (view["order_id"], view["channel"], view["customer"]) == (NUMBER, "web", "C-17")
            [line] = view["lines"]
            assert (line["line"], line["item"], line["quantities"]["ordered"]) == ("1", "85123A", 6)
            assert (await house.get(f"{path}+", KEYS["viewer"]))[0] == 404, "not decided yet"

    run(scenario())


@pytest.mark.parametrize(
    "path",
    [
        "/v1/orders/SO-2",
        "/v1/orders/..%2F..%2Fetc%2Fpasswd",
        "/v1/orders/%00",
        "/v1/orders/" + "x" * 5_000,
        "/v1/orders/x'%20OR%201=1--",
        "/v1/messages/0/999",
        "/v1/messages/99/1",
        "/v1/messages/0/-1",
        "/v1/messages/0/1e3",
        "/v1/messages/0/" + "9" * 30,
        "/v1/messages/0/%D9%A1",
    ],
)
def test_what_is_not_there_and_what_cannot_be(path: str) -> None:
    """Unknown and impossible numbers are both 404, in the same words."""

    async def scenario() -> None:
        async with a_house_with_an_order() as (house, _, _place):
            status, problem = await house.get(path, KEYS["viewer"])
            assert (status, problem["code"]) == (404, "not-found")
            assert problem["detail"] == "There is nothing here."

    run(scenario())


def test_far_systems_do_not_look() -> None:
    """A key that only brings messages sees neither its own orders nor those of others."""

    async def scenario() -> None:
        async with a_house_with_an_order() as (house, _, place):
            for path in ("/v1/position", f"/v1/messages/{place}", "/v1/orders/SO-1"):
                status, problem = await house.get(path, KEYS["shop"])
                assert (status, problem["code"]) == (403, "missing-scope")
                assert (await house.get(path))[0] == 401

    run(scenario())
