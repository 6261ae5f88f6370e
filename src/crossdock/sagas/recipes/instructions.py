"""What a person may have an instance do, and why not: refusals by name, in a fixed order.

Whoever says it and the reason stay with the instance. Nothing here undoes a fact, and nothing is
asked for again that may have been done, unless a person says that it was not.
"""

from __future__ import annotations

from typing import Final

from crossdock.contracts.sagas import SagaInstruction
from crossdock.contracts.vocabulary import InstructionRefusal, SagaAction
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.sagas.recipes.interpreter import Run
from crossdock.sagas.recipes.recipe import Recipe
from crossdock.sagas.recipes.saga import Course, Move, Saga, StepNow, StepState
from crossdock.sagas.recipes.transitions import Happening, moved

_R = InstructionRefusal
_UNTOUCHED: Final = (StepState.WAITING, StepState.LEFT_OUT)
_UNDOS: Final = (StepState.UNDO_PAUSED, StepState.UNDO_FAILED)
_BY_HAND: Final = (StepState.SILENT, StepState.UNKNOWN, StepState.UNDO_FAILED)
"""Where, going back, a step may stand that somebody has dealt with by hand."""


def carry_out(run: Run, said: SagaInstruction, book: RecipeBook) -> InstructionRefusal | None:
    """Do what a person says; gives the refusal, and then nothing has changed."""
    refusal = _refusal(run, said, book)
    if refusal is not None:
        return refusal
    move = Move(said.action.value, said.step or "", said.by, said.reason, run.place)
    run.saga.moves.append(move)
    why = f"{said.by}: {said.reason}"
    step = run.recipe.step(said.step) if said.step is not None else None
    if said.action is SagaAction.SKIP and step is not None:
        run.skip(step, why)
    elif said.action is SagaAction.RETRY and step is not None:
        run.retry(step, why)
    elif said.action is SagaAction.UNDO:
        run.go_back(why)
    elif said.action is SagaAction.MIGRATE:
        _migrate(run, said, book)
    else:
        run.saga.held_by = said.by if said.action is SagaAction.PARK else ""
        run.proceed()
    return None


def _refusal(run: Run, said: SagaInstruction, book: RecipeBook) -> InstructionRefusal | None:
    saga = run.saga
    if saga.ended:
        return _R.ENDED
    if not said.reason.strip():
        return _R.NO_REASON
    if said.action in (SagaAction.SKIP, SagaAction.RETRY):
        return _refusal_of_step(saga, said)
    if said.action is SagaAction.UNDO:
        return _R.GOES_BACK if saga.course is Course.BACK else None
    if said.action is SagaAction.PARK:
        return _R.PARKED_ALREADY if saga.held_by else None
    if said.action is SagaAction.RESUME:
        return None if saga.held_by else _R.NOT_PARKED
    recipe = book.recipe(saga.recipe, said.version or 0)
    if recipe is None or recipe.version == saga.version:
        return _R.UNKNOWN_VERSION
    return _R.STEP_LOST if _carried_over(saga, recipe) is None else None


def _refusal_of_step(saga: Saga, said: SagaInstruction) -> InstructionRefusal | None:
    now = saga.steps.get(said.step or "")
    if now is None:
        return _R.UNKNOWN_STEP
    back = saga.course is Course.BACK
    if said.action is SagaAction.SKIP:
        to_skip = moved(now.state, Happening.SKIPPED) is not None
        return None if to_skip and (not back or now.state in _BY_HAND) else _R.NOT_TO_BE_SKIPPED
    to_retry = moved(now.state, Happening.RETRIED) is not None
    return None if to_retry and (now.state in _UNDOS) is back else _R.NOT_TO_BE_RETRIED


def _carried_over(saga: Saga, recipe: Recipe) -> dict[str, StepNow] | None:
    """The steps as the other version calls them; None where something done has no place in it."""
    renamed = recipe.renamed.get(saga.version, {})
    steps = {step.name: StepNow() for step in recipe.steps}
    for name, now in saga.steps.items():
        new = renamed.get(name, name)
        if new in steps:
            steps[new] = now
        elif now.state not in _UNTOUCHED:
            return None
    return steps


def _migrate(run: Run, said: SagaInstruction, book: RecipeBook) -> None:
    recipe = book.recipe(run.saga.recipe, said.version or 0)
    assert recipe is not None
    steps = _carried_over(run.saga, recipe)
    assert steps is not None
    run.saga.version = recipe.version
    run.saga.steps = steps
    run.recipe = recipe
    run.proceed()
