"""Versions of one message type side by side: an older one is kept as it came and lifted when read.

`crossdock.stock.moved.v1` and `.v2` are two rows of the catalogue. A sender may go on with the old
one: the log keeps its bytes and its type. Here alone it becomes the newest, step by step (v1 to v2,
v2 to v3), before anything decides on it, rebuilds from it or shows it; so deciders, views and
rebuilds know the newest noun only. An upcast is total and depends on its noun alone: the same old
message is the same new one for ever. What an old sender cannot say is inferred, never asked for.

The other way, a destination that reads an older version is told in it, where a downcast is declared
(`systems.*.versions`); deciders still say the newest. A downcast that cannot say a certain thing in
the older words raises `CannotSay`, and the effect is held for a person: nothing is left out in
silence.

Both versions of a fact have one key and one business key, and the digest of their content is that
of the newest, so a sender that changes versions between two tries of one message says it once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossdock.contracts import catalogue, stock
from crossdock.contracts.catalogue import CATALOGUE, MessageType, is_told
from crossdock.contracts.keys_in_words import business_key_in_words


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the type that it leads to, and how a noun of the one version becomes the other."""

    to: str
    change: Callable[[Any], Any]


UPCASTS: dict[str, Step] = {
    catalogue.STOCK_MOVED_V1: Step(catalogue.STOCK_MOVED, stock.with_kind),
}
"""Every older version, and the step to the next one."""


DOWNCASTS: dict[str, Step] = {}
"""Every newer version that can be told as an older one, and the step to the one before it."""


class CannotSay(ValueError):
    """What a newer version says has no words in an older one; says what."""


def newest(name: str, upcasts: Mapping[str, Step] = UPCASTS) -> str:
    """The newest version of a message type: the one that has a decider."""
    while name in upcasts:
        name = upcasts[name].to
    return name


def lifted(name: str, noun: Any, upcasts: Mapping[str, Step] = UPCASTS) -> tuple[str, Any]:
    """The newest type and noun of what was said as an older version; the newest as it is."""
    while name in upcasts:
        step = upcasts[name]
        name, noun = step.to, step.change(noun)
    return name, noun


def tellable(name: str, downcasts: Mapping[str, Step] = DOWNCASTS) -> list[str]:
    """The versions in which a newest type can be told, newest first."""
    found = [name]
    while found[-1] in downcasts:
        found.append(downcasts[found[-1]].to)
    return found


def lowered(name: str, noun: Any, older: str, downcasts: Mapping[str, Step] = DOWNCASTS) -> Any:
    """What was said in one version, in an older one that is among `tellable`.

    Raises:
        CannotSay: the older version has no words for it.
    """
    while name != older:
        step = downcasts[name]
        name, noun = step.to, step.change(noun)
    return noun


def versions_of(name: str, rows: Iterable[str] = CATALOGUE) -> list[str]:
    """Every version of a message type, oldest first."""
    word, _ = _cut(name)
    return sorted((row for row in rows if _cut(row)[0] == word), key=_cut)


def check_versions(
    rows: Iterable[MessageType] = CATALOGUE.values(),
    upcasts: Mapping[str, Step] = UPCASTS,
    downcasts: Mapping[str, Step] = DOWNCASTS,
) -> list[str]:
    """Every breach of the rules of versions, in words; none for a sound catalogue."""
    by_name = {row.name: row for row in rows}
    cast = {**upcasts, **downcasts}
    problems = [f"{name}: a cast of no type" for name in cast if name not in by_name]
    for name, row in by_name.items():
        family = versions_of(name, by_name)
        at = family.index(name)
        before, after = ([None, *family, None][at + step] for step in (0, 2))
        step = upcasts.get(name)
        if (step.to if step is not None else None) != after:
            problems.append(
                f"{name}: its upcast must lead to {after or 'nothing, it is the newest'}"
            )
        if name in downcasts and downcasts[name].to != before:
            problems.append(f"{name}: its downcast must lead to {before or 'nothing'}")
        if after is not None:
            problems += [f"{name}: {what}" for what in _misfits(row, by_name[after])]
    return problems


def _misfits(old: MessageType, new: MessageType) -> Iterator[str]:
    """What two versions of one fact must have in common, and have not."""
    if old.entity != new.entity:
        yield f"entity {old.entity}, and {new.entity} in {new.name}"
    if old.key != new.key:
        yield f"key {old.key}, and {new.key} in {new.name}"
    if (business_key_in_words(old), old.by_source) != (business_key_in_words(new), new.by_source):
        yield f"another business key than {new.name}"
    if is_told(old):
        yield "an older version is told by a downcast only, never by a decider"


def _cut(name: str) -> tuple[str, int]:
    word, _, version = name.rpartition(".v")
    return word, int(version) if version.isdigit() else 0
