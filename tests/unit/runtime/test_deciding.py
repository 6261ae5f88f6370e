"""The decide loop over a store that others use too: fresh stock, lost leases, unknown commits.

What the store itself refuses is in tests/runtime/test_poison.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from datetime import datetime

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.orders import LineChange, Order, OrderChange, OrderLine
from crossdock.contracts.reservations import (
    ReservationLine,
    ReservationRelease,
    ReservationRequest,
)
from crossdock.contracts.words import Noun
from crossdock.log.errors import CommitUnknown, LeaseLost, StoreError, StoreUnavailable
from crossdock.log.keys import partition_of
from crossdock.log.records import Decided, Loaded, NewMessage, Wanted
from crossdock.runtime.deciding import Decider
from crossdock.storage.memory.data import Data
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import at, decided, noun_message, stock
from crossdock.testing.hub import at_once, small_policy
from tests.helpers.aio import run

PARTITIONS = 2
FIRST = next(name for name in map("O{}".format, range(9)) if partition_of(name, 2) == 0)
SECOND = next(name for name in map("O{}".format, range(9)) if partition_of(name, 2) == 1)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """The test's own moment."""
        return at(self.seconds)

    def monotonic(self) -> float:
        """The same, as seconds."""
        return self.seconds


class At:
    """Does something at the first pause of a name, and nothing at any other."""

    def __init__(self, point: str, do: Callable[[], Awaitable[object]]) -> None:
        self._point = point
        self._do: Callable[[], Awaitable[object]] | None = do

    async def __call__(self, point: str) -> None:
        """The store is at this point."""
        if point == self._point and self._do is not None:
            do, self._do = self._do, None
            await do()


def raising(error: StoreError) -> Callable[[], Awaitable[object]]:
    """What the loss of the store would have made it raise."""

    async def do() -> None:
        raise error

    return do


def placed(order_id: str, quantity: int) -> NewMessage:
    """An order for bolts."""
    line = OrderLine(line="1", item="bolt", quantity=quantity)
    noun = Order(order_id=order_id, channel="web", customer="acme", currency="EUR", lines=(line,))
    return noun_message(catalogue.ORDER_PLACED, noun, order_id, partitions=PARTITIONS)


def call(kind: str, noun: Noun) -> NewMessage:
    """What a shop says of a reservation."""
    return noun_message(kind, noun, kind, source="shop", partitions=PARTITIONS)


def house(bolts: int, *messages: NewMessage) -> Data:
    """So many bolts at EAST, and messages that wait to be decided."""
    store = MemoryStore()
    [lease] = at_once(store.lease("opening", [9], at(-9), at(-8)))
    opening = decided(lease)
    opening.stock = [stock(sellable=bolts)]
    at_once(store.commit(opening, at(-9)))
    at_once(store.append(messages))
    return store.data


def worker(
    name: str,
    data: Data,
    *partitions: int,
    pause: At | None = None,
    clock: Clock | None = None,
    on_commit: Callable[[Decided], None] | None = None,
) -> Decider:
    """A decider of some partitions over this data."""
    return Decider(
        name,
        partitions,
        MemoryStore(pause, data),
        small_policy(partitions=PARTITIONS),
        clock or Clock(),
        lease_seconds=9.0,
        on_commit=on_commit,
    )


def reserved(data: Data) -> dict[str, int]:
    """What is waited for and promised: all that orders made of the stock."""
    promised = sum(row.reserved for row in data.promises["bolt"].values())
    waiting = sum(row.quantity for row in data.waiting.get("bolt", {}).values())
    return {"reserved": promised, "waiting": waiting}


@pytest.mark.parametrize("point", ["load.before-answer", "commit.start", "commit.before-commit"])
def test_stock_that_moved_is_decided_again(point: str) -> None:
    """Another worker promises the units meanwhile: nobody gets what is gone (decision 7)."""
    data = house(5, placed(FIRST, 4), placed(SECOND, 3))
    other = worker("b", data, 1)
    commits: list[Decided] = []
    slow = worker("a", data, 0, pause=At(point, other.turn), on_commit=commits.append)
    assert run(slow.turn()) == 1
    assert reserved(data) == {"reserved": 5, "waiting": 2}
    assert len(commits) == 1
    assert data.orders[FIRST].status == "backordered"
    assert data.orders[SECOND].status == "released"


class Counting(MemoryStore):
    """Remembers what was loaded."""

    def __init__(self, data: Data) -> None:
        super().__init__(None, data)
        self.asked: list[Wanted] = []

    async def load(self, wanted: Wanted) -> Loaded:
        """As it is, and noted."""
        self.asked.append(wanted)
        return await super().load(wanted)


def test_what_a_batch_needs_is_loaded_once() -> None:
    """Asked for more, the store is asked for that alone; nothing is loaded a second time."""
    line = ReservationLine(line="1", item="bolt", quantity=2)
    wish = ReservationRequest(reservation_id=FIRST, channel="web", lines=(line,))
    store = Counting(house(5, call(catalogue.RESERVATION_REQUESTED, wish)))
    decider = Decider("a", (0,), store, small_policy(partitions=PARTITIONS), Clock())
    assert run(decider.turn()) == 1
    store.asked.clear()
    at_once(
        store.append(
            [call(catalogue.RESERVATION_RELEASED, ReservationRelease(reservation_id=FIRST))]
        )
    )
    assert run(decider.turn()) == 1
    assert len(store.asked) > 1, "the reservation names the item"
    for part in fields(Wanted):
        asked = [one for wanted in store.asked for one in getattr(wanted, part.name)]
        assert len(asked) == len(set(asked)), part.name
    assert {"bolt"} == set().union(*(wanted.items for wanted in store.asked))


def test_loaded_takes_in_all_of_what_was_loaded_later() -> None:
    """No part of it is left behind."""
    loaded, more = Loaded(), Loaded()
    for part in fields(Loaded):
        rows = getattr(more, part.name)
        setattr(more, part.name, ["x"] if isinstance(rows, list) else {"x": 1})
    loaded.add(more)
    loaded.add(Loaded())
    assert loaded == more


def test_a_store_that_was_away_is_asked_again() -> None:
    """The turn fails and has changed nothing; the next one decides (D1)."""
    data = house(5, placed(FIRST, 4))
    lost = At("commit.before-commit", raising(StoreUnavailable()))
    decider = worker("a", data, 0, pause=lost)
    with pytest.raises(StoreUnavailable):
        run(decider.turn())
    assert reserved(data) == {"reserved": 0, "waiting": 0}
    assert run(decider.turn()) == 1
    assert reserved(data) == {"reserved": 4, "waiting": 0}


@pytest.mark.parametrize("kept", [True, False])
def test_c3_a_commit_of_which_nobody_heard_is_not_made_twice(kept: bool) -> None:
    """Whether it was kept or not, in the end it was made once, and the work goes on at once."""
    data = house(5, placed(FIRST, 2))
    point = "commit.after-commit" if kept else "commit.before-commit"
    decider = worker("a", data, 0, pause=At(point, raising(CommitUnknown())))
    with pytest.raises(CommitUnknown):
        run(decider.turn())
    assert run(decider.turn()) == (0 if kept else 1)
    assert reserved(data) == {"reserved": 2, "waiting": 0}
    change = OrderChange(
        change_id="c",
        order_id=FIRST,
        revision=1,
        lines=(LineChange(line="1", item="bolt", quantity=3),),
    )
    said = noun_message(catalogue.ORDER_CHANGE_REQUESTED, change, "c", partitions=PARTITIONS)
    at_once(MemoryStore(data=data).append([said]))
    assert run(decider.turn()) == 1
    assert reserved(data) == {"reserved": 3, "waiting": 0}


def test_c6_who_lost_the_lease_writes_nothing() -> None:
    """A worker that was paused too long: the partition's new holder has decided (C6)."""
    data = house(5, placed(FIRST, 2))
    clock = Clock()
    other = worker("b", data, 0, clock=clock)

    async def meanwhile() -> None:
        clock.seconds = 10.0
        assert await other.turn() == 1

    paused = worker("a", data, 0, pause=At("commit.start", meanwhile), clock=clock)
    with pytest.raises(LeaseLost):
        run(paused.turn())
    assert reserved(data) == {"reserved": 2, "waiting": 0}
    assert run(paused.turn()) == 0


def test_a_lease_is_prolonged_before_it_ends() -> None:
    """Every third of its time, so that a worker at work never loses it."""
    data = house(5)
    clock = Clock()
    mine, other = worker("a", data, 0, clock=clock), worker("b", data, 0, clock=clock)
    run(mine.turn())
    for seconds in range(1, 30):
        clock.seconds = seconds
        run(mine.turn())
    at_once(MemoryStore(data=data).append([placed(FIRST, 1)]))
    assert run(other.turn()) == 0
    assert run(mine.turn()) == 1


def test_a_message_that_cannot_be_decided_is_dead_alone() -> None:
    """It is put aside at once and shown; what stood before and behind it is applied (I24)."""
    names = [name for name in map("O{}".format, range(40)) if partition_of(name, 2) == 0][:3]
    before, poison, behind = (placed(name, 1) for name in names)
    data = house(5, before, replace(poison, raw=b"{}"), behind)
    assert run(worker("a", data, 0).turn()) == 3
    rows = at_once(MemoryStore(data=data).outcomes(0, 0, 9))
    assert [row.outcome.fate for row in rows] == ["applied", "dead", "applied"]
    assert rows[1].outcome.reason.startswith("cannot be decided: ")
    assert [row.key for row in at_once(MemoryStore(data=data).exceptions(9))] == ["0:2"]
    assert reserved(data) == {"reserved": 2, "waiting": 0}


def test_an_empty_log_is_no_work() -> None:
    """Nothing is decided, nothing is written."""
    commits: list[Decided] = []
    assert run(worker("a", house(5), 0, on_commit=commits.append).turn()) == 0
    assert commits == []


def test_a_decider_that_comes_takes_its_share_of_the_work() -> None:
    """It has a partition once the first has looked after its leases again (R219)."""
    clock = Clock()
    data = house(9, placed(FIRST, 1), placed(SECOND, 1))
    one, two = (worker(name, data, 0, 1, clock=clock) for name in ("one", "two"))
    assert [at_once(each.turn()) for each in (one, two)] == [2, 0]
    clock.seconds = 4.0
    assert [at_once(each.turn()) for each in (one, two)] == [0, 0]
    more = [placed(f"{name}-2", 1) for name in (FIRST, SECOND)]
    for number, each in enumerate(more):
        each.partition = number
    at_once(MemoryStore(data=data).append(more))
    assert [at_once(each.turn()) for each in (one, two)] == [1, 1]
    assert reserved(data) == {"reserved": 4, "waiting": 0}
