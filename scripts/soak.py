#!/usr/bin/env python
"""Keep a hub under a steady load and see that memory, descriptors and sessions stay in bounds.

    .venv/bin/python scripts/soak.py --seconds 120 --json

The slope per hour is that of the second part of the run. Caches still warm in a run of minutes, so
its slope of memory is an upper bound; a night tells more.
"""

from __future__ import annotations

import argparse
import asyncio

from crossdock.runtime.console import FAILED, INTERRUPTED, OK, UNSOUND, explain, finish, hint, say
from crossdock.runtime.demo.run import Wish
from crossdock.testing.outside.grounds import RunFailed
from crossdock.testing.outside.soak import SoakPlan, play


def main() -> int:
    """Read the arguments, soak, show the figures."""
    arguments = _parser().parse_args()
    pace = arguments.steps_per_second
    wish = Wish(orders=int(arguments.seconds * pace), seed=arguments.seed)
    try:
        report = asyncio.run(play(SoakPlan(wish, arguments.seconds, pace)))
    except (asyncio.CancelledError, KeyboardInterrupt):
        hint("interrupted")
        return INTERRUPTED
    except RunFailed as failure:
        hint(explain(failure))
        return FAILED
    for name, figure in report.as_json().items():
        say(f"  {name.replace('_', ' '):32} {figure}")
    finish(report.as_json(), as_json=arguments.json)
    return OK if report.sound else UNSOUND


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=120, help="how long")
    parser.add_argument("--steps-per-second", type=float, default=100, help="of the story")
    parser.add_argument("--seed", type=int, default=1, help="seed of the orders")
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
