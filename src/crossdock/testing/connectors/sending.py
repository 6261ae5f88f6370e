"""The contract of telling: one effect whatever befalls the exchange."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final, cast

from crossdock.connectors.kit.verdicts import CLASSES, STATUSES, Details, judge
from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    Connector,
    Document,
    FarAnswer,
    NotThere,
    RetryLater,
    Unknown,
    Void,
)
from crossdock.delivery.gate import Sparing
from crossdock.delivery.pump import Pump
from crossdock.log.records import Effect, Lane
from crossdock.runtime.clocks import SystemClock, SystemRandomness
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.connectors.bench import ContractBase, Promise, fine, lost_at, played
from crossdock.testing.fakes.fake import FakeFarSystem, Reply, Weather
from crossdock.testing.storage.engine import intend

_WAIT_SECONDS: Final = 7
_TRIES_MAX: Final = 5
_DONE: Final = (Accepted, AlreadyDone)
_QUOTA_PER_SECOND: Final = 20.0
_QUOTA_SENDS: Final = 6


class SendContract(ContractBase):
    """What `send` and `look_up` promise."""

    def test_there_is_one_answer_per_document_in_order(self) -> None:
        """Also for a type that nobody told them of, and for none at all."""

        async def scene() -> None:
            async with self.stage() as (_, connector):
                assert await connector.send([]) == []
                told = self.told()
                strange = Document("k", "crossdock.nothing.known.v1", "k", "", b"{}")
                for some in (told[:1], [strange]):
                    assert len(await connector.send(some)) == len(some)

        played(scene)

    def test_telling_twice_is_one_effect(self) -> None:
        """The second answer says that it is done, or the far side does the same once more."""
        for document in self.told():

            async def scene(document: Document = document) -> None:
                async with self.stage() as (fake, connector):
                    [first] = await connector.send([document])
                    assert isinstance(first, _DONE), first
                    stands = dict(fake.effects())
                    [second] = await connector.send([document])
                    assert isinstance(second, _DONE), second
                    assert dict(fake.effects()) == stands
                    if connector.ability(document.type) is Ability.LOOK_UP:
                        assert isinstance(second, AlreadyDone), second

            played(scene)

    def test_whichever_reply_is_lost_it_ends_as_one_effect(self) -> None:
        """The hub asks or tells again by what the connector is able to, and there is one.

        A question whose reply was lost may be asked again unseen; that the last one came is not
        believed without it.
        """
        for document in self.told():

            async def count(document: Document = document) -> tuple[int, dict[str, Any]]:
                async with self.stage() as (fake, connector):
                    await connector.send([document])
                    return len(fake.asked), dict(fake.effects())

            requests, stands = played(count)
            for number in range(requests):

                async def scene(number: int = number, document: Document = document) -> Any:
                    async with self.stage() as (fake, connector):
                        fake.weather = lost_at(number)
                        [answer] = await connector.send([document])
                        fake.weather = fine
                        await _brought_to_an_end(connector, document, answer)
                        return answer, dict(fake.effects())

                answer, ended = played(scene)
                assert ended == stands, (document.type, number)
                noticed = not isinstance(answer, _DONE)
                assert noticed or number < requests - 1, (document.type, answer)

    def test_after_a_time_out_nobody_knows_until_they_are_asked(self) -> None:
        """The last request was worked on and never answered: `Unknown`, then found."""
        if self.lacking(Promise.STATUSES):
            return
        for document in self.told():

            async def scene(document: Document = document) -> None:
                async with self.stage() as (fake, connector):
                    await connector.send([document])
                    last = len(fake.asked) - 1
                async with self.stage(timeout_seconds=0.25) as (fake, connector):
                    fake.weather = lost_at(last, Weather.SILENT)
                    [answer] = await connector.send([document])
                    assert isinstance(answer, Unknown), answer
                    fake.weather = fine
                    if connector.ability(document.type) is Ability.LOOK_UP:
                        found = await connector.look_up(document)
                        assert isinstance(found, AlreadyDone), found

            played(scene)

    def test_what_was_never_told_is_not_there(self) -> None:
        """Asked in fine weather, the answer is a plain no; in bad weather it is none."""
        if self.lacking(Promise.LOOK_UP):
            return

        async def scene() -> None:
            for document in self.told():
                async with self.stage() as (fake, connector):
                    if connector.ability(document.type) is not Ability.LOOK_UP:
                        continue
                    assert await connector.look_up(document) == NotThere()
                    fake.weather = lambda _: Weather.LOST
                    asked = await connector.look_up(document)
                    assert isinstance(asked, Unknown) or self.lacking(Promise.STATUSES)

        played(scene)

    def test_a_record_that_was_cancelled_there_is_no_success(self) -> None:
        """Found under our key and void: `Void`, from a look-up and from telling it again (P48)."""
        if self.lacking(Promise.VOID):
            return
        voided = []
        for document in self.told():

            async def scene(document: Document = document) -> bool:
                async with self.stage() as (fake, connector):
                    await connector.send([document])
                    try:
                        fake.void(document)
                    except NotImplementedError:
                        return False
                    assert isinstance(await connector.look_up(document), Void)
                    [again] = await connector.send([document])
                    assert isinstance(again, Void), again
                    return True

            voided.append(played(scene))
        assert any(voided), "void is not declared as lacking, and nothing can be voided"

    def test_every_status_means_what_the_table_says(self) -> None:
        """Each row of the verdict table and a status of each class, as the reply to everything."""
        if self.lacking(Promise.SEND) or self.lacking(Promise.STATUSES):
            return
        of_classes = [100 * first + 77 for first in CLASSES if first > 2]
        for status in (*STATUSES, *of_classes):
            [answer] = self._answered(Reply(status))
            expected = judge(status, overrides=self.overrides)
            assert type(answer) is type(expected), (status, answer)
            if isinstance(answer, RetryLater) and isinstance(expected, RetryLater):
                assert answer.counts == expected.counts, (status, answer)

    def test_a_wish_to_wait_is_kept(self) -> None:
        """`Retry-After` reaches the hub, and costs no try."""
        if self.lacking(Promise.SEND) or self.lacking(Promise.STATUSES):
            return
        for status in (429, 503):
            [answer] = self._answered(Reply(status, None, {"Retry-After": str(_WAIT_SECONDS)}))
            expected = judge(status, Details(retry_after_seconds=_WAIT_SECONDS), self.overrides)
            assert isinstance(answer, RetryLater), answer
            assert isinstance(expected, RetryLater)
            assert (answer.after_seconds, answer.counts) == (_WAIT_SECONDS, expected.counts)

    def test_a_page_that_is_no_answer_is_not_taken_for_one(self) -> None:
        """Status 200 with something else than their answer: it is not known to be done."""
        if self.lacking(Promise.SEND) or self.lacking(Promise.STATUSES):
            return
        pages: tuple[Any, ...] = (None, "please log in", [], 7)
        for body in pages:
            [answer] = self._answered(Reply(200, body))
            assert not isinstance(answer, _DONE), (body, answer)

    def test_nobody_there_costs_no_try(self) -> None:
        """Nothing listens at the address: later, and as often as it takes."""
        if self.lacking(Promise.SEND) or self.lacking(Promise.STATUSES):
            return

        async def scene() -> list[FarAnswer]:
            fake = self.fake()
            async with fake.listening():
                connector = self.connector(fake)
            try:
                return await connector.send(self.told()[:1])
            finally:
                await connector.close()

        [answer] = played(scene)
        assert isinstance(answer, RetryLater), answer
        assert not answer.counts

    def test_a_quota_is_kept_whatever_is_told(self) -> None:
        """Through the hub's gate: no batch is larger than they take, and none comes too soon."""
        if self.lacking(Promise.SEND):
            return
        told = self.told()
        effects = [
            Effect(
                f"far/quota/{number}", "far", Lane.OPERATIONAL, str(number), one.type, "", one.body
            )
            for number, one in enumerate(told * (1 + _QUOTA_SENDS // len(told)))
        ]

        async def scene() -> tuple[list[float], int, int]:
            async with self.stage(batch_max=1) as (_, connector):
                store = MemoryStore()
                await intend(store, *effects)
                counted = _Counted(connector)
                clock = SystemClock()
                quota = Sparing(at_once=2, per_second=_QUOTA_PER_SECOND)
                pump = Pump(
                    "far", cast(Connector, counted), store, clock, SystemRandomness(), sparing=quota
                )
                while len(counted.sends) < _QUOTA_SENDS and await store.something_due(
                    "far", clock.now()
                ):
                    await pump.turn()
                    await asyncio.sleep(0.01)
                return counted.sends, counted.largest, connector.batch_max

        moments, largest, batch_max = played(scene)
        assert largest <= batch_max
        between = (len(moments) - 1) / _QUOTA_PER_SECOND
        assert moments[-1] - moments[0] >= 0.9 * between

    def _answered(self, reply: Reply) -> list[FarAnswer]:
        """What telling one document comes to if this is said to everything."""

        async def scene() -> list[FarAnswer]:
            async with self.stage() as (fake, connector):
                fake.weather = lambda _: reply
                answers = await connector.send(self.told()[:1])
                assert not _stands(fake, self.fake()), "the fake did something unasked"
                return answers

        return played(scene)


def _stands(fake: FakeFarSystem, fresh: FakeFarSystem) -> bool:
    return dict(fake.effects()) != dict(fresh.effects())


async def _brought_to_an_end(connector: Connector, document: Document, answer: FarAnswer) -> None:
    """Do what the hub does until it is done, or only a person could know."""
    ability = connector.ability(document.type)
    for _ in range(_TRIES_MAX):
        if isinstance(answer, _DONE):
            return
        if isinstance(answer, Unknown) and ability is Ability.NEITHER:
            return
        if isinstance(answer, Unknown) and ability is Ability.LOOK_UP:
            found = await connector.look_up(document)
            if isinstance(found, AlreadyDone):
                return
            assert found == NotThere(), found
        [answer] = await connector.send([document])
    raise AssertionError(f"it came to no end: {answer}")


class _Counted:
    """A connector whose requests are counted, with their moments."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self.sends: list[float] = []
        self.largest = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)

    async def send(self, documents: Sequence[Document]) -> list[FarAnswer]:
        self.sends.append(time.monotonic())
        self.largest = max(self.largest, len(documents))
        return await self._connector.send(documents)
