"""Where a noun names other records or places, and where it uses a vocabulary: paths by type.

A path is a tuple of field names; `EACH` stands for every member of a list. The paths are read off
the nouns once, so that a new noun or field is known here without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

import msgspec

from crossdock.contracts.codes import NAMES, PLACES
from crossdock.contracts.parties import Party
from crossdock.contracts.places import Location
from crossdock.contracts.vocabulary import Entity
from crossdock.contracts.words import Noun

EACH: Final = "*"
"""Stands in a path for every member of a list."""

Path = tuple[str | int, ...]

_FIELDS: Final[Mapping[str, Entity]] = {
    "item": Entity.ITEM,
    "party": Entity.PARTY,
    "customer": Entity.PARTY,
    "supplier": Entity.PARTY,
    "bill_to": Entity.PARTY,
    "credit": Entity.PARTY,
    "location": Entity.LOCATION,
}
_PARENTS: Final[Mapping[type[Any], Entity]] = {Party: Entity.PARTY, Location: Entity.LOCATION}


@dataclass(frozen=True, slots=True)
class Named:
    """A field whose value is the number of a record."""

    path: Path
    entity: Entity


@dataclass(frozen=True, slots=True)
class Coded:
    """A field whose value is a word of a vocabulary, or the name of a site or channel."""

    path: Path
    vocabulary: str


@cache
def named_in(noun: type[Noun]) -> tuple[Named, ...]:
    """Every field of this noun that names a record which systems may number in their own way."""
    return tuple(
        Named(path, entity)
        for path, struct, _ in _leaves(noun)
        if (entity := _entity(str(path[-1]), struct)) is not None
    )


@cache
def coded_in(noun: type[Noun]) -> tuple[Coded, ...]:
    """Every field of this noun that systems may spell in their own way: words, sites, channels."""
    return tuple(
        Coded(path, vocabulary)
        for path, _, kind in _leaves(noun)
        if (vocabulary := _vocabulary(path, kind)) is not None
    )


def _vocabulary(path: Path, kind: msgspec.inspect.Type) -> str | None:
    if isinstance(kind, msgspec.inspect.EnumType):
        return NAMES.get(kind.cls) if issubclass(kind.cls, StrEnum) else None
    field = str([step for step in path if step != EACH][-1])
    for place in PLACES:
        if field in (place, f"{place}s") or field.endswith(f"_{place}"):
            return place
    return None


def names_no_place(vocabulary: str, value: str) -> bool:
    """Whether a field for a site or channel is left empty, which is no code of anybody's."""
    return not value and vocabulary in PLACES


def _entity(field: str, struct: type[Any]) -> Entity | None:
    return _PARENTS.get(struct) if field == "parent" else _FIELDS.get(field)


def _leaves(
    noun: type[Any], path: Path = ()
) -> Iterator[tuple[Path, type[Any], msgspec.inspect.Type]]:
    """Every field that holds no other noun: its path, the struct it stands in, its type."""
    info = msgspec.inspect.type_info(noun)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        yield from _below(field.type, (*path, field.encode_name), noun)


def _below(
    kind: msgspec.inspect.Type, path: Path, struct: type[Any]
) -> Iterator[tuple[Path, type[Any], msgspec.inspect.Type]]:
    if isinstance(kind, msgspec.inspect.UnionType):
        for one in kind.types:
            if not isinstance(one, msgspec.inspect.NoneType):
                yield from _below(one, path, struct)
    elif isinstance(kind, msgspec.inspect.Metadata):
        yield from _below(kind.type, path, struct)
    elif isinstance(kind, msgspec.inspect.StructType):
        yield from _leaves(kind.cls, path)
    elif isinstance(kind, msgspec.inspect.VarTupleType | msgspec.inspect.ListType):
        yield from _below(kind.item_type, (*path, EACH), struct)
    else:
        yield path, struct, kind


def found_at(tree: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """The values of a tree of JSON that a path leads to, each with its own path."""
    if not path:
        yield (), tree
        return
    step, *rest = path
    if step == EACH:
        members: Iterator[tuple[str | int, Any]] = (
            iter(enumerate(tree)) if isinstance(tree, list) else iter(())
        )
    elif isinstance(tree, dict) and step in tree:
        members = iter([(step, tree[step])])
    else:
        return
    for name, member in members:
        for below, value in found_at(member, tuple(rest)):
            yield (name, *below), value


def put_at(tree: Any, path: Path, value: Any) -> None:
    """Write a value at a path that is known to be there."""
    at = tree
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value


def written(path: Path) -> str:
    """A path as errors write it, from the root of a message."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "$.data" + "".join(steps)
