"""A hub that waited long for the database concludes nothing about the others (found by a seed)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from crossdock.log.ports import NOBODY
from crossdock.runtime.config import read_settings
from crossdock.runtime.hub import Hub
from crossdock.runtime.pace import Pace
from crossdock.storage.memory.store import MemoryStore
from tests.helpers.virtual import VirtualClock, run_virtually

SILENT_SECONDS = 60.0


class SlowAnswers(MemoryStore):
    """Hears at once who lives, and says so much later; notes who was said to be gone."""

    said: list[Mapping[str, int]]

    async def beat(self, gone: Mapping[str, int] = NOBODY) -> dict[str, int]:
        """As `MemoryStore.beat`."""
        self.said.append(dict(gone))
        beats = await super().beat(gone)
        await asyncio.sleep(SILENT_SECONDS + 10)
        return beats


def test_a_hub_that_stood_still_takes_nobody_for_dead(tmp_path: Path) -> None:
    """West did not beat in a moment between two questions, however long ours took."""
    file = tmp_path / "crossdock.yaml"
    file.write_text("systems: {}", encoding="utf-8")
    store = SlowAnswers(owner="east")
    store.said = []
    hub = Hub(
        read_settings(file, {}),
        store,
        {},
        clock=VirtualClock(),
        pace=Pace(silent_seconds=SILENT_SECONDS),
    )

    async def beat_again_and_again() -> None:
        await MemoryStore(data=store.data, owner="west").beat()
        for _ in range(4):
            await hub.reclaim()

    run_virtually(beat_again_and_again())
    assert store.said == [{}, {}, {}, {"west": 1}], "silent by what we asked, not by what we waited"
