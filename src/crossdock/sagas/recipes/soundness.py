"""When a recipe is sound: every step is reached, every case is named, what is undone can be undone.

Looked at when a recipe is made, so that a house with an unsound one does not start.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from crossdock.contracts.catalogue import CATALOGUE, TOLD
from crossdock.sagas.recipes.parts import Case, Step, Tell, Then, Watch

if TYPE_CHECKING:
    from crossdock.sagas.recipes.recipe import Recipe

_NAME = re.compile(r"\A[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_NAME_LENGTH_MAX = 15  # so that a request under it is an identifier


def problems_of(recipe: Recipe) -> list[str]:
    """Everything that is wrong with a recipe, in words; none for a sound one."""
    return [
        *_of_the_whole(recipe),
        *_of_the_order(recipe),
        *(f"step {step.name}: {wrong}" for step in recipe.steps for wrong in _of_step(step)),
        *_of_what_it_hears(recipe),
    ]


def _of_the_whole(recipe: Recipe) -> Iterator[str]:
    names = [step.name for step in recipe.steps]
    for name in (recipe.name, *names):
        if not _NAME.match(name) or len(name) > _NAME_LENGTH_MAX:
            yield f"{name!r} is not small letters and hyphens, {_NAME_LENGTH_MAX} at most"
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two steps are called {name}"
    if recipe.version < 1:
        yield "versions count from 1"
    if not recipe.openings:
        yield "nothing begins it"
    if not recipe.steps:
        yield "it has no step"
    for version, renamed in recipe.renamed.items():
        if version >= recipe.version:
            yield f"version {version} is not earlier than {recipe.version}"
        for new in sorted(set(renamed.values()) - set(names)):
            yield f"renamed to {new}, which is no step"


def _of_the_order(recipe: Recipe) -> Iterator[str]:
    """Steps wait for steps that there are, and never for themselves."""
    waits = {step.name: set(step.after) for step in recipe.steps}
    for name, after in waits.items():
        for unknown in sorted(after - waits.keys()):
            yield f"step {name}: after {unknown}, which is no step"
    reached: set[str] = set()
    while True:
        more = {n for n, after in waits.items() if n not in reached and after <= reached}
        if not more:
            break
        reached |= more
    for name in sorted(waits.keys() - reached):
        if waits[name] <= waits.keys():
            yield f"step {name}: never reached, it waits in a circle"


def _of_step(step: Step) -> Iterator[str]:
    if step.within_seconds < 1:
        yield "no time limit"
    if not step.awaited_from:
        yield "nobody is named from whom its answer is awaited"
    yield from _of_case("silent", step, step.silent)
    if isinstance(step.does, Tell):
        yield from _of_telling(step, step.does)
    else:
        yield from _of_watching(step, step.does)


def _of_telling(step: Step, does: Tell) -> Iterator[str]:
    if does.kind not in TOLD:
        yield f"{does.kind} is nothing that the hub tells"
    for name, case in (("refused", step.refused), ("unknown", step.unknown)):
        if case is None:
            yield f"no case for {name}"
        else:
            yield from _of_case(name, step, case)
    if step.unknown is not None and step.unknown.again:
        yield "what may have been done is not asked for again"
    if (step.undo is None) == (not step.kept):
        yield "either an undo, or `kept` with the reason why there is none"
    if step.undo is not None:
        if step.undo.kind not in TOLD:
            yield f"its undo {step.undo.kind} is nothing that the hub tells"
        if step.undo.within_seconds < 1:
            yield "no time limit for its undo"
    if does.gather is not None and not does.answers:
        yield "it gathers answers, and no message answers it"
    if does.answers and does.gather is None and does.record is None and step.undo is not None:
        yield "its answers leave no record for its undo"


def _of_watching(step: Step, does: Watch) -> Iterator[str]:
    if not does.facts and does.judge is None:
        yield "it watches for nothing"
    if step.undo is not None:
        yield "what others did is a fact, and has no undo"
    if step.unknown is not None:
        yield "what is watched for is never unknown"
    if step.refused is not None:
        yield from _of_case("refused", step, step.refused)
        if step.refused.again:
            yield "what others do cannot be asked for again"


def _of_case(name: str, step: Step, case: Case) -> Iterator[str]:
    if case.again < 0 or case.pause_seconds < 1:
        yield f"{name}: again counts from 0, a pause from 1 second"
    maybe_done = name in ("silent", "unknown") and isinstance(step.does, Tell)
    if maybe_done and case.then is Then.UNDO and not (step.undo is not None and step.undo.blind):
        yield f"{name}: it may have been done, and its undo is not blind: park it"


def _of_what_it_hears(recipe: Recipe) -> Iterator[str]:
    for kind in sorted(recipe.watched | recipe.answered_by):
        row = CATALOGUE.get(kind)
        if row is None:
            yield f"{kind} is no message type"
        elif recipe.key not in row.noun.__struct_fields__:
            yield f"{kind} has no field {recipe.key}"
        elif kind in recipe.answered_by and "request_id" not in row.noun.__struct_fields__:
            yield f"{kind} does not name the request that it answers"
    if recipe.judges_orders and recipe.key != "order_id":
        yield "it looks at orders, and its key is not order_id"
