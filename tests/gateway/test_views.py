"""What may be looked at: positions, messages, orders; nothing for those without the scope."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crossdock.contracts.catalogue import IDENTITY_LINKED, ITEM_CHANGED
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


def test_a_master_record_says_which_message_set_each_field() -> None:
    """By its id or another name of it; what is not there and what could not be there are 404."""

    async def scenario() -> None:
        store = MemoryStore()
        item = {"item": "bolt", "description": "Hex bolt", "weight_grams": 12}
        link = {"change_id": "1", "entity": "item", "system": "crossdock", "external": "new"}
        said = [
            message("m-1", source="erp", kind=ITEM_CHANGED, data=item),
            message("m-2", source="erp", kind=IDENTITY_LINKED, data={**link, "canonical": "bolt"}),
        ]
        taken = [admit(raw(one), Caller("erp"), POLICY, NOW) for one in said]
        receipts = await store.append(taken)
        decider = Decider("w", range(POLICY.partitions), store, POLICY, TestClock())
        while await decider.turn():
            pass
        async with a_house(views=view_routes(store)) as house:
            for name in ("bolt", "new"):
                status, view = await house.get(f"/v1/masters/item/{name}", KEYS["viewer"])
                assert (status, view["id"]) == (200, "bolt")
                fields = {one["field"]: one for one in view["fields"]}
                assert fields["weight_grams"]["value"] == 12
                place = f"{receipts[0].partition}:{receipts[0].position}"
                assert fields["weight_grams"]["set_by"]["place"] == place
                assert fields["zone"]["value"] is None
            for path in ("item/nut", "order/bolt", "item/%20"):
                status, _ = await house.get(f"/v1/masters/{path}", KEYS["viewer"])
                assert status == 404

    run(scenario())
