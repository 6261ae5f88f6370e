"""Playing one plan, or a seed's; every so often twice, to see that the seed decides everything."""

from __future__ import annotations

import logging
from collections.abc import Callable

from crossdock.runtime.simulation.checks import Breach
from crossdock.runtime.simulation.plan import Plan, plan_of
from crossdock.runtime.simulation.store import Engine, MemoryEngine
from crossdock.runtime.simulation.world import Result, World

SAME_EVERY = 50
"""Every so manieth seed is played twice, and both times the same must happen."""

Play = Callable[[Plan], Result]


def play(plan: Plan, engine: Engine | None = None) -> Result:
    """Play one schedule on the memory engine, or on the engine that is given."""
    logging.disable(logging.CRITICAL)
    try:
        return World(plan, engine or MemoryEngine()).play()
    finally:
        logging.disable(logging.NOTSET)


def play_seed(seed: int, play_one: Play = play) -> Result:
    """Play a seed's schedule; every so often twice, to see that nothing but the seed decides."""
    result = play_one(plan_of(seed))
    if seed % SAME_EVERY == 0 and result.breach is None:
        again = play_one(plan_of(seed))
        if again.digest != result.digest:
            result.breach = _another_story(result, again)
    return result


def _another_story(result: Result, again: Result) -> Breach:
    return Breach("same_again", "M7", f"trace {result.digest}, then {again.digest}")
