"""Code tables: total or refused, both ways."""

from __future__ import annotations

from enum import StrEnum

import pytest

from crossdock.contracts.codes import NAMES, VOCABULARIES, CodeTable
from crossdock.contracts.vocabulary import ItemStatus
from crossdock.kernel.errors import UnknownCode

TABLE = CodeTable(
    "item.status",
    {"A": ItemStatus.ACTIVE, "X": ItemStatus.ACTIVE, "B": ItemStatus.BLOCKED},
)


def test_a_code_means_its_word() -> None:
    """Several codes may mean one word; outwards the first of them is used."""
    assert TABLE.word("A") is TABLE.word("X") is ItemStatus.ACTIVE
    assert TABLE.code(ItemStatus.ACTIVE) == "A"


@pytest.mark.parametrize("code", ["", "a", "active", "A ", "Z"])
def test_what_is_not_in_the_table_is_never_guessed(code: str) -> None:
    """Not by case, not by blanks, and not because our own word is spelled so."""
    with pytest.raises(UnknownCode) as caught:
        TABLE.word(code, "$.data.status")
    assert caught.value.where == "$.data.status"
    assert caught.value.expected == "A, X, B"


def test_a_word_without_a_code_is_refused() -> None:
    """Nothing goes out under a code that the far side does not know."""
    with pytest.raises(UnknownCode):
        CodeTable("item.status", {"A": ItemStatus.ACTIVE}).code(ItemStatus.BLOCKED)


def test_every_vocabulary_has_one_name() -> None:
    """A table names its vocabulary; two names for one would be two tables."""
    assert len(NAMES) == len(VOCABULARIES)
    assert all(issubclass(words, StrEnum) for words in VOCABULARIES.values())
