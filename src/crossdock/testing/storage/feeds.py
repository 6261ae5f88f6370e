"""The contract of feeds: one reads at a time, nothing that was pointed at is forgotten unread."""

from __future__ import annotations

import asyncio

from crossdock.testing.builders import at
from crossdock.testing.storage.engine import ContractBase, Engine, scene


class FeedContract(ContractBase):
    """What `claim_feed`, `keep_feed` and `nudge` promise."""

    @scene
    async def test_a_feed_that_was_never_read_is_due(self, on: Engine) -> None:
        """The first turn begins at the empty cursor."""
        store = await on.handle()
        turn = await store.claim_feed("erp", "items", "one", at(0), at(30), 10)
        assert turn is not None
        assert (turn.cursor, turn.due, turn.nudges) == ("", True, ())

    @scene
    async def test_a_kept_cursor_is_given_back_when_it_is_due(self, on: Engine) -> None:
        """Not before its time, then from where it stood, under a new epoch."""
        store = await on.handle()
        turn = await store.claim_feed("erp", "items", "one", at(0), at(30), 10)
        assert turn is not None
        assert await store.keep_feed(turn, "page 2", at(60), at(1))
        assert await store.claim_feed("erp", "items", "one", at(59), at(90), 10) is None
        again = await store.claim_feed("erp", "items", "one", at(60), at(90), 10)
        assert again is not None
        assert (again.cursor, again.epoch) == ("page 2", turn.epoch + 1)

    @scene
    async def test_one_reads_a_feed_at_a_time(self, on: Engine) -> None:
        """Of many that reach for it one gets it; another feed of the system is free."""
        handles = [await on.handle() for _ in range(5)]
        got = await asyncio.gather(
            *(
                store.claim_feed("erp", "items", f"worker-{n}", at(0), at(30), 10)
                for n, store in enumerate(handles)
            )
        )
        assert sum(turn is not None for turn in got) == 1
        assert await handles[0].claim_feed("erp", "parties", "x", at(0), at(30), 10) is not None

    @scene
    async def test_a_turn_that_ran_out_keeps_nothing(self, on: Engine) -> None:
        """The later holder's cursor stands, whatever the earlier one still has to say."""
        store = await on.handle()
        late = await store.claim_feed("erp", "items", "one", at(0), at(30), 10)
        later = await store.claim_feed("erp", "items", "two", at(31), at(60), 10)
        assert late is not None
        assert later is not None
        assert not await store.keep_feed(late, "of the late one", at(32), at(32))
        assert await store.keep_feed(later, "of the later one", at(40), at(33))
        assert not await store.keep_feed(later, "once more", at(40), at(34))
        [row] = await store.feeds()
        assert row.cursor == "of the later one"

    @scene
    async def test_a_worker_that_died_has_its_turn_back_at_once(self, on: Engine) -> None:
        """Its earlier turn keeps nothing; the turns of others stay theirs."""
        store = await on.handle()
        dead = await store.claim_feed("erp", "items", "one", at(0), at(120), 10)
        other = await store.claim_feed("erp", "parties", "two", at(0), at(120), 10)
        assert dead is not None
        assert other is not None
        await store.free_feeds("one")
        assert not await store.keep_feed(dead, "of the dead one", at(60), at(1))
        again = await store.claim_feed("erp", "items", "one", at(1), at(121), 10)
        assert again is not None
        assert again.cursor == ""
        assert await store.keep_feed(other, "of the other", at(60), at(1))

    @scene
    async def test_what_is_pointed_at_is_asked_for_at_once(self, on: Engine) -> None:
        """A feed that is not due is given for its nudges, the longest waiting first."""
        store = await on.handle()
        turn = await store.claim_feed("shop", "orders", "one", at(0), at(30), 10)
        assert turn is not None
        await store.keep_feed(turn, "c", at(600), at(1))
        await store.nudge("shop", "orders", ["7"], at(2))
        await store.nudge("shop", "orders", ["3"], at(3))
        pointed = await store.claim_feed("shop", "orders", "one", at(4), at(30), 10)
        assert pointed is not None
        assert (pointed.due, [one.record for one in pointed.nudges]) == (False, ["7", "3"])
        await store.keep_feed(pointed, pointed.cursor, at(600), at(5))
        assert await store.claim_feed("shop", "orders", "one", at(6), at(30), 10) is None
        [row] = await store.feeds()
        assert (row.nudged, row.cursor) == (0, "c")

    @scene
    async def test_what_is_pointed_at_again_meanwhile_is_asked_for_again(self, on: Engine) -> None:
        """The record may have changed after it was read."""
        store = await on.handle()
        await store.nudge("shop", "orders", ["7"], at(0))
        turn = await store.claim_feed("shop", "orders", "one", at(1), at(30), 10)
        assert turn is not None
        await store.nudge("shop", "orders", ["7"], at(2))
        await store.keep_feed(turn, "c", at(600), at(3))
        again = await store.claim_feed("shop", "orders", "one", at(4), at(30), 10)
        assert again is not None
        assert [one.record for one in again.nudges] == ["7"]

    @scene
    async def test_no_more_is_given_than_was_asked_for(self, on: Engine) -> None:
        """What is beyond the limit comes with the next turn."""
        store = await on.handle()
        await store.nudge("shop", "orders", ["1"], at(0))
        await store.nudge("shop", "orders", ["2"], at(0))
        turn = await store.claim_feed("shop", "orders", "one", at(1), at(30), 1)
        assert turn is not None
        assert [one.record for one in turn.nudges] == ["1"]
        await store.keep_feed(turn, "", at(600), at(2))
        rest = await store.claim_feed("shop", "orders", "one", at(3), at(30), 1)
        assert rest is not None
        assert [one.record for one in rest.nudges] == ["2"]

    @scene
    async def test_trouble_is_counted_and_forgets_nothing(self, on: Engine) -> None:
        """The cursor stands, what was pointed at stays, until a turn ends without a problem."""
        store = await on.handle()
        await store.nudge("shop", "orders", ["7"], at(0))
        turn = await store.claim_feed("shop", "orders", "one", at(1), at(30), 10)
        assert turn is not None
        await store.keep_feed(turn, turn.cursor, at(10), at(2), "no answer")
        [row] = await store.feeds()
        assert (row.problem, row.failures, row.nudged, row.read_time) == ("no answer", 1, 1, None)
        again = await store.claim_feed("shop", "orders", "one", at(10), at(40), 10)
        assert again is not None
        await store.keep_feed(again, "c", at(60), at(11))
        [row] = await store.feeds()
        assert (row.problem, row.failures, row.nudged, row.read_time) == ("", 0, 0, at(11))
