"""`crossdock simulate`: seeded schedules of faults on virtual time, and what they broke."""

from __future__ import annotations

import time

from crossdock.kernel.errors import BadInput
from crossdock.runtime.console import OK, UNSOUND, finish, hint, say
from crossdock.runtime.simulation.batch import Summary, shrink
from crossdock.runtime.simulation.batch import run as run_batch
from crossdock.runtime.simulation.plan import Plan, plan_of
from crossdock.runtime.simulation.playing import play
from crossdock.runtime.simulation.world import Result

STORES = ("memory", "postgres")
_TOLD_EVERY = 500


class BadSeeds(BadInput):
    """The seeds or the store of a simulation cannot be understood."""

    code = "bad-seeds"
    expects = "A..B with 0 <= A <= B, and a store of memory or postgres"


def run(seeds: str, store: str, jobs: int, verbose: bool, as_json: bool) -> int:
    """Play the seeds; gives 0 when nothing broke and every floor was reached.

    Raises `BadSeeds`.
    """
    first, last = _range(seeds)
    if store not in STORES:
        raise BadSeeds(where="--store", found=store, expected=" or ".join(STORES))
    began = time.monotonic()
    summary = run_batch(
        range(first, last + 1), jobs=jobs, store=store, on_result=_Teller(last - first + 1, verbose)
    )
    _tell(summary, time.monotonic() - began)
    if summary.failed and store == "memory":
        _tell_smallest(summary.failed[0])
    finish(summary.as_json(), as_json=as_json)
    return OK if summary.is_sound else UNSOUND


def _range(text: str) -> tuple[int, int]:
    first, dots, last = text.partition("..")
    if not dots:
        last = first
    if not first.isdecimal() or not last.isdecimal() or int(first) > int(last):
        raise BadSeeds(where="--seeds", found=text)
    return int(first), int(last)


class _Teller:
    """Says how far a batch is, and what broke."""

    def __init__(self, seeds: int, verbose: bool) -> None:
        self._seeds = seeds
        self._verbose = verbose
        self._done = 0

    def __call__(self, result: Result) -> None:
        """One more schedule is played."""
        self._done += 1
        if result.breach is not None:
            say(
                f"seed {result.seed}: {result.breach.invariant} {result.breach.check}:"
                f" {result.breach.found}"
            )
            for line in result.trace if self._verbose else ():
                say(f"    {line}")
        elif self._verbose:
            say(f"seed {result.seed}: sound, {result.seconds:.0f} s of its time, {result.digest}")
        if self._done % _TOLD_EVERY == 0:
            hint(f"{self._done} of {self._seeds} schedules")


def _tell(summary: Summary, seconds: float) -> None:
    say(
        f"{summary.schedules} schedules on the {summary.store} store in {seconds:.0f} s,"
        f" {summary.virtual_seconds / 3600:.1f} hours of their time:"
        f" {len(summary.failed)} broke a promise"
    )
    for name in summary.missed:
        say(f"never reached: {name}")


def _tell_smallest(failed: Result) -> None:
    """Shrink the first failure, and say what is left of it."""

    def breach_of(plan: Plan) -> str | None:
        breach = play(plan).breach
        return None if breach is None else breach.check

    smallest = shrink(plan_of(failed.seed), breach_of)
    last = play(smallest)
    taken = [number for number in range(smallest.steps) if number not in smallest.left_out]
    say(f"seed {failed.seed}, made smaller: steps {taken}, faults:")
    for fault, rate in smallest.faults.items():
        say(f"    {fault.name} {rate:.3f}")
    say(f"{last.breach}")
    for line in last.trace:
        say(f"    {line}")
