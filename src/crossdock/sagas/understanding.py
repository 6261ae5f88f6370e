"""What a message says in our words: far systems' codes and numbers, read when it is decided.

Most systems speak in canonical ids and words; for them nothing is done here. A system whose
configuration says that it has numbers or codes of its own is read by its tables and by the links
that the identity room keeps. What was read as what goes into the outcome, so that a rebuild asks
neither. What cannot be read holds the message: it is not lost, and not guessed at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.codes import VOCABULARIES, CodeTable
from crossdock.contracts.references import (
    Path,
    coded_in,
    found_at,
    named_in,
    names_no_place,
    put_at,
    written,
)
from crossdock.contracts.vocabulary import Entity
from crossdock.log.records import Resolved


@dataclass(frozen=True, slots=True)
class Speech:
    """How one system speaks, where that is not as we do."""

    own: frozenset[Entity] = frozenset()  # the records that it calls by its own numbers
    codes: Mapping[str, CodeTable[Any]] = field(default_factory=dict)  # by vocabulary


CANONICAL: Final = Speech()
"""In our words."""


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A code that the table of its system does not know."""

    where: str
    vocabulary: str
    said: str
    known: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A number in a message, and whose it is."""

    path: Path
    entity: Entity
    said: str


@dataclass(slots=True)
class Foreign:
    """The data of a message that is not wholly in our words, as a tree, its codes translated."""

    type: str
    tree: dict[str, Any]
    resolved: list[Resolved]
    unknown: list[UnknownWord]

    @property
    def key(self) -> Any:
        """The value of the field that orders messages of this type."""
        return self.tree.get(CATALOGUE[self.type].key)

    def references(self) -> list[Reference]:
        """Every number in it that names a record."""
        return [
            Reference(path, named.entity, value)
            for named in named_in(CATALOGUE[self.type].noun)
            for path, value in found_at(self.tree, named.path)
            if isinstance(value, str)
        ]


def foreign(message_type: str, data: bytes | msgspec.Raw, speech: Speech) -> Foreign:
    """Read data by a system's code tables; numbers stay as they are said."""
    tree = msgspec.json.decode(data)
    found = Foreign(message_type, tree, [], [])
    for coded in coded_in(CATALOGUE[message_type].noun):
        table = speech.codes.get(coded.vocabulary)
        if table is None:
            continue
        for path, value in list(found_at(tree, coded.path)):
            _translate(found, table, path, value)
    return found


def _translate(found: Foreign, table: CodeTable[Any], path: Path, value: Any) -> None:
    """Put our word in the place of a code; numbers count as the code that they spell."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or names_no_place(table.vocabulary, value):
        return  # no code at all: whoever reads the noun refuses it by name
    word = table.words.get(value)
    if word is None:
        found.unknown.append(UnknownWord(written(path), table.vocabulary, value, table.known()))
        return
    put_at(found.tree, path, str(word))
    found.resolved.append(Resolved(path, value, str(word)))


def readable(message_type: str, data: bytes | msgspec.Raw, speech: Speech) -> bytes:
    """The data with every unknown code replaced by some word that it might mean.

    For the door, which judges everything else about a message and lets the codes be held later.
    """
    found = foreign(message_type, data, speech)
    unknown = {word.where for word in found.unknown}
    for coded in coded_in(CATALOGUE[message_type].noun) if unknown else ():
        for path, _ in list(found_at(found.tree, coded.path)):
            if written(path) in unknown:
                put_at(found.tree, path, _some_word(speech.codes[coded.vocabulary]))
    return msgspec.json.encode(found.tree)


def _some_word(table: CodeTable[Any]) -> str:
    """A word of the table; of an empty one, a word of its vocabulary, or any name of a place."""
    words = (*table.words.values(), *VOCABULARIES.get(table.vocabulary, ()), table.vocabulary)
    return str(words[0])


def noun_from(message_type: str, tree: dict[str, Any]) -> Any:
    """The noun in a tree that is in our words."""
    return msgspec.convert(tree, CATALOGUE[message_type].noun)


def reread(message_type: str, data: bytes | msgspec.Raw, resolved: Sequence[Resolved]) -> Any:
    """The noun as it was understood when it was decided."""
    tree = msgspec.json.decode(data)
    for one in resolved:
        put_at(tree, one.path, one.meant)
    return noun_from(message_type, tree)
