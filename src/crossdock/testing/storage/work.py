"""The contract of work: what stores promise to people who work on what waits for them.

Conditions open and close in any order of writing; a ruling on a held effect is done as it was meant
or not at all.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.operations import Ruled
from crossdock.contracts.vocabulary import EffectEnd, Fate
from crossdock.log.errors import DocumentMoved
from crossdock.log.keys import transport_digest
from crossdock.log.ports import Store
from crossdock.log.records import (
    AFTER_ATTEMPT,
    Closing,
    EffectState,
    Leaving,
    Note,
    Outcome,
    Ruling,
    Verdict,
    Wanted,
)
from crossdock.log.views import ExceptionRow
from crossdock.testing.builders import at, effect, message, settlement
from crossdock.testing.storage.answers import asked, said, told
from crossdock.testing.storage.effects import claim, settle
from crossdock.testing.storage.engine import ContractBase, Engine, intend, land, scene

KIND = "short-pick"


def noted(detail: str = "one", key: str = "o-1/1") -> Outcome:
    """An outcome that notes the condition."""
    return Outcome(notes=[Note(KIND, key, detail)])


def closed(upto: dict[int, int], why: str = "found", key: str = "o-1/1") -> Outcome:
    """An outcome that closes it."""
    return Outcome(closings=[Closing(KIND, key, why, upto)])


def ruled(action: Ruled, attempts: int = 1, business_key: str = "e") -> Outcome:
    """An outcome in which a person rules on an effect."""
    return Outcome(rulings=[Ruling(business_key, attempts, action.value, "T-7", "ann: seen")])


async def all_of(store: Store) -> list[ExceptionRow]:
    """Every condition, open or closed."""
    return await store.conditions([KIND, "refused", "unknown"], ("", ""), 99, closed=True)


async def held_effect(store: Store, *, verdict: Verdict = Verdict.REFUSED) -> None:
    """An effect `e` that waits for a person, and one behind it of its key."""
    await intend(store, effect("e"), effect("behind"))
    [one] = await claim(store)
    await settle(store, one, verdict)


async def ends_by(store: Store, action: Ruled, verdict: str) -> None:
    """A held effect ends by this ruling."""
    await held_effect(store)
    await land(store, ruled(action), seconds=5)
    [first, _] = await store.effects_of("order-1")
    assert (first.state, first.attempts) == (verdict, 1)
    last = first.ended[-1]
    assert (last.attempt, last.verdict, last.reference) == (2, verdict, "T-7")
    assert (last.problem, last.settled_time) == ("ann: seen", at(5))
    assert [one.business_key for one in await claim(store, 6)] == ["behind"]


class WorkContract(ContractBase):
    """What stores promise to people who work on what waits."""

    @scene
    async def test_a_condition_is_closed_up_to_where_it_was_seen(self, on: Engine) -> None:
        """By which message, when and why is kept beside it."""
        store = await on.handle()
        await land(store, noted(), seconds=1)
        await land(store, closed({0: 1}), seconds=2)
        assert await store.exceptions(9) == []
        [row] = await all_of(store)
        assert (row.opened_time, row.place, row.times) == (at(1), "0:1", 1)
        assert (row.closed_time, row.closed_place, row.closed_why) == (at(2), "0:2", "found")

    @scene
    async def test_what_is_noted_later_opens_it_again(self, on: Engine) -> None:
        """From then on, with its new evidence; how often it was met in all is kept."""
        store = await on.handle()
        await land(store, noted("one"), closed({0: 1}), seconds=1)
        await land(store, noted("two"), seconds=3)
        [row] = await store.exceptions(9)
        assert (row.opened_time, row.place, row.detail, row.times) == (at(3), "0:3", "two", 2)
        assert (row.closed_time, row.closed_place, row.closed_why) == (None, None, "")

    @scene
    async def test_a_batch_may_note_close_and_note(self, on: Engine) -> None:
        """What stands at its end is as if its messages had been written one by one."""
        store = await on.handle()
        await land(store, noted("old"), seconds=1)
        batch = (noted("a"), closed({0: 3}), noted("b"), noted("c", "o-2/1"), closed({0: 6}))
        await land(store, *batch, seconds=2)
        [row] = [one for one in await all_of(store) if one.key == "o-1/1"]
        assert (row.is_open, row.closed_place, row.times) == (False, "0:6", 3)
        await land(store, closed({0: 7}), noted("d"), seconds=4)
        [row] = [one for one in await store.exceptions(9) if one.key == "o-1/1"]
        assert (row.opened_time, row.place, row.detail, row.times) == (at(4), "0:8", "d", 4)

    @scene
    async def test_a_closing_reaches_no_further_than_it_says(self, on: Engine) -> None:
        """Whatever another partition noted, or this one noted later, stays open."""
        store = await on.handle()
        await land(store, noted(), noted("again"), seconds=1)
        await land(store, closed({0: 1}), seconds=2)
        assert [row.is_open for row in await all_of(store)] == [True]
        await land(store, noted("elsewhere"), partition=1, seconds=3)
        await land(store, closed({0: 2}), seconds=4)
        [row] = await store.exceptions(9)
        assert (row.opened_time, row.upto) == (at(1), {0: 2, 1: 1})
        await land(store, closed({1: 1}, "both"), seconds=5)
        [row] = await all_of(store)
        assert (row.closed_time, row.closed_why) == (at(5), "both")

    @scene
    async def test_a_condition_that_nobody_noted_is_not_made_by_closing_it(
        self, on: Engine
    ) -> None:
        """A closing of nothing leaves nothing."""
        store = await on.handle()
        await land(store, closed({0: 1}))
        assert await all_of(store) == []

    @scene
    async def test_conditions_are_listed_by_kind_and_page(self, on: Engine) -> None:
        """In the order of kind and key, closed ones only when they are asked for."""
        store = await on.handle()
        await land(store, noted(key="b"), noted(key="a"), noted(key="c"), closed({0: 9}, key="a"))
        rows = await store.conditions([KIND], ("", ""), 1)
        assert [row.key for row in rows] == ["b"]
        rows = await store.conditions([KIND], (KIND, "b"), 9)
        assert [row.key for row in rows] == ["c"]
        assert [row.key for row in await all_of(store)] == ["a", "b", "c"]
        assert await store.conditions(["odd"], ("", ""), 9) == []

    @scene
    async def test_what_is_put_aside_is_listed_by_place(self, on: Engine) -> None:
        """Held and dead messages with their reasons, page by page; decisions see them too."""
        store = await on.handle()
        held = Outcome(fate=Fate.HELD, reason="why", notes=[Note(KIND, "k", "d")])
        dead = Outcome(fate=Fate.DEAD, reason="never")
        await land(store, held, Outcome(), dead, seconds=4)
        rows = await store.put_aside((0, 0), 1)
        assert [(one.message.place, one.fate, one.reason) for one in rows] == [
            ("0:1", "held", "why")
        ]
        assert rows[0].processed_time == at(4)
        rows = await store.put_aside((0, 1), 9)
        assert [(one.message.place, one.fate) for one in rows] == [("0:3", "dead")]
        loaded = (await store.load(Wanted(held={"0:1", "0:2", "0:3"}))).held
        assert {place: (one.reason, one.dead) for place, one in loaded.items()} == {
            "0:1": ("why", False),
            "0:3": ("never", True),
        }
        assert list(loaded["0:1"].notes) == held.notes

    @scene
    async def test_messages_are_found_by_transport_key(self, on: Engine) -> None:
        """Those that are there."""
        store = await on.handle()
        await land(store, Outcome())
        known, unknown = transport_digest("set-up", "set-up-0-1"), transport_digest("a", "b")
        assert await store.places_by_key([unknown, known]) == {known: (0, 1)}

    @scene
    async def test_lateness_is_from_event_to_receipt(self, on: Engine) -> None:
        """The worst of these types since then; nothing where nothing came."""
        store = await on.handle()
        for name, happened, received in (("a", 0, 900), ("b", 950, 1_000), ("c", 0, 1_000)):
            said = message(name, seconds=happened)
            said.received_time = at(received)
            said.type = catalogue.SHIPMENT_SHIPPED if name != "c" else catalogue.ORDER_PLACED
            await store.append([said])
        kinds = [catalogue.SHIPMENT_SHIPPED]
        assert await store.lateness(kinds, at(0)) == 900.0
        assert await store.lateness(kinds, at(900)) == 50.0
        assert await store.lateness(kinds, at(1_000)) is None
        assert await store.lateness([*kinds, catalogue.ORDER_PLACED], at(900)) == 1_000.0

    # Effects ----------------------------------------------------------------------------------

    @scene
    async def test_a_decision_sees_where_an_effect_stands(self, on: Engine) -> None:
        """Its intent, its state and how often it was tried; nothing of one that is not there."""
        store = await on.handle()
        await held_effect(store)
        loaded = (await store.load(Wanted(effects={"e", "behind", "other"}))).effects
        assert set(loaded) == {"e", "behind"}
        assert (loaded["e"].state, loaded["e"].attempts) == (EffectState.HELD, 1)
        assert (loaded["behind"].state, loaded["behind"].attempts) == (EffectState.DUE, 0)
        assert loaded["e"].effect == effect("e")
        [row] = await store.held_effects(0, 9)
        assert (row.business_key, row.state, row.attempts) == ("e", "held", 1)
        assert await store.held_effects(row.effect_id, 9) == []

    @scene
    async def test_an_effect_is_told_again_at_once(self, on: Engine) -> None:
        """With all its tries; and its condition is open again when it is held again."""
        store = await on.handle()
        await held_effect(store)
        again = ruled(Ruled.RETRY)
        again.closings.append(Closing("refused", "e", "ann", {AFTER_ATTEMPT: 1}))
        await land(store, again, seconds=5)
        assert await store.exceptions(9) == []
        [one] = await claim(store, 5)
        assert (one.business_key, one.attempt, one.tries) == ("e", 2, 0)
        await settle(store, one, Verdict.REFUSED, 6)
        [row] = await store.exceptions(9)
        assert (row.kind, row.times, row.upto) == ("refused", 2, {AFTER_ATTEMPT: 2})
        assert row.opened_time == at(6)

    @scene
    async def test_doubt_stays_unless_somebody_looked(self, on: Engine) -> None:
        """What may have been done is asked about first, unless it is certainly not done."""
        store = await on.handle()
        await held_effect(store, verdict=Verdict.UNKNOWN)
        await land(store, ruled(Ruled.RETRY), seconds=5)
        [one] = await claim(store, 5)
        assert one.doubtful
        await settle(store, one, Verdict.UNKNOWN, 6)
        await land(store, ruled(Ruled.RETRY_CERTAIN, 2), seconds=7)
        [one] = await claim(store, 8)
        assert not one.doubtful

    @scene
    async def test_an_effect_that_comes_to_its_end_closes_what_it_left(self, on: Engine) -> None:
        """Whatever it had been held for."""
        store = await on.handle()
        await held_effect(store)
        await land(store, ruled(Ruled.RETRY), seconds=5)
        [one] = await claim(store, 5)
        await settle(store, one, Verdict.ACCEPTED, 6)
        [row] = await all_of(store)
        assert (row.closed_time, row.closed_why) == (at(6), "it came to its end")

    @scene
    async def test_an_effect_is_adopted_by_a_person(self, on: Engine) -> None:
        """The words are on record as an attempt that was not made; the next of its key goes on."""
        await ends_by(await on.handle(), Ruled.ADOPT, "adopted")

    @scene
    async def test_an_effect_is_dropped_by_a_person(self, on: Engine) -> None:
        """Likewise."""
        await ends_by(await on.handle(), Ruled.CANCEL, "cancelled")

    @scene
    async def test_what_is_paused_stays_due(self, on: Engine) -> None:
        """It is left alone as it is while others of its destination go out; then it goes too."""
        store = await on.handle()
        told = replace(effect("told", key="k2"), type=catalogue.INVOICE_REQUESTED)
        await intend(store, effect("paused", key="k1"), told)
        leaving = Leaving(paused=frozenset({catalogue.ORDER_RELEASED}))
        claimed = await store.claim("wms", at(1), at(9), 10, leaving)
        assert [one.business_key for one in claimed] == ["told"]
        assert await store.effects_summary() == {("wms", "due"): 1, ("wms", "in_flight"): 1}
        assert [one.business_key for one in await claim(store, 2)] == ["paused"]

    @scene
    async def test_a_ruling_on_what_moved_on_changes_nothing(self, on: Engine) -> None:
        """Not held, or held after another attempt: the batch is decided again."""
        store = await on.handle()
        await held_effect(store)
        for outcome in (ruled(Ruled.CANCEL, 2), ruled(Ruled.CANCEL, 0, "behind")):
            with pytest.raises(DocumentMoved):
                await land(store, outcome)
        assert await store.effects_summary() == {("wms", "held"): 1, ("wms", "due"): 1}

    @scene
    async def test_who_asked_is_told_of_a_person_s_word(self, on: Engine) -> None:
        """In the transaction that does what was ruled."""
        store = await on.handle()
        await intend(store, asked("e"))
        [one] = await claim(store)
        await store.settle([settlement(one.effect_id, 1, Verdict.REFUSED)], at(2))
        await land(store, ruled(Ruled.ADOPT), seconds=5)
        ends = [said(message) for message in await told(store)]
        assert [(one.end, one.attempt) for one in ends] == [
            (EffectEnd.REFUSED, 1),
            (EffectEnd.ADOPTED, 2),
        ]
        assert ends[-1].reference == "T-7"
