#!/usr/bin/env python
"""Play the demo while it is struck again and again; exit 1 if anything was lost or done twice.

    .venv/bin/python scripts/kill_the_hub.py --rounds 50 --seed 1
    .venv/bin/python scripts/kill_the_hub.py --stage apart --rounds 50
    make chaos CHAOS_ARGS="--stage apart --only COMMITS --rounds 5 --orders 300 --json"

Between the parts of the story, in the middle of work, a blow falls, by chance under the seed. The
hub with its own PostgreSQL is killed (kill -9, alone or with it), loses it, is stopped and
continued, or is asked to end; sometimes it is killed again while it starts.

With --stage apart PostgreSQL is a process of the harness, a second process decides and delivers
beside the hub, and a proxy stands in every line: then PostgreSQL also restarts without a checkpoint
and stays down for some seconds, or stands still; single sessions are killed, all connections are
used up, the worker is stopped until its leases are gone, answers to COMMIT are lost, and so are
requests to far systems and their answers; some come twice, one system falls silent, all lines lag.

With --stage disks (as root) the hub's own database is on two small disks, and that of its data or
of its write-ahead log becomes nearly full (the hub must refuse before anything breaks) or full, for
some seconds. With --no-floor it does not refuse, so that the database meets the full disk.

With --every 5 20 some 5 to 20 seconds of work go by before each blow, as where a database is
restarted again and again: --stage apart --only RESTART --every 5 20.

After each blow messages must be taken and decided again. In the end this checks:

- the log holds every message that a far system has a receipt for, at its place and with its hash,
  and nothing that nobody sent (I1, I3, I4);
- every invariant that `crossdock verify` asks for;
- all is decided, nothing is due, no job is open, no message is held or dead;
- no far system did anything twice, and both sides agree (I20, I27);
- a message is decided within 5 seconds of each start (on a machine that does nothing else; say
  --decided-within where others are at work), and SIGTERM ends the hub within 10 with exit code 0,
  also while clients hang on it that never come to their end.

The same moments do not come twice: a seed repeats the orders and the kinds of blows, not where in
the hub's work they fall. `--rounds 0` plays without a blow and checks the same, which tells what
has nothing to do with blows.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from crossdock.runtime.console import FAILED, INTERRUPTED, OK, UNSOUND, finish, hint
from crossdock.runtime.demo.run import Wish
from crossdock.testing.outside.report import GAP_SECONDS, Blow, Plan, Report, Stage, show
from crossdock.testing.outside.run import play
from crossdock.testing.outside.volumes import why_not_mount


def main() -> int:
    """Read the arguments, play, show what was found."""
    arguments = _parser().parse_args()
    if arguments.stage == Stage.DISKS and (reason := why_not_mount()):
        hint(f"cannot be done here: {reason}")
        return FAILED
    wish = Wish(
        orders=arguments.orders,
        source=arguments.input,
        chaos=arguments.chaos,
        seed=arguments.seed,
    )
    plan = Plan(
        wish,
        rounds=arguments.rounds,
        stage=Stage(arguments.stage),
        floor=not arguments.no_floor,
        only=tuple(Blow[name] for name in arguments.only),
        gap_seconds=tuple(arguments.every),
        seconds_max=arguments.timeout,
        decided_seconds_max=arguments.decided_within,
    )
    try:
        report = asyncio.run(_until_asked(plan, arguments.data))
    except (asyncio.CancelledError, KeyboardInterrupt):
        hint("interrupted")
        return INTERRUPTED
    show(report)
    finish(report.as_json(), as_json=arguments.json)
    return OK if report.sound else UNSOUND


async def _until_asked(plan: Plan, data: Path | None) -> Report:
    """Play; SIGTERM ends it like Ctrl-C, so that no process stays behind."""
    playing = asyncio.current_task()
    assert playing is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    return await play(plan, data)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=1500, help="orders to generate")
    parser.add_argument("--input", type=Path, help="orders of the UCI Online Retail data set")
    parser.add_argument("--rounds", type=int, default=50, help="how often to strike")
    parser.add_argument("--seed", type=int, default=1, help="seed of orders and blows")
    parser.add_argument(
        "--stage", choices=list(Stage), default=Stage.EMBEDDED, help="what stands and may be struck"
    )
    parser.add_argument(
        "--no-floor", action="store_true", help="of disks: the hub does not refuse in time"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=[blow.name for blow in Blow],
        help="only this blow; may be said several times",
    )
    parser.add_argument(
        "--every",
        nargs=2,
        type=float,
        metavar=("LEAST", "MOST"),
        default=GAP_SECONDS,
        help="seconds of work before a blow",
    )
    parser.add_argument("--chaos", action="store_true", help="switch the estate's faults on too")
    parser.add_argument("--timeout", type=float, default=1200, help="seconds for all of it")
    parser.add_argument(
        "--decided-within", type=float, default=5, help="seconds from a start to a decided message"
    )
    parser.add_argument("--data", type=Path, help="data folder; default: a fresh temporary one")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
