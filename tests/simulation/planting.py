"""Plant each known bug in a copy of the source, and see by which seed a schedule shows it.

    python scripts/plant_bugs.py [--seeds 500] [--jobs 2] [--only WORD]

Ends with a table and one JSON object. The exit code is 1 where a bug was missed that nothing
explains, where one was found that is explained as not to be found, or where the seed that shows a
bug fails without it as well.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.planted import BUGS, Bug
from tests.tidy.scan import ROOT

_HUNT = """
import json, sys
from crossdock.runtime.simulation.plan import plan_of
from crossdock.runtime.simulation.playing import play
for seed in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
    try:
        breach = play(plan_of(seed)).breach
    except Exception as error:
        print(json.dumps([seed, "schedule ends", type(error).__name__]))
        break
    if breach is not None:
        print(json.dumps([seed, f"{breach.invariant} {breach.check}", breach.found]))
        break
"""


@dataclass(frozen=True)
class Hunted:
    """What came of one bug; `seed` is None where no schedule showed it."""

    bug: Bug
    seed: int | None = None
    oracle: str = ""  # the promise that broke first, and the question that saw it
    found: str = ""
    trouble: str = ""  # why this says nothing of the simulator

    @property
    def is_missed(self) -> bool:
        """Whether somebody must look: at the simulator, or at the explanation."""
        return bool(self.trouble) or (self.seed is None) is not bool(self.bug.equivalent)

    @property
    def verdict(self) -> str:
        """What stands in the table for the oracle."""
        if self.trouble:
            return f"CANNOT SAY: {self.trouble}"
        if self.seed is None:
            return f"equivalent: {self.bug.equivalent}" if self.bug.equivalent else "MISSED"
        if self.bug.equivalent:
            return f"{self.oracle}, THOUGH EXPLAINED AS EQUIVALENT"
        return self.oracle


def hunt(bug: Bug, seeds: int) -> Hunted:
    """Plant a bug and play seeds from 1 until it shows."""
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        file = source / "crossdock" / bug.file
        file.write_text(bug.planted(file.read_text(encoding="utf-8")), encoding="utf-8")
        planted, trouble = _play(source, 1, seeds)
    if planted is None:
        return Hunted(bug, trouble=trouble)
    seed, oracle, found = planted
    without, trouble = _play(ROOT / "src", seed, seed)
    if without is not None:
        trouble = f"seed {seed} fails without the bug, too"
    return Hunted(bug, seed, oracle, found, trouble)


def _play(source: Path, first: int, last: int) -> tuple[tuple[int, str, str] | None, str]:
    """Play seeds until one fails: which one, by what, and what was found; or how playing ended."""
    ended = subprocess.run(
        [sys.executable, "-c", _HUNT, str(first), str(last)],
        env={**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        return None, ended.stderr.strip()[-300:]
    said = ended.stdout.strip().splitlines()
    if not said:
        return None, ""
    seed, oracle, found = json.loads(said[-1])
    return (seed, oracle, found), ""


def table(hunted: Sequence[Hunted]) -> Iterator[str]:
    """The lines to show in the end."""
    wide = max((len(one.bug.name) for one in hunted), default=0)
    yield f"{'planted bug':{wide}}  seed  found by"
    for one in hunted:
        seed = "-" if one.seed is None else str(one.seed)
        yield f"{one.bug.name:{wide}}  {seed:>4}  {one.verdict}"


def main() -> int:
    """Plant them all, or those that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=500, help="how many to play, at most")
    parser.add_argument("--jobs", type=int, default=2, help="how many bugs to hunt at a time")
    parser.add_argument("--only", default="", help="bugs whose name holds this word")
    asked = parser.parse_args()
    bugs = [bug for bug in BUGS if asked.only in bug.name]
    hunted = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for one in pool.map(lambda bug: hunt(bug, asked.seeds), bugs):
            hunted.append(one)
            print(f"{one.bug.name}: seed {one.seed} {one.oracle} {one.found}"[:200], flush=True)
    print()
    for line in table(hunted):
        print(line)
    missed = [one.bug.name for one in hunted if one.is_missed]
    print(
        json.dumps(
            {
                "bugs": len(hunted),
                "found": sum(one.seed is not None for one in hunted),
                "explained": sum(one.seed is None and not one.is_missed for one in hunted),
                "missed": missed,
                "seeds_needed": {one.bug.name: one.seed for one in hunted},
            }
        )
    )
    return 1 if missed or not hunted else 0
