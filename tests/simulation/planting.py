"""Plant each known bug in a copy of the source, and count the seeds until the simulator finds it.

    python scripts/plant_bugs.py [--seeds 500] [--jobs 2] [--only WORD]

Ends with one JSON object, and with exit code 1 where a bug was not found and is not explained.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.simulation.planted import BUGS, Bug
from tests.tidy.scan import ROOT

_HUNT = """
import sys, traceback
from crossdock.runtime.simulation.plan import plan_of
from crossdock.runtime.simulation.playing import play
for seed in range(1, int(sys.argv[1]) + 1):
    try:
        breach = play(plan_of(seed)).breach
    except Exception as error:
        print(seed, "-", "ended", type(error).__name__)
        break
    if breach is not None:
        print(seed, breach.invariant, breach.check, breach.found)
        break
"""


def hunt(bug: Bug, seeds: int) -> tuple[int | None, str]:
    """Plant a bug and play until it shows: the seed, and what was found; None: it did not."""
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        file = source / "crossdock" / bug.file
        file.write_text(bug.planted(file.read_text(encoding="utf-8")), encoding="utf-8")
        ended = subprocess.run(
            [sys.executable, "-c", _HUNT, str(seeds)],
            env={**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    found = ended.stdout.strip().splitlines()
    if not found:
        return None, ended.stderr.strip()[-300:]
    seed, _, what = found[-1].partition(" ")
    return int(seed), what


def main() -> int:
    """Plant them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="bugs whose name holds this word")
    asked = parser.parse_args()
    bugs = [bug for bug in BUGS if asked.only in bug.name]
    needed: dict[str, int | None] = {}
    unexplained = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for bug, (seed, what) in zip(
            bugs, pool.map(lambda bug: hunt(bug, asked.seeds), bugs), strict=True
        ):
            needed[bug.name] = seed
            if seed is None and not bug.equivalent:
                unexplained.append(bug.name)
            told = f"seed {seed}: {what}" if seed is not None else f"NOT FOUND {what}"
            why = f" ({bug.equivalent})" if seed is None and bug.equivalent else ""
            print(f"{bug.name:60} {told[:160]}{why}", flush=True)
    found = sum(seed is not None for seed in needed.values())
    print(
        json.dumps(
            {
                "bugs": len(bugs),
                "found": found,
                "explained": len(bugs) - found - len(unexplained),
                "not_found": unexplained,
                "seeds_needed": needed,
            }
        )
    )
    return 1 if unexplained else 0
