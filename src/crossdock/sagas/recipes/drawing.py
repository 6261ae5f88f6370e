"""A recipe as people read it: its steps as a picture of who waits for whom, and as a table."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.sagas.recipes.parts import Case, Step, Tell, Then
from crossdock.sagas.recipes.recipe import Recipe

_THEN = {
    Then.GO_ON: "goes on without it",
    Then.UNDO: "undoes what was done",
    Then.PARK: "a person decides",
}


def picture(recipe: Recipe) -> list[str]:
    """One line per step, in the order in which they can be reached, with what each waits for."""
    return [
        f"{'   ' * depth}{step.name}{' <- ' + ', '.join(step.after) if step.after else ''}"
        for depth, step in _by_depth(recipe)
    ]


def rows(recipe: Recipe) -> list[tuple[str, ...]]:
    """Per step: name, what it does, who answers, within, refused, silent, unknown, undo."""
    return [
        (
            step.name,
            _does(step),
            step.awaited_from,
            _time(step.within_seconds),
            _case(step.refused, "asked again"),
            _case(step.silent, "waited for again"),
            _case(step.unknown, ""),
            _undo(step),
        )
        for step in recipe.steps
    ]


def _by_depth(recipe: Recipe) -> Iterator[tuple[int, Step]]:
    depth: dict[str, int] = {}
    left = list(recipe.steps)
    while left:
        for step in [one for one in left if all(name in depth for name in one.after)]:
            depth[step.name] = max((depth[name] + 1 for name in step.after), default=0)
            left.remove(step)
    yield from sorted(((depth[step.name], step) for step in recipe.steps), key=lambda pair: pair[0])


def _does(step: Step) -> str:
    if isinstance(step.does, Tell):
        answers = ", ".join(f"`{kind}`" for kind in step.does.answers)
        return f"tells `{step.does.kind}`" + (f"; answered by {answers}" if answers else "")
    facts = [f"`{kind}`" for kind in step.does.facts]
    if step.does.judge is not None:
        facts.append("the order as it stands")
    return f"watches {', '.join(facts)}"


def _case(case: Case | None, again: str) -> str:
    if case is None:
        return "cannot be"
    often = f"{again} {case.again} x, then " if case.again else ""
    return f"{often}{_THEN[case.then]}"


def _undo(step: Step) -> str:
    if step.undo is not None:
        blind = ", also where nobody knows" if step.undo.blind else ""
        return f"`{step.undo.kind}` within {_time(step.undo.within_seconds)}{blind}"
    return step.kept or "a fact: none"


def _time(seconds: int) -> str:
    for size, name in ((3600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size} {name}"
    return f"{seconds} s"
