"""Run an estate as a process: `python -m crossdock.estate --config estate.json`.

Prints one JSON line with the chosen ports once everybody listens; ends on SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

import msgspec
import uvloop

from crossdock.estate.config import EstateConfig
from crossdock.estate.estate import Estate


def main(arguments: list[str] | None = None) -> int:
    """Read the configuration and run; gives the exit status."""
    parser = argparse.ArgumentParser(prog="crossdock.estate", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the estate as JSON")
    path: Path = parser.parse_args(arguments).config
    try:
        config = msgspec.json.decode(path.read_bytes(), type=EstateConfig)
    except (OSError, msgspec.MsgspecError) as error:
        sys.stderr.write(f"{path}: {error}\n")
        return 2
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_run(config))
    return 0


async def _run(config: EstateConfig) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    async with Estate(config) as estate:
        ready = {"ready": True, "ports": estate.ports}
        sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
        sys.stdout.flush()
        await over.wait()


if __name__ == "__main__":
    raise SystemExit(main())
