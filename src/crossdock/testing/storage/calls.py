"""The contract of desks: calls put on the log and decided at once, each key once, whole or not."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from crossdock.log.errors import (
    CommitUnknown,
    DocumentMoved,
    LeaseLost,
    StockMoved,
    StoreConflict,
)
from crossdock.log.keys import DESK_FIRST, DESKS_MAX
from crossdock.log.ports import Store
from crossdock.log.records import Decided, Document, Earlier, Lease, NewMessage, Outcome, Wanted
from crossdock.log.views import ABSORBED
from crossdock.testing.builders import at, decided, message, movement, stock
from crossdock.testing.storage.engine import ContractBase, Engine, land, scene
from crossdock.testing.storage.picture import picture

RACERS = 6


def said(words: str = "granted") -> Outcome:
    """An outcome that answers its caller."""
    return Outcome(answer=msgspec.Raw(msgspec.json.encode(words)))


def as_told(found: Earlier | None) -> tuple[int, int, str, bytes | None] | None:
    """What was found, with the bytes of its answer."""
    if found is None:
        return None
    answer = None if found.outcome is None else bytes(found.outcome.answer)
    which = "transport" if found.transport else "business"
    said = "same" if found.same else "other"
    return found.partition, found.position, f"{which} {said}", answer


async def desk(store: Store, name: str = "desk", seconds: float = 0) -> Lease:
    """Open a desk for half a minute."""
    lease = await store.open_desk(name, at(seconds), at(seconds + 30))
    assert lease is not None
    return lease


def moved(lease: Lease, count: int = 1) -> Lease:
    """The lease after so many calls."""
    return Lease(lease.partition, lease.epoch, lease.position + count)


async def call(store: Store, lease: Lease, *names: str, **parts: list[object]) -> Lease:
    """Let calls be decided and kept; gives the lease as it stands then."""
    batch = decided(lease, *(said() for _ in names))
    for part, rows in parts.items():
        getattr(batch, part).extend(rows)
    await store.commit_calls([(message(name), None) for name in names], [], batch, at(1))
    return moved(lease, len(names))


class CallContract(ContractBase):
    """What `open_desk`, `earlier` and `commit_calls` promise."""

    @scene
    async def test_each_desk_has_a_partition_of_its_own(self, on: Engine) -> None:
        """Beyond those that keys are spread over; opened again, it is the same one."""
        store = await on.handle()
        first, second = await desk(store, "one"), await desk(store, "two")
        assert {first.partition, second.partition} == {DESK_FIRST, DESK_FIRST + 1}
        assert await desk(store, "one", 10) == first
        assert await desk(store, "two", 20) == second

    @scene
    async def test_racing_processes_never_hold_one_desk_together(self, on: Engine) -> None:
        """Of several that open desks at once, each gets another."""
        handles = [await on.handle() for _ in range(RACERS)]
        opened = await asyncio.gather(*(desk(h, f"desk-{n}") for n, h in enumerate(handles)))
        assert len({lease.partition for lease in opened}) == RACERS

    @scene
    async def test_a_desk_that_ran_out_is_taken_under_a_higher_epoch(self, on: Engine) -> None:
        """The next finds it where the last left it; nobody waits for a free one when all are."""
        store = await on.handle()
        taken = [await desk(store, f"desk-{n}") for n in range(DESKS_MAX)]
        assert await store.open_desk("late", at(1), at(31)) is None
        again = await desk(store, "late", 31)
        [before] = [lease for lease in taken if lease.partition == again.partition]
        assert again.epoch == before.epoch + 1

    @scene
    async def test_calls_are_on_the_log_decided_and_gapless(self, on: Engine) -> None:
        """Head and decided position are one number, and no worker finds anything to do."""
        store = await on.handle()
        lease = await call(store, await desk(store), "a", "b")
        lease = await call(store, lease, "c")
        number = lease.partition
        assert await store.position() == {number: (3, 3)}
        kept = await store.messages([(number, at) for at in (1, 2, 3, 4)])
        assert [(one.position, one.id) for one in kept] == [(1, "a"), (2, "b"), (3, "c")]
        answers = [row.outcome.answer for row in await store.outcomes(number, 0, 9)]
        assert [bytes(answer) for answer in answers] == [b'"granted"'] * 3
        assert await store.read([lease], 10) == []
        assert await desk(store) == lease

    @scene
    async def test_everything_decided_is_applied(self, on: Engine) -> None:
        """A call's batch moves stock and documents like any other."""
        store = await on.handle()
        body = Document("case", "A", 1, None, msgspec.Raw(b'{"seen":1}'))
        lease = await desk(store)
        batch = decided(lease, Outcome(movements=[movement(5)], documents=[body]))
        batch.stock.append(stock(sellable=5))
        batch.documents.append((body, 0))
        await store.commit_calls([(message("a"), None)], [], batch, at(1))
        loaded = await store.load(Wanted(items={"bolt"}, documents={("case", "A")}))
        assert loaded.stock[("bolt", "EAST")].sellable == 5
        assert loaded.documents[("case", "A")].revision == 1

    @scene
    async def test_a_repeated_call_finds_what_was_answered(self, on: Engine) -> None:
        """By its transport key or its business key; other content is told apart."""
        store = await on.handle()
        lease = await desk(store)
        first = message("a", business_key="k")
        await store.commit_calls([(first, None)], [], decided(lease, said("yes")), at(1))
        there = (lease.partition, 1)
        found = await store.earlier(
            [
                message("a", business_key="k"),
                message("b", business_key="k"),
                message("a", says="else"),
                message("c", business_key="k", says="else"),
                message("d", business_key="free"),
                message("e"),
            ]
        )
        assert [as_told(one) for one in found] == [
            (*there, "transport same", b'"yes"'),
            (*there, "business same", b'"yes"'),
            (*there, "transport other", b'"yes"'),
            (*there, "business other", b'"yes"'),
            None,
            None,
        ]

    @scene
    async def test_a_rival_is_kept_without_the_key_that_another_holds(self, on: Engine) -> None:
        """It names the holder; repeated, it finds itself and not the holder."""
        store = await on.handle()
        lease = await desk(store)
        first, rival = message("a", business_key="k"), message("b", business_key="k", says="else")
        await store.commit_calls([(first, None)], [], decided(lease, said("yes")), at(1))
        place = f"{lease.partition}:1"
        batch = decided(moved(lease), said("no"))
        await store.commit_calls([(rival, place)], [], batch, at(2))
        kept = await store.messages([(lease.partition, 1), (lease.partition, 2)])
        assert [one.rival for one in kept] == [None, place]
        found = await store.earlier([first, rival, message("c", business_key="k")])
        assert [one and one.position for one in found] == [1, 2, 1]

    @scene
    async def test_what_came_by_the_door_is_found_too(self, on: Engine) -> None:
        """Keys hold across the whole log; what is not decided yet has no outcome."""
        store = await on.handle()
        await store.append([message("a", business_key="k")])
        [found] = await store.earlier([message("b", business_key="k")])
        assert found == Earlier(0, 1, transport=False, same=True, outcome=None)
        await land(store, partition=3)
        [known] = await store.earlier([message("set-up-3-1", source="set-up")])
        assert known is not None
        assert known.outcome == Outcome()

    @scene
    async def test_the_door_finds_what_was_called(self, on: Engine) -> None:
        """A message that says what a call said is its duplicate."""
        store = await on.handle()
        lease = await desk(store)
        batch = decided(lease, said())
        await store.commit_calls([(message("a", business_key="k"), None)], [], batch, at(1))
        [receipt] = await store.append([message("b", business_key="k")])
        assert (receipt.answer, receipt.partition, receipt.position) == (
            "duplicate",
            lease.partition,
            1,
        )

    @scene
    async def test_repeats_are_counted(self, on: Engine) -> None:
        """Beside calls that are new, and by themselves."""
        store = await on.handle()
        lease = await call(store, await desk(store), "a")
        [again] = await store.earlier([message("a")])
        assert again is not None
        batch = decided(lease, said())
        await store.commit_calls([(message("b"), None)], [(message("a"), again)], batch, at(2))
        await store.commit_calls([], [(message("a"), again)], Decided(), at(3))
        assert (await store.fates())[ABSORBED] == 2

    @scene
    async def test_a_key_that_came_first_elsewhere_stops_the_batch(self, on: Engine) -> None:
        """Nothing is kept; asked again, the other's answer is found."""
        store = await on.handle()
        lease, other = await desk(store, "one"), await desk(store, "two")
        await call(store, other, "a")
        before = await picture(store)
        with pytest.raises(StoreConflict):
            await call(store, lease, "b", "a")
        assert await picture(store) == before

    @scene
    async def test_racing_desks_keep_each_key_once(self, on: Engine) -> None:
        """Of several desks that are asked the same, one decides."""
        handles = [await on.handle() for _ in range(RACERS)]

        async def ask(number: int, store: Store) -> bool:
            lease = await desk(store, f"desk-{number}")
            try:
                await call(store, lease, "a")
            except StoreConflict:
                return False
            return True

        asked = await asyncio.gather(*(ask(n, store) for n, store in enumerate(handles)))
        assert sum(asked) == 1
        heads = await handles[0].position()
        assert list(heads.values()) == [(1, 1)]

    @scene
    async def test_a_desk_that_was_taken_over_changes_nothing(self, on: Engine) -> None:
        """A process that slept through its lease cannot write under the old epoch (I22)."""
        store = await on.handle()
        old = await desk(store, "one")
        taken = [await desk(store, f"desk-{n}", 31) for n in range(DESKS_MAX)]
        assert old.partition in {lease.partition for lease in taken}
        with pytest.raises(LeaseLost):
            await call(store, old, "a")
        assert await store.position() == {}

    @scene
    async def test_calls_cannot_be_committed_twice(self, on: Engine) -> None:
        """Their place is taken, and so are their keys."""
        store = await on.handle()
        lease = await desk(store)
        await call(store, lease, "a")
        with pytest.raises((LeaseLost, StoreConflict)):
            await call(store, lease, "a")
        with pytest.raises((LeaseLost, StoreConflict)):
            await call(store, lease, "b")
        assert await store.position() == {lease.partition: (1, 1)}

    @scene
    async def test_stock_that_moved_stops_the_batch(self, on: Engine) -> None:
        """A reservation that no longer fits is not kept; decided again, the same place is free."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=5)])
        lease, other = await desk(store, "one"), await desk(store, "two")
        await call(store, other, "first", stock=[stock(reserved=4, need=4)])
        before = await picture(store)
        with pytest.raises(StockMoved):
            await call(store, lease, "second", stock=[stock(reserved=2, need=2)])
        assert await picture(store) == before
        await call(store, lease, "second", stock=[stock(reserved=1, need=1)])

    @scene
    async def test_a_document_that_moved_stops_the_batch(self, on: Engine) -> None:
        """Of two desks that read one revision, the second must read again."""
        store = await on.handle()
        body = Document("case", "A", 1, None, msgspec.Raw(b"{}"))
        lease, other = await desk(store, "one"), await desk(store, "two")
        await call(store, other, "first", documents=[(body, 0)])
        before = await picture(store)
        with pytest.raises(DocumentMoved):
            await call(store, lease, "second", documents=[(body, 0)])
        assert await picture(store) == before

    @scene
    async def test_calls_whose_commit_was_not_heard_of_are_found_by_key(self, on: Engine) -> None:
        """Kept or not, asking says which; the desk goes on from where it stands."""
        deaf = await on.deaf_handle()
        store = await on.handle()
        lease = await desk(store)
        asked: NewMessage = message("a")
        with pytest.raises(CommitUnknown):
            await deaf.commit_calls([(asked, None)], [], decided(lease, said()), at(1))
        [found] = await store.earlier([asked])
        assert as_told(found) == (lease.partition, 1, "transport same", b'"granted"')
        assert await desk(store) == moved(lease)
