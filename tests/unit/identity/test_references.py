"""Whose number is this: links, history, merges and splits, beside a model that is a plain dict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crossdock.identity import references
from crossdock.identity.references import EVERYBODY, Link, Names, Said

START = datetime(2031, 3, 3, tzinfo=UTC)


class Kept:
    """A shelf of two dictionaries."""

    def __init__(self) -> None:
        self.links: dict[tuple[str, str, str], Link] = {}
        self.all_names: dict[tuple[str, str], Names] = {}

    def link(self, entity: str, system: str, external: str) -> Link | None:
        return self.links.get((entity, system, external))

    def names(self, entity: str, canonical: str) -> Names | None:
        return self.all_names.get((entity, canonical))

    def put_link(self, link: Link) -> None:
        self.links[(link.entity, link.system, link.external)] = link

    def put_names(self, names: Names) -> None:
        self.all_names[(names.entity, names.canonical)] = names


def said(number: int) -> Said:
    return Said(f"0:{number}", START + timedelta(seconds=number))


def test_many_numbers_name_one_record() -> None:
    """Two systems and two numbers of one of them; the newest is the one we use outwards."""
    shelf = Kept()
    for at, (system, external) in enumerate([("erp", "77"), ("wms", "A-1"), ("wms", "A-2")]):
        assert references.link(shelf, "item", system, external, "bolt", said(at))
    assert references.meaning(shelf, "item", "wms", "A-1") == "bolt"
    names = shelf.names("item", "bolt")
    assert names is not None
    assert names.of("wms") == "A-2"
    assert names.of("shop") is None


def test_what_a_number_meant_stays_on_record() -> None:
    """A number that goes to another record and then to nobody keeps its history."""
    shelf = Kept()
    references.link(shelf, "item", "erp", "77", "bolt", said(1))
    assert not references.link(shelf, "item", "erp", "77", "bolt", said(2)), "nothing new"
    references.link(shelf, "item", "erp", "77", "nut", said(3))
    references.unlink(shelf, "item", "erp", "77", said(4))
    link = shelf.link("item", "erp", "77")
    assert link is not None
    assert [(m.canonical, m.place) for m in link.meanings] == [
        ("bolt", "0:1"),
        ("nut", "0:3"),
        ("", "0:4"),
    ]
    assert shelf.names("item", "bolt") == Names("item", "bolt")


def test_entities_have_numbers_of_their_own() -> None:
    """Customer 77 is not item 77."""
    shelf = Kept()
    references.link(shelf, "item", "erp", "77", "bolt", said(1))
    assert references.meaning(shelf, "party", "erp", "77") == ""


def test_whoever_names_the_loser_finds_the_survivor() -> None:
    """By any system's number, by its canonical id, and by links that come after the merge."""
    shelf = Kept()
    references.link(shelf, "item", "erp", "77", "bolt", said(1))
    references.link(shelf, "item", "shop", "b", "bolt-2", said(2))
    assert references.merge(shelf, "item", "bolt-2", "bolt", said(3)) == ""
    assert references.meaning(shelf, "item", "shop", "b") == "bolt"
    assert references.standing(shelf, "item", "bolt-2") == "bolt"
    references.link(shelf, "item", "wms", "x", "bolt-2", said(4))
    assert references.meaning(shelf, "item", "wms", "x") == "bolt"
    names = shelf.names("item", "bolt-2")
    assert names is not None
    assert names.merged_into == "bolt"


def test_merges_never_go_in_a_circle() -> None:
    """A loser loses once, and a survivor is never merged into what it survived."""
    shelf = Kept()
    assert references.merge(shelf, "item", "b", "a", said(1)) == ""
    assert references.merge(shelf, "item", "b", "c", said(2)) == "the loser was merged before"
    assert references.merge(shelf, "item", "a", "b", said(3)) == (
        "the survivor was merged into the loser"
    )
    assert references.merge(shelf, "item", "a", "c", said(4)) == ""
    assert references.standing(shelf, "item", "b") == "c", "two merges on, in one step"


def test_a_split_takes_the_named_numbers_or_none() -> None:
    """What was linked by mistake goes to a record of its own; the rest stays."""
    shelf = Kept()
    references.link(shelf, "item", "erp", "77", "bolt", said(1))
    references.link(shelf, "item", "shop", "b", "bolt", said(2))
    wrong = [("shop", "b"), ("shop", "c")]
    assert references.split(shelf, "item", "bolt", "nut", wrong, said(3)) == (
        "shop:c is no number of it"
    )
    assert references.meaning(shelf, "item", "shop", "b") == "bolt"
    assert references.split(shelf, "item", "bolt", "nut", [("shop", "b")], said(4)) == ""
    assert references.meaning(shelf, "item", "shop", "b") == "nut"
    assert references.meaning(shelf, "item", "erp", "77") == "bolt"
    assert references.split(shelf, "item", "nut", "nut", [("shop", "b")], said(5)) != ""


def test_another_name_of_a_canonical_id_is_a_link_of_everybody() -> None:
    """A renamed item keeps its id: the new name stands for the old one."""
    shelf = Kept()
    references.link(shelf, "item", EVERYBODY, "new-sku", "old-sku", said(1))
    assert references.standing(shelf, "item", "new-sku") == "old-sku"
    assert references.standing(shelf, "item", "old-sku") == "old-sku"


IDS = st.sampled_from(["a", "b", "c", "d"])
NUMBERS = st.tuples(st.sampled_from(["erp", "wms"]), st.sampled_from(["1", "2", "3"]))


class Model(RuleBasedStateMachine):
    """Random links, unlinks, merges and splits; a dict of numbers and a dict of losers beside."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Kept()
        self.means: dict[tuple[str, str], str] = {}
        self.lost: dict[str, str] = {}
        self.count = 0

    def _said(self) -> Said:
        self.count += 1
        return said(self.count)

    def _standing(self, one: str) -> str:
        while one in self.lost:
            one = self.lost[one]
        return one

    @rule(number=NUMBERS, canonical=IDS)
    def link(self, number: tuple[str, str], canonical: str) -> None:
        references.link(self.shelf, "item", *number, canonical, self._said())
        self.means[number] = self._standing(canonical)

    @rule(number=NUMBERS)
    def unlink(self, number: tuple[str, str]) -> None:
        done = references.unlink(self.shelf, "item", *number, self._said())
        assert done == (number in self.means)
        self.means.pop(number, None)

    @rule(loser=IDS, survivor=IDS)
    def merge(self, loser: str, survivor: str) -> None:
        problem = references.merge(self.shelf, "item", loser, survivor, self._said())
        possible = loser not in self.lost and self._standing(survivor) != loser
        assert (problem == "") == possible
        if possible:
            self.lost[loser] = self._standing(survivor)
            for number, meant in self.means.items():
                if meant == loser:
                    self.means[number] = self.lost[loser]

    @rule(number=NUMBERS, canonical=IDS, into=IDS)
    def split(self, number: tuple[str, str], canonical: str, into: str) -> None:
        problem = references.split(self.shelf, "item", canonical, into, [number], self._said())
        possible = self.means.get(number) == canonical and self._standing(into) != canonical
        assert (problem == "") == possible
        if possible:
            self.means[number] = self._standing(into)

    @invariant()
    def both_ways_agree(self) -> None:
        for system in ("erp", "wms"):
            for external in ("1", "2", "3"):
                found = references.meaning(self.shelf, "item", system, external)
                assert found == self.means.get((system, external), "")
        for canonical in "abcd":
            names = self.shelf.names("item", canonical)
            held = [one for one in names.externals if one[0] != EVERYBODY] if names else []
            wanted = [number for number, meant in self.means.items() if meant == canonical]
            assert sorted(held) == sorted(wanted)
            assert references.standing(self.shelf, "item", canonical) == self._standing(canonical)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
