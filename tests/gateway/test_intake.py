"""Group commit: many callers, few appends, no answer before the commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from crossdock.gateway.admission import admit
from crossdock.gateway.errors import Overloaded, ShuttingDown
from crossdock.gateway.intake import GroupCommit
from crossdock.gateway.keys import Caller
from crossdock.kernel import limits
from crossdock.log import errors
from crossdock.log.records import Answer, NewMessage, Receipt
from tests.gateway.house import (
    NOW,
    POLICY,
    Failing,
    FakeStore,
    Gate,
    TestRandomness,
    message,
    order,
    raw,
)
from tests.helpers.aio import run


def new(number: int, **changed: object) -> NewMessage:
    """A message of its own order."""
    data = order(f"SO-{number}", **changed)
    return admit(raw(message(f"m-{number}", data=data)), Caller("shop"), POLICY, NOW)


def some(size: int, start: int = 0) -> list[NewMessage]:
    return [new(number) for number in range(start, start + size)]


class Pauses:
    """Remembers how long it was asked to wait, and does not."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@asynccontextmanager
async def intake_over(
    store: FakeStore, waiting_max: int = limits.INTAKE_WAITING_MESSAGES_MAX
) -> AsyncIterator[tuple[GroupCommit, Pauses]]:
    pauses = Pauses()
    async with GroupCommit(store, TestRandomness(), pauses, waiting_max) as intake:
        yield intake, pauses


def test_what_waits_shares_one_append() -> None:
    """While one append is under way the others gather, and go together in the next."""

    async def scenario() -> None:
        store = FakeStore()
        store.before = gate = Gate()
        async with intake_over(store) as (intake, _):
            callers = [asyncio.create_task(intake.submit([new(n)])) for n in range(100)]
            await gate.reached.wait()
            gate.opened.set()
            receipts = [receipt for caller in callers for receipt in await caller]
        assert sum(store.appends) == 100
        assert len(store.appends) <= 2
        assert {receipt.answer for receipt in receipts} == {Answer.ACCEPTED}
        assert len({(r.partition, r.position) for r in receipts}) == 100

    run(scenario())


def test_an_append_has_its_limit() -> None:
    """A large parcel is cut at the limit of an append and is answered whole, in order."""

    async def scenario() -> None:
        store = FakeStore()
        async with intake_over(store) as (intake, _):
            messages = some(limits.INTAKE_APPEND_MESSAGES_MAX + 1)
            receipts = await intake.submit(messages)
        assert store.appends == [limits.INTAKE_APPEND_MESSAGES_MAX, 1]
        assert [store.log[r.partition, r.position].id for r in receipts] == [m.id for m in messages]

    run(scenario())


def test_no_answer_before_the_commit() -> None:
    """A caller waits as long as the commit takes."""

    async def scenario() -> None:
        store = FakeStore()
        store.after = gate = Gate()
        async with intake_over(store) as (intake, _):
            caller = asyncio.create_task(intake.submit([new(1)]))
            await gate.reached.wait()
            for _step in range(10):
                await asyncio.sleep(0)
            assert not caller.done()
            gate.opened.set()
            assert [r.answer for r in await caller] == [Answer.ACCEPTED]

    run(scenario())


@pytest.mark.parametrize("error", [errors.StoreUnavailable, errors.StoreConflict])
def test_what_passes_is_tried_again(error: type[errors.StoreError]) -> None:
    """A lost store or a lost race costs a scattered, growing pause and nothing else."""

    async def scenario() -> None:
        store = FakeStore()
        store.before = Failing(error(), error(), error())
        async with intake_over(store) as (intake, pauses):
            receipts = await intake.submit([new(1)])
        assert [r.answer for r in receipts] == [Answer.ACCEPTED]
        assert len(pauses.seconds) == 3
        assert pauses.seconds == sorted(pauses.seconds)
        assert all(0 < pause <= limits.INTAKE_PAUSE_SECONDS_MAX for pause in pauses.seconds)

    run(scenario())


def test_patience_ends_by_the_clock_too() -> None:
    """Where each try waits long for the database, callers hear "not now" before the last one."""

    async def scenario() -> None:
        store = FakeStore()
        store.before = Failing(errors.StoreUnavailable())
        async with GroupCommit(store, TestRandomness(), patience_seconds=0.0) as intake:
            with pytest.raises(errors.StoreUnavailable):
                await intake.submit([new(1)])
            assert store.appends == [1]

    run(scenario())


def test_patience_ends() -> None:
    """After the last try the callers are told; nothing is kept, and the door goes on."""

    async def scenario() -> None:
        store = FakeStore()
        store.before = Failing(*[errors.StoreUnavailable() for _ in range(limits.INTAKE_TRIES_MAX)])
        async with intake_over(store) as (intake, _):
            with pytest.raises(errors.StoreUnavailable):
                await intake.submit([new(1)])
            assert (store.log, intake.waiting) == ({}, 0)
            assert [r.answer for r in await intake.submit([new(1)])] == [Answer.ACCEPTED]

    run(scenario())


def test_an_unknown_commit_is_asked_again_and_was_kept() -> None:
    """What the lost commit kept is called accepted; twins and known messages of it stay so."""

    async def scenario() -> None:
        store = FakeStore()
        store.after = Failing(errors.CommitUnknown())
        async with intake_over(store) as (intake, _):
            receipts = await intake.submit([new(1), new(1), new(2)])
        assert [r.answer for r in receipts] == [
            Answer.ACCEPTED,
            Answer.DUPLICATE,
            Answer.ACCEPTED,
        ]
        assert receipts[0] == Receipt(Answer.ACCEPTED, receipts[1].partition, receipts[1].position)
        assert len(store.log) == 2

    run(scenario())


def test_an_unknown_commit_that_kept_nothing() -> None:
    """When the lost commit kept nothing, the second append is the first."""

    async def scenario() -> None:
        store = FakeStore()
        store.before = Failing(errors.CommitUnknown(), errors.StoreUnavailable())
        async with intake_over(store) as (intake, _):
            receipts = await intake.submit(some(3))
        assert [r.answer for r in receipts] == [Answer.ACCEPTED] * 3
        assert len(store.log) == 3

    run(scenario())


def test_a_full_store_is_not_asked_again() -> None:
    """A full disk is told at once: trying again would only fill the queue."""

    async def scenario() -> None:
        store = FakeStore()
        store.before = Failing(errors.StoreFull())
        async with intake_over(store) as (intake, pauses):
            with pytest.raises(errors.StoreFull):
                await intake.submit([new(1)])
        assert (pauses.seconds, store.log) == ([], {})

    run(scenario())


def test_one_refused_message_does_not_take_others_with_it() -> None:
    """When the store refuses one message of many callers, only its sender hears of it."""

    async def refuse_13(messages: Sequence[NewMessage]) -> None:
        if any(message.id == "m-13" for message in messages):
            raise errors.StoreRefused

    async def scenario() -> None:
        store = FakeStore()
        store.before = refuse_13
        async with intake_over(store) as (intake, _):
            answers = await asyncio.gather(
                *(intake.submit([new(n)]) for n in range(40)), return_exceptions=True
            )
        refused = [n for n, answer in enumerate(answers) if isinstance(answer, BaseException)]
        assert refused == [13]
        assert isinstance(answers[13], errors.StoreRefused)
        assert len(store.log) == 39

    run(scenario())


def test_l1_the_queue_is_bounded() -> None:
    """At the limit messages wait; one past it is turned away and nothing of it is kept."""

    async def scenario() -> None:
        store = FakeStore()
        store.before = gate = Gate()
        async with intake_over(store, waiting_max=5) as (intake, _):
            caller = asyncio.create_task(intake.submit(some(5)))
            await asyncio.sleep(0)
            assert intake.waiting == 5
            with pytest.raises(Overloaded):
                await intake.submit([new(9)])
            gate.opened.set()
            assert len(await caller) == 5
            assert len(await intake.submit([new(9)])) == 1

    run(scenario())


def test_leaving_commits_what_waits_and_takes_nothing_more() -> None:
    """On the way out everybody who was taken is answered, and nobody new is taken."""

    async def scenario() -> None:
        store = FakeStore()
        async with intake_over(store) as (intake, _):
            caller = asyncio.create_task(intake.submit(some(3)))
            await asyncio.sleep(0)
        assert len(await caller) == 3
        assert not intake.is_open
        with pytest.raises(ShuttingDown):
            await intake.submit([new(9)])

    run(scenario())


def test_a_broken_store_does_not_close_the_door() -> None:
    """An error that no store should raise fails its own callers, and the next ones are served."""

    async def scenario() -> None:
        store = FakeStore()
        store.before = Failing(RuntimeError("canary"))
        async with intake_over(store) as (intake, _):
            with pytest.raises(errors.StoreFault):
                await intake.submit([new(1)])
            assert len(await intake.submit([new(1)])) == 1

    run(scenario())


def test_a_caller_that_goes_away_takes_nobody_with_it() -> None:
    """A cancelled caller's messages are committed all the same, and the others are answered."""

    async def scenario() -> None:
        store = FakeStore()
        store.before = gate = Gate()
        async with intake_over(store) as (intake, _):
            gone = asyncio.create_task(intake.submit([new(1)]))
            stays = asyncio.create_task(intake.submit([new(2)]))
            await asyncio.sleep(0)
            gone.cancel()
            gate.opened.set()
            assert len(await stays) == 1
        assert len(store.log) == 2

    run(scenario())


def test_the_listener_hears_of_each_commit() -> None:
    """Whoever waits for work is told after a commit, with the receipts, and not before."""

    async def scenario() -> None:
        store = FakeStore()
        heard: list[Receipt] = []
        async with GroupCommit(store, TestRandomness(), listener=heard.extend) as intake:
            receipts = await intake.submit(some(3))
        assert heard == receipts

    run(scenario())
