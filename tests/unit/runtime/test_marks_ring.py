"""What a channel may be told anew is published at once, also where nothing free moved."""

from __future__ import annotations

import asyncio
from pathlib import Path

import yaml

from crossdock.contracts import catalogue
from crossdock.contracts.stock import ChannelPool, StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason
from crossdock.runtime.config import read_settings
from crossdock.runtime.hub import Hub
from crossdock.runtime.pace import Pace
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import noun_message
from tests.helpers.virtual import VirtualClock, run_virtually


def pools(version: int, **units: int) -> list[ChannelPool]:
    """So many bolts of EAST for each channel."""
    return [
        ChannelPool(channel=channel, item="bolt", site="EAST", quantity=quantity, version=version)
        for channel, quantity in units.items()
    ]


def test_units_that_go_from_pool_to_pool_are_told_before_anybody_looks(tmp_path: Path) -> None:
    """The publisher is rung; by itself it looks again after an hour only."""
    file = tmp_path / "crossdock.yaml"
    channel = {"system": "shop", "sells_from": ["EAST"]}
    said = {
        "hub": {"partitions": 1, "workers": 1},
        "systems": {name: {"url": "http://127.0.0.1:9"} for name in ("erp", "shop", "wms_east")},
        "sites": {"EAST": {"wms": "wms_east"}},
        "channels": {"web": channel, "fair": channel},
    }
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    store = MemoryStore()
    pace = Pace(publish_idle_seconds=3_600.0)
    hub = Hub(read_settings(file, {}), store, {}, clock=VirtualClock(), pace=pace)
    opening = StockAdjustment(
        adjustment_id="opening",
        site="EAST",
        item="bolt",
        quantity=9,
        reason=AdjustmentReason.OPENING,
    )

    def told() -> dict[str, int]:
        return {name: store.data.published[name, "bolt"].quantity for name in ("web", "fair")}

    async def tell_and_wait(version: int, **units: int) -> dict[str, int]:
        await store.append(
            [
                noun_message(
                    catalogue.POOL_CHANGED, pool, f"{pool.channel}-{version}", partitions=1
                )
                for pool in pools(version, **units)
            ]
        )
        await asyncio.sleep(10)
        return told()

    async def play() -> list[dict[str, int]]:
        await store.append(
            [noun_message(catalogue.STOCK_ADJUSTED, opening, "opening", source="wms_east")]
        )
        hub.start()
        done = asyncio.Event()
        running = asyncio.ensure_future(hub.runs_until(done))
        first = await tell_and_wait(1, web=4, fair=0)
        second = await tell_and_wait(2, web=0, fair=4)
        done.set()
        await running
        return [first, second]

    assert run_virtually(play()) == [{"web": 9, "fair": 5}, {"web": 5, "fair": 9}]
