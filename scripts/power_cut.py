#!/usr/bin/env python
"""Cut the power under load, again and again; exit 1 if anything that was answered is gone.

    sudo .venv/bin/python scripts/power_cut.py --rounds 50 --json
    sudo .venv/bin/python scripts/power_cut.py --rounds 1 --fsync off     # must fail

PostgreSQL works on an ext4 file system in a file. In the middle of the load all its processes are
stopped, the file is copied, and a server started from the copy: whatever was only in the memory of
the machine is not in it. Every receipt of a far system must be on the copy's log, at its place and
with its hash, and every invariant of `crossdock verify` must hold. Needs root and loop devices.

With --fsync off accepted work must be lost; a run that finds nothing then would find nothing ever.
"""

from __future__ import annotations

import argparse
import asyncio
import signal

from crossdock.runtime.console import FAILED, INTERRUPTED, OK, UNSOUND, finish, hint, say
from crossdock.runtime.demo.run import Wish
from crossdock.testing.outside.power_cut import CutPlan, CutReport, play
from crossdock.testing.outside.volumes import why_not_mount


def main() -> int:
    """Read the arguments, play, show what was found."""
    arguments = _parser().parse_args()
    if reason := why_not_mount():
        hint(f"cannot be done here: {reason}")
        return FAILED
    wish = Wish(orders=arguments.orders, seed=arguments.seed)
    plan = CutPlan(wish, rounds=arguments.rounds, fsync=arguments.fsync == "on")
    try:
        report = asyncio.run(_until_asked(plan))
    except (asyncio.CancelledError, KeyboardInterrupt):
        hint("interrupted")
        return INTERRUPTED
    for name, figure in report.as_json().items():
        say(f"  {name.replace('_', ' '):32} {figure}")
    finish(report.as_json(), as_json=arguments.json)
    return OK if report.sound else UNSOUND


async def _until_asked(plan: CutPlan) -> CutReport:
    """Play; SIGTERM ends it like Ctrl-C, so that no process and no mount stays behind."""
    playing = asyncio.current_task()
    assert playing is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    return await play(plan)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10, help="how often the power goes")
    parser.add_argument("--orders", type=int, default=1500, help="orders to generate, for load")
    parser.add_argument("--seed", type=int, default=1, help="seed of orders and moments")
    parser.add_argument("--fsync", choices=["on", "off"], default="on", help="of the database")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
