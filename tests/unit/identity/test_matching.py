"""Which record might this be: rules over marks, as a table."""

from __future__ import annotations

import pytest

from crossdock.contracts.parties import Party, ShipTo
from crossdock.contracts.products import Item, PackLevel
from crossdock.contracts.words import Address
from crossdock.identity import matching
from crossdock.identity.matching import ATTRIBUTES, DEFAULT_RULES, KINDS, Match, MatchRule, match

BOLT = Item(
    item="BLT-0012",
    description="Hex Bolt, 12 mm",
    pack_levels=(PackLevel(code="CASE", base_units=100, gtin="4006381333931"),),
)


def index(entity: str, *records: tuple[str, object]) -> dict[str, list[str]]:
    """What is known, by mark, as the hub keeps it."""
    found: dict[str, list[str]] = {}
    for canonical, record in records:
        attributes = ATTRIBUTES[entity](canonical, record)
        for _, mark in matching.marks(DEFAULT_RULES[entity], attributes):
            found.setdefault(mark, []).append(canonical)
    return found


def asked(entity: str, number: str, record: object, known: dict[str, list[str]]) -> Match:
    return match(DEFAULT_RULES[entity], ATTRIBUTES[entity](number, record), known)


@pytest.mark.parametrize(
    ("number", "item", "sure", "candidates"),
    [
        pytest.param(
            "X1",
            Item(
                item="X1",
                pack_levels=(PackLevel(code="BOX", base_units=5, gtin="04006381333931"),),
            ),
            "BLT-0012",
            [],
            id="the same GTIN, written with 14 digits",
        ),
        pytest.param("4006381333931", Item(item="x"), "BLT-0012", [], id="a number that is a GTIN"),
        pytest.param("blt 12", Item(item="x"), "", [], id="another number: BLT12 is not BLT0012"),
        pytest.param("blt/0012", Item(item="x"), "", ["BLT-0012"], id="without its dashes"),
        pytest.param(
            "X2",
            Item(item="X2", description="BOLT hex 12-MM"),
            "",
            ["BLT-0012"],
            id="the same words in another order",
        ),
        pytest.param(
            "X3",
            Item(item="X3", description="hex bolt 12 mm", base_unit="KG"),
            "",
            [],
            id="the same words, counted in another unit",
        ),
        pytest.param("X4", Item(item="X4", description="Nut"), "", [], id="nobody"),
    ],
)
def test_an_item_is_found_by_its_rules(
    number: str, item: Item, sure: str, candidates: list[str]
) -> None:
    """The first rule that finds somebody decides; only a sure one decides by itself."""
    found = asked("item", number, item, index("item", ("BLT-0012", BOLT)))
    assert found.sure == sure
    assert [one.canonical for one in found.candidates] == candidates


def test_two_records_with_one_gtin_are_never_chosen_between() -> None:
    """A sure rule that finds two finds candidates."""
    known = index("item", ("a", BOLT), ("b", BOLT))
    found = match(DEFAULT_RULES["item"], matching.bare("4006381333931"), known)
    assert found.sure == ""
    assert [(one.canonical, one.why) for one in found.candidates] == [
        ("a", "same gtin"),
        ("b", "same gtin"),
    ]


def test_a_party_is_never_linked_by_its_name_alone() -> None:
    """Same name, same role, same postal code: still a question for a person."""
    acme = Party(
        party="P1",
        name="Acme Société S.A.",
        ship_to=(ShipTo(ship_to="1", address=Address(postal_code="1011 AB")),),
    )
    other = Party(
        party="C9",
        name="ACME  societe s a",
        ship_to=(ShipTo(ship_to="7", address=Address(postal_code="1011ab")),),
    )
    found = asked("party", "C9", other, index("party", ("P1", acme)))
    assert found == Match(
        candidates=(matching.Candidate("P1", "same name and role and postal_code"),),
        why="same name and role and postal_code",
    )


def test_empty_marks_match_nobody() -> None:
    """Two items without a description are not alike."""
    known = index("item", ("a", Item(item="a")))
    assert asked("item", "b", Item(item="b"), known) == Match()


def test_long_names_have_short_marks() -> None:
    """A mark is part of a key; whatever the length of a name, it fits."""
    rules = (MatchRule(("name",)),)
    words = matching.of_item("x", Item(item="x", description="w" * 500))
    assert all(len(mark) < 100 for _, mark in matching.marks(rules, words))


def test_every_rule_that_ships_names_kinds_that_exist() -> None:
    """A rule over a mark that no record has would never find anybody."""
    for entity, rules in DEFAULT_RULES.items():
        for rule in rules:
            assert set(rule.by) <= set(KINDS[entity])
    assert set(KINDS) == set(ATTRIBUTES) == set(DEFAULT_RULES)
