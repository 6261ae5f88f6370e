"""Kits: what one is made of, what many want together, and how many may be sold."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.contracts.kits import Broken, begun_kits, demand, flattened, whole_kits
from crossdock.kernel.limits import KIT_COMPONENTS_MAX, KIT_LEVELS_MAX, QUANTITY_MAX

TABLE = """
set     = bolt 4, nut 4                -> bolt 4, nut 4
duo     = set 2, bolt 1                -> bolt 9, nut 8
twice   = set 1, also 1                -> bolt 7, nut 4
also    = bolt 3                       -> bolt 3
empty   =                              -> kit-empty
hollow  = bolt 1, empty 1              -> kit-empty
self    = self 1                       -> kit-circle
round   = there 1                      -> kit-circle
there   = bolt 1, round 2              -> kit-circle
huge    = bolt 1000000000000, also 1   -> kit-out-of-bounds
"""


def _kits() -> tuple[dict[str, dict[str, int]], dict[str, str]]:
    contents, expected = {}, {}
    for line in TABLE.strip().splitlines():
        told, _, answer = line.partition("->")
        kit, _, parts = told.partition("=")
        pairs = [part.split() for part in parts.split(",") if part.strip()]
        contents[kit.strip()] = {item: int(units) for item, units in pairs}
        expected[kit.strip()] = answer.strip()
    return contents, expected


CONTENTS, EXPECTED = _kits()


@pytest.mark.parametrize("kit", EXPECTED)
def test_the_table_of_kits(kit: str) -> None:
    """Every kit comes apart into what stands behind its arrow."""
    found = flattened(kit, CONTENTS.get)
    told = found if isinstance(found, Broken) else ", ".join(f"{i} {u}" for i, u in found.items())
    assert told == EXPECTED[kit]


def test_levels_are_bounded() -> None:
    """At the cap a kit comes apart, one level deeper it does not."""
    chain = {f"k{n}": {f"k{n + 1}": 1} for n in range(KIT_LEVELS_MAX + 1)}
    assert flattened("k1", chain.get) == {f"k{KIT_LEVELS_MAX + 1}": 1}
    assert flattened("k0", chain.get) is Broken.TOO_DEEP


def test_components_are_bounded() -> None:
    """Also where a few kits multiply on the way down."""
    most = {"kit": {f"i{n}": 1 for n in range(KIT_COMPONENTS_MAX)}}
    found = flattened("kit", most.get)
    assert not isinstance(found, Broken)
    assert len(found) == KIT_COMPONENTS_MAX
    more = {"kit": {f"i{n}": 1 for n in range(KIT_COMPONENTS_MAX + 1)}}
    assert flattened("kit", more.get) is Broken.TOO_MANY
    fan = {f"k{n}": {f"k{n + 1}": 1, f"k{n + 1}b": 1} for n in range(4)}
    assert not isinstance(flattened("k0", fan.get), Broken)


def test_every_way_a_kit_can_be_broken_is_met() -> None:
    """No name that nobody ever met: those of the table, and the two caps."""
    met = {*EXPECTED.values(), Broken.TOO_DEEP, Broken.TOO_MANY}
    assert set(Broken) <= met


RECIPES = st.dictionaries(
    st.sampled_from(["set", "duo", "trio"]),
    st.dictionaries(st.sampled_from(["bolt", "nut", "cap"]), st.integers(1, 9), min_size=1),
    min_size=1,
)
LINES = st.lists(
    st.tuples(st.sampled_from(["set", "duo", "trio", "bolt"]), st.integers(1, 20)), max_size=6
)


@given(recipes=RECIPES, lines=LINES)
def test_demand_is_the_sum_over_all_lines(
    recipes: dict[str, dict[str, int]], lines: list[tuple[str, int]]
) -> None:
    """Two lines that share a component want it together, however they are split."""
    whole = demand(lines, recipes)
    parts: Counter[str] = Counter()
    for line in lines:
        parts.update(demand([line], recipes))
    assert whole == dict(parts)


@given(
    components=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), min_size=1),
    units=st.dictionaries(st.sampled_from("abcd"), st.integers(-5, 60)),
)
def test_whole_kits_fit_and_one_more_does_not(
    components: dict[str, int], units: dict[str, int]
) -> None:
    """So many kits can be taken from the shelves, and not one more."""
    most = whole_kits(components, units)
    have = {one: max(0, units.get(one, 0)) for one in components}
    assert all(most * each <= have[one] for one, each in components.items())
    assert any((most + 1) * each > have[one] for one, each in components.items())
    begun = begun_kits(components, have)
    assert begun >= most
    assert all(begun * each >= have[one] for one, each in components.items())


def test_a_broken_number_is_out_of_bounds() -> None:
    """Levels multiply; what no quantity can say is refused by name."""
    contents = {"a": {"b": 10**7}, "b": {"bolt": 10**7}}
    assert QUANTITY_MAX < 10**14
    assert flattened("a", contents.get) is Broken.OUT_OF_BOUNDS
