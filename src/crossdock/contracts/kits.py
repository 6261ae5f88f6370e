"""Kits and bundles: sold as one item, held and shipped as their components.

A kit has no stock of its own. It is taken apart, level by level, into items that sit on shelves;
what several lines or several levels want of one component is added up before anybody asks whether
there is enough (P2). A kit that cannot be taken apart (in a circle, too deep, too many components)
is a broken kit: of it there is none, and no other item suffers from it (P40).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import msgspec

from crossdock.contracts.products import Item
from crossdock.contracts.vocabulary import ItemKind
from crossdock.kernel.limits import KIT_COMPONENTS_MAX, KIT_LEVELS_MAX, QUANTITY_MAX

Components = Mapping[str, int]
"""Base units per kit, by component item; none for an item that is no kit."""

Contents = Callable[[str], Components | None]
"""What an item consists of: its components, or None for an item that sits on a shelf."""


class Broken(StrEnum):
    """Why a kit cannot be taken apart, in the order in which it is asked."""

    EMPTY = "kit-empty"
    CIRCLE = "kit-circle"
    TOO_DEEP = "kit-too-deep"
    TOO_MANY = "kit-too-many-components"
    OUT_OF_BOUNDS = "kit-out-of-bounds"


def flattened(kit: str, contents: Contents) -> dict[str, int] | Broken:
    """The shelf items of one kit, base units each, summed over all ways that lead to them."""
    found: Counter[str] = Counter()
    level: list[tuple[str, int, tuple[str, ...]]] = [(kit, 1, ())]
    for _ in range(KIT_LEVELS_MAX + 1):
        below: list[tuple[str, int, tuple[str, ...]]] = []
        for item, times, above in level:
            components = contents(item)
            if components is None:
                found[item] += times
            elif not components:
                return Broken.EMPTY
            elif item in above:
                return Broken.CIRCLE
            else:
                way = (*above, item)
                below += [(one, times * units, way) for one, units in sorted(components.items())]
        if len(found) + len(below) > KIT_COMPONENTS_MAX:
            return Broken.TOO_MANY
        if not below:
            too_big = max(found.values()) > QUANTITY_MAX
            return Broken.OUT_OF_BOUNDS if too_big else dict(sorted(found.items()))
        level = below
    return Broken.CIRCLE if any(item in above for item, _, above in level) else Broken.TOO_DEEP


def components_in(master: bytes) -> dict[str, int]:
    """What an item's master record says that it consists of; nothing for what is no kit."""
    if b'"components":' not in master:
        return {}
    item = _ITEM.decode(master)
    return item.units_of_components() if item.kind is ItemKind.KIT else {}


_ITEM = msgspec.json.Decoder(Item)

Recipe = Mapping[str, int]
"""A kit taken apart: base units per kit, by shelf item; empty for a broken kit."""


def recipes_of(items: Iterable[str], contents: Mapping[str, Components]) -> dict[str, Recipe]:
    """The kits among these items, each taken apart; what cannot be is a recipe of nothing."""
    recipes: dict[str, Recipe] = {}
    for item in items:
        if item in contents:
            flat = flattened(item, contents.get)
            recipes[item] = {} if isinstance(flat, Broken) else flat
    return recipes


def with_kits(
    quantities: Mapping[str, int], items: Iterable[str], recipes: Mapping[str, Recipe]
) -> dict[str, int]:
    """How many of these items there are: a kit is there as often as its components allow."""
    return {
        item: quantities.get(item, 0)
        if item not in recipes
        else whole_kits(recipes[item], quantities)
        for item in items
    }


def demand(lines: Iterable[tuple[str, int]], recipes: Mapping[str, Components]) -> dict[str, int]:
    """What lines of (item, units) want of the shelves, summed per shelf item over all lines.

    `recipes` are the flattened kits; an item without one is wanted as itself.
    """
    wanted: Counter[str] = Counter()
    for item, units in lines:
        for component, each in recipes.get(item, {item: 1}).items():
            wanted[component] += units * each
    return dict(sorted(wanted.items()))


def whole_kits(components: Components, units: Mapping[str, int]) -> int:
    """How many whole kits so many units of each component make; 0 where one is short."""
    return max(0, min((units.get(one, 0) // each for one, each in components.items()), default=0))


def begun_kits(components: Components, units: Mapping[str, int]) -> int:
    """Of how many kits at least one unit is among these."""
    return max((-(-units.get(one, 0) // each) for one, each in components.items()), default=0)
