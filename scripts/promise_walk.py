"""Walk at random through the reservation book beside a naive model, and print what was met.

`python scripts/promise_walk.py --steps 100000 --seed 1 --json`. The walk is cut into houses of two
thousand steps, each with a seed of its own, so that a broken promise is found again in seconds.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.console import OK, UNSOUND, finish, hint
from crossdock.testing.promise_walk import Broken, walk

_HOUSE_STEPS = 2_000


def main() -> int:
    """Walk, print, and exit with 1 where a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--steps", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    counts: Counter[str] = Counter()
    broken = ""
    seed = given.seed
    clock = SystemClock()
    started = clock.monotonic()
    for done in range(0, given.steps, _HOUSE_STEPS):
        seed = given.seed + done // _HOUSE_STEPS
        try:
            counts += walk(seed, min(_HOUSE_STEPS, given.steps - done))
        except Broken as error:
            broken = str(error)
            break
    seconds = round(clock.monotonic() - started, 1)
    hint(f"{given.steps} steps in {seconds} s: {broken or 'no promise broken'}")
    finish(
        {
            "steps": given.steps,
            "last_seed": seed,
            "seconds": seconds,
            "broken": broken,
            "counts": dict(sorted(counts.items())),
        },
        as_json=given.json,
    )
    return UNSOUND if broken else OK


if __name__ == "__main__":
    sys.exit(main())
