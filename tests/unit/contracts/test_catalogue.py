"""The catalogue keeps its naming standard, and the check of it finds what breaks it (R26)."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from crossdock.contracts.catalogue import CATALOGUE, ITEM_CHANGED, NAME, MessageType, check_names
from crossdock.contracts.versions import newest

SOUND = CATALOGUE[ITEM_CHANGED]


def renamed(name: str) -> MessageType:
    """A row of the catalogue under another name."""
    return replace(SOUND, name=name)


def test_the_catalogue_is_sound() -> None:
    """And stands under its own names."""
    assert check_names() == []
    assert all(row.name == name for name, row in CATALOGUE.items())


@pytest.mark.parametrize(
    "name",
    [
        "item.changed.v1",
        "crossdock.item.v1",
        "crossdock.item.changed",
        "crossdock.item.changed.v0",
        "crossdock.item.changed.v01",
        "crossdock.item.changed.v100",
        "crossdock.Item.changed.v1",
        "crossdock.item.changed.1",
        "crossdock.item-master.changed.v1",
        "crossdock._item.changed.v1",
        "crossdock.item_.changed.v1",
        "crossdock.item.changed.again.v1",
        "crossdock.item.changed.v1\n",
        "crossdock.item2.changed.v1",
        "crossdock.ítem.changed.v1",
        "",
    ],
)
def test_a_bad_name_is_found(name: str) -> None:
    """One problem, which names it."""
    assert check_names((renamed(name),)) == [f"{name}: not crossdock.<noun>.<participle>.v<n>"]


@pytest.mark.parametrize(
    "name", ["crossdock.item.changed.v1", "crossdock.stock_count.asked_for.v99"]
)
def test_a_good_name_is_let_through(name: str) -> None:
    """Words may be joined by single underscores; versions have one or two digits."""
    assert check_names((renamed(name),)) == []


def test_a_key_that_the_noun_lacks_is_found() -> None:
    """Messages could not be put in order by it."""
    row = replace(SOUND, key="sku")
    assert check_names((row,)) == ["crossdock.item.changed.v1: noun Item has no field 'sku'"]


def test_a_contract_that_nobody_answers_for_is_found() -> None:
    """Each names the team that is asked when it is in doubt (R39)."""
    assert check_names((replace(SOUND, steward=""),)) == ["crossdock.item.changed.v1: no steward"]


def test_a_name_that_stands_twice_is_found() -> None:
    """Beside every other problem of the rows."""
    assert check_names((SOUND, SOUND)) == ["a name stands twice"]
    assert len(check_names((renamed("x"), renamed("x")))) == 3


def test_business_keys_of_different_types_never_meet() -> None:
    """Two facts of different kinds are never taken for one another."""
    starts: dict[str, str] = {}
    for row in CATALOGUE.values():
        if not row.inbound:
            continue
        fields = {name: f"<{name}>" for name in row.noun.__struct_fields__}
        said = msgspec.defstruct("Said", fields)(**fields)
        start = row.business_key(said).partition("/")[0]
        name = newest(row.name)  # the versions of one fact have one key
        assert starts.setdefault(start, name) == name
    assert all(NAME.match(name) for name in starts.values())
