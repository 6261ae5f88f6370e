"""Every word of the contracts has its meaning written down."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum, StrEnum
from importlib import import_module
from types import ModuleType

import pytest

from crossdock.contracts import catalogue, vocabulary
from crossdock.contracts.connector import Ability
from crossdock.contracts.vocabulary import Fate, OrderStatus, StockState
from crossdock.contracts.words import Noun
from crossdock.log.records import Answer, Lane, Verdict
from crossdock.orders.doings import Doing
from tests.docs.pages import DOCS, table_rows, text_of

GLOSSARY = DOCS / "glossary.md"
CODE = re.compile(r"`([^`]+)`")


def code_of_reference() -> set[str]:
    """Names in code, headings and links of the contracts' reference pages."""
    found: set[str] = set()
    for page in sorted((DOCS / "reference" / "contracts").glob("*.md")):
        text = text_of(page)
        found |= set(CODE.findall(text)) | set(re.findall(r"^#+ (\w+)$", text, re.MULTILINE))
    return found


def nouns() -> Iterator[type[Noun]]:
    """Every noun of the contracts, parts of nouns included."""
    rooms: set[ModuleType | None] = {
        inspect.getmodule(row.noun) for row in catalogue.CATALOGUE.values()
    }
    rooms.add(import_module("crossdock.contracts.words"))
    for room in rooms:
        for _, kind in inspect.getmembers(room, inspect.isclass):
            if issubclass(kind, Noun) and kind is not Noun:
                yield kind


def test_every_code_is_explained() -> None:
    """Each member of each vocabulary is in the glossary or in the contracts' reference."""
    known = set(CODE.findall(text_of(GLOSSARY))) | code_of_reference()
    missing = [
        f"{name}.{member.name}"
        for name, kind in inspect.getmembers(vocabulary, inspect.isclass)
        if issubclass(kind, StrEnum) and kind is not StrEnum
        for member in kind
        if member.value not in known
    ]
    assert missing == []


@pytest.mark.parametrize(
    "kind", [Ability, Answer, Doing, Fate, Lane, OrderStatus, StockState, Verdict]
)
def test_what_people_meet_is_in_the_glossary_itself(kind: type[Enum]) -> None:
    """The words that operators read in lists and receipts are in the glossary."""
    known = set(CODE.findall(text_of(GLOSSARY)))
    words = [str(m.value) if issubclass(kind, StrEnum) else m.name for m in kind]
    assert [word for word in words if word not in known] == []


def test_every_noun_is_explained() -> None:
    """Each noun, parts of nouns included, is in the glossary or in the contracts' reference."""
    known = set(CODE.findall(text_of(GLOSSARY))) | code_of_reference()
    assert sorted({kind.__name__ for kind in nouns()} - known) == []


def test_no_word_stands_twice() -> None:
    """One word has one row."""
    words = [row[0] for row in table_rows(text_of(GLOSSARY)) if row[0] != "word"]
    assert sorted({word for word in words if words.count(word) > 1}) == []
