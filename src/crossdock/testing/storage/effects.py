"""The contract of effects: in order per key, one attempt at a time, every end recorded."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.connector import Evidence
from crossdock.log.errors import CommitUnknown, StoreUnavailable
from crossdock.log.ports import Store
from crossdock.log.records import (
    Asker,
    Claimed,
    Effect,
    EffectState,
    Lane,
    Leaving,
    Settlement,
    Verdict,
)
from crossdock.log.views import BacklogRow
from crossdock.testing.builders import at, effect, settlement
from crossdock.testing.storage.engine import ContractBase, Engine, intend, scene


async def claim(
    store: Store, seconds: float = 1, *, destination: str = "wms", limit: int = 100
) -> list[Claimed]:
    """Claim for ten seconds."""
    return await store.claim(destination, at(seconds), at(seconds + 10), limit)


def keys(claimed: list[Claimed]) -> list[str]:
    """What was claimed."""
    return [one.business_key for one in claimed]


async def settle(
    store: Store,
    one: Claimed,
    verdict: Verdict,
    seconds: float = 2,
    *,
    due: float | None = None,
    doubtful: bool = False,
) -> int:
    """Settle one attempt."""
    due_at = None if due is None else at(due)
    ended = settlement(one.effect_id, one.attempt, verdict, due_at=due_at, doubtful=doubtful)
    return await store.settle([ended], at(seconds))


class EffectContract(ContractBase):
    """What `claim` and `settle` promise."""

    @scene
    async def test_an_intent_is_due_at_once(self, on: Engine) -> None:
        """It is claimed with everything that was intended, as its first attempt, without doubt."""
        store = await on.handle()
        await intend(store, effect("wms/release/1", key="order-7", body=b'{"a":1}'), seconds=5)
        [got] = await claim(store, 5)
        meant = effect("wms/release/1", key="order-7", body=b'{"a":1}')
        assert (got.business_key, got.destination, got.key) == ("wms/release/1", "wms", "order-7")
        assert (got.type, got.correlation, got.body) == (meant.type, "order-7", b'{"a":1}')
        assert (got.attempt, got.doubtful) == (1, False)
        assert await store.effects_summary() == {("wms", "in_flight"): 1}

    @scene
    async def test_lanes_go_before_age(self, on: Engine) -> None:
        """The operational lane goes first; within a lane the oldest."""
        store = await on.handle()
        await intend(
            store,
            effect("a", key="1", lane=Lane.ANALYTICAL),
            effect("b", key="2", lane=Lane.FINANCIAL),
            effect("c", key="3"),
            effect("d", key="4", lane=Lane.FINANCIAL),
            effect("e", key="5"),
        )
        assert keys(await claim(store, limit=3)) == ["c", "e", "b"]
        assert keys(await claim(store)) == ["d", "a"]

    @scene
    async def test_d6_only_the_head_of_a_key_is_claimed(self, on: Engine) -> None:
        """Effects of one key go out one after the other, also across lanes (I21)."""
        store = await on.handle()
        await intend(
            store,
            effect("a", lane=Lane.ANALYTICAL),
            effect("b"),
            effect("c"),
            effect("d", key="order-2"),
        )
        first = await claim(store)
        assert keys(first) == ["d", "a"]
        assert await claim(store, 2) == []
        await settle(store, first[1], Verdict.ACCEPTED)
        [second] = await claim(store, 3)
        assert second.business_key == "b"
        await settle(store, second, Verdict.ALREADY_DONE, 4)
        assert keys(await claim(store, 5)) == ["c"]

    @scene
    async def test_destinations_do_not_wait_for_each_other(self, on: Engine) -> None:
        """The same key at two destinations is two queues, and each claims only its own."""
        store = await on.handle()
        await intend(store, effect("wms/a"), effect("shop/a", destination="shop"))
        assert keys(await claim(store, destination="shop")) == ["shop/a"]
        assert keys(await claim(store, destination="wms")) == ["wms/a"]
        assert await claim(store, destination="nobody") == []

    @scene
    async def test_a_claim_takes_no_more_than_its_limit(self, on: Engine) -> None:
        """What is left is claimed next."""
        store = await on.handle()
        await intend(store, *(effect(f"e{n}", key=f"k{n}") for n in range(5)))
        assert keys(await claim(store, limit=2)) == ["e0", "e1"]
        assert keys(await claim(store, limit=2)) == ["e2", "e3"]
        assert keys(await claim(store, limit=2)) == ["e4"]

    @scene
    async def test_racing_claims_are_disjoint(self, on: Engine) -> None:
        """No effect is held by two, and no key is at two places at once (I22)."""
        handles = [await on.handle() for _ in range(5)]
        await intend(handles[0], *(effect(f"e{n}", key=f"k{n % 20}") for n in range(40)))
        got = await asyncio.gather(*(claim(store, limit=8) for store in handles))
        taken = [one for batch in got for one in batch]
        assert len({one.effect_id for one in taken}) == len(taken)
        assert len({one.key for one in taken}) == len(taken)
        rest = await claim(handles[0])
        assert sorted(keys(taken + rest)) == sorted(f"e{n}" for n in range(20))

    @scene
    async def test_a_head_in_flight_is_left_alone_until_its_time_is_over(self, on: Engine) -> None:
        """Its holder may still be at it."""
        store = await on.handle()
        await intend(store, effect("a"), effect("b"))
        await store.claim("wms", at(0), at(30), 10)
        assert await claim(store, 29) == []

    @scene
    async def test_an_attempt_that_nobody_ended_is_doubtful(self, on: Engine) -> None:
        """After its time it is claimed as a further attempt that must ask before it sends (I20)."""
        store = await on.handle()
        await intend(store, effect("a"), effect("b"))
        await store.claim("wms", at(0), at(30), 10)
        [again] = await claim(store, 31)
        assert (again.business_key, again.attempt, again.doubtful) == ("a", 2, True)

    @scene
    async def test_a_settled_effect_leaves_the_queue_with_its_reference(self, on: Engine) -> None:
        """Accepted, already done and superseded all settle it, for ever."""
        store = await on.handle()
        await intend(store, *(effect(f"e{n}", key=f"k{n}") for n in range(3)))
        held = await claim(store)
        ends = [Verdict.ACCEPTED, Verdict.ALREADY_DONE, Verdict.SUPERSEDED]
        results = [
            settlement(one.effect_id, one.attempt, end) for one, end in zip(held, ends, strict=True)
        ]
        assert await store.settle(results, at(2)) == 3
        assert await claim(store, 1000) == []
        assert await store.effects_summary() == {("wms", end.value): 1 for end in ends}
        for n, end in enumerate(ends):
            [view] = await store.effects_of(f"k{n}")
            assert (view.state, view.attempts) == (end.value, 1)
            [ended] = view.ended
            assert (ended.attempt, ended.verdict) == (1, end.value)
            assert ended.reference == f"ref {held[n].effect_id}/1"
            assert ended.settled_time == at(2)

    @scene
    async def test_a_refused_effect_is_held_for_a_person(self, on: Engine) -> None:
        """It opens a condition under its business key and is not tried again by itself."""
        store = await on.handle()
        await intend(store, effect("wms/release/1"))
        [one] = await claim(store)
        assert await settle(store, one, Verdict.REFUSED, due=3) == 1
        assert await claim(store, 1000) == []
        assert await store.effects_summary() == {("wms", "held"): 1}
        [row] = await store.exceptions(10)
        assert (row.kind, row.key) == ("refused", "wms/release/1")
        assert row.detail == f"why {one.effect_id}/1"
        assert (row.opened_time, row.times) == (at(2), 1)

    @scene
    async def test_a_held_head_blocks_only_its_key(self, on: Engine) -> None:
        """Later effects of its key wait behind it, those of all others go on (I21, I24)."""
        store = await on.handle()
        await intend(store, effect("a"), effect("b"), effect("c", key="order-2"))
        [head, other] = await claim(store)
        await settle(store, head, Verdict.REFUSED)
        await settle(store, other, Verdict.ACCEPTED)
        await intend(store, effect("d", key="order-2"), effect("e"))
        assert keys(await claim(store, 1000)) == ["d"]

    @scene
    async def test_a_retry_waits_for_its_time(self, on: Engine) -> None:
        """Not before it is due, then as the next attempt, and without doubt."""
        store = await on.handle()
        await intend(store, effect("a"), effect("b"), effect("c", key="order-2"))
        [head, _] = await claim(store)
        assert await settle(store, head, Verdict.RETRY, due=60) == 1
        assert await store.effects_summary() == {("wms", "due"): 2, ("wms", "in_flight"): 1}
        assert "b" not in keys(await claim(store, 59)), "its key waits with it"
        [again] = [one for one in await claim(store, 61) if one.key == "order-1"]
        assert (again.business_key, again.attempt, again.doubtful) == ("a", 2, False)

    @scene
    async def test_an_unknown_end_leaves_doubt(self, on: Engine) -> None:
        """It is tried again at its time, and must ask first (I20)."""
        store = await on.handle()
        await intend(store, effect("a"))
        [one] = await claim(store)
        await settle(store, one, Verdict.UNKNOWN, due=30)
        assert await claim(store, 29) == []
        [again] = await claim(store, 30)
        assert (again.attempt, again.doubtful) == (2, True)

    @scene
    async def test_doubt_outlives_a_retry(self, on: Engine) -> None:
        """What an earlier attempt left unknown stays so until the effect is settled."""
        store = await on.handle()
        await intend(store, effect("a"), effect("b", key="order-2"))
        [unknown, left] = await claim(store)
        await settle(store, unknown, Verdict.UNKNOWN, due=5)
        [second, taken_over] = await claim(store, 20)
        assert taken_over.effect_id == left.effect_id
        await settle(store, second, Verdict.RETRY, due=30)
        await settle(store, taken_over, Verdict.RETRY, due=30)
        assert [one.doubtful for one in await claim(store, 31)] == [True, True]

    @scene
    async def test_a_retry_may_say_that_doubt_remains(self, on: Engine) -> None:
        """A worker that could not tell says so, and the next one asks."""
        store = await on.handle()
        await intend(store, effect("a"))
        [one] = await claim(store)
        await settle(store, one, Verdict.RETRY, due=5, doubtful=True)
        assert [again.doubtful for again in await claim(store, 6)] == [True]

    @scene
    async def test_without_a_next_time_an_effect_is_held(self, on: Engine) -> None:
        """Tries used up, or nobody to ask: a person must look, and is told which of the two."""
        store = await on.handle()
        await intend(store, effect("a"), effect("b", key="order-2"))
        [first, second] = await claim(store)
        await settle(store, first, Verdict.RETRY)
        await settle(store, second, Verdict.UNKNOWN)
        assert await claim(store, 1000) == []
        assert await store.effects_summary() == {("wms", "held"): 2}
        shown = [(row.kind, row.key, row.detail) for row in await store.exceptions(10)]
        assert shown == [
            ("retry", "a", f"why {first.effect_id}/1"),
            ("unknown", "b", f"why {second.effect_id}/1"),
        ]

    @scene
    async def test_a_late_end_of_an_earlier_attempt_changes_nothing(self, on: Engine) -> None:
        """The attempt number fences a worker whose time was over (I22)."""
        store = await on.handle()
        await intend(store, effect("a"))
        [old] = await claim(store, 0)
        [new] = await claim(store, 11)
        for verdict in (Verdict.ACCEPTED, Verdict.REFUSED, Verdict.RETRY):
            assert await settle(store, old, verdict, 12, due=13) == 0
        assert await store.effects_summary() == {("wms", "in_flight"): 1}
        assert await store.exceptions(10) == []
        assert await settle(store, new, Verdict.ACCEPTED, 14) == 1
        [view] = await store.effects_of("order-1")
        assert [(ended.attempt, ended.verdict) for ended in view.ended] == [
            (1, "lost"),
            (2, "accepted"),
        ]

    @scene
    async def test_only_an_attempt_that_was_started_can_end(self, on: Engine) -> None:
        """Unknown effects, unclaimed ones and ends that were recorded before count for nothing."""
        store = await on.handle()
        await intend(store, effect("a"), effect("b"))
        [one] = await claim(store)
        assert await settle(store, one, Verdict.ACCEPTED) == 1
        ghosts = [
            settlement(one.effect_id, 1, Verdict.RETRY, due_at=at(3)),
            settlement(one.effect_id + 1, 0, Verdict.ACCEPTED),
            settlement(one.effect_id + 1, 1, Verdict.ACCEPTED),
            settlement(10_000, 1, Verdict.ACCEPTED),
        ]
        assert await store.settle(ghosts, at(3)) == 0
        assert await store.settle([], at(3)) == 0
        assert await store.effects_summary() == {("wms", "accepted"): 1, ("wms", "due"): 1}

    @scene
    async def test_a_batch_of_ends_records_those_that_hold(self, on: Engine) -> None:
        """One that is fenced off does not keep the others from being recorded."""
        store = await on.handle()
        await intend(store, *(effect(f"e{n}", key=f"k{n}") for n in range(4)))
        held = await claim(store)
        results: list[Settlement] = [
            settlement(held[0].effect_id, 1, Verdict.ACCEPTED),
            settlement(held[1].effect_id, 7, Verdict.ACCEPTED),
            settlement(held[2].effect_id, 1, Verdict.REFUSED),
            settlement(held[3].effect_id, 1, Verdict.RETRY, due_at=at(9)),
        ]
        assert await store.settle(results, at(2)) == 3
        assert await store.effects_summary() == {
            ("wms", "accepted"): 1,
            ("wms", "in_flight"): 1,
            ("wms", "held"): 1,
            ("wms", "due"): 1,
        }

    @scene
    async def test_every_end_is_kept_in_the_history(self, on: Engine) -> None:
        """Attempt by attempt, with what was said and when."""
        store = await on.handle()
        await intend(store, effect("a"))
        for n, (verdict, due) in enumerate(
            [(Verdict.RETRY, 20.0), (Verdict.UNKNOWN, 40.0), (Verdict.ACCEPTED, None)]
        ):
            [one] = await claim(store, n * 20)
            await settle(store, one, verdict, n * 20 + 1, due=due)
        [view] = await store.effects_of("order-1")
        assert [(one.attempt, one.verdict) for one in view.ended] == [
            (1, "retry"),
            (2, "unknown"),
            (3, "accepted"),
        ]
        assert [one.settled_time for one in view.ended] == [at(1), at(21), at(41)]
        assert [one.problem for one in view.ended] == [
            f"why {view.effect_id}/{n}" for n in (1, 2, 3)
        ]

    @scene
    async def test_a_claim_whose_answer_was_lost_ends_in_doubt(self, on: Engine) -> None:
        """Nobody knows of the attempt, so after its time the effect is asked for before sending."""
        store = await on.handle()
        await intend(store, effect("a"))
        deaf = await on.deaf_handle()
        with pytest.raises((CommitUnknown, StoreUnavailable)):
            await claim(deaf, 0)
        assert await claim(store, 5) == []
        [again] = await claim(store, 11)
        assert (again.attempt, again.doubtful) == (2, True)

    @scene
    async def test_an_end_whose_answer_was_lost_can_be_recorded_again(self, on: Engine) -> None:
        """The second time it counts for nothing, and the first stands."""
        store = await on.handle()
        await intend(store, effect("a"))
        [one] = await claim(store)
        deaf = await on.deaf_handle()
        with pytest.raises(CommitUnknown):
            await settle(deaf, one, Verdict.ACCEPTED)
        assert await settle(store, one, Verdict.ACCEPTED, 9) == 0
        [view] = await store.effects_of("order-1")
        assert [ended.settled_time for ended in view.ended] == [at(2)]

    @scene
    async def test_what_a_stopped_flow_intends_is_kept_until_it_runs(self, on: Engine) -> None:
        """Held, in nobody's hands, and in its turn before what its key intends later."""
        store = await on.handle()
        await intend(store, replace(effect("a"), held=True))
        await intend(store, effect("b"))
        assert await claim(store, 1) == []
        assert await store.resume([effect("a").type]) == 0
        assert await claim(store, 2) == []
        assert await store.resume([]) == 1
        [first] = await claim(store, 3)
        assert first.business_key == "a"
        await settle(store, first, Verdict.REFUSED)
        assert await store.resume([]) == 0  # refused by the far side: a person decides

    @scene
    async def test_a_hub_that_starts_again_takes_back_what_it_had_in_flight(
        self, on: Engine
    ) -> None:
        """At once, as doubtful, and only what is not settled; the dead attempt is fenced off."""
        store = await on.handle()
        await intend(store, effect("a"), effect("b"), effect("c", key="order-2"))
        [a, c] = await store.claim("wms", at(0), at(1000), 10)
        await settle(store, c, Verdict.RETRY, due=500)
        await store.reclaim(at(3))
        [again] = await claim(store, 3)
        assert (again.business_key, again.attempt, again.doubtful) == ("a", 2, True)
        assert await settle(store, a, Verdict.ACCEPTED, 4) == 0

    # Evidence, and who holds what ----------------------------------------------------------------

    @scene
    async def test_an_attempt_is_kept_with_its_evidence(self, on: Engine) -> None:
        """What was seen of the exchange, who made it, and from when to when."""
        store = await on.handle()
        await intend(store, effect("a"))
        [one] = await claim(store, 5)
        seen = Evidence(201, "as you wish", b"\x01" * 32, b"\x02" * 32)
        ended = Settlement(one.effect_id, 1, Verdict.ACCEPTED, "no. 7", evidence=seen)
        assert await store.settle([ended], at(8)) == 1
        [view] = await store.effects_of("order-1")
        [kept] = view.ended
        assert kept.evidence == seen
        assert (kept.begun_time, kept.settled_time) == (at(5), at(8))
        assert (kept.reference, kept.holder) == ("no. 7", store.owner)

    @scene
    async def test_a_lost_attempt_is_kept_too(self, on: Engine) -> None:
        """Who began it and when, and that nobody saw its end; the next one may ask, not before."""
        store = await on.handle()
        await intend(store, effect("a"))
        await store.claim("wms", at(0), at(30), 10)
        [again] = await claim(store, 40)
        assert again.doubted_at == at(30), "until then it can have sent"
        [view] = await store.effects_of("order-1")
        [lost] = view.ended
        assert (lost.attempt, lost.verdict, lost.holder) == (1, "lost", store.owner)
        assert (lost.begun_time, lost.settled_time) == (at(0), at(40))

    @scene
    async def test_doubt_has_a_moment(self, on: Engine) -> None:
        """An unknown end doubts from its own moment on; a retry after it leaves that as it was."""
        store = await on.handle()
        await intend(store, effect("a"))
        [one] = await claim(store)
        assert one.doubted_at is None
        await settle(store, one, Verdict.UNKNOWN, 3, due=5)
        [second] = await claim(store, 6)
        assert second.doubted_at == at(3)
        await settle(store, second, Verdict.RETRY, 7, due=9, doubtful=True)
        [third] = await claim(store, 9)
        assert third.doubted_at == at(3)

    @scene
    async def test_what_is_void_there_is_held(self, on: Engine) -> None:
        """It exists and does not stand: no success and nothing to send again (P48)."""
        store = await on.handle()
        await intend(store, effect("label/1"))
        [one] = await claim(store)
        assert await settle(store, one, Verdict.VOID, due=3) == 1
        assert await claim(store, 1000) == []
        assert await store.effects_summary() == {("wms", "held"): 1}
        [row] = await store.exceptions(10)
        assert (row.kind, row.key) == ("void", "label/1")

    @scene
    async def test_what_a_living_hub_has_in_flight_stays_its_own(self, on: Engine) -> None:
        """Whatever our clock says: only when it is gone may we take it over (T1, T5)."""
        store = await on.handle()
        other = await on.named_handle("other")
        await intend(store, effect("a"))
        [held] = await other.claim("wms", at(0), at(30), 10)
        living = Leaving(alive=frozenset({"other"}))
        assert await store.claim("wms", at(3600), at(3630), 10, living) == []
        assert await settle(other, held, Verdict.ACCEPTED, 3601) == 1

    @scene
    async def test_a_hub_leaves_what_it_is_at_itself(self, on: Engine) -> None:
        """Its clock may have jumped; what is not named is what it lost, and is taken over."""
        store = await on.handle()
        await intend(store, effect("a"), effect("b", key="order-2"))
        a, _ = await store.claim("wms", at(0), at(30), 10)
        busy = Leaving(busy=frozenset({a.effect_id}), alive=frozenset({store.owner}))
        [taken] = await store.claim("wms", at(3600), at(3630), 10, busy)
        assert (taken.business_key, taken.doubtful) == ("b", True)

    @scene
    async def test_a_claim_may_leave_what_was_tried_before(self, on: Engine) -> None:
        """Where tries are dear, only what was never sent goes; the rest stays as it is."""
        store = await on.handle()
        await intend(store, effect("a"), effect("b", key="order-2"), effect("c", key="order-3"))
        [a, b] = await claim(store, limit=2)
        await settle(store, a, Verdict.RETRY, due=3)
        fresh = Leaving(fresh=True)
        assert keys(await store.claim("wms", at(60), at(90), 10, fresh)) == ["c"]
        assert keys(await claim(store, 60)) == ["a", "b"]
        assert b.attempt == 1

    @scene
    async def test_a_claim_may_begin_at_a_later_lane(self, on: Engine) -> None:
        """So that the lower lanes get their share; heads stay heads across lanes."""
        store = await on.handle()
        await intend(
            store,
            effect("a", key="1"),
            effect("b", key="1", lane=Lane.FINANCIAL),
            effect("c", key="2", lane=Lane.ANALYTICAL),
            effect("d", key="3", lane=Lane.FINANCIAL),
        )
        below = Leaving(lane=Lane.FINANCIAL)
        assert keys(await store.claim("wms", at(1), at(9), 10, below)) == ["d", "c"]
        assert keys(await claim(store)) == ["a"]

    @scene
    async def test_a_due_time_beyond_all_waits_is_not_believed(self, on: Engine) -> None:
        """No wait is longer than a day: a clock that was years ahead leaves nothing waiting."""
        store = await on.handle()
        await intend(store, effect("a"))
        [one] = await claim(store)
        await settle(store, one, Verdict.RETRY, due=10 * 365 * 86_400)
        assert keys(await claim(store, 3)) == ["a"]

    @scene
    async def test_something_is_due_when_a_claim_would_find_it(self, on: Engine) -> None:
        """Before, while, and after."""
        store = await on.handle()
        assert not await store.something_due("wms", at(1))
        await intend(store, effect("a"), seconds=5)
        assert not await store.something_due("wms", at(4))
        assert await store.something_due("wms", at(5))
        assert not await store.something_due("shop", at(5))
        await store.claim("wms", at(5), at(15), 10)
        assert not await store.something_due("wms", at(6))
        assert await store.something_due("wms", at(15))

    @scene
    async def test_every_name_is_heard_to_live(self, on: Engine) -> None:
        """Each beat counts up its own name; the others' are read as they stand."""
        store = await on.handle()
        other = await on.named_handle("other")
        assert await store.beat() == {store.owner: 1}
        assert await other.beat() == {store.owner: 1, "other": 1}
        assert await other.beat() == {store.owner: 1, "other": 2}
        assert await store.beat() == {store.owner: 2, "other": 2}

    @scene
    async def test_a_name_that_is_gone_is_forgotten_once_it_holds_nothing(self, on: Engine) -> None:
        """Not while an attempt of it is in flight: whoever takes that over must know of it."""
        store = await on.handle()
        other = await on.named_handle("other")
        await other.beat()
        await intend(store, effect("a"))
        await other.claim("wms", at(0), at(30), 10)
        await store.beat(gone={"other": 1})
        assert (await store.beat())["other"] == 1
        await claim(store, 31)
        await store.beat(gone={"other": 1, store.owner: 3})
        assert await store.beat() == {store.owner: 4}

    @scene
    async def test_a_name_that_beat_meanwhile_is_not_forgotten(self, on: Engine) -> None:
        """Whoever took it for gone looked a while ago."""
        store = await on.handle()
        other = await on.named_handle("other")
        for _ in range(2):
            await other.beat()
        await store.beat(gone={"other": 1})
        assert await store.beat() == {store.owner: 2, "other": 2}
        await store.beat(gone={"other": 2})
        assert await store.beat() == {store.owner: 4}

    @scene
    async def test_a_hub_lets_go_of_what_it_began_and_does_not_know_of(self, on: Engine) -> None:
        """The answer to its claim was lost: when its time is over it is due, in doubt, for all."""
        store = await on.handle()
        other = await on.named_handle("other")
        await intend(store, effect("a"), effect("b", key="order-2"), effect("c", key="order-3"))
        [a] = await store.claim("wms", at(0), at(30), 1)
        [_] = await store.claim("wms", at(0), at(30), 1)
        [_] = await other.claim("wms", at(0), at(30), 1)
        assert await store.let_go(at(29), [a.effect_id]) == 0
        assert await store.let_go(at(30), [a.effect_id]) == 1
        living = Leaving(alive=frozenset({store.owner}))
        [b] = [x for x in await other.claim("wms", at(31), at(60), 9, living) if x.key[-1] == "2"]
        assert (b.attempt, b.doubtful, b.doubted_at) == (2, True, at(30))
        [view] = await store.effects_of("order-2")
        assert [(end.verdict, end.holder) for end in view.ended] == [("lost", store.owner)]
        assert await settle(store, a, Verdict.ACCEPTED, 32) == 1

    @scene
    async def test_a_gate_moves_from_the_revision_that_was_read(self, on: Engine) -> None:
        """Of several that read the same, one moves it; the others must read again."""
        handles = [await on.handle() for _ in range(4)]
        assert await handles[0].gate("wms") == (0, b"")
        moved = await asyncio.gather(
            *(one.move_gate("wms", 0, b"%d" % n) for n, one in enumerate(handles))
        )
        assert sorted(moved) == [False, False, False, True]
        assert await handles[0].gate("wms") == (1, b"%d" % moved.index(True))
        assert not await handles[1].move_gate("wms", 0, b"late")
        assert await handles[1].move_gate("wms", 1, b"next")
        assert await handles[2].gate("wms") == (2, b"next")
        assert await handles[2].gate("shop") == (0, b"")

    # Newest only ---------------------------------------------------------------------------------

    @scene
    async def test_of_whole_states_the_newest_alone_is_told(self, on: Engine) -> None:
        """Older ones that are due end as superseded and name it; others of the key stay."""
        store = await on.handle()
        await intend(store, status("s1"), effect("other"), status("s2"), status("s3"))
        assert await store.effects_summary() == {("wms", "superseded"): 2, ("wms", "due"): 2}
        await intend(store, status("s4"), status("t1", key="order-2"), seconds=3)
        assert keys(await claim(store, 4)) == ["other", "t1"]
        views = {one.business_key: one for one in await store.effects_of("order-1")}
        ended = {name: view.ended[-1].reference for name, view in views.items() if view.ended}
        assert ended == {"s1": "s3", "s2": "s3", "s3": "s4"}
        assert views["s1"].attempts == 0

    @scene
    async def test_what_is_in_flight_or_in_doubt_is_not_superseded(self, on: Engine) -> None:
        """It may have arrived: it ends by its own answer, and the newest waits behind it (I21)."""
        store = await on.handle()
        await intend(store, status("s1"))
        [one] = await claim(store)
        await intend(store, status("s2"))
        assert await claim(store, 2) == []
        await settle(store, one, Verdict.UNKNOWN, 3, due=4)
        await intend(store, status("s3"))
        [again] = await claim(store, 5)
        assert (again.business_key, again.doubtful) == ("s1", True)
        await settle(store, again, Verdict.ALREADY_DONE, 6)
        assert keys(await claim(store, 7)) == ["s3"]

    @scene
    async def test_a_held_status_is_left_to_the_person_who_looks_at_it(self, on: Engine) -> None:
        """And what is held for its flow neither supersedes nor is superseded."""
        store = await on.handle()
        await intend(store, status("s1"))
        [one] = await claim(store)
        await settle(store, one, Verdict.REFUSED)
        await intend(store, status("s2"), replace(status("s3"), held=True))
        assert await store.effects_summary() == {("wms", "held"): 2, ("wms", "due"): 1}

    @scene
    async def test_what_somebody_waits_to_hear_of_is_told(self, on: Engine) -> None:
        """An effect with an asker goes out, whatever came after it."""
        store = await on.handle()
        asker = Asker("crossdock", 0, "recipe", "R-1")
        await intend(store, replace(status("s1"), asker=asker), status("s2"))
        assert await store.effects_summary() == {("wms", "due"): 2}

    @scene
    async def test_what_is_still_to_be_told_is_counted(self, on: Engine) -> None:
        """By destination, lane and state, each with the moment of its oldest."""
        store = await on.handle()
        await intend(store, effect("a"), effect("s", destination="shop", key="2"), seconds=1)
        await intend(
            store,
            effect("b", key="3", lane=Lane.FINANCIAL),
            effect("c", key="4", lane=Lane.FINANCIAL),
            seconds=2,
        )
        await intend(store, effect("d", key="5", lane=Lane.FINANCIAL), seconds=3)
        [a] = await claim(store, 3, limit=1)
        await settle(store, a, Verdict.REFUSED, 4)
        [_] = await claim(store, 5, limit=1)
        assert await store.backlog() == [
            BacklogRow("shop", Lane.OPERATIONAL, EffectState.DUE, 1, at(1)),
            BacklogRow("wms", Lane.OPERATIONAL, EffectState.HELD, 1, at(1)),
            BacklogRow("wms", Lane.FINANCIAL, EffectState.DUE, 2, at(2)),
            BacklogRow("wms", Lane.FINANCIAL, EffectState.IN_FLIGHT, 1, at(2)),
        ]


def status(business_key: str, *, key: str = "order-1") -> Effect:
    """An effect that says all that older ones of its type and key said."""
    one = effect(business_key, key=key)
    return replace(one, type=catalogue.ORDER_STATUS_CHANGED, newest_only=True)
