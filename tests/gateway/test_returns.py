"""Returns by HTTP while the caller waits: answers, refusals, who may ask, and two at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.contracts.words import Noun
from crossdock.gateway.calls import GroupCalls
from crossdock.gateway.receiving import Room
from crossdock.gateway.returns import return_routes
from crossdock.log.records import Wanted
from crossdock.runtime.desk import Desk
from crossdock.sagas.returning import GRANTS
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub
from tests.gateway.house import KEYS, House, TestClock, TestIds, TestRandomness, a_house
from tests.gateway.test_reservations import OPEN
from tests.helpers.aio import run

PATH = "/v1/returns"


def story() -> list[tuple[str, Noun]]:
    """Four bolts were sold and have left."""
    line = OrderLine(line="1", item="bolt", quantity=4)
    left = ShipmentLine(line="1", item="bolt", quantity=4)
    return [
        (
            catalogue.ORDER_PLACED,
            Order(order_id="O1", channel="web", customer="C", currency="EUR", lines=(line,)),
        ),
        (
            catalogue.SHIPMENT_SHIPPED,
            Shipment(shipment_id="S1", order_id="O1", site="EAST", lines=(left,)),
        ),
    ]


@asynccontextmanager
async def a_desk(desks: int = 1) -> AsyncIterator[tuple[House, SmallHub]]:
    """A house that knows the order, and its desks."""
    hub = SmallHub(OPEN)
    hub.tell(*(noun_message(kind, noun, f"m-{n}") for n, (kind, noun) in enumerate(story())))
    clock = TestClock()
    made = [
        Desk(f"desk-{number}", hub.store, OPEN, clock, TestRandomness()) for number in range(desks)
    ]
    async with GroupCalls(made) as calls:
        routes = return_routes(calls, hub.store, OPEN, clock, TestIds(), Room())
        async with a_house(views=routes) as house:
            yield house, hub


def wish(number: str = "R1", quantity: int = 3, **more: Any) -> dict[str, Any]:
    """A return as a portal asks for it."""
    line = {"line": "1", "item": "bolt", "quantity": quantity}
    return {"return_id": number, "order_id": "O1", "lines": [line], **more}


async def asked(
    house: House, body: dict[str, Any], path: str = PATH, key: str = KEYS["shop"]
) -> tuple[int, Any]:
    """Call as JSON, as the shop unless somebody else is named."""
    return await house.post(body, path=path, kind="application/json", key=key)


def test_a_return_is_authorised_while_the_caller_waits() -> None:
    """The order learns of it by a message of the hub; what may still come back is less by it."""

    async def scenario() -> None:
        async with a_desk() as (house, hub):
            assert await asked(house, wish(), f"{PATH}/validate") == (
                200,
                {
                    "return_id": "R1",
                    "order_id": "O1",
                    "authorised": True,
                    "returnable": [{"line": "1", "item": "bolt", "quantity": 4}],
                },
            )
            status, answer = await asked(house, wish())
            assert (status, answer["authorised"]) == (200, True)
            assert await asked(house, wish()) == (status, answer)
            status, problem = await asked(house, wish("R2", 2))
            assert (status, problem["return_refusal"]) == (409, "more_than_returnable")
            assert problem["return_answer"]["returnable"][0]["quantity"] == 1
            hub.tell()
            mark = hub.order("O1").returns["R1"]
            assert (mark.granted, mark.authorised, list(hub.order("O1").returns)) == (
                True,
                True,
                ["R1"],
            )

    run(scenario())


def test_a_question_leaves_nothing_behind() -> None:
    """Neither on the log nor in the documents of returns."""

    async def scenario() -> None:
        async with a_desk() as (house, hub):
            before = await hub.store.position()
            assert (await asked(house, wish(), f"{PATH}/validate"))[0] == 200
            status, problem = await asked(house, wish("R9", 9), f"{PATH}/validate")
            assert (status, problem["return_refusal"]) == (409, "more_than_returnable")
            assert await hub.store.position() == before
            loaded = await hub.store.load(Wanted(documents={(GRANTS, "O1")}))
            assert loaded.documents == {}

    run(scenario())


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (wish("R1", 2), "same_id_other_content"),
        (wish("R2", order_id="O9"), "unknown_order"),
        (wish("R3", lines=[{"line": "7", "item": "bolt", "quantity": 1}]), "unknown_line"),
        (wish("R4", lines=[{"line": "1", "item": "nut", "quantity": 1}]), "other_item"),
    ],
)
def test_refusals_have_their_names(body: dict[str, Any], refusal: str) -> None:
    """Each as the rules say it, with the place of the decision on the log."""

    async def scenario() -> None:
        async with a_desk() as (house, _):
            await asked(house, wish())
            status, problem = await asked(house, body)
            assert (status, problem["return_refusal"]) == (409, refusal)
            assert problem["position"] == "1024:2"

    run(scenario())


def test_who_does_not_speak_for_the_channel_sees_no_order() -> None:
    """And whom the matrix gives no returns at all is refused at the door."""

    async def scenario() -> None:
        async with a_desk() as (house, _):
            status, problem = await asked(house, wish(), key=KEYS["erp"])
            assert (status, problem["code"]) == (403, "not-yours")
            assert (await asked(house, wish(), key=KEYS["crm"]))[0] == 200

    run(scenario())


def test_two_desks_never_grant_the_same_unit() -> None:
    """Of many who ask at once for three of four bolts, one is told yes."""

    async def scenario() -> None:
        async with a_desk(desks=2) as (house, hub):
            answers = await asyncio.gather(
                *(asked(house, wish(f"R{number}")) for number in range(6))
            )
            assert sorted(status for status, _ in answers) == [200, 409, 409, 409, 409, 409]
            loaded = await hub.store.load(Wanted(documents={(GRANTS, "O1")}))
            body = msgspec.json.decode(loaded.documents[GRANTS, "O1"].body)
            assert len(body["granted"]) == 1

    run(scenario())
