"""Many schedules, on several processes: what was reached, what broke first, and the floors.

A batch fails if a promise was broken, or if something was not reached that every batch of its size
must reach: faults that never strike and states that never occur prove nothing.
"""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.vocabulary import Fate
from crossdock.log.records import Verdict
from crossdock.runtime.collecting import look_rarely
from crossdock.runtime.simulation import postgres
from crossdock.runtime.simulation.failpoints import FAILPOINTS
from crossdock.runtime.simulation.plan import Fault, Plan
from crossdock.runtime.simulation.playing import play_seed
from crossdock.runtime.simulation.world import Result
from crossdock.sagas.deciders import DECIDERS
from crossdock.sagas.recipes.shipped import SHIPPED

_CHUNK = 10
_NEVER_LET_IN = {catalogue.PRICE_CHANGED, catalogue.CONTROL_TOTALS_REPORTED}
"""Their fields must fit each other, as values that are made up at random never do."""
_RARE = 500
"""Schedules from which on a batch must have reached what is uncommon."""

_COMMON = (
    *(f"fault {fault.name}" for fault in Fault),
    *(f"fate {fate}" for fate in (Fate.APPLIED, Fate.HELD)),
    *(f"verdict {one}" for one in Verdict if one not in (Verdict.CANCELLED, Verdict.VOID)),
    "StoreUnavailable", "StoreConflict", "CommitUnknown", "StoreFull",
)  # fmt: skip
_UNCOMMON = (
    *(f"verdict {one}" for one in (Verdict.CANCELLED, Verdict.VOID)),
    # Two that are at the same thing, and what only a pool's own channel may take.
    "StockMoved", "DocumentMoved", "LeaseLost", "taken from a pool alone",
    "overtaken while it stood still",
)  # fmt: skip
_WHATEVER_THERE_IS = (
    *(f"recipe {recipe} complete" for recipe in SHIPPED),
    *(f"decided {one}" for one in DECIDERS if CATALOGUE[one].inbound and one not in _NEVER_LET_IN),
    *(f"killed at {name}" for name in FAILPOINTS),
)


@dataclass
class Summary:
    """What came of a batch."""

    store: str
    first: int
    last: int
    schedules: int = 0
    failed: list[Result] = field(default_factory=list)
    reached: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    virtual_seconds: float = 0.0

    @property
    def is_sound(self) -> bool:
        """Whether nothing broke and everything was reached."""
        return not self.failed and not self.missed

    def as_json(self) -> dict[str, object]:
        """What scripts read."""
        return {
            "seeds": f"{self.first}..{self.last}",
            "store": self.store,
            "schedules": self.schedules,
            "violations": len(self.failed),
            "first_failing_seed": min((one.seed for one in self.failed), default=None),
            "broken": [
                {"seed": one.seed, "invariant": one.breach.invariant, "check": one.breach.check,
                 "found": one.breach.found}
                for one in self.failed
                if one.breach is not None
            ],
            "floors_missed": self.missed,
            "coverage": dict(sorted(self.reached.items())),
            "virtual_hours": round(self.virtual_seconds / 3600, 1),
        }  # fmt: skip


def run(
    seeds: Sequence[int],
    *,
    jobs: int = 1,
    store: str = "memory",
    on_result: Callable[[Result], None] | None = None,
    stop_at_first: bool = False,
) -> Summary:
    """Play all seeds; `jobs` processes share them."""
    summary = Summary(store, seeds[0], seeds[-1])
    for result in _played(seeds, jobs, store):
        summary.schedules += 1
        summary.reached.update(result.reached)
        summary.virtual_seconds += result.seconds
        if result.breach is not None:
            summary.failed.append(result)
        if on_result is not None:
            on_result(result)
        if stop_at_first and summary.failed:
            return summary
    summary.failed.sort(key=lambda one: one.seed)
    summary.missed = [
        name for name, least in floors(summary.schedules) if summary.reached[name] < least
    ]
    return summary


def _played(seeds: Sequence[int], jobs: int, store: str) -> Iterator[Result]:
    if store == "postgres":
        yield from postgres.played(seeds, jobs)
    elif jobs <= 1:
        yield from map(play_seed, seeds)
    else:
        with multiprocessing.get_context("spawn").Pool(jobs, look_rarely) as pool:
            yield from pool.imap_unordered(play_seed, seeds, chunksize=_CHUNK)


def floors(schedules: int) -> Iterator[tuple[str, int]]:
    """What a batch of so many schedules must have reached, and how often at least."""
    names: list[str] = []
    if schedules >= _RARE // 5:
        names += _COMMON
    if schedules >= _RARE:
        names += _UNCOMMON
    if schedules >= 4 * _RARE:
        names += _WHATEVER_THERE_IS
    yield from dict.fromkeys(names, 1).items()


def shrink(plan: Plan, breach_of: Callable[[Plan], str | None], tries_max: int = 400) -> Plan:
    """The smallest plan found that breaks the same promise: fewer faults, then fewer steps.

    `breach_of` plays a plan and names the promise that broke first, if any.
    """
    wanted = breach_of(plan)
    tries = 0

    def still(smaller: Plan) -> bool:
        nonlocal tries
        tries += 1
        return tries <= tries_max and breach_of(smaller) == wanted

    for fault in list(plan.faults):
        if still(smaller := plan.without(fault)):
            plan = smaller
    for size in _halves(plan.steps):
        for start in range(0, plan.steps, size):
            more = plan.left_out.union(range(start, min(plan.steps, start + size)))
            if more != plan.left_out and still(smaller := _leaving_out(plan, more)):
                plan = smaller
    return plan


def _halves(steps: int) -> Iterable[int]:
    size = steps // 2
    while size >= 1:
        yield size
        size //= 2


def _leaving_out(plan: Plan, steps: frozenset[int]) -> Plan:
    return replace(plan, left_out=steps)
