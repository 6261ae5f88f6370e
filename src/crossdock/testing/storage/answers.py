"""The contract of answers: a document that asked is told how an effect ended, once (T4)."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.effects import EffectSettled
from crossdock.contracts.envelope import Envelope
from crossdock.contracts.vocabulary import EffectEnd
from crossdock.log.answers import ENDS
from crossdock.log.errors import CommitUnknown
from crossdock.log.ports import Store
from crossdock.log.records import Effect, Recorded, Verdict
from crossdock.testing.builders import asker, at, effect, settlement
from crossdock.testing.storage.effects import claim, settle
from crossdock.testing.storage.engine import ContractBase, Engine, intend, scene

_ENVELOPE = msgspec.json.Decoder(Envelope)
_SAID = msgspec.json.Decoder(EffectSettled)


def asked(business_key: str, *, key: str = "order-1", document: str = "saga-1") -> Effect:
    """An effect whose end a document wants to know."""
    return replace(effect(business_key, key=key), asker=asker(document))


async def told(store: Store) -> list[Recorded]:
    """What the askers were told, in the order of their partition."""
    head = (await store.position()).get(1, (0, 0))[0]
    return await store.messages([(1, position) for position in range(1, head + 1)])


def said(message: Recorded) -> EffectSettled:
    """What a message says."""
    return _SAID.decode(_ENVELOPE.decode(message.raw).data)


class AnswerContract(ContractBase):
    """What `settle` promises to those who asked."""

    @scene
    async def test_an_end_is_said_on_the_askers_partition(self, on: Engine) -> None:
        """With whose it is, how it ended, the far side's number, in which attempt, and when."""
        store = await on.handle()
        await intend(store, asked("wms/label/1"))
        [one] = await claim(store)
        await settle(store, one, Verdict.ACCEPTED, 2)
        [message] = await told(store)
        assert (message.type, message.key) == (catalogue.EFFECT_SETTLED, "saga-1")
        assert (message.source, message.id) == ("crossdock", "settled/wms/label/1/1")
        assert (message.event_time, message.received_time) == (at(2), at(2))
        assert message.correlation == "order-1"
        assert said(message) == EffectSettled(
            kind="saga",
            id="saga-1",
            effect="wms/label/1",
            destination="wms",
            said=catalogue.ORDER_RELEASED,
            end=EffectEnd.ACCEPTED,
            attempt=1,
            reference=f"ref {one.effect_id}/1",
            reason=f"why {one.effect_id}/1",
        )

    @scene
    async def test_every_last_word_is_said(self, on: Engine) -> None:
        """Done, superseded, ended by a person, and all four ways of waiting for one."""
        store = await on.handle()
        verdicts = list(ENDS)
        await intend(store, *(asked(f"e{n}", key=f"k{n}") for n in range(len(verdicts))))
        held = await claim(store)
        results = [
            settlement(one.effect_id, 1, verdict)
            for one, verdict in zip(held, verdicts, strict=True)
        ]
        await store.settle(results, at(2))
        ends = {one.effect: one.end for one in map(said, await told(store))}
        assert ends == {f"e{n}": ENDS[verdict] for n, verdict in enumerate(verdicts)}
        assert len(ends) == len(set(ends.values())) == 9

    @scene
    async def test_what_comes_again_is_no_end(self, on: Engine) -> None:
        """A retry and an unknown outcome with a next time say nothing; the last attempt does."""
        store = await on.handle()
        await intend(store, asked("e"))
        for n, verdict in enumerate((Verdict.RETRY, Verdict.UNKNOWN)):
            [one] = await claim(store, 10 * n)
            await settle(store, one, verdict, 10 * n + 1, due=10 * n + 5)
        assert await told(store) == []
        [one] = await claim(store, 20)
        await settle(store, one, Verdict.ALREADY_DONE, 21)
        assert [(one.end, one.attempt) for one in map(said, await told(store))] == [
            (EffectEnd.ALREADY_DONE, 3)
        ]

    @scene
    async def test_nobody_is_told_who_did_not_ask(self, on: Engine) -> None:
        """Of two effects that end together, one is answered."""
        store = await on.handle()
        await intend(store, effect("mute", key="order-2"), asked("asked"))
        for one in await claim(store):
            await settle(store, one, Verdict.ACCEPTED)
        assert [one.effect for one in map(said, await told(store))] == ["asked"]

    @scene
    async def test_a_late_end_says_nothing(self, on: Engine) -> None:
        """An attempt that is fenced off tells nobody anything (I22)."""
        store = await on.handle()
        await intend(store, asked("e"))
        [old] = await claim(store, 0)
        [new] = await claim(store, 11)
        assert await settle(store, old, Verdict.REFUSED, 12) == 0
        assert await told(store) == []
        await settle(store, new, Verdict.ACCEPTED, 13)
        assert [one.attempt for one in map(said, await told(store))] == [2]

    @scene
    async def test_an_end_whose_commit_was_not_heard_is_said_once(self, on: Engine) -> None:
        """Recording it again says nothing more."""
        store = await on.handle()
        await intend(store, asked("e"))
        [one] = await claim(store)
        deaf = await on.deaf_handle()
        with pytest.raises(CommitUnknown):
            await settle(deaf, one, Verdict.ACCEPTED)
        assert await settle(store, one, Verdict.ACCEPTED, 9) == 0
        assert len(await told(store)) == 1

    @scene
    async def test_many_deliverers_answer_side_by_side(self, on: Engine) -> None:
        """Ends of many effects of one asker, settled at the same time, are all said, once each."""
        store = await on.handle()
        await intend(store, *(asked(f"e{n}", key=f"k{n}") for n in range(12)))
        held = await claim(store)
        handles = [await on.handle() for _ in range(3)]
        await asyncio.gather(
            *(settle(handles[n % 3], one, Verdict.ACCEPTED) for n, one in enumerate(held))
        )
        effects = sorted(one.effect for one in map(said, await told(store)))
        assert effects == sorted(f"e{n}" for n in range(12))
