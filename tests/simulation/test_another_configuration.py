"""A hub that starts with another configuration tells what follows from it, without any new fact."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import yaml

from crossdock.contracts import catalogue
from crossdock.contracts.stock import StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason
from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.hub import Hub
from crossdock.runtime.pace import Pace
from crossdock.runtime.simulation.chance import Chance, NodeClock, stream
from crossdock.runtime.simulation.loop import Life, VirtualLoop, in_the_name_of
from crossdock.storage.memory.data import Data
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import T0, noun_message

PACE = Pace(idle_seconds=1.0)
OPENING = noun_message(
    catalogue.STOCK_ADJUSTED,
    StockAdjustment(
        adjustment_id="opening",
        site="EAST",
        item="bolt",
        quantity=9,
        reason=AdjustmentReason.OPENING,
    ),
    "opening",
    source="wms_east",
)


def settings(folder: Path, **channel: Any) -> Settings:
    """A shop that sells from one site, and what else is said of its channel."""
    there = {"url": "http://127.0.0.1:9"}
    file = folder / "crossdock.yaml"
    said = {
        "hub": {"partitions": 1, "workers": 1},
        "systems": {"erp": there, "shop": there, "wms_east": there},
        "sites": {"EAST": {"wms": "wms_east"}},
        "channels": {"web": {"system": "shop", "sells_from": ["EAST"], **channel}},
    }
    file.write_text(yaml.safe_dump(said), encoding="utf-8")
    return read_settings(file, {})


def a_while_of(loop: VirtualLoop, number: int, data: Data, said: Settings) -> None:
    """A hub runs for a while over this data, tells nobody, and is killed."""
    life = Life(f"hub.{number}")

    async def run() -> None:
        chance = Chance(stream(1, "hub", number))
        hub = Hub(said, MemoryStore(data=data), {}, NodeClock(loop, T0), chance, PACE)
        await hub.reclaim()
        hub.start()
        await hub.runs_until(asyncio.Event())

    async def play() -> None:
        loop.create_task(run(), context=in_the_name_of(life))
        await asyncio.sleep(20)
        loop.end(life)

    loop.run(play())


def test_a_start_with_another_keep_back_is_told(tmp_path: Path) -> None:
    """Once; a start with the same one tells nothing."""
    loop, data = VirtualLoop(stream(1, "order")), Data()
    told = []
    for number, keep_back in enumerate((0, 0, 2, 2)):
        said = settings(tmp_path, keep_back=keep_back)
        if number == 0:

            async def open_the_house() -> None:
                await MemoryStore(data=data).append([OPENING])

            loop.run(open_the_house())
        a_while_of(loop, number, data, said)
        found = data.published["web", "bolt"]
        told.append((found.quantity, found.version))
    loop.end_all()
    assert told == [(9, 1), (9, 1), (7, 2), (7, 2)]
    assert loop.troubles == []
