"""The bench of looking at a large house: one item as of a moment, one channel's availability.

A million items at twenty sites, laid out by the database itself, so that it is there in minutes:
per item and site one receipt, its two accounts and a promise row; beside them one hot item with a
long history. Nothing is decided here. What one channel may promise is published by the store
itself, every item once, as a hub does after it was marked. Questions go through the store's port,
one at a time, about items spread over all of them: of the channel that was told, and of another one
that was told nothing, for which every promise row has to be read. A folder in which such a house
stands already is asked again.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import quantiles

import asyncpg

from crossdock.kernel.errors import CrossdockError
from crossdock.runtime.console import hint
from crossdock.runtime.hub import ChannelView
from crossdock.storage.postgres.queries import read_queries
from crossdock.storage.postgres.server import EmbeddedServer
from crossdock.storage.postgres.store import PostgresStore

ITEMS = 1_000_000
SITES = 20
AS_OF_MS_MAX = 10.0
AVAILABILITY_MS_MAX = 50.0
_PARTITIONS = 16
_PART = 50_000  # items in one statement, so that progress is seen
_PUBLISHED = 2_000  # items of one publication
_QUESTIONS = 2_000
_HOT_QUESTIONS = 20
_CHANNEL_ITEMS = 1_000
_CHANNEL_QUESTIONS = 100
_HOT = "HOT"
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_STEP = 2_654_435_761  # a prime: its multiples are spread over any number of items
_HOUSE = read_queries((Path(__file__).parent / "house.sql").read_text(encoding="utf-8"))


class OtherHouse(CrossdockError):
    """The folder holds another house than the one that is to be asked."""

    code = "other-house"
    advice = "name the number of items that it was laid out with, or another folder"


Ask = Callable[[int], Awaitable[int]]
"""Ask question number n; gives how many rows came, which must not be none."""


async def run(items: int, data: Path | None) -> dict[str, object]:
    """Lay the house out, ask, and take it down again; gives the figures of `bench --json`."""
    async with AsyncExitStack() as stack:
        if data is None:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crossdock-bench-")))
        database = await stack.enter_async_context(EmbeddedServer(data))
        store = await PostgresStore.open(
            database.dsn, partitions=_PARTITIONS, now=datetime.now(UTC)
        )
        stack.push_async_callback(store.close)
        connection = await asyncpg.connect(database.dsn)
        stack.push_async_callback(connection.close)
        made: dict[str, object] = {}
        if not await _stands(connection, items):
            took = time.perf_counter()
            await _lay_out(connection, items)
            made["load_seconds"] = round(time.perf_counter() - took, 1)
            made["published_per_second"] = round(await _published(store, connection, items))
        await connection.execute("CHECKPOINT")  # what was laid out is no part of what is asked
        mib = await connection.fetchval(_HOUSE["size"])
        figures = await _asked(store, items)
    return {
        "workload": "asof",
        "items": items,
        "sites": SITES,
        "hot_movements": items,
        **made,
        "database_mib": mib,
        **figures,
    }


async def _stands(connection: asyncpg.Connection, items: int) -> bool:
    """Whether a house of just so many items was laid out here, and published, to its end."""
    if not await connection.fetchval(_HOUSE["is_laid_out"], f"ITEM-{items - 1:07}"):
        return False
    if await connection.fetchval(_HOUSE["is_laid_out"], f"ITEM-{items:07}"):
        raise OtherHouse(expected=f"{items} items")
    return True


async def _lay_out(connection: asyncpg.Connection, items: int) -> None:
    for first in range(0, items, _PART):
        part = min(_PART, items - first)
        hint(f"laying out items {first} to {first + part - 1} of {items}")
        place = (first, part, SITES)
        await connection.execute(_HOUSE["movements"], *place, _PARTITIONS, _FIRST)
        await connection.execute(_HOUSE["balances"], *place)
        await connection.execute(_HOUSE["promises"], *place)
    last = items * SITES // _PARTITIONS + 1
    hint(f"the hot item: {items} movements")
    await connection.execute(_HOUSE["hot_movements"], _HOT, items, _PARTITIONS, _FIRST, last)
    await connection.execute(_HOUSE["hot_balances"], _HOT)
    for table in ("movement", "balance", "promise"):
        await connection.execute(f"VACUUM ANALYZE {table}")


async def _published(store: PostgresStore, connection: asyncpg.Connection, items: int) -> float:
    """Let the channel be told of every item; gives how many a second."""
    await connection.execute(_HOUSE["marks"], items)
    hint(f"publishing {items} items")
    started = time.perf_counter()
    while await store.publish_availability([_channel("web")], datetime.now(UTC), _PUBLISHED):
        pass
    took = time.perf_counter() - started
    for table in ("availability", "availability_changed"):
        await connection.execute(f"VACUUM ANALYZE {table}")
    return items / took


async def _asked(store: PostgresStore, items: int) -> dict[str, object]:
    half = _FIRST + timedelta(days=SITES // 2)
    places = dict.fromkeys(range(_PARTITIONS), items * SITES // _PARTITIONS // 2 + 1)

    async def then(number: int) -> int:
        return len(await store.balances_as_of(_item(number, items), event_time=half))

    async def as_known(number: int) -> int:
        rows = await store.balances_as_of(
            _item(number, items), event_time=_FIRST + timedelta(days=99), recorded_time=half
        )
        return len(rows)

    async def at_place(number: int) -> int:
        rows = await store.balances_as_of(_item(number, items), places=places)
        return len(rows) + 1  # an item whose movements all came later has none

    async def hot(number: int) -> int:
        moment = _FIRST + timedelta(seconds=20 * items * (number % 10) / 10 + 1)
        return len(await store.balances_as_of(_HOT, event_time=moment))

    async def recently(number: int) -> int:
        moment = _FIRST + timedelta(seconds=20 * (items - 1 - number * items // 1000))
        return len(await store.balances_as_of(_HOT, event_time=moment))

    async def channel(name: str, number: int) -> int:
        wanted = {_item(number * _CHANNEL_ITEMS + at, items) for at in range(_CHANNEL_ITEMS)}
        return len(await store.availability(_channel(name), sorted(wanted)))

    figures: dict[str, object] = {}
    for name, ask, questions in (
        ("as_of", then, _QUESTIONS),
        ("as_known", as_known, _QUESTIONS),
        ("at_place", at_place, _QUESTIONS),
        ("hot_as_of", hot, _HOT_QUESTIONS),
        ("hot_recently", recently, _HOT_QUESTIONS),
        ("availability", partial(channel, "web"), _CHANNEL_QUESTIONS),
        ("availability_live", partial(channel, "untold"), _CHANNEL_QUESTIONS),
    ):
        hint(f"asking {questions} times: {name}")
        figures |= await _measured(name, ask, questions)
    return figures


def _channel(name: str) -> ChannelView:
    """A channel that sells from every site and has nobody to be told."""
    return ChannelView(name, tuple(f"S{number:02}" for number in range(SITES)), 0, ())


async def _measured(name: str, ask: Ask, questions: int) -> dict[str, object]:
    milliseconds = []
    for number in range(questions):
        started = time.perf_counter()
        rows = await ask(number)
        milliseconds.append((time.perf_counter() - started) * 1000)
        assert rows, f"{name}: no rows for question {number}"
    cuts = quantiles(milliseconds, n=100, method="inclusive")
    return {f"{name}_p50_ms": round(cuts[49], 2), f"{name}_p99_ms": round(cuts[98], 2)}


def _item(number: int, items: int) -> str:
    return f"ITEM-{number * _STEP % items:07}"
