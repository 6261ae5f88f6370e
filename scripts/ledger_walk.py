"""Walk the ledger at random beside a naive model, and print what was seen.

    python scripts/ledger_walk.py --movements 100000 --seed 1 --json

Says things to a small hub until it has entered so many movements, in slices; after each slice the
hub and the model agree on every account, now and as of a random moment, and the sum of each item
over all accounts is zero. Ends with balances rebuilt from the outcomes beside the live ones.
"""

from __future__ import annotations

import argparse
import json
import random  # noqa: TID251 - seeded by the caller
import sys
import time

from crossdock.testing.ledger import Walk, movements_of

SLICE = 250
FRESH = 2_000  # things said to one hub before the next begins: the naive model is slow


def main() -> None:
    """Walk."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--movements", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    started = time.monotonic()  # noqa: TID251 - a script of its own
    figures = {"movements": 0, "messages": 0, "checks": 0, "as_of_checks": 0, "walks": 0}
    kinds: dict[str, int] = {}
    while figures["movements"] < options.movements:
        walk_once(options.seed + figures["walks"], figures, kinds)
    figures["seconds"] = round(time.monotonic() - started)  # noqa: TID251 - a script of its own
    said = {**figures, "violations": 0, "kinds": dict(sorted(kinds.items()))}
    sys.stdout.write(json.dumps(said) + "\n" if options.json else _in_words(said))


def _in_words(said: dict[str, object]) -> str:
    return "".join(f"{name:14} {value}\n" for name, value in said.items())


def walk_once(seed: int, figures: dict[str, int], kinds: dict[str, int]) -> None:
    """One hub from its first message to its end; counts what it saw."""
    chance = random.Random(seed)
    walk = Walk(seed, batch=chance.choice((1, 7, 100)))
    while len(walk.told) < FRESH:
        walk.go(SLICE)
        walk.rest()
        walk.check()
        walk.check(until=chance.randint(0, len(walk.told)))
        figures["checks"] += 1
        figures["as_of_checks"] += 1
    figures["movements"] += walk.check_rebuilt()
    figures["messages"] += len(walk.told)
    figures["walks"] += 1
    for movement in movements_of(walk.hub):
        name = movement.kind.value if movement.kind is not None else "none"
        kinds[name] = kinds.get(name, 0) + 1


if __name__ == "__main__":
    main()
