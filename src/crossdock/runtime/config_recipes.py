"""The section `recipes`: which recipes a house carries out, its own among them, in which times.

A recipe of one's own is a module beside `crossdock.yaml`, or one that Python finds otherwise. Its
name is written here and nowhere else: instances know the recipe's name and version, not the module.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from crossdock.runtime.config_reader import Reader
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.sagas.recipes.recipe import Recipe, RecipeUnsound
from crossdock.sagas.recipes.shipped import SHIPPED

_SPELLING = "a shipped recipe, or module:NAME, or {recipe: ..., within: {step: time}}"


def read_recipes(reader: Reader, value: object, base: Path) -> RecipeBook:
    """The recipes of a house; none where the file names none."""
    if value is None:
        return RecipeBook()
    if not isinstance(value, list):
        reader.wrong("recipes", value, "a list of recipes")
        return RecipeBook()
    recipes: list[Recipe] = []
    for number, one in enumerate(value):
        recipes += _recipes(reader, one, f"recipes[{number}]", base)
    try:
        return RecipeBook(tuple(recipes))
    except ValueError as error:
        reader.wrong("recipes", str(error), "each recipe once")
        return RecipeBook()


def _recipes(reader: Reader, value: object, where: str, base: Path) -> tuple[Recipe, ...]:
    if isinstance(value, str):
        return _named(reader, value, where, base)
    section = reader.section(value, where)
    reader.only(section, where, ("recipe", "within"))
    found = _named(reader, reader.text(section, "recipe", where), where, base)
    within = reader.section(section.get("within"), f"{where}.within")
    return tuple(_in_time(reader, one, within, f"{where}.within") for one in found)


def _named(reader: Reader, name: str, where: str, base: Path) -> tuple[Recipe, ...]:
    if ":" not in name:
        if name not in SHIPPED:
            reader.wrong(where, name, f"{' or '.join(SHIPPED)}, or module:NAME")
        return SHIPPED.get(name, ())
    module, _, attribute = name.partition(":")
    try:
        found = getattr(_module(module, base), attribute)
    except RecipeUnsound as error:
        for problem in error.problems:
            reader.wrong(where, problem, f"a sound recipe in {name}")
        return ()
    except Exception as error:  # noqa: BLE001 - it is somebody's own code: say what it said
        reader.wrong(where, f"{name}: {type(error).__name__}: {error}", _SPELLING)
        return ()
    versions = (found,) if isinstance(found, Recipe) else tuple(found)
    if not all(isinstance(one, Recipe) for one in versions):
        reader.wrong(where, name, "a Recipe, or several versions of one")
        return ()
    return versions


def _module(name: str, base: Path) -> Any:
    """Import a module; one beside the configuration goes before others of its name."""
    folder = str(base.resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return import_module(name)


def _in_time(reader: Reader, recipe: Recipe, within: Mapping[str, Any], where: str) -> Recipe:
    """The recipe with the house's own time limits."""
    steps = []
    for name in within:
        if recipe.step(name) is None:
            reader.wrong(where, name, f"a step of {recipe.name}")
    for step in recipe.steps:
        seconds = reader.seconds(within, step.name, where)
        steps.append(step if seconds is None else replace(step, within_seconds=max(1, seconds)))
    return replace(recipe, steps=tuple(steps))
