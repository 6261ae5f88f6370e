"""Every schedule of every shipped recipe ends complete, compensated or parked, and truly so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossdock.sagas.recipes.parts import Tell, Undo
from crossdock.sagas.recipes.recipe import Recipe
from crossdock.sagas.recipes.shipped import SHIPPED
from crossdock.testing.recipes import BrokenPromise, walk

PARCEL = SHIPPED["parcel"][0]
BOUNDS = {
    "parcel": (1, ("rated", "reported")),
    "order-to-ship": (2, ()),
    "return": (2, ()),
    "invoice-match": (2, ()),
}
"""Recipe -> how many faults a schedule has here, and steps that nobody is told."""


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_schedule_ends_as_it_must(name: str) -> None:
    """With refusal, silence, unknown outcomes, late and double answers, and a person's stop."""
    faults, absent = BOUNDS[name]
    for recipe in SHIPPED[name]:
        walked = walk(recipe, faults_max=faults, absent=absent)
        print(f"{name} {recipe.version}: {walked.schedules} schedules, {dict(walked.endings)}")
        assert walked.schedules > 100
        assert walked.endings["complete"] > 0
        assert set(walked.endings) <= {"complete", "compensated", "parked"}


@pytest.mark.parametrize(
    "step", [step.name for step in PARCEL.steps if isinstance(step.does, Tell)]
)
def test_a_house_without_one_of_the_systems_has_no_such_step(step: str) -> None:
    """Every schedule without faults is complete, whoever is missing."""
    walked = walk(PARCEL, faults_max=0, absent=(step,))
    assert set(walked.endings) == {"complete"}


def test_the_walk_has_teeth() -> None:
    """An undo that claims to be harmless where nothing was done, and is refused, leaves a label."""
    step = PARCEL.step("labelled")
    assert step is not None
    assert step.undo is not None
    bare = replace(step, after=(), undo=replace(step.undo, again=0), kept="")
    forgetful = _only(replace(bare, undo=_answering_always(step.undo)))
    with pytest.raises(BrokenPromise, match=r"stands at the far side|is left over"):
        walk(forgetful, faults_max=2)


def _answering_always(undo: Undo) -> Undo:
    """An undo whose answer does not say whether there was anything to undo."""
    return replace(undo, answers={})


def _only(step: object) -> Recipe:
    return replace(PARCEL, steps=(step,))  # type: ignore[arg-type]
