"""Whatever the order of their statements, two sessions never promise more than there is.

Every schedule of the hot transactions is forced on a real server (`interleaving.py`): two desks on
one item, a desk and a worker, reserve and release, commit and expiry, one call at two desks, a
change and its publication, a question and either. Held are the statements that touch rows that both
sessions touch; the others read and write rows of their own session (its lease, its messages, its
outcomes) and commute with everything that the other one does.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg
import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.products import Component, Item
from crossdock.contracts.reservations import (
    ReservationAnswer,
    ReservationCommitment,
    ReservationLine,
    ReservationRelease,
    ReservationRequest,
)
from crossdock.contracts.timers import TimerFired
from crossdock.contracts.vocabulary import ItemKind
from crossdock.contracts.words import Noun
from crossdock.gateway.calls import Told
from crossdock.log.ports import ChannelView as AnyChannelView
from crossdock.log.records import Decided, Earlier, NewMessage
from crossdock.runtime.clocks import SystemRandomness
from crossdock.runtime.deciding import Decider
from crossdock.runtime.desk import Desk
from crossdock.runtime.hub import ChannelView
from crossdock.storage.postgres.pool import Pool, PoolOptions, open_pool
from crossdock.storage.postgres.session import Session as StoreSession
from crossdock.storage.postgres.store import PostgresStore
from crossdock.testing.builders import T0, at, noun_message
from crossdock.testing.hub import small_policy
from tests.conftest import PostgresServer
from tests.helpers.aio import run
from tests.storage.postgres.interleaving import Act, Gate, Run, Scheduler, Session

pytestmark = pytest.mark.postgres

ONE = PoolOptions(connections_min=1, connections_max=1)
STOCK = ("load_items", "put_documents", "change_promises", "commit")
DOCUMENTS = ("load_records", "load_items", "put_documents", "change_promises", "commit")
KEYS = ("find_calls", "load_items", "put_calls", "change_promises", "commit")
PUBLISHING = (
    "changed_items", "channel_quantities", "put_availability", "forget_marks",
    "change_promises", "commit",
)  # fmt: skip
ASKING = (
    "load_components", "published_quantities", "channel_quantities", "put_availability",
    "forget_marks", "change_promises", "commit",
)  # fmt: skip


WEB = ChannelView("web", ("EAST",), 0, ("shop",))


class Clock:
    """Stands still, before anything expires."""

    def now(self) -> datetime:
        return at(0)

    def monotonic(self) -> float:
        return 0.0


@dataclass(slots=True)
class House:
    """Two sessions, each with a desk and a worker, and a handle that nobody holds up."""

    gates: list[Gate]
    stores: list[PostgresStore]
    desks: list[Desk]
    workers: list[Decider]
    free: PostgresStore
    monitor: asyncpg.Connection
    scheduler: Scheduler

    async def shelf(self, item: str, sellable: int) -> None:
        """Put units of a new item on the shelf."""
        await self.monitor.execute(
            "INSERT INTO promise (item, site, sellable, version) VALUES ($1, 'EAST', $2, 1)",
            item,
            sellable,
        )

    async def figures(self, item: str) -> tuple[int, int]:
        """Sellable and reserved units."""
        row = await self.monitor.fetchrow(
            "SELECT sum(sellable)::int, sum(reserved)::int FROM promise WHERE item = $1", item
        )
        return row[0], row[1]

    async def held(self, *numbers: str) -> int:
        """The units that these reservations hold, as their documents say."""
        loaded = await self.monitor.fetchval(
            """
            SELECT coalesce(sum(site.value::int), 0)::int
            FROM document d, jsonb_array_elements(convert_from(d.body, 'UTF8')::jsonb -> 'lines') l,
                 jsonb_each_text(l -> 'sites') site
            WHERE d.kind = 'reservation' AND d.id = ANY($1)
            """,
            list(numbers),
        )
        return int(loaded)

    def calls(self, which: int, *calls: NewMessage) -> Act:
        """A desk is asked."""

        async def act() -> object:
            return await self.desks[which].answer(list(calls))

        return act

    async def waits(self, which: int, message: NewMessage) -> Act:
        """A worker finds a message on its partition."""
        await self.free.append([message])
        return self.workers[which].turn


@asynccontextmanager
async def a_house(
    dsn: str, statements: Sequence[str], kind: type[PostgresStore] = PostgresStore
) -> AsyncIterator[House]:
    """Open the sessions of one test."""
    policy = small_policy()
    gates = [Gate(statements), Gate(statements)]
    stores = [kind(await _pool(dsn), gate) for gate in gates]
    free = PostgresStore(await _pool(dsn))
    monitor = await asyncpg.connect(dsn)
    sessions = [Session(gate, await _pid(store)) for gate, store in zip(gates, stores, strict=True)]
    chance = SystemRandomness()

    async def soon(_: float) -> None:
        await asyncio.sleep(0)

    try:
        yield House(
            gates,
            stores,
            [
                Desk(f"desk-{n}", store, policy, Clock(), chance, sleep=soon)
                for n, store in enumerate(stores)
            ],
            [Decider(f"w-{n}", [0], store, policy, Clock()) for n, store in enumerate(stores)],
            free,
            monitor,
            Scheduler(sessions, monitor),
        )
    finally:
        await monitor.close()
        for store in (*stores, free):
            await store.close()


async def _pool(dsn: str) -> Pool:
    return await open_pool(
        dsn, options=ONE, sleep=asyncio.sleep, uniform=lambda low, high: (low + high) / 2
    )


async def _pid(store: PostgresStore) -> int:
    connection = await store.pool.connection()
    pid: int = connection.get_server_pid()
    await store.pool.release(connection)
    return pid


@pytest.fixture
def dsn(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with an up-to-date schema."""
    name = postgres_server.create()

    async def lay_out() -> None:
        store = await PostgresStore.open(
            postgres_server.dsn_of(name), partitions=1, now=T0, options=ONE, allow_unsafe=True
        )
        await store.close()

    run(lay_out())
    yield postgres_server.dsn_of(name)
    postgres_server.drop(name)


def call(kind: str, noun: Noun) -> NewMessage:
    """A call whose id follows from what it says."""
    return noun_message(kind, noun, f"{kind}/{msgspec.json.encode(noun).hex()}", source="shop")


def reserve(number: str, *wanted: tuple[str, int], seconds: int | None = None) -> NewMessage:
    """Set so many units of these items aside."""
    lines = tuple(
        ReservationLine(line=str(n), item=item, quantity=quantity)
        for n, (item, quantity) in enumerate(wanted)
    )
    noun = ReservationRequest(
        reservation_id=number,
        channel="web",
        lines=lines,
        hard=seconds is None,
        expires_in_seconds=seconds,
    )
    return call(catalogue.RESERVATION_REQUESTED, noun)


def commit(number: str) -> NewMessage:
    """Sell them."""
    return call(catalogue.RESERVATION_COMMITTED, ReservationCommitment(reservation_id=number))


def release(number: str) -> NewMessage:
    """Give them back."""
    return call(catalogue.RESERVATION_RELEASED, ReservationRelease(reservation_id=number))


def expiry(number: str) -> NewMessage:
    """The hub's alarm clock says that the reservation's time is over."""
    noun = TimerFired(kind="reservation", id=number, revision=1)
    return noun_message(catalogue.TIMER_FIRED, noun, f"timer/{number}", source="crossdock")


def kinds(result: object) -> list[str]:
    """How calls were answered."""
    assert isinstance(result, list), result
    found = []
    for told in result:
        assert isinstance(told, Told), told
        found.append(msgspec.json.decode(told.outcome.answer, type=ReservationAnswer).answer.value)
    return found


Scene = Callable[[House, int], Awaitable[Sequence[Act]]]
Check = Callable[[House, int, Run], Awaitable[None]]


def every_schedule(
    dsn: str,
    statements: Sequence[str],
    scene: Scene,
    check: Check,
    kind: type[PostgresStore] = PostgresStore,
) -> list[Run]:
    """Play all schedules of a scene; gives what happened in each."""

    async def play() -> list[Run]:
        async with a_house(dsn, statements, kind) as house:

            async def set_up(number: int) -> Sequence[Act]:
                return await scene(house, number)

            async def look(number: int, done: Run) -> None:
                await check(house, number, done)

            return await house.scheduler.play_all(set_up, look)

    runs = run(play())
    print(f"{len(runs)} schedules, {sum(bool(one.blocked) for one in runs)} with a wait")
    return runs


async def _last_units(house: House, number: int) -> Sequence[Act]:
    await house.shelf(f"i{number}", 3)
    return [house.calls(n, reserve(f"r{number}-{n}", (f"i{number}", 2))) for n in range(2)]


async def _one_got_them(house: House, number: int, done: Run) -> None:
    answers = sorted(kind for result in done.results for kind in kinds(result))
    assert answers == ["granted", "refused"], done.turns
    assert await house.figures(f"i{number}") == (3, 2)
    assert await house.held(f"r{number}-0", f"r{number}-1") == 2


def test_d7_two_desks_want_the_last_units(dsn: str) -> None:
    """One gets them, the other is refused; under every schedule."""
    runs = every_schedule(dsn, STOCK, _last_units, _one_got_them)
    assert len(runs) >= 10
    assert any(one.blocked for one in runs), "the sessions met at the row"


class CheckThenWrite(PostgresStore):
    """What many shops do: look whether there is enough, then write what was worked out."""

    async def commit_calls(
        self,
        calls: Sequence[tuple[NewMessage, str | None]],
        repeats: Sequence[tuple[NewMessage, Earlier]],
        decided: Decided,
        now: datetime,
    ) -> None:
        decided.stock = [replace(change, need=None) for change in decided.stock]
        await super().commit_calls(calls, repeats, decided, now)


def test_d7_the_schedules_find_the_oversell_where_nothing_guards(dsn: str) -> None:
    """The same schedules against a store without the guard: units are sold twice."""
    sold: list[int] = []

    async def look(house: House, number: int, _: Run) -> None:
        sold.append((await house.figures(f"i{number}"))[1])

    every_schedule(dsn, STOCK, _last_units, look, CheckThenWrite)
    assert max(sold) == 4 > 3
    assert min(sold) == 2


def test_a_desk_and_a_worker_want_the_last_units(dsn: str) -> None:
    """The worker decides a message that came by the door, with the same guard."""

    async def scene(house: House, number: int) -> Sequence[Act]:
        await house.shelf(f"i{number}", 3)
        wish = reserve(f"r{number}-1", (f"i{number}", 2))
        return [
            house.calls(0, reserve(f"r{number}-0", (f"i{number}", 2))),
            await house.waits(1, wish),
        ]

    async def check(house: House, number: int, done: Run) -> None:
        assert done.results[1] == 1, "the worker decided its message"
        assert await house.figures(f"i{number}") == (3, 2)
        mine = await house.held(f"r{number}-0")
        assert (mine == 2) == (kinds(done.results[0]) == ["granted"])
        assert mine + await house.held(f"r{number}-1") == 2

    assert len(every_schedule(dsn, STOCK, scene, check)) >= 10


def test_units_come_back_while_others_ask(dsn: str) -> None:
    """Granted or refused, as the release came before or after; the sums are right either way."""

    async def scene(house: House, number: int) -> Sequence[Act]:
        await house.shelf(f"i{number}", 2)
        [held] = kinds(await house.desks[0].answer([reserve(f"r{number}-0", (f"i{number}", 2))]))
        assert held == "granted"
        return [
            house.calls(0, release(f"r{number}-0")),
            house.calls(1, reserve(f"r{number}-1", (f"i{number}", 2))),
        ]

    seen = set()

    async def check(house: House, number: int, done: Run) -> None:
        assert kinds(done.results[0]) == ["granted"]
        [answer] = kinds(done.results[1])
        seen.add(answer)
        held = await house.held(f"r{number}-0", f"r{number}-1")
        assert await house.figures(f"i{number}") == (2, held)
        assert held == (2 if answer == "granted" else 0)

    assert len(every_schedule(dsn, STOCK, scene, check)) >= 10
    assert seen == {"granted", "refused"}


@pytest.mark.parametrize("other", ["expiry", "release"])
def test_a_sale_and_an_end_at_the_same_moment(dsn: str, other: str) -> None:
    """Each reservation is resolved once: sold, or over; who came second is told what it became."""

    async def scene(house: House, number: int) -> Sequence[Act]:
        name = f"r{number}"
        await house.shelf(f"i{number}", 5)
        await house.desks[0].answer([reserve(name, (f"i{number}", 2), seconds=60)])
        if other == "release":
            return [house.calls(0, commit(name)), house.calls(1, release(name))]
        return [house.calls(0, commit(name)), await house.waits(1, expiry(name))]

    seen = set()

    async def check(house: House, number: int, done: Run) -> None:
        [sold] = kinds(done.results[0])
        seen.add(sold)
        if other == "release":
            assert {sold, *kinds(done.results[1])} == {"granted", "refused"}
        units = 2 if sold == "granted" else 0
        assert await house.figures(f"i{number}") == (5, units)
        assert await house.held(f"r{number}") == units
        loaded = await house.monitor.fetchval(
            "SELECT revision FROM document WHERE kind = 'reservation' AND id = $1", f"r{number}"
        )
        assert loaded == 2, "resolved once"

    assert len(every_schedule(dsn, DOCUMENTS, scene, check)) >= 10
    assert seen == {"granted", "refused"}


def test_one_call_at_two_desks(dsn: str) -> None:
    """It stands on the log once, and both are told the same."""

    async def scene(house: House, number: int) -> Sequence[Act]:
        await house.shelf(f"i{number}", 9)
        return [house.calls(n, reserve(f"r{number}", (f"i{number}", 2))) for n in range(2)]

    async def check(house: House, number: int, done: Run) -> None:
        assert done.results[0] == done.results[1]
        assert kinds(done.results[0]) == ["granted"]
        assert await house.figures(f"i{number}") == (9, 2)
        count = "SELECT count(*) FROM message WHERE key = $1"
        assert await house.monitor.fetchval(count, f"r{number}") == 1

    assert len(every_schedule(dsn, KEYS, scene, check)) >= 10


def test_d8_two_items_in_the_other_order(dsn: str) -> None:
    """Rows are locked in one order by everybody: the sessions wait, and never for each other."""

    async def scene(house: House, number: int) -> Sequence[Act]:
        one, two = f"i{number}", f"j{number}"
        await house.shelf(one, 3)
        await house.shelf(two, 3)
        return [
            house.calls(0, reserve(f"r{number}-0", (one, 2), (two, 2))),
            house.calls(1, reserve(f"r{number}-1", (two, 2), (one, 2))),
        ]

    async def check(house: House, number: int, done: Run) -> None:
        answers = sorted(kind for result in done.results for kind in kinds(result))
        assert answers == ["granted", "refused"]
        assert await house.figures(f"i{number}") == (3, 2)
        assert await house.figures(f"j{number}") == (3, 2)

    assert len(every_schedule(dsn, STOCK, scene, check)) >= 10


async def _publish_beside_a_call(house: House, number: int) -> Sequence[Act]:
    await house.shelf(f"i{number}", 9)
    await house.monitor.execute("INSERT INTO availability_changed VALUES ($1)", f"i{number}")
    return [
        lambda: house.stores[0].publish_availability([WEB], at(1), 100),
        house.calls(1, reserve(f"r{number}", (f"i{number}", 2))),
    ]


async def _published_in_the_end(house: House, item: str) -> int:
    """What the web was told last, when nothing is left to publish."""
    while await house.free.publish_availability([WEB], at(2), 100):
        pass
    quantity: int = await house.monitor.fetchval(
        "SELECT quantity FROM availability WHERE item = $1", item
    )
    return quantity


def test_a_change_while_it_is_published(dsn: str) -> None:
    """What was published last is what is free: no mark is missed, under any schedule (I16)."""

    async def check(house: House, number: int, done: Run) -> None:
        assert kinds(done.results[1]) == ["granted"]
        assert await _published_in_the_end(house, f"i{number}") == 7, done.turns

    assert len(every_schedule(dsn, PUBLISHING, _publish_beside_a_call, check)) >= 15


class ForgetsWhatItFinds(PostgresStore):
    """Takes marks away as they are in the end, not as they were when it read them."""

    async def publish_availability(
        self, channels: Sequence[AnyChannelView], now: datetime, limit: int
    ) -> int:
        done = await super().publish_availability(channels, now, limit)
        async with self._session() as session:
            marks = await session.rows("changed_items", limit)
            await session.rows("forget_marks", [row[0] for row in marks], [row[1] for row in marks])
        return done


def test_the_schedules_find_the_missed_mark_where_numbers_are_not_compared(dsn: str) -> None:
    """The same schedules against a publisher that forgets what it finds: a change stays untold."""
    told: set[int] = set()

    async def look(house: House, number: int, _: Run) -> None:
        told.add(await _published_in_the_end(house, f"i{number}"))

    every_schedule(dsn, PUBLISHING, _publish_beside_a_call, look, ForgetsWhatItFinds)
    assert told == {7, 9}


def test_a_publisher_at_work_keeps_nobody_waiting(dsn: str) -> None:
    """Up to its last statement, a call about the same item is answered beside it."""

    async def play() -> None:
        async with a_house(dsn, ("forget_marks",)) as house:
            publish, ask = await _publish_beside_a_call(house, 0)
            gate = house.gates[0]
            gate.closed = True
            publishing = asyncio.ensure_future(publish())
            async with asyncio.timeout(20):
                while gate.at is None:  # noqa: ASYNC110 - a gate has no bell
                    await asyncio.sleep(0)
                assert kinds(await ask()) == ["granted"]
            assert not publishing.done()
            gate.closed = False
            gate.let_through()
            assert await publishing == 1
            assert await _published_in_the_end(house, "i0") == 7

    run(play())


def test_a_kit_becomes_known_while_its_component_changes(dsn: str) -> None:
    """Neither session sees the other; what is published of the kit in the end is what is free."""

    async def scene(house: House, number: int) -> Sequence[Act]:
        await house.shelf(f"i{number}", 9)
        kit = Item(
            item=f"k{number}",
            kind=ItemKind.KIT,
            components=(Component(item=f"i{number}", quantity=2),),
        )
        learn = await house.waits(0, noun_message(catalogue.ITEM_CHANGED, kit, f"kit/{number}"))

        async def learn_and_publish() -> object:
            await learn()
            return await house.stores[0].publish_availability([WEB], at(1), 100)

        return [learn_and_publish, house.calls(1, reserve(f"r{number}", (f"i{number}", 4)))]

    async def check(house: House, number: int, done: Run) -> None:
        assert kinds(done.results[1]) == ["granted"]
        assert await _published_in_the_end(house, f"k{number}") == 2, done.turns

    statements = ("put_components", "change_promises", "changed_items", "commit")
    assert len(every_schedule(dsn, statements, scene, check)) >= 10


async def _asked(house: House, item: str) -> tuple[int, int]:
    """What the web may promise of it, and under which version."""
    [found] = await house.stores[0].availability(WEB, [item])
    return found.quantity, found.version


async def _publish_all(house: House) -> None:
    while await house.free.publish_availability([WEB], at(1), 100):
        pass


def test_a_question_while_an_item_changes_and_is_published(dsn: str) -> None:
    """It is answered by what was free before or by what is free now, each under its own version."""

    async def scene(house: House, number: int) -> Sequence[Act]:
        item = f"i{number}"
        await house.shelf(item, 9)
        await house.monitor.execute("INSERT INTO availability_changed VALUES ($1)", item)
        await _publish_all(house)
        sell = house.calls(1, reserve(f"r{number}", (item, 2)))

        async def sell_and_publish() -> object:
            answers = await sell()
            await house.stores[1].publish_availability([WEB], at(1), 100)
            return answers

        return [lambda: _asked(house, item), sell_and_publish]

    seen = set()

    async def check(house: House, number: int, done: Run) -> None:
        assert kinds(done.results[1]) == ["granted"]
        after = await house.monitor.fetchrow(
            "SELECT quantity, version FROM availability WHERE item = $1", f"i{number}"
        )
        assert tuple(after) == (7, 2)
        assert done.results[0] in ((9, 1), (7, 2)), done.turns
        seen.add(done.results[0])

    assert len(every_schedule(dsn, ASKING, scene, check)) >= 15
    assert seen == {(9, 1), (7, 2)}


def test_what_stands_as_published_is_not_counted(dsn: str) -> None:
    """A question reads promise rows of those items only that are marked."""

    async def play() -> list[list[str]]:
        async with a_house(dsn, ()) as house:
            passed: list[str] = []

            async def note(statement: str) -> None:
                passed.append(statement)

            store = PostgresStore(house.free.pool, note)
            for item in ("i", "j"):
                await house.shelf(item, 9)
                await house.monitor.execute("INSERT INTO availability_changed VALUES ($1)", item)
            await _publish_all(house)
            assert kinds(await house.desks[0].answer([reserve("r", ("j", 2))])) == ["granted"]
            found = []
            for asked in (["i"], ["i", "j"]):
                passed.clear()
                await store.availability(WEB, asked)
                found.append(list(passed))
            return found

    asked = ["load_components", "published_quantities"]
    assert run(play()) == [asked, [*asked, "channel_quantities"]]


async def _ask_for_a_kit_while_its_components_swap(house: House, number: int) -> Sequence[Act]:
    """Of one component three units go and of the other three come back, in one batch: one kit.

    One component stands as it was published, the other is marked and has to be counted.
    """
    one, other, kit, held = f"i{number}", f"j{number}", f"k{number}", f"h{number}"
    for item in (one, other):
        await house.shelf(item, 4)
        await house.monitor.execute(
            "INSERT INTO component (kit, item, quantity) VALUES ($1, $2, 1)", kit, item
        )
    await house.desks[1].answer([reserve(held, (other, 3))])
    marks = "INSERT INTO availability_changed SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"
    await house.monitor.execute(marks, [one, other, kit])
    await _publish_all(house)
    await house.monitor.execute(marks, [other])
    return [
        lambda: _asked(house, kit),
        house.calls(1, reserve(f"r{number}", (one, 3)), release(held)),
    ]


def test_a_question_about_a_kit_sees_its_components_at_one_moment(dsn: str) -> None:
    """However much of it stands as published and however much is counted."""

    async def check(house: House, number: int, done: Run) -> None:
        assert kinds(done.results[1]) == ["granted", "granted"]
        assert isinstance(done.results[0], tuple), done.results
        assert done.results[0][0] == 1, done.turns

    scene = _ask_for_a_kit_while_its_components_swap
    assert len(every_schedule(dsn, ASKING, scene, check)) >= 10


class AsksPieceByPiece(PostgresStore):
    """Answers a question by statements that each see what is there when they come."""

    @asynccontextmanager
    async def _one_picture(self) -> AsyncIterator[StoreSession]:
        async with self._statements() as session:
            yield session


def test_the_schedules_find_the_kit_that_never_was_where_each_statement_looks_anew(
    dsn: str,
) -> None:
    """The same schedules against statements that commit by themselves: four kits, of one moment
    one component and of another moment the other.
    """
    seen = set()

    async def look(_: House, __: int, done: Run) -> None:
        assert isinstance(done.results[0], tuple), done.results
        seen.add(done.results[0][0])

    scene = _ask_for_a_kit_while_its_components_swap
    every_schedule(dsn, ASKING, scene, look, AsksPieceByPiece)
    assert seen == {1, 4}
