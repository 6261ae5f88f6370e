"""An unsound recipe cannot be made, and every way to be unsound is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossdock.contracts import catalogue
from crossdock.sagas.recipes.parcel.recipe import PARCEL
from crossdock.sagas.recipes.parts import Case, Opening, Step, Tell, Then, Watch
from crossdock.sagas.recipes.recipe import Recipe, RecipeUnsound
from crossdock.sagas.recipes.saga import request_id, saga_id

LABELLED = next(step for step in PARCEL.steps if step.name == "labelled")
LEFT = next(step for step in PARCEL.steps if step.name == "left")
ALONE = replace(LABELLED, after=())
UNDO = LABELLED.undo
TELLS, WATCHES = LABELLED.does, LEFT.does
assert UNDO is not None
assert isinstance(TELLS, Tell)
assert isinstance(WATCHES, Watch)


def made(*steps: Step, **changes: object) -> Recipe:
    """A recipe of these steps alone."""
    return replace(PARCEL, steps=steps, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ((), "it has no step"),
        ((replace(ALONE, name="Label it"),), "small letters and hyphens"),
        ((ALONE, ALONE), "two steps are called labelled"),
        ((replace(ALONE, after=("gone",)),), "after gone, which is no step"),
        (
            (replace(ALONE, after=("left",)), replace(LEFT, after=("labelled",))),
            "never reached, it waits in a circle",
        ),
        ((replace(ALONE, within_seconds=0),), "no time limit"),
        ((replace(ALONE, awaited_from=""),), "nobody is named"),
        ((replace(ALONE, refused=None),), "no case for refused"),
        ((replace(ALONE, unknown=None),), "no case for unknown"),
        ((replace(ALONE, unknown=Case(Then.PARK, again=1)),), "not asked for again"),
        ((replace(ALONE, undo=None),), "either an undo, or `kept`"),
        ((replace(ALONE, kept="both"),), "either an undo, or `kept`"),
        (
            (replace(ALONE, undo=replace(UNDO, blind=False), silent=Case(Then.UNDO)),),
            "its undo is not blind: park it",
        ),
        ((replace(ALONE, undo=replace(UNDO, within_seconds=0)),), "no time limit for its undo"),
        (
            (replace(ALONE, undo=replace(UNDO, kind=catalogue.LABEL_BOUGHT)),),
            "nothing that the hub tells",
        ),
        ((replace(ALONE, does=replace(TELLS, kind="x")),), "x is nothing that the hub tells"),
        ((replace(ALONE, does=replace(TELLS, record=None)),), "no record for its undo"),
        ((replace(LEFT, after=(), undo=UNDO),), "is a fact, and has no undo"),
        ((replace(LEFT, after=(), unknown=Case(Then.PARK)),), "never unknown"),
        (
            (replace(LEFT, after=(), refused=Case(Then.PARK, again=1)),),
            "cannot be asked for again",
        ),
        ((replace(LEFT, after=(), does=replace(WATCHES, facts={}, judge=None)),), "nothing"),
        ((replace(ALONE, silent=Case(Then.PARK, again=-1)),), "again counts from 0"),
    ],
)
def test_what_is_left_open_is_named(steps: tuple[Step, ...], problem: str) -> None:
    """Each breach by itself keeps the recipe from being made."""
    with pytest.raises(RecipeUnsound, match=problem):
        made(*steps)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"version": 0}, "versions count from 1"),
        ({"openings": ()}, "nothing begins it"),
        ({"renamed": {1: {}}}, "version 1 is not earlier than 1"),
        ({"version": 2, "renamed": {1: {"a": "b"}}}, "renamed to b, which is no step"),
        ({"key": "item"}, "has no field item"),
        (
            {"openings": (Opening("nothing", lambda said: "1", lambda said: said),)},
            "nothing is no message type",
        ),
    ],
)
def test_the_whole_is_looked_at_too(changes: dict[str, object], problem: str) -> None:
    """Name, version, opening, key and what was renamed."""
    with pytest.raises(RecipeUnsound, match=problem):
        made(ALONE, **changes)


def test_numbers_fit_whatever_they_are_about() -> None:
    """A request under the longest names and number is an identifier, and tells numbers apart."""
    long, other = "N" * 200, "N" * 199 + "M"
    one = request_id("r" * 15, "s" * 15, long, 12, undo=True)
    assert len(one) <= 64
    assert one != request_id("r" * 15, "s" * 15, other, 12, undo=True)
    assert len(saga_id("r" * 15, long)) <= 64
    assert saga_id("parcel", "K-1") == "parcel/K-1"
