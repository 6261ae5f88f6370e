"""The recipes that a house uses: every version of each, and which messages concern which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from crossdock.sagas.recipes.parts import Opening
from crossdock.sagas.recipes.recipe import Recipe


@dataclass(frozen=True)
class RecipeBook:
    """Read once with the configuration, then constant. Instances begin in the newest version."""

    recipes: tuple[Recipe, ...] = ()
    _versions: dict[tuple[str, int], Recipe] = field(init=False, compare=False, repr=False)
    _newest: dict[str, Recipe] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Sort the recipes.

        Raises:
            ValueError: two recipes have one name and one version.
        """
        versions = {(one.name, one.version): one for one in self.recipes}
        if len(versions) < len(self.recipes):
            raise ValueError("two recipes have one name and one version")
        newest = {one.name: one for one in sorted(self.recipes, key=lambda one: one.version)}
        object.__setattr__(self, "_versions", versions)
        object.__setattr__(self, "_newest", newest)

    def recipe(self, name: str, version: int) -> Recipe | None:
        """The recipe in this version, or None."""
        return self._versions.get((name, version))

    def newest(self, name: str) -> Recipe | None:
        """The recipe in which instances begin, or None."""
        return self._newest.get(name)

    def names(self) -> Iterable[str]:
        """The recipes of this house, in the order of their names."""
        return sorted(self._newest)

    @cached_property
    def openings(self) -> dict[str, tuple[tuple[Recipe, Opening], ...]]:
        """Message type -> the recipes of which it begins an instance."""
        found: dict[str, tuple[tuple[Recipe, Opening], ...]] = {}
        for recipe in self._newest.values():
            for opening in recipe.openings:
                found[opening.kind] = (*found.get(opening.kind, ()), (recipe, opening))
        return found

    @cached_property
    def heard(self) -> dict[str, tuple[str, ...]]:
        """Message type -> the fields that name a key, for types that instances listen to."""
        found: dict[str, tuple[str, ...]] = {}
        for recipe in self.recipes:
            for kind in recipe.watched | recipe.answered_by:
                if recipe.key not in found.get(kind, ()):
                    found[kind] = (*found.get(kind, ()), recipe.key)
        return found

    @cached_property
    def judges_orders(self) -> bool:
        """Whether any instance looks at its order after each of the order's messages."""
        return any(recipe.judges_orders for recipe in self.recipes)
