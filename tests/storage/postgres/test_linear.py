"""The answers of concurrent callers are those that one counter would give, asked in some order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from random import Random

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.reservations import (
    ReservationAnswer,
    ReservationLine,
    ReservationRelease,
    ReservationRequest,
)
from crossdock.contracts.vocabulary import ReservationAnswerKind
from crossdock.contracts.words import Noun
from crossdock.gateway.calls import GroupCalls, Told
from crossdock.runtime.clocks import SystemClock, SystemRandomness
from crossdock.runtime.desk import Desk
from crossdock.storage.postgres.pool import PoolOptions
from crossdock.storage.postgres.store import PostgresStore
from crossdock.testing.builders import T0, noun_message
from crossdock.testing.hub import small_policy
from tests.conftest import PostgresServer
from tests.helpers.aio import run
from tests.storage.postgres.linear import Op, order_of

FREE = 5
CUSTOMERS = 8
CARTS = 15


def taken(asked: float, answered: float, units: int, *, granted: bool = True) -> Op:
    """A call that takes units."""
    return Op(asked, answered, units, granted)


def test_an_order_is_found_where_there_is_one() -> None:
    """A refusal may be explained by a call that was answered later, if both were under way."""
    assert order_of([], 3) == []
    late = [taken(0, 9, 2), taken(1, 2, 2, granted=False), taken(3, 4, 1)]
    assert order_of(late, 3) is not None
    back = [taken(0, 1, 3), taken(2, 3, -3), taken(4, 5, 3)]
    assert order_of(back, 3) == back


@pytest.mark.parametrize(
    "history",
    [
        [taken(0, 1, 2), taken(2, 3, 2)],  # sold twice
        [taken(0, 9, 2), taken(1, 9, 2)],  # also while both were under way
        [taken(0, 1, 2, granted=False)],  # refused although it was there
        [taken(0, 1, 3), taken(2, 3, -3), taken(4, 5, 1, granted=False)],  # and was there again
        [taken(0, 1, 3, granted=False), taken(2, 3, 2)],
    ],
)
def test_no_order_is_found_where_there_is_none(history: list[Op]) -> None:
    """Units sold twice, and refusals that nothing explains."""
    assert order_of(history, 3) is None


@pytest.fixture
def dsn(postgres_server: PostgresServer) -> Iterator[str]:
    """A database of its own."""
    name = postgres_server.create()
    yield postgres_server.dsn_of(name)
    postgres_server.drop(name)


async def customers(dsn: str, seed: int) -> list[Op]:
    """Let customers reserve and release units of one item at two desks; gives what was said."""
    store = await PostgresStore.open(
        dsn,
        partitions=1,
        now=T0,
        options=PoolOptions(connections_max=6),
        allow_unsafe=True,
    )
    connection = await store.pool.connection()
    await connection.execute(
        "INSERT INTO promise (item, site, sellable) VALUES ('i', 'EAST', $1)", FREE
    )
    await store.pool.release(connection)
    history: list[Op] = []
    desks = [
        Desk(f"d{n}", store, small_policy(), SystemClock(), SystemRandomness()) for n in range(2)
    ]

    async def ask(calls: GroupCalls, kind: str, number: str, noun: Noun, takes: int) -> bool:
        name = f"{kind}/{number}"
        asked = time.perf_counter()
        told = await calls.ask(noun_message(kind, noun, name, source="shop"))
        answered = time.perf_counter()
        assert isinstance(told, Told), told
        answer = msgspec.json.decode(told.outcome.answer, type=ReservationAnswer)
        granted = answer.answer is ReservationAnswerKind.GRANTED
        history.append(Op(asked, answered, takes, granted))
        return granted

    async def customer(calls: GroupCalls, number: int) -> None:
        chance = Random(f"{seed}/{number}")
        for cart in range(CARTS):
            name = f"r{number}-{cart}"
            units = chance.randint(1, 3)
            line = ReservationLine(line="1", item="i", quantity=units)
            wish = ReservationRequest(reservation_id=name, channel="web", lines=(line,), hard=True)
            if await ask(calls, catalogue.RESERVATION_REQUESTED, name, wish, units):
                back = ReservationRelease(reservation_id=name)
                assert await ask(calls, catalogue.RESERVATION_RELEASED, name, back, -units)

    async with GroupCalls(desks) as calls:
        await asyncio.gather(*(customer(calls, number) for number in range(CUSTOMERS)))
    await store.close()
    return history


@pytest.mark.postgres
@pytest.mark.parametrize("seed", range(3))
def test_the_answers_of_two_desks_are_linearizable(dsn: str, seed: int) -> None:
    """Grants and refusals together, by the times at which callers asked and were answered."""
    history = run(customers(dsn, seed))
    assert len(history) > CUSTOMERS * CARTS
    assert {op.granted for op in history} == {True, False}
    assert order_of(history, FREE) is not None
