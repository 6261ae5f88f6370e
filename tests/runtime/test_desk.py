"""A desk decides calls and answers after the commit; whatever breaks, each is decided once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from random import Random

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.reservations import (
    ReservationAnswer,
    ReservationCommitment,
    ReservationLine,
    ReservationRelease,
    ReservationRequest,
)
from crossdock.contracts.vocabulary import Refusal, ReservationAnswerKind
from crossdock.contracts.words import Noun
from crossdock.gateway.calls import Answered, GroupCalls, Told
from crossdock.gateway.errors import IdConflict, NoDesk, NotDecidedYet, Overloaded, ShuttingDown
from crossdock.kernel.errors import CrossdockError
from crossdock.kernel.limits import CALL_BATCH_MAX
from crossdock.log.errors import (
    CommitUnknown,
    StockMoved,
    StoreFault,
    StoreRefused,
    StoreUnavailable,
)
from crossdock.log.keys import DESK_FIRST, DESKS_MAX
from crossdock.log.records import NewMessage
from crossdock.log.views import ABSORBED
from crossdock.runtime.desk import Desk
from crossdock.storage.memory.data import Data, Promise
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import small_policy
from tests.helpers.aio import run

ITEM = "bolt"


class Clock:
    """Stands still."""

    def now(self) -> datetime:
        return at(0)

    def monotonic(self) -> float:
        return 0.0


class Chance:
    """A seeded one."""

    def __init__(self, seed: int = 1) -> None:
        self._random = Random(seed)

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def token_bytes(self, size_bytes: int) -> bytes:
        return self._random.randbytes(size_bytes)


async def at_once(_: float) -> None:
    """Do not wait, let others go on."""
    await asyncio.sleep(0)


def a_desk(store: MemoryStore, name: str = "desk") -> Desk:
    """A desk that never waits."""
    return Desk(name, store, small_policy(), Clock(), Chance(), sleep=at_once)


def call(kind: str, noun: Noun, name: str = "") -> NewMessage:
    """A call whose id follows from what it says."""
    name = name or f"{kind}/{msgspec.json.encode(noun).hex()}"
    return noun_message(kind, noun, name, source="shop")


def reserve(number: str, quantity: int = 1) -> NewMessage:
    """A call for so many bolts."""
    line = ReservationLine(line="1", item=ITEM, quantity=quantity)
    noun = ReservationRequest(reservation_id=number, channel="web", lines=(line,))
    return call(catalogue.RESERVATION_REQUESTED, noun)


def commit(number: str) -> NewMessage:
    """A call to sell them."""
    return call(catalogue.RESERVATION_COMMITTED, ReservationCommitment(reservation_id=number))


def release(number: str) -> NewMessage:
    """A call to give them back."""
    return call(catalogue.RESERVATION_RELEASED, ReservationRelease(reservation_id=number))


def shelf(data: Data, quantity: int) -> None:
    """Put bolts on the shelf that everything is sold from."""
    data.promises[ITEM] = {"EAST": Promise(sellable=quantity)}


def said(answer: Answered) -> ReservationAnswer:
    """What the caller is told."""
    assert isinstance(answer, Told), answer
    return msgspec.json.decode(answer.outcome.answer, type=ReservationAnswer)


def reserved(data: Data) -> int:
    """Base units that are promised."""
    return sum(row.reserved for row in data.promises[ITEM].values())


def test_a_call_is_on_the_log_and_decided_when_it_is_answered() -> None:
    """Its place is on the desk's partition; the next call stands behind it."""

    async def scenario() -> None:
        data = Data()
        shelf(data, 5)
        desk = a_desk(MemoryStore(data=data))
        [first] = await desk.answer([reserve("R1", 3)])
        [second] = await desk.answer([commit("R1")])
        assert said(first).answer is ReservationAnswerKind.GRANTED
        assert isinstance(second, Told)
        assert (second.partition, second.position) == (DESK_FIRST, 2)
        assert await MemoryStore(data=data).position() == {DESK_FIRST: (2, 2)}
        assert reserved(data) == 3

    run(scenario())


def test_a_repeated_call_is_told_the_same_and_changes_nothing() -> None:
    """By whichever desk it comes, and however the stock stands by then."""

    async def scenario() -> None:
        data = Data()
        shelf(data, 5)
        store = MemoryStore(data=data)
        [first] = await a_desk(store, "one").answer([reserve("R1", 3)])
        await a_desk(store, "one").answer([release("R1")])
        [again] = await a_desk(store, "two").answer([reserve("R1", 3)])
        assert again == first
        assert reserved(data) == 0
        assert (await store.fates())[ABSORBED] == 1

    run(scenario())


def test_other_content_under_a_number_is_refused_and_kept() -> None:
    """The refusal is a decision: it stands on the log with the place of what it contradicts."""

    async def scenario() -> None:
        data = Data()
        shelf(data, 5)
        desk = a_desk(MemoryStore(data=data))
        await desk.answer([reserve("R1", 3)])
        for _ in range(2):
            [other] = await desk.answer([reserve("R1", 4)])
            assert said(other).refusal is Refusal.SAME_ID_OTHER_CONTENT
            assert isinstance(other, Told)
            [kept] = await MemoryStore(data=data).messages([(other.partition, other.position)])
            assert kept.rival == f"{DESK_FIRST}:1"
        assert (await MemoryStore(data=data).position())[DESK_FIRST] == (2, 2)

    run(scenario())


def test_a_desk_takes_no_id_for_another_message() -> None:
    """What one source said under one id before stands."""

    async def scenario() -> None:
        store = MemoryStore()
        line = ReservationLine(line="1", item=ITEM, quantity=1)
        one, two = (
            call(
                catalogue.RESERVATION_REQUESTED,
                ReservationRequest(reservation_id=number, channel="web", lines=(line,)),
                "the-id",
            )
            for number in ("R1", "R2")
        )
        await a_desk(store).answer([one])
        [answer] = await a_desk(store).answer([two])
        assert isinstance(answer, IdConflict)

    run(scenario())


def test_what_came_by_the_door_is_waited_for() -> None:
    """It is on the log and nobody has decided it: the caller shall ask again."""

    async def scenario() -> None:
        store = MemoryStore()
        asked = reserve("R1")
        await store.append([asked])
        [answer] = await a_desk(store).answer([asked])
        assert isinstance(answer, NotDecidedYet)

    run(scenario())


def test_calls_that_are_new_and_calls_that_are_not_come_together() -> None:
    """Each is told its own."""

    async def scenario() -> None:
        data = Data()
        shelf(data, 3)
        desk = a_desk(MemoryStore(data=data))
        [first] = await desk.answer([reserve("R1", 2)])
        answers = await desk.answer([reserve("R2", 2), reserve("R1", 2), reserve("R3", 1)])
        assert answers[1] == first
        kinds = [said(answer).answer.value for answer in answers]
        assert kinds == ["refused", "granted", "granted"]
        assert [said(answer).reservation_id for answer in answers] == ["R2", "R1", "R3"]

    run(scenario())


class Losing(MemoryStore):
    """A store that loses its connection now and then, before or after the commit."""

    def __init__(self, data: Data, seed: int) -> None:
        super().__init__(self._break, data)
        self._chance = Random(seed)

    async def _break(self, point: str) -> None:
        await asyncio.sleep(0)
        if self._chance.random() < 0.1:
            raise CommitUnknown if point.endswith("after-commit") else StoreUnavailable


@pytest.mark.parametrize("seed", range(20))
def test_whatever_breaks_each_reservation_is_resolved_once(seed: int) -> None:
    """Two desks that lose every tenth answer, callers that ask again: the sums are right."""

    async def scenario() -> None:
        data = Data()
        shelf(data, 40)
        desks = [
            Desk(
                f"d{n}",
                Losing(data, seed * 2 + n),
                small_policy(),
                Clock(),
                Chance(),
                sleep=at_once,
            )
            for n in range(2)
        ]
        kept = 0
        async with GroupCalls(desks) as calls:

            async def told(make: Callable[[], NewMessage]) -> ReservationAnswer:
                while True:
                    answer = await calls.ask(make())
                    if isinstance(answer, Told):
                        return said(answer)

            async def customer(number: int) -> None:
                nonlocal kept
                name = f"R{number}"
                answer = await told(lambda: reserve(name, 3))
                if answer.answer is ReservationAnswerKind.REFUSED:
                    return
                done = await told(lambda: (commit if number % 2 else release)(name))
                assert done.answer is ReservationAnswerKind.GRANTED
                kept += 3 * (number % 2)

            await asyncio.gather(*(customer(number) for number in range(30)))
        assert reserved(data) == kept <= 40
        store = MemoryStore(data=data)
        for number, (head, decided) in (await store.position()).items():
            assert head == decided
            assert len(await store.outcomes(number, 0, 1000)) == head

    run(scenario())


async def nothing() -> None:
    """Do nothing."""


class Moving(MemoryStore):
    """A store whose stock moves under the first so many batches."""

    def __init__(self, data: Data, times: int, error: CrossdockError) -> None:
        super().__init__(data=data)
        self.times = times
        self.error = error

    async def commit_calls(self, calls, repeats, decided, now) -> None:  # type: ignore[no-untyped-def]
        if self.times > 0:
            self.times -= 1
            raise self.error
        await super().commit_calls(calls, repeats, decided, now)


def test_stock_that_moves_is_decided_again() -> None:
    """On what stands by then; who finds no quiet moment is told to come again."""

    async def scenario() -> None:
        data = Data()
        shelf(data, 3)
        [answer] = await a_desk(Moving(data, 3, StockMoved())).answer([reserve("R1")])
        assert said(answer).answer is ReservationAnswerKind.GRANTED
        [answer] = await a_desk(Moving(data, 10_000, StockMoved())).answer([reserve("R2")])
        assert isinstance(answer, StockMoved)
        assert reserved(data) == 1

    run(scenario())


class Picky(MemoryStore):
    """A store that refuses every batch with one call in it."""

    def __init__(self, data: Data, bad: str) -> None:
        super().__init__(data=data)
        self.bad = bad

    async def commit_calls(self, calls, repeats, decided, now) -> None:  # type: ignore[no-untyped-def]
        if any(message.key == self.bad for message, _ in calls):
            raise StoreRefused
        await super().commit_calls(calls, repeats, decided, now)


def test_one_call_that_cannot_be_kept_stops_no_other() -> None:
    """It is told why, and the others are decided without it."""

    async def scenario() -> None:
        data = Data()
        shelf(data, 99)
        answers = await a_desk(Picky(data, "R5")).answer([reserve(f"R{n}") for n in range(9)])
        assert [type(answer) for answer in answers] == [
            StoreRefused if n == 5 else Told for n in range(9)
        ]
        assert reserved(data) == 8

    run(scenario())


def test_without_a_free_desk_callers_are_told_to_come_again() -> None:
    """A hub has so many; when all are taken, nothing is decided."""

    async def scenario() -> None:
        store = MemoryStore()
        for number in range(DESKS_MAX):
            await store.open_desk(f"other-{number}", at(0), at(60))
        [answer] = await a_desk(store).answer([reserve("R1")])
        assert isinstance(answer, NoDesk)

    run(scenario())


class Watching:
    """A desk that notes its batches and takes its time."""

    def __init__(self, answered: Callable[[], Awaitable[None]] = nothing) -> None:
        self.batches: list[list[str]] = []
        self.answered = answered

    async def answer(self, calls: Sequence[NewMessage]) -> list[Answered]:
        self.batches.append([one.key for one in calls])
        await self.answered()
        return [StoreFault(where=one.id) for one in calls]

    async def close(self) -> None:
        """Nothing is held."""


def test_calls_gather_while_the_desk_is_busy() -> None:
    """The first goes alone, the rest together; nobody waits for a timer."""

    async def scenario() -> None:
        gate = asyncio.Event()

        async def wait() -> None:
            await gate.wait()

        desk = Watching(wait)
        async with GroupCalls([desk]) as calls:
            asked = [calls.ask(reserve("R0"))]
            await asyncio.sleep(0)
            asked += [calls.ask(reserve(f"R{n}")) for n in range(1, CALL_BATCH_MAX + 2)]
            gate.set()
            await asyncio.gather(*asked)
        assert [len(batch) for batch in desk.batches] == [1, CALL_BATCH_MAX, 1]

    run(scenario())


def test_calls_about_one_thing_are_answered_one_after_the_other() -> None:
    """Never in one batch, never at two desks at once; others overtake them."""

    async def scenario() -> None:
        busy: Counter[str] = Counter()

        class Strict(Watching):
            async def answer(self, calls: Sequence[NewMessage]) -> list[Answered]:
                busy.update(one.key for one in calls)
                assert max(busy.values()) == 1
                await asyncio.sleep(0)
                busy.subtract(one.key for one in calls)
                return await super().answer(calls)

        desks = [Strict(), Strict()]
        async with GroupCalls(desks) as calls:
            names = [f"R{n % 3}" for n in range(30)]
            await asyncio.gather(*(calls.ask(reserve(name)) for name in names))
        seen = Counter(name for desk in desks for batch in desk.batches for name in batch)
        assert seen == Counter(names)

    run(scenario())


def test_too_many_callers_are_told_at_once() -> None:
    """And so is who comes when the doors close; who was in line is still answered."""

    async def scenario() -> None:
        calls = GroupCalls([Watching()], waiting_max=2)
        async with calls:
            asked = [calls.ask(reserve(f"R{n}")) for n in range(2)]
            with pytest.raises(Overloaded):
                calls.ask(reserve("R2"))
        assert all(one.done() for one in asked)
        with pytest.raises(ShuttingDown):
            calls.ask(reserve("R3"))

    run(scenario())


def test_a_desk_that_breaks_goes_on() -> None:
    """Its callers are told that something broke, the next ones are served."""

    async def scenario() -> None:
        class Broken(Watching):
            async def answer(self, calls: Sequence[NewMessage]) -> list[Answered]:
                if not self.batches:
                    self.batches.append([])
                    raise ZeroDivisionError
                return await super().answer(calls)

        async with GroupCalls([Broken()]) as calls:
            assert isinstance(await calls.ask(reserve("R1")), StoreFault)
            answer = await calls.ask(reserve("R2"))
            assert isinstance(answer, StoreFault)
            assert answer.where

    run(scenario())
