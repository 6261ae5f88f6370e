"""Older versions of a message become the newest, step by step, and the rules of versions hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossdock.contracts.catalogue import CATALOGUE, ITEM_CHANGED, ORDER_RELEASED, MessageType
from crossdock.contracts.versions import (
    CannotSay,
    Step,
    check_versions,
    lifted,
    lowered,
    newest,
    tellable,
    versions_of,
)
from crossdock.contracts.words import Noun

SOUND = CATALOGUE[ITEM_CHANGED]
V1, V2, V3 = (f"crossdock.gadget.changed.v{n}" for n in (1, 2, 3))


class One(Noun, frozen=True, kw_only=True):
    """The oldest."""

    item: str
    revision: int


class Two(Noun, frozen=True, kw_only=True):
    """Asks for a colour."""

    item: str
    revision: int
    colour: str


class Three(Noun, frozen=True, kw_only=True):
    """Takes several."""

    item: str
    revision: int
    colours: tuple[str, ...]


STEPS = {
    V1: Step(V2, lambda one: Two(item=one.item, revision=one.revision, colour="grey")),
    V2: Step(V3, lambda two: Three(item=two.item, revision=two.revision, colours=(two.colour,))),
}
ROWS = [replace(SOUND, name=name, noun=noun) for name, noun in ((V1, One), (V2, Two), (V3, Three))]


def test_an_older_message_goes_through_every_step() -> None:
    """From wherever it begins to the newest; the newest stays what it is."""
    new = Three(item="bolt", revision=1, colours=("red",))
    assert lifted(V1, One(item="bolt", revision=1), STEPS) == (
        V3,
        Three(item="bolt", revision=1, colours=("grey",)),
    )
    assert lifted(V2, Two(item="bolt", revision=1, colour="red"), STEPS) == (V3, new)
    assert lifted(V3, new, STEPS) == (V3, new)
    assert [newest(name, STEPS) for name in (V1, V2, V3)] == [V3] * 3


def test_versions_stand_in_the_order_of_their_numbers() -> None:
    """Not of their letters; other types are not among them."""
    rows = [f"a.b.v{n}" for n in (10, 2, 1)] + ["a.bc.v1"]
    assert versions_of("a.b.v2", rows) == ["a.b.v1", "a.b.v2", "a.b.v10"]


def test_the_catalogue_keeps_the_rules() -> None:
    """And so do three versions of one type."""
    assert check_versions() == []
    assert check_versions(ROWS, STEPS) == []


@pytest.mark.parametrize(
    ("rows", "steps", "problem"),
    [
        (ROWS[:1], STEPS, f"{V2}: a cast of no type"),
        (ROWS, {V1: STEPS[V1]}, f"{V2}: its upcast must lead to {V3}"),
        (ROWS, {V1: Step(V3, STEPS[V1].change), V2: STEPS[V2]}, f"{V1}: its upcast must lead"),
        (ROWS, {**STEPS, V3: Step(V1, str)}, f"{V3}: its upcast must lead to nothing"),
        ([replace(ROWS[0], key="sku"), *ROWS[1:]], STEPS, f"{V1}: key sku, and item in {V2}"),
        (
            [ROWS[0], replace(ROWS[1], entity="party"), ROWS[2]],
            STEPS,
            f"{V2}: entity party, and item in {V3}",
        ),
        (
            [replace(ROWS[0], business_key=lambda d: f"i/{d.item}"), *ROWS[1:]],
            STEPS,
            f"{V1}: another business key than {V2}",
        ),
    ],
)
def test_a_breach_is_found(rows: list[MessageType], steps: dict[str, Step], problem: str) -> None:
    """A step that is missing, leads astray or nowhere; a version that is about something else."""
    assert [one for one in check_versions(rows, steps) if problem in one]


def no_green(two: Two) -> One:
    """Version 1 has one colour, grey, and needs no word for it."""
    if two.colour != "grey":
        raise CannotSay(f"colour {two.colour}")
    return One(item=two.item, revision=two.revision)


DOWN = {
    V3: Step(V2, lambda it: Two(item=it.item, revision=it.revision, colour=it.colours[0])),
    V2: Step(V1, no_green),
}


def test_a_newer_message_is_said_in_older_words_or_not_at_all() -> None:
    """Step by step down to the version that is asked for; what has no words there is refused."""
    grey = Three(item="bolt", revision=1, colours=("grey",))
    assert tellable(V3, DOWN) == [V3, V2, V1]
    assert tellable(V3, {}) == [V3]
    assert lowered(V3, grey, V3, DOWN) == grey
    assert lowered(V3, grey, V1, DOWN) == One(item="bolt", revision=1)
    with pytest.raises(CannotSay, match="colour red"):
        lowered(V3, Three(item="bolt", revision=1, colours=("red",)), V1, DOWN)


def test_a_downcast_leads_to_the_version_before() -> None:
    """Neither past it nor from the first."""
    assert check_versions(ROWS, STEPS, DOWN) == []
    astray = {V3: Step(V1, str), V1: Step(V3, str)}
    assert check_versions(ROWS, STEPS, astray) == [
        f"{V1}: its downcast must lead to nothing",
        f"{V3}: its downcast must lead to {V2}",
    ]


def test_an_older_version_is_not_told_by_deciders() -> None:
    """They say the newest; a downcast says it in older words."""
    old = CATALOGUE[ORDER_RELEASED]
    new = replace(old, name="crossdock.order.released.v2")
    steps = {old.name: Step(new.name, lambda noun: noun)}
    assert check_versions([old, new], steps) == [
        f"{old.name}: an older version is told by a downcast only, never by a decider"
    ]
