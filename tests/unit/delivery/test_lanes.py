"""The lower lanes get a share that nothing takes from them (R221)."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.delivery.lanes import TURNS, first_lane
from crossdock.log.records import Lane
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import effect
from crossdock.testing.storage.engine import intend
from tests.helpers.aio import run
from tests.unit.delivery.far_side import FarSide, Worker


@given(start=st.integers(0, 10_000))
def test_of_sixteen_turns_each_lower_lane_begins_one(start: int) -> None:
    """Wherever one begins to count; all others begin at the operational lane."""
    begun = Counter(first_lane(start + n) for n in range(TURNS))
    assert begun == {Lane.OPERATIONAL: TURNS - 2, Lane.FINANCIAL: 1, Lane.ANALYTICAL: 1}


@settings(max_examples=15, deadline=None)
@given(
    lanes=st.lists(st.sampled_from(list(Lane)), min_size=1, max_size=30),
    batch=st.integers(1, 5),
)
def test_a_flood_of_operational_effects_starves_nobody(lanes: list[Lane], batch: int) -> None:
    """With operational effects always due, what is due in a lower lane is told within its turns."""

    async def play() -> None:
        store = MemoryStore()
        lower = [lane for lane in lanes if lane is not Lane.OPERATIONAL]
        await intend(store, *(effect(f"l{n}", key=f"l{n}", lane=x) for n, x in enumerate(lower)))
        worker = Worker(store, FarSide(batch_max=batch))
        for turn in range(TURNS * (len(lower) + 1)):
            flood = [effect(f"o{turn}-{n}", key=f"o{turn}-{n}") for n in range(40 * batch)]
            await intend(store, *flood, seconds=worker.clock.seconds)
            worker.clock.seconds += 1
            await worker.turn()
        told = [view.state for n in range(len(lower)) for view in await store.effects_of(f"l{n}")]
        assert told == ["accepted"] * len(lower)

    run(play())


def test_the_operational_lane_goes_first() -> None:
    """All but two of sixteen turns take it alone while it has enough."""

    async def play() -> None:
        store, far = MemoryStore(), FarSide(batch_max=1)
        both = (Lane.ANALYTICAL, Lane.OPERATIONAL)
        lines = [(lane, n) for n in range(1500) for lane in both]
        await intend(store, *(effect(f"{x.name}/{n}", key=f"{x}{n}", lane=x) for x, n in lines))
        worker = Worker(store, far)
        for _ in range(TURNS):
            worker.clock.seconds += 1
            await worker.turn()
        kinds = Counter(key.split("/")[0] for key in far.sent)
        assert kinds["ANALYTICAL"] * 3 <= kinds["OPERATIONAL"]
        assert kinds["ANALYTICAL"] > 0

    run(play())
