"""The feed: steps reach their systems in order, phases end, pressure holds it, time ends it."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.words import Noun
from crossdock.estate.feed import Fed, NobodyPlays, Pace, Progress, feed
from crossdock.estate.stories.generated import generated_story
from crossdock.estate.stories.story import Phase
from tests.helpers.aio import eventually_async, run

Heard = tuple[str, str, str]


class Desk:
    """A system that writes down what it is given."""

    def __init__(
        self, name: str, heard: list[Heard], room: asyncio.Semaphore | None = None
    ) -> None:
        self.name = name
        self.heard = heard
        self.room = room
        self.drains = 0

    async def ready(self) -> None:
        if self.room is not None:
            await self.room.acquire()

    async def report(self, type_name: str, noun: Noun, *, id: str, time: datetime) -> None:  # noqa: A002
        assert time.tzinfo is not None
        self.heard.append((self.name, type_name, id))

    async def drained(self) -> None:
        self.drains += 1


class Warehouse(Desk):
    """A system that also keeps stock."""

    def __init__(self, name: str, heard: list[Heard]) -> None:
        super().__init__(name, heard)
        self.learnt: list[str] = []

    def learn(self, type_name: str, noun: Noun) -> None:
        self.learnt.append(type_name)


def estate(heard: list[Heard]) -> dict[str, Desk]:
    """Five systems."""
    desks = {name: Desk(name, heard) for name in ("erp", "shop", "crm")}
    return {
        **desks,
        "wms_east": Warehouse("wms_east", heard),
        "wms_west": Warehouse("wms_west", heard),
    }


async def played(heard: list[Heard], pace: Pace) -> tuple[Fed, dict[str, Desk], list[Progress]]:
    systems = estate(heard)
    progress: list[Progress] = []
    fed = await feed(generated_story(120), systems, pace=pace, progress=progress.append)
    return fed, systems, progress


def test_every_step_reaches_its_system_in_order() -> None:
    """What the systems hear is the story, step by step; warehouses learn stock before they tell."""
    heard: list[Heard] = []
    fed, systems, progress = run(played(heard, Pace(progress_steps=100)))
    story = generated_story(120)
    assert heard == [(step.source, step.type, step.id) for step in story.steps()]
    assert fed.accounting == story.accounting()
    assert fed.steps == len(heard)
    assert not fed.cut_short
    for name in ("wms_east", "wms_west"):
        warehouse = systems[name]
        assert isinstance(warehouse, Warehouse)
        assert warehouse.learnt == [kind for source, kind, _ in heard if source == name]
        assert set(warehouse.learnt) <= {catalogue.STOCK_ADJUSTED, catalogue.RECEIPT_POSTED}
    assert progress[-1].lines == fed.accounting.lines_in
    assert [p.steps for p in progress] == sorted(p.steps for p in progress)


def test_everybody_has_told_everything_before_the_next_phase() -> None:
    """Each system is drained at the end of every phase."""
    _, systems, progress = run(played([], Pace()))
    assert {system.drains for system in systems.values()} == {3}
    assert {entry.phase for entry in progress} == set(Phase)


def test_a_full_outbox_holds_the_feed() -> None:
    """While a system has no room, nothing more is handed to anybody."""

    async def scene() -> tuple[int, int]:
        heard: list[Heard] = []
        systems = estate(heard)
        room = asyncio.Semaphore(5)
        systems["shop"] = Desk("shop", heard, room)

        async def room_is_gone() -> bool:
            return room.locked()

        task = asyncio.create_task(feed(generated_story(30), systems))
        await eventually_async(room_is_gone)
        for _ in range(50):
            await asyncio.sleep(0)
        held = len(heard)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(heard) == held
        for _ in range(1_000):
            room.release()
        return held, (await task).steps

    held, steps = run(scene())
    assert 0 < held < steps


def test_when_time_is_up_begun_documents_are_seen_to_their_end() -> None:
    """A feed without time trades one document, then brings what is still owed and stops."""
    heard: list[Heard] = []
    fed, _, _ = run(played(heard, Pace(seconds_max=0.0)))
    assert fed.cut_short
    assert fed.accounting.orders == 1
    assert fed.accounting.lines_in == fed.accounting.lines_accounted
    assert fed.accounting.lines_in < generated_lines_count()


def generated_lines_count() -> int:
    """Lines of the whole story."""
    story = generated_story(120)
    for _ in story.steps():
        pass
    return story.accounting().lines_in


def test_a_pace_is_kept() -> None:
    """A feed of so many steps a second takes as long as that says."""

    async def scene() -> Fed:
        return await feed(generated_story(5), estate([]), pace=Pace(steps_per_second=200.0))

    fed = run(scene())
    trading = sum(step.phase is Phase.TRADING for step in generated_story(5).steps())
    assert trading > 1
    assert fed.seconds_trading >= (trading - 1) / 200


def test_a_step_that_nobody_plays_is_an_error() -> None:
    """A story that names an unknown system stops by name, before anything goes astray."""
    with pytest.raises(NobodyPlays, match="erp"):
        run(feed(generated_story(1), {}))
