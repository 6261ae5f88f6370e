"""Looking back gives what a replay up to there gives, whatever happened and however late."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossdock.contracts.vocabulary import StockState
from crossdock.log.records import Movement
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import at
from crossdock.testing.storage.as_of import Told, replayed, tell
from tests.helpers.aio import run

_STATES = st.sampled_from(StockState)
_SITES = st.sampled_from(["EAST", "WEST"])
_MOMENTS = st.integers(0, 20)
MOVEMENTS = st.builds(
    Movement,
    item=st.sampled_from(["bolt", "nut"]),
    lot=st.sampled_from(["", "L1"]),
    owner=st.sampled_from(["", "acme"]),
    from_site=_SITES,
    from_state=_STATES,
    to_site=_SITES,
    to_state=_STATES,
    quantity=st.integers(1, 9),
    document=st.just("D"),
)
TOLD = st.builds(
    Told,
    movements=st.lists(MOVEMENTS, max_size=3).map(tuple),
    happened=_MOMENTS,
    written=_MOMENTS,
    partition=st.integers(0, 2),
)
_BOUND = st.none() | st.integers(-1, 21).map(at)


@given(
    told=st.lists(TOLD, max_size=12),
    item=st.sampled_from(["bolt", "nut", None]),
    event_time=_BOUND,
    recorded_time=_BOUND,
    places=st.none() | st.dictionaries(st.integers(0, 3), st.integers(0, 9)),
)
def test_looking_back_is_a_replay(told, item, event_time, recorded_time, places) -> None:  # type: ignore[no-untyped-def]
    """By event time, by time of record, by place in the log, and by all at once."""

    async def scenario() -> None:
        store = MemoryStore()
        await tell(store, *told)
        found = await store.balances_as_of(
            item, event_time=event_time, recorded_time=recorded_time, places=places
        )
        assert found == replayed(told, item, event_time, recorded_time, places)

    run(scenario())


@given(told=st.lists(TOLD, min_size=1, max_size=12), moment=_MOMENTS)
def test_the_past_balances_too(told: list[Told], moment: int) -> None:
    """At every moment the accounts of an item sum to nothing (I12), and the last is what stands."""

    async def scenario() -> None:
        store = MemoryStore()
        await tell(store, *told)
        rows = await store.balances_as_of(None, event_time=at(moment))
        for item in ("bolt", "nut"):
            assert sum(row.quantity for row in rows if row.item == item) == 0
        heads = {partition: head for partition, (head, _) in (await store.position()).items()}
        assert await store.balances_as_of(None, places=heads) == await store.balances(None, 999)

    run(scenario())
