"""`crossdock worker`: more deciders and deliverers for a hub that serves elsewhere."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import signal
import socket
from pathlib import Path

import msgspec
import uvloop

from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import FAILED, OK, say
from crossdock.runtime.guarding import guarded
from crossdock.runtime.hub import running_hub


def run(config: Path, name: str = "") -> int:
    """Work until SIGTERM or SIGINT. Leases keep workers apart; each takes what is free.

    A worker that is given the same `name` again takes back at once what it held when it was killed.
    Says one JSON line on standard output when it works: {"ready", "pid"}.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = read_settings(config)
    own = name or f"{socket.gethostname()}:{os.getpid()}"
    hub = dataclasses.replace(settings.hub, name=f"{settings.hub.name}@{own}")
    return uvloop.run(_work(dataclasses.replace(settings, hub=hub)))


async def _work(settings: Settings) -> int:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    async with guarded(settings) as guard, running_hub(settings, guard) as hub:
        say(msgspec.json.encode({"ready": True, "pid": os.getpid()}).decode())
        return OK if await hub.runs_until(ending) else FAILED
