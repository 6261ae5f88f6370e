"""A recipe in one version: how an instance begins, and its steps. An unsound one cannot exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from crossdock.sagas.recipes.parts import Opening, Step, Tell, Watch
from crossdock.sagas.recipes.soundness import problems_of


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe in one version; instances keep to the version in which they began.

    `key` is the field that all messages which it hears have in common. `renamed` says for each
    earlier version which step is called what now, where that changed, so that a person may move an
    instance on.
    """

    name: str
    version: int
    summary: str
    openings: tuple[Opening, ...]
    subject: type[msgspec.Struct]
    steps: tuple[Step, ...]
    key: str = "order_id"
    renamed: Mapping[int, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is not sound.

        Raises:
            RecipeUnsound: with every problem.
        """
        problems = problems_of(self)
        if problems:
            raise RecipeUnsound(f"{self.name} {self.version}", problems)

    def step(self, name: str) -> Step | None:
        """The step of this name."""
        return next((step for step in self.steps if step.name == name), None)

    @property
    def judges_orders(self) -> bool:
        """Whether some step looks at the order as it stands."""
        return any(isinstance(s.does, Watch) and s.does.judge is not None for s in self.steps)

    @property
    def watched(self) -> frozenset[str]:
        """The message types that begin an instance or that a step watches for."""
        facts = {kind for s in self.steps if isinstance(s.does, Watch) for kind in s.does.facts}
        return frozenset(facts | {opening.kind for opening in self.openings})

    @property
    def answered_by(self) -> frozenset[str]:
        """The message types that answer a step or an undo."""
        kinds: set[str] = set()
        for step in self.steps:
            kinds.update(step.does.answers if isinstance(step.does, Tell) else ())
            kinds.update(step.undo.answers if step.undo is not None else ())
        return frozenset(kinds)


class RecipeUnsound(ValueError):
    """A recipe that leaves a case open, or cannot be carried out; `problems` names all of them."""

    def __init__(self, recipe: str, problems: Sequence[str]) -> None:
        super().__init__(f"recipe {recipe}: {'; '.join(problems)}")
        self.problems = tuple(problems)
