"""A hub as a process of its own, for whoever starts and kills one."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from crossdock.runtime.processhub import HubDied, HubProcess
from tests.helpers.aio import run


def test_a_kill_meets_the_process_that_is_just_being_created(tmp_path: Path) -> None:
    """Or it would run on beside its successor, under its name and on its port."""

    async def killed_at_once() -> int:
        process = HubProcess(tmp_path / "crossdock.yaml", tmp_path / "hub.log")
        starting = asyncio.create_task(process.start())
        await asyncio.sleep(0)
        await process.kill()
        with pytest.raises(HubDied):
            await starting
        return await process.stop()

    assert run(killed_at_once()) == -signal.SIGKILL
