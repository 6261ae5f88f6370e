"""Whose number is this? External number to canonical id, both ways, with its history (R17).

Many numbers may name one record; a number names one record at a time. What a number meant before
stays on record: since when, and by which message. Two records that turn out to be one are merged:
whatever named the loser names the survivor from then on. The hub itself is a system here
(`EVERYBODY`): a number linked under its name is another name of a canonical id for whoever speaks
in canonical ids, so a renamed item keeps its id and nothing that is stored under it moves.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

import msgspec

EVERYBODY: Final = "crossdock"
"""The system under whose name the other names of canonical ids stand."""


class Meaning(msgspec.Struct, array_like=True):
    """What a number means from a moment on; an empty `canonical` means nothing any more."""

    canonical: str
    since: datetime  # event time of the message that said so
    place: str  # of that message on the log


class Link(msgspec.Struct):
    """One number of one system, and everything that it has meant, the newest last."""

    entity: str
    system: str
    external: str
    meanings: list[Meaning] = []

    @property
    def canonical(self) -> str:
        """What it means now; empty if nothing."""
        return self.meanings[-1].canonical if self.meanings else ""


class Names(msgspec.Struct, omit_defaults=True):
    """The other way round: (system, number) of a canonical id, in the order they were linked."""

    entity: str
    canonical: str
    externals: list[tuple[str, str]] = []
    merged_into: str = ""

    def of(self, system: str) -> str | None:
        """The number by which a system knows the record: the one that was linked last."""
        found = [external for name, external in self.externals if name == system]
        return found[-1] if found else None


class Said(msgspec.Struct):
    """The message that changes a reference."""

    place: str
    at: datetime


class Shelf(Protocol):
    """Where links and names are kept."""

    def link(self, entity: str, system: str, external: str) -> Link | None:
        """The link of a number, or None: nobody ever spoke of it."""
        ...

    def names(self, entity: str, canonical: str) -> Names | None:
        """The names of a canonical id, or None: nothing was ever linked to it."""
        ...

    def put_link(self, link: Link) -> None:
        """Keep a link."""
        ...

    def put_names(self, names: Names) -> None:
        """Keep the names of a canonical id."""
        ...


def meaning(shelf: Shelf, entity: str, system: str, external: str) -> str:
    """What a number means now, or ""."""
    found = shelf.link(entity, system, external)
    return found.canonical if found is not None else ""


def standing(shelf: Shelf, entity: str, canonical: str) -> str:
    """The id under which a canonical id stands now: itself, or what it was merged into."""
    return meaning(shelf, entity, EVERYBODY, canonical) or canonical


def link(shelf: Shelf, entity: str, system: str, external: str, canonical: str, said: Said) -> bool:
    """Let a number mean this canonical id (or what it was merged into); False: it does already."""
    target = standing(shelf, entity, canonical)
    known = shelf.link(entity, system, external) or Link(entity, system, external)
    before = known.canonical
    if before == target:
        return False
    history = [*known.meanings, Meaning(target, said.at, said.place)]
    shelf.put_link(Link(entity, system, external, history))
    if before:
        _forget(shelf, entity, before, (system, external))
    names = shelf.names(entity, target) or Names(entity, target)
    shelf.put_names(Names(entity, target, [*names.externals, (system, external)]))
    return True


def unlink(shelf: Shelf, entity: str, system: str, external: str, said: Said) -> bool:
    """Let a number mean nothing from now on; False: it means nothing already."""
    known = shelf.link(entity, system, external)
    if known is None or not known.canonical:
        return False
    history = [*known.meanings, Meaning("", said.at, said.place)]
    shelf.put_link(Link(entity, system, external, history))
    _forget(shelf, entity, known.canonical, (system, external))
    return True


def merge_problem(shelf: Shelf, entity: str, loser: str, survivor: str) -> str:
    """Why these two cannot be merged, or ""."""
    if standing(shelf, entity, loser) != loser:
        return "the loser was merged before"
    if standing(shelf, entity, survivor) == loser:
        return "the survivor was merged into the loser"
    return ""


def merge(shelf: Shelf, entity: str, loser: str, survivor: str, said: Said) -> str:
    """Let everything that names the loser name the survivor; gives why not, or "".

    A survivor that was itself merged stands for what it was merged into, so that no chain and no
    circle can come about.
    """
    problem = merge_problem(shelf, entity, loser, survivor)
    if problem:
        return problem
    target = standing(shelf, entity, survivor)
    names = shelf.names(entity, loser) or Names(entity, loser)
    for system, external in names.externals:
        link(shelf, entity, system, external, target, said)
    shelf.put_names(Names(entity, loser, merged_into=target))
    link(shelf, entity, EVERYBODY, loser, target, said)
    return ""


def split(
    shelf: Shelf,
    entity: str,
    canonical: str,
    into: str,
    externals: list[tuple[str, str]],
    said: Said,
) -> str:
    """Let some numbers of a canonical id mean another one from now on; gives why not, or "".

    All or none: a number that means something else, or nothing, is named.
    """
    for system, external in externals:
        if meaning(shelf, entity, system, external) != canonical:
            return f"{system}:{external} is no number of it"
    if standing(shelf, entity, into) == canonical:
        return "it would stay where it is"
    for system, external in externals:
        link(shelf, entity, system, external, into, said)
    return ""


def _forget(shelf: Shelf, entity: str, canonical: str, external: tuple[str, str]) -> None:
    names = shelf.names(entity, canonical) or Names(entity, canonical)
    rest = [one for one in names.externals if one != external]
    shelf.put_names(Names(entity, canonical, rest, names.merged_into))
