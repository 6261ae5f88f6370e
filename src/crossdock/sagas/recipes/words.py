"""An instance in words: what is done, what is awaited from whom since when, what is safe next.

Pure, for whoever shows it: conditions, the command line, a trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crossdock.contracts.vocabulary import SagaAction
from crossdock.sagas.recipes.parts import Step, Tell
from crossdock.sagas.recipes.recipe import Recipe
from crossdock.sagas.recipes.saga import Course, Saga, Standing, StepNow, StepState

_MAYBE: Final = (StepState.SILENT, StepState.UNKNOWN)
_AWAITED: Final = (
    StepState.ASKED,
    StepState.PAUSED,
    StepState.UNDOING,
    StepState.UNDO_PAUSED,
)


@dataclass(frozen=True, slots=True)
class Awaited:
    """One thing that an instance waits for; `evidence` is the place of the message that says so."""

    step: str
    what: str
    awaited_from: str
    since: datetime | None
    until: datetime | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What a person may safely do next, and what it does."""

    action: SagaAction
    step: str
    why: str


def awaited(recipe: Recipe, saga: Saga) -> list[Awaited]:
    """What an instance waits for, in the order of its steps."""
    return [
        Awaited(
            step.name,
            _waits_for(step, now),
            "a person" if now.stuck else step.awaited_from,
            now.since,
            now.until,
            now.evidence,
        )
        for step in recipe.steps
        if _waits(saga, step, now := saga.steps[step.name])
    ]


def residue(recipe: Recipe, saga: Saga) -> str:
    """The exact list of what is done, what is undone, and what is neither, in one line."""
    parts = []
    for step in recipe.steps:
        now = saga.steps[step.name]
        if now.state is not StepState.WAITING:
            why = f" ({now.reason})" if now.reason else ""
            parts.append(f"{step.name} {now.state.value.replace('_', ' ')}{why}")
    told = "; ".join(parts) or "nothing was begun"
    if saga.held_by:
        return f"parked by {saga.held_by}: {told}"
    return f"goes back, {saga.reason}: {told}" if saga.course is Course.BACK else told


def advice(recipe: Recipe, saga: Saga) -> list[Advice]:
    """What is safe to do next; nothing where nobody has to do anything."""
    if saga.held_by:
        return [Advice(SagaAction.RESUME, "", f"{saga.held_by} had it parked")]
    if saga.standing is not Standing.PARKED:
        return []
    found = []
    for step in recipe.steps:
        now = saga.steps[step.name]
        if now.stuck or (saga.course is Course.BACK and now.state in _MAYBE):
            found += _advice_on(saga, step, now)
    if saga.course is Course.FORWARD:
        found.append(Advice(SagaAction.UNDO, "", "undo what was done, last first"))
    return found


def _advice_on(saga: Saga, step: Step, now: StepNow) -> list[Advice]:
    by_hand = Advice(SagaAction.SKIP, step.name, "only if somebody has dealt with it by hand")
    if now.state is StepState.UNDO_FAILED:
        once_more = Advice(SagaAction.RETRY, step.name, "its undo failed: ask for it once more")
        return [once_more, by_hand]
    if saga.course is Course.BACK:
        return [by_hand]
    if now.state is StepState.REFUSED and isinstance(step.does, Tell):
        return [
            Advice(SagaAction.RETRY, step.name, "it is certainly not done: ask once more"),
            Advice(SagaAction.SKIP, step.name, "go on without it"),
        ]
    if now.state in _MAYBE and isinstance(step.does, Tell):
        look = f"look at {step.awaited_from} for {now.attempts[-1].request} first"
        return [Advice(SagaAction.RETRY, step.name, f"{look}: only if nothing is there")]
    return [Advice(SagaAction.SKIP, step.name, f"go on without it: {now.reason}")]


def _waits(saga: Saga, step: Step, now: StepNow) -> bool:
    if now.stuck:
        return True
    if saga.course is Course.BACK and step.undo is None:
        return False
    return now.state in _AWAITED


def _waits_for(step: Step, now: StepNow) -> str:
    if now.stuck:
        return now.reason or now.state.value
    if now.state is StepState.PAUSED:
        return f"to be asked again: {now.reason}"
    if now.state is StepState.UNDO_PAUSED:
        return f"to be undone again: {now.reason}"
    if now.state is StepState.UNDOING:
        return f"the undo {now.undoing[-1].request}"
    return now.attempts[-1].request if now.attempts else step.name
