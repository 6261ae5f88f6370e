"""The contract of partitions: held by one worker at a time, read in order, fenced by epoch."""

from __future__ import annotations

import asyncio

import pytest

from crossdock.log.errors import LeaseLost
from crossdock.log.ports import Store
from crossdock.log.records import Lease, Outcome
from crossdock.testing.builders import at, decided, message, order_row
from crossdock.testing.storage.engine import ContractBase, Engine, land, scene

LEASE_SECONDS = 30


async def _held(store: Store, worker: str, wanted: list[int], second: float) -> list[int]:
    """What a worker holds once it has looked at this second."""
    leases = await store.lease(worker, wanted, at(second), at(second + LEASE_SECONDS))
    return [lease.partition for lease in leases]


class LeaseContract(ContractBase):
    """What `lease`, `release` and `read` promise."""

    @scene
    async def test_a_free_partition_is_leased_with_its_position(self, on: Engine) -> None:
        """A lease says under which epoch, and up to where the partition is decided."""
        store = await on.handle()
        await land(store, Outcome(), Outcome(), partition=2)
        await store.release("set-up")
        [lease] = await store.lease("one", [2], at(0), at(30))
        assert (lease.partition, lease.position) == (2, 2)
        assert lease.epoch > 0

    @scene
    async def test_a_partition_without_messages_can_be_leased(self, on: Engine) -> None:
        """A worker may wait at a partition before its first message."""
        store = await on.handle()
        [lease] = await store.lease("one", [5], at(0), at(30))
        assert (lease.partition, lease.position) == (5, 0)
        assert await store.read([lease], 10) == []

    @scene
    async def test_a_held_partition_is_not_given_to_another(self, on: Engine) -> None:
        """Only what was obtained is given; the holder keeps what it has."""
        store = await on.handle()
        [held] = await store.lease("one", [1], at(0), at(30))
        others = await store.lease("two", [0, 1, 2], at(10), at(40))
        assert sorted(lease.partition for lease in others) == [0, 2]
        assert await store.lease("one", [1], at(20), at(50)) == [held]

    @scene
    async def test_prolonging_keeps_the_epoch(self, on: Engine) -> None:
        """The same worker again, in time or late, is no new owner, and its time runs anew."""
        store = await on.handle()
        first = await store.lease("one", [0], at(0), at(30))
        assert await store.lease("one", [0], at(20), at(60)) == first
        assert await store.lease("two", [0], at(45), at(90)) == []
        assert await store.lease("one", [0], at(100), at(130)) == first

    @scene
    async def test_an_expired_lease_goes_to_the_next_with_a_higher_epoch(self, on: Engine) -> None:
        """Whenever the owner changes, the epoch grows by one."""
        store = await on.handle()
        [first] = await store.lease("one", [0], at(0), at(30))
        [second] = await store.lease("two", [0], at(31), at(60))
        [third] = await store.lease("one", [0], at(61), at(90))
        assert [second.epoch, third.epoch] == [first.epoch + 1, first.epoch + 2]

    @scene
    async def test_released_partitions_are_free_at_once(self, on: Engine) -> None:
        """All leases of the worker are given back, and no other worker's."""
        store = await on.handle()
        [mine] = await store.lease("one", [0], at(0), at(1000))
        await store.lease("two", [1], at(0), at(1000))
        await store.release("one")
        [taken] = await store.lease("three", [0, 1], at(1), at(1000))
        assert taken == Lease(0, mine.epoch + 1, 0)

    @scene
    async def test_racing_workers_never_hold_one_partition_together(self, on: Engine) -> None:
        """Of several workers that reach for the same partitions, each partition goes to one."""
        handles = [await on.handle() for _ in range(5)]
        got = await asyncio.gather(
            *(
                store.lease(f"worker-{n}", [0, 1, 2, 3], at(0), at(30))
                for n, store in enumerate(handles)
            )
        )
        held = [lease.partition for leases in got for lease in leases]
        assert len(held) == len(set(held))
        rest = await handles[0].lease("worker-0", [0, 1, 2, 3], at(31), at(60))
        assert sorted(lease.partition for lease in rest) == [0, 1, 2, 3]

    @scene
    async def test_a_worker_that_comes_is_given_its_share(self, on: Engine) -> None:
        """Who had all gives half back when it looks next, and then nothing goes to and fro."""
        one, two = await on.handle(), await on.handle()
        wanted = [0, 1, 2, 3]
        assert await _held(one, "one", wanted, 0) == wanted
        assert await _held(two, "two", wanted, 1) == []
        for second in range(2, 6, 2):
            assert await _held(one, "one", wanted, second) == [2, 3]
            assert await _held(two, "two", wanted, second + 1) == [0, 1]

    @scene
    async def test_the_share_of_a_worker_that_leaves_or_dies_is_taken(self, on: Engine) -> None:
        """At once where it gave its leases back, else when they end."""
        store = await on.handle()
        wanted = [0, 1, 2, 3]
        await _held(store, "one", wanted, 0)
        await _held(store, "two", wanted, 0)
        assert len(await _held(store, "one", wanted, 1)) == 2
        await store.release("two")
        assert await _held(store, "one", wanted, 2) == wanted
        assert await _held(store, "two", wanted, 3) == []
        assert len(await _held(store, "one", wanted, 4)) == 2
        assert len(await _held(store, "two", wanted, 5)) == 2
        assert await _held(store, "two", wanted, 4 + LEASE_SECONDS) == wanted

    @scene
    async def test_who_wants_less_leaves_the_rest_to_others(self, on: Engine) -> None:
        """A worker of some partitions shares those alone."""
        store = await on.handle()
        assert await _held(store, "one", [0, 1, 2, 3, 4], 0) == [0, 1, 2, 3, 4]
        assert await _held(store, "two", [3, 4], 1) == []
        assert await _held(store, "one", [0, 1, 2, 3, 4], 2) == [0, 1, 2, 4]
        assert await _held(store, "two", [3, 4], 3) == [3]

    @scene
    async def test_what_was_given_back_is_fenced(self, on: Engine) -> None:
        """Its next owner decides under another epoch, from where the last one stopped."""
        store = await on.handle()
        before = await store.lease("one", [0, 1], at(0), at(LEASE_SECONDS))
        await store.lease("two", [0, 1], at(1), at(1 + LEASE_SECONDS))
        await store.lease("one", [0, 1], at(2), at(2 + LEASE_SECONDS))
        [taken] = await store.lease("two", [0, 1], at(3), at(3 + LEASE_SECONDS))
        [given] = [lease for lease in before if lease.partition == taken.partition]
        assert taken == Lease(given.partition, given.epoch + 1, given.position)
        with pytest.raises(LeaseLost):
            await store.commit(decided(given, Outcome()), at(4))

    @scene
    async def test_a_partition_is_read_in_the_order_of_its_log(self, on: Engine) -> None:
        """Undecided messages come by position, whatever the order of several partitions is."""
        store = await on.handle()
        await store.append([message(f"m{n}", partition=n % 2) for n in range(10)])
        leases = await store.lease("one", [0, 1], at(0), at(30))
        found = await store.read(leases, 100)
        for partition in (0, 1):
            mine = [one for one in found if one.partition == partition]
            assert [one.position for one in mine] == [1, 2, 3, 4, 5]
            assert [one.id for one in mine] == [f"m{n}" for n in range(partition, 10, 2)]

    @scene
    async def test_reading_gives_only_leased_partitions(self, on: Engine) -> None:
        """What is not asked for is not read."""
        store = await on.handle()
        await store.append([message("a"), message("b", partition=1)])
        leases = await store.lease("one", [1], at(0), at(30))
        assert [one.id for one in await store.read(leases, 10)] == ["b"]
        assert await store.read([], 10) == []

    @scene
    async def test_reading_starts_behind_what_is_decided(self, on: Engine) -> None:
        """The partition's own position counts, also where the lease remembers an older one."""
        store = await on.handle()
        await store.append([message(f"m{n}") for n in range(4)])
        [old] = await store.lease("one", [0], at(0), at(30))
        await store.commit(decided(old, Outcome(), Outcome()), at(1))
        assert [one.id for one in await store.read([old], 10)] == ["m2", "m3"]

    @scene
    async def test_reading_is_limited_and_fair(self, on: Engine) -> None:
        """At most the limit, and no backlog keeps another partition from being read."""
        store = await on.handle()
        await store.append([message(f"m{n}", partition=0) for n in range(50)])
        leases = await store.lease("one", [0, 1], at(0), at(30))
        first = [lease for lease in leases if lease.partition == 0]
        await store.commit(decided(first[0], *(Outcome() for _ in range(20))), at(1))
        await store.append([message(f"n{n}", partition=1) for n in range(50)])
        found = await store.read(leases, 8)
        shares = [sum(one.partition == number for one in found) for number in (0, 1)]
        assert sum(shares) == 8
        assert min(shares) >= 3

    @scene
    async def test_a_stale_holder_changes_nothing(self, on: Engine) -> None:
        """A worker that slept through its lease cannot write under the old epoch (I22)."""
        store = await on.handle()
        await store.append([message("a")])
        [old] = await store.lease("one", [0], at(0), at(30))
        [new] = await store.lease("two", [0], at(31), at(60))
        late = decided(old, Outcome())
        late.orders.append(order_row("late"))
        with pytest.raises(LeaseLost):
            await store.commit(late, at(32))
        assert await store.position() == {0: (1, 0)}
        assert await store.orders("", 10) == []
        await store.commit(decided(new, Outcome()), at(33))
        assert await store.position() == {0: (1, 1)}

    @scene
    async def test_a_batch_cannot_be_committed_twice(self, on: Engine) -> None:
        """The position moved with the first commit, so the second finds its place taken."""
        store = await on.handle()
        await store.append([message("a"), message("b")])
        [lease] = await store.lease("one", [0], at(0), at(30))
        await store.commit(decided(lease, Outcome()), at(1))
        with pytest.raises(LeaseLost):
            await store.commit(decided(lease, Outcome()), at(2))
        assert await store.position() == {0: (2, 1)}
        assert len(await store.outcomes(0, 0, 10)) == 1

    @scene
    async def test_one_lost_partition_stops_the_whole_batch(self, on: Engine) -> None:
        """A batch over two partitions is written whole or not at all."""
        store = await on.handle()
        await store.append([message("a"), message("b", partition=1)])
        zero, one = sorted(
            await store.lease("one", [0, 1], at(0), at(30)), key=lambda lease: lease.partition
        )
        await store.lease("two", [1], at(31), at(60))
        batch = decided(zero, Outcome())
        other = decided(one, Outcome())
        batch.positions += other.positions
        batch.outcomes += other.outcomes
        batch.event_times += other.event_times
        with pytest.raises(LeaseLost):
            await store.commit(batch, at(32))
        assert await store.position() == {0: (1, 0), 1: (1, 0)}
        assert await store.outcomes(0, 0, 10) == []
