"""Stock promised while the caller waits, by HTTP: answers, refusals, who may ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from crossdock.gateway.availability import availability_routes
from crossdock.gateway.calls import Answered, GroupCalls
from crossdock.gateway.calls import Desk as AnyDesk
from crossdock.gateway.receiving import Room
from crossdock.gateway.reservations import reservation_routes
from crossdock.inventory.inbound import Inbound, OpenLine
from crossdock.log.errors import StoreUnavailable
from crossdock.log.records import Document, NewMessage, Waiting
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix
from crossdock.runtime.desk import Desk
from crossdock.runtime.hub import ChannelView
from crossdock.sagas.policy import ChannelPolicy, Policy
from crossdock.storage.memory.data import Promise
from crossdock.storage.memory.store import MemoryStore
from tests.gateway.house import (
    KEYS,
    NOW,
    POLICY,
    House,
    TestClock,
    TestIds,
    TestRandomness,
    a_house,
)
from tests.helpers.aio import run

OPEN = replace(
    POLICY,
    known_items_only=False,
    matrix=Matrix(
        DEFAULT_RULES,
        sites={"EAST": {"wms": "wms_east"}, "WEST": {"wms": "wms_west"}},
        channels={"web": {"system": "shop"}, "phone": {"system": "crm"}},
    ),
)
PATH = "/v1/reservations"


@asynccontextmanager
async def a_shop(
    desk: AnyDesk | None = None, store: MemoryStore | None = None, policy: Policy = OPEN
) -> AsyncIterator[House]:
    """A house that promises stock; there are ten of item A in the east."""
    store = store or MemoryStore()
    store.data.promises["A"] = {"EAST": Promise(sellable=10)}
    clock = TestClock()
    desk = desk or Desk("desk", store, policy, clock, TestRandomness())
    async with GroupCalls([desk]) as calls:
        views = {"web": ChannelView("web", ("EAST",), 1, ("erp",))}
        routes = (
            *reservation_routes(calls, store, policy, clock, TestIds(), Room()),
            *availability_routes(store, views, policy, clock, Room()),
        )
        async with a_house(views=routes) as house:
            yield house


def wish(number: str = "R-1", quantity: int = 3, **more: Any) -> dict[str, Any]:
    """A reservation as a shop asks for it."""
    line = {"line": "1", "item": "A", "quantity": quantity}
    return {"reservation_id": number, "channel": "web", "lines": [line], **more}


async def asked(house: House, body: Any, path: str = PATH, **more: Any) -> tuple[int, Any]:
    """Call as JSON."""
    return await house.post(body, path=path, kind="application/json", **more)


def test_units_are_reserved_and_sold_while_the_caller_waits() -> None:
    """The answers say what is held where, as of when, under which version, and whose word it is."""

    async def scenario() -> None:
        async with a_shop() as house:
            status, answer = await asked(house, wish())
            assert (status, answer["answer"], answer["state"]) == (200, "granted", "open")
            assert answer["lines"][0]["sites"] == [{"site": "EAST", "quantity": 3}]
            assert {"as_of", "version", "authority"} <= answer.keys()
            status, answer = await asked(house, b"", f"{PATH}/R-1/commit")
            assert (status, answer.get("state")) == (200, "committed"), answer
            status, view = await house.get(f"{PATH}/R-1", KEYS["shop"])
            assert (status, view["revision"]) == (200, 2)
            assert view["reservation"]["state"] == "committed"

    run(scenario())


def test_a_part_is_sold_and_the_rest_is_free() -> None:
    """The body may name the reservation, or leave that to the path."""

    async def scenario() -> None:
        async with a_shop() as house:
            for number, named in (("R-1", {"reservation_id": "R-1"}), ("R-2", {})):
                await asked(house, wish(number, 4))
                part = {**named, "lines": [{"line": "1", "quantity": 1}], "order_id": "SO-1"}
                status, answer = await asked(house, part, f"{PATH}/{number}/commit")
                assert (status, answer["lines"][0]["reserved"]) == (200, 1)
            assert (await asked(house, wish("R-3", 8)))[0] == 200

    run(scenario())


def test_a_call_that_comes_again_is_answered_the_same_again() -> None:
    """However its white space and fields are ordered, and whatever happened since."""

    async def scenario() -> None:
        async with a_shop() as house:
            first = await asked(house, wish())
            await asked(house, b"{}", f"{PATH}/R-1/release")
            again = dict(reversed(list(wish().items())))
            assert await asked(house, again) == first
            released = await asked(house, b" {} ", f"{PATH}/R-1/release")
            assert released[1]["state"] == "released"

    run(scenario())


def test_a_refusal_is_a_problem_with_the_whole_answer() -> None:
    """Code, refusal, what it is about, and what there is, line by line."""

    async def scenario() -> None:
        async with a_shop() as house:
            status, problem = await asked(house, wish(quantity=11))
            assert status == 409
            assert house.headers["content-type"] == "application/problem+json"
            assert (problem["code"], problem["refusal"]) == ("refused", "not_enough_available")
            assert problem["answer"]["lines"][0]["available"] == 10
            assert problem["correlation_id"]
            assert problem["position"] == "1024:1"

    run(scenario())


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        (PATH, wish(quantity=4), "same_id_other_content"),
        (f"{PATH}/R-1/commit", {"lines": [{"line": "1", "quantity": 9}]}, "exceeds_reserved"),
        (f"{PATH}/R-9/commit", {}, "unknown_reservation"),
        (f"{PATH}/R-9/release", {}, "unknown_reservation"),
        (PATH, wish("R-2", channel="moon"), None),
        (PATH, wish("R-2", 0), "quantity_not_positive"),
        (PATH, wish("R-2", expires_in_seconds=0), "already_expired"),
    ],
)
def test_refusals_have_their_names(path: str, body: Any, refusal: str | None) -> None:
    """Each as the decider says it; a channel that the caller does not own is not asked about."""

    async def scenario() -> None:
        async with a_shop() as house:
            await asked(house, wish())
            status, problem = await asked(house, body, path)
            if refusal is None:
                assert (status, problem["code"], problem["where"]) == (
                    403,
                    "not-yours",
                    "$.channel",
                )
            else:
                assert (status, problem["refusal"]) == (409, refusal)

    run(scenario())


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "where"),
    [
        (PATH, b"", 400, "not-json", ""),
        (PATH, b"[", 400, "not-json", ""),
        (PATH, {"channel": "web"}, 422, "missing-field", "$.reservation_id"),
        (PATH, wish(colour="red"), 422, "unknown-field", "$.colour"),
        (PATH, wish(" R1"), 422, None, None),
        (PATH, wish("R-1", 10**13), 422, "wrong-shape", "$.lines[0].quantity"),
        (f"{PATH}/R-1/commit", {"reservation_id": "R-2"}, 422, "wrong-shape", "$.reservation_id"),
        (f"{PATH}/R-1/commit", [], 422, "wrong-shape", "$"),
        (f"{PATH}/R-1/commit", b'{"attempt":1,"attempt":2}', 400, "duplicate-key", None),
        (f"{PATH}/%0a/commit", {}, 404, "not-found", ""),
        (f"{PATH}/R-1/keep", {}, 405, "wrong-method", ""),
    ],
)
def test_what_is_no_call_is_refused_at_the_door(
    path: str, body: Any, status: int, code: str | None, where: str | None
) -> None:
    """As messages are: strictly, with the place of what is wrong; nothing of it is kept."""

    async def scenario() -> None:
        store = MemoryStore()
        async with a_shop(store=store) as house:
            found, problem = await asked(house, body, path)
            assert found == status, problem
            assert code in (None, problem["code"])
            assert where in (None, problem.get("where", ""))
            assert await store.position() == {}

    run(scenario())


def test_only_keys_with_the_scope_may_call() -> None:
    """And of those only who speaks for the channel; others see no reservation of it."""

    async def scenario() -> None:
        async with a_shop() as house:
            await asked(house, wish())
            for key in ("erp", "viewer"):
                status, problem = await asked(house, wish("R-2"), key=KEYS[key])
                assert (status, problem["code"]) == (403, "missing-scope")
            assert (await asked(house, wish("R-2"), key="wrong"))[0] == 401
            status, problem = await asked(house, wish("R-2"), key=KEYS["crm"])
            assert (status, problem["code"]) == (403, "not-yours")
            assert (await house.get(f"{PATH}/R-1", KEYS["crm"]))[0] == 404
            for end in ("commit", "release"):
                status, problem = await asked(house, {}, f"{PATH}/R-1/{end}", key=KEYS["crm"])
                assert (status, problem["refusal"]) == (409, "unknown_reservation")
            assert (await asked(house, {}, f"{PATH}/R-1/commit"))[0] == 200
            assert (await house.get(f"{PATH}/R-1", KEYS["viewer"]))[0] == 403

    run(scenario())


class Away:
    """A desk whose store is away."""

    async def answer(self, calls: Sequence[NewMessage]) -> list[Answered]:
        return [StoreUnavailable(found="10.0.0.1") for _ in calls]

    async def close(self) -> None:
        """Nothing is held."""


def test_a_store_that_is_away_is_told_without_its_insides() -> None:
    """503, and when to come again."""

    async def scenario() -> None:
        async with a_shop(Away()) as house:
            status, problem = await asked(house, wish())
            assert (status, problem["code"]) == (503, "store-unavailable")
            assert house.headers["retry-after"] == "1"
            assert "10.0.0.1" not in str(problem)

    run(scenario())


def test_a_shop_asks_what_it_may_promise() -> None:
    """One row per item, under the version that an answer of a reservation has; nothing is kept."""

    async def scenario() -> None:
        store = MemoryStore()
        async with a_shop(store=store) as house:
            _, reserved = await asked(house, wish())
            before = await store.position()
            query = {"channel": "web", "items": ["B", "A", "A"], "by_site": True}
            status, answer = await asked(house, query, "/v1/availability")
            assert (status, answer["authority"], answer["channel"]) == (200, "hub", "web")
            rows = {row["item"]: row for row in answer["items"]}
            assert (rows["A"]["quantity"], rows["B"]["quantity"]) == (6, 0)
            assert rows["A"]["version"] >= reserved["version"]
            [site] = rows["A"]["sites"]
            assert (site["site"], site["sellable"], site["reserved"]) == ("EAST", 10, 3)
            assert await store.position() == before

    run(scenario())


def test_a_shop_asks_what_comes_later() -> None:
    """What is expected within the channel's days, less those who wait and what it keeps back."""

    async def scenario() -> None:
        store = MemoryStore()
        coming = [
            OpenLine("EAST", 4, NOW + timedelta(days=1), "PO-1", "1"),
            OpenLine("WEST", 9, NOW + timedelta(days=1), "PO-1", "2"),
            OpenLine("EAST", 5, NOW + timedelta(days=3), "PO-2", "1"),
            OpenLine("EAST", 7, NOW + timedelta(days=9), "PO-3", "1"),
        ]
        body = msgspec.Raw(msgspec.json.encode(Inbound(coming)))
        store.data.documents["inbound", "B"] = Document("inbound", "B", 1, None, body)
        store.data.promises["B"] = {"EAST": Promise()}
        row = Waiting("B", "SO-1", "1", 2, 0, NOW, ("EAST",))
        store.data.waiting["B"] = {("SO-1", "1"): row}
        channel = ChannelPolicy("web", "shop", ("EAST",), keep_back=1, sells_ahead_days=5)
        async with a_shop(store=store, policy=replace(OPEN, channels={"web": channel})) as house:
            query = {"channel": "web", "items": ["A", "B"], "later": True}
            _, answer = await asked(house, query, "/v1/availability")
            assert [(one["site"], one["quantity"]) for one in answer["later"]["B"]] == [
                ("EAST", 1),
                ("EAST", 5),
            ]
            assert list(answer["later"]) == ["B"]
            _, answer = await asked(house, query | {"later": False}, "/v1/availability")
            assert "later" not in answer

    run(scenario())


def test_only_who_sells_there_or_is_told_may_ask() -> None:
    """A channel that is another's and one that nobody has are refused alike."""

    async def scenario() -> None:
        async with a_shop() as house:
            for channel in ("phone", "moon"):
                query = {"channel": channel, "items": ["A"]}
                status, problem = await asked(house, query, "/v1/availability")
                assert (status, problem["code"], problem["where"]) == (
                    403,
                    "not-yours",
                    "$.channel",
                )
            one: Any = {"channel": "web", "items": ["A"]}
            assert (await asked(house, one, "/v1/availability", key=KEYS["crm"]))[0] == 403
            for items in ([], ["A"] * 1001, [7]):
                one["items"] = items
                assert (await asked(house, one, "/v1/availability"))[0] == 422

    run(scenario())
