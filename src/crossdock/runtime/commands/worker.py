"""`crossdock worker`: more deciders and deliverers for a hub that serves elsewhere."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import signal
import socket
from pathlib import Path

import uvloop

from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import FAILED, OK
from crossdock.runtime.hub import running_hub


def run(config: Path) -> int:
    """Work until SIGTERM or SIGINT. Leases keep workers apart; each takes what is free."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = read_settings(config)
    name = f"{settings.hub.name}@{socket.gethostname()}:{os.getpid()}"
    hub = dataclasses.replace(settings.hub, name=name)
    return uvloop.run(_work(dataclasses.replace(settings, hub=hub)))


async def _work(settings: Settings) -> int:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    async with running_hub(settings) as hub:
        return OK if await hub.runs_until(ending) else FAILED
