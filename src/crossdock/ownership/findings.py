"""What is wrong with a matrix: holes (nobody, or nobody who can be told) and overlaps.

A hole is a cell that a message can reach and whose rule names nobody there; an overlap is a cell
for which two rules of one specificity give different answers. Each names the rule, and what to
write. Rules that narrower ones cover everywhere are left in peace: nobody ever asks them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from crossdock.contracts.catalogue import CATALOGUE, TOLD, MessageType
from crossdock.contracts.whereabouts import has_channel, has_site
from crossdock.ownership.matrix import Cell, Matrix, event_of, ranked_for
from crossdock.ownership.phrases import ANYBODY, HUB, SITE, Phrase, phrase_of
from crossdock.ownership.rule import OnViolation, Rule
from crossdock.ownership.subjects import (
    STAGES,
    fields_of,
    masters,
    objects,
    touched_by,
    types_of,
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One hole or overlap: where, what stands there, what to write, whom it stops."""

    where: str
    found: str
    expected: str
    kind: str  # "hole" or "overlap"
    types: tuple[str, ...] = ()  # the message types that must not flow

    def __str__(self) -> str:
        return f"{self.where}: found {self.found}, expected {self.expected}"


@dataclass(frozen=True, slots=True)
class House:
    """What the matrix is checked against.

    `systems` says of each configured system whether it can be told anything; `surviving` are
    objects ("party") and fields ("party.name") for which a survivorship rule decides between
    several owners.
    """

    systems: Mapping[str, bool]
    surviving: Collection[str] = ()


def findings(matrix: Matrix, house: House) -> list[Finding]:
    """Every hole and overlap of the matrix in this house, each once, sorted."""
    found: set[Finding] = set()
    for entity in objects():
        for row in types_of(entity):
            if row.inbound:
                found.update(_owner_holes(matrix, house, row))
            else:
                found.update(_hub_holes(matrix, row))
            if row.name in TOLD:
                found.update(_consumer_holes(matrix, house, row))
        found.update(_two_owners(matrix, house, entity))
        found.update(_overlaps(matrix, house, entity))
    return _merged(found)


def _merged(found: Collection[Finding]) -> list[Finding]:
    """One finding per place and text, with all the message types that it stops."""
    types: dict[tuple[str, str, str, str], set[str]] = {}
    for one in found:
        types.setdefault((one.where, one.found, one.expected, one.kind), set()).update(one.types)
    return sorted(Finding(*text, tuple(sorted(names))) for text, names in types.items())


def told_by_system(matrix: Matrix) -> dict[str, set[str]]:
    """System -> the message types that it is told somewhere."""
    found: dict[str, set[str]] = {}
    for row in CATALOGUE.values():
        if row.name in TOLD:
            for cell in _cells(matrix, row, fields=False):
                entity, _, stage, event, site, channel = cell
                for system in matrix.consumers(entity, site, channel, stage=stage, event=event):
                    found.setdefault(system, set()).add(row.name)
    return found


# Cells ------------------------------------------------------------------------------------------


def _cells(matrix: Matrix, row: MessageType, *, fields: bool) -> Iterator[Cell]:
    """Every cell that messages of this type reach; each of its `fields` too, where asked."""
    entity = row.entity
    named = (None, *fields_of(entity)) if fields else (None,)
    stages = (None, *STAGES.get(entity, ()))
    for field in named:
        for stage in stages:
            for site, channel in _places(matrix, row):
                yield entity, field, stage, event_of(row.name), site, channel


def _places(matrix: Matrix, row: MessageType) -> Iterator[tuple[str | None, str | None]]:
    """Pairs of site and channel that show all that any pair could: not every pair of a large house.

    What a site that no rule names answers does not depend on the channel beside it, nor the other
    way round; so one that no rule names stands for all of those.
    """
    rules = [rule for rule in matrix.rules if rule.entity == row.entity]
    sites = tuple(matrix.sites) if has_site(row) else ()
    channels = tuple(matrix.channels) if has_channel(row) else ()
    some_sites = _some(sites, {rule.site for rule in rules})
    some_channels = _some(channels, {rule.channel for rule in rules})
    pairs: dict[tuple[str | None, str | None], None] = {}
    pairs.update(((site, channel), None) for site in sites for channel in some_channels)
    pairs.update(((site, channel), None) for site in some_sites for channel in channels)
    yield from pairs or {(None, None): None}


def _some(places: tuple[str, ...], named: set[str | None]) -> list[str | None]:
    """The places that rules name, and one that none names; nowhere if there is no place."""
    others = [place for place in places if place not in named]
    return [*(place for place in places if place in named), *others[:1]] or [None]


def _saying(matrix: Matrix, cell: Cell, answer: str) -> Rule | None:
    """The rule that gives this answer for the cell."""
    ranked = ranked_for(matrix.rules, cell)
    return next((rule for rule in ranked if getattr(rule, answer) is not None), None)


# Holes ------------------------------------------------------------------------------------------


def _owner_holes(matrix: Matrix, house: House, row: MessageType) -> Iterator[Finding]:
    for cell in _cells(matrix, row, fields=True):
        rule = _saying(matrix, cell, "owners")
        if rule is None or not rule.owners:
            yield _hole(rule or Rule(row.entity), row, "no owner", "owner: a system that says it")
            continue
        for name in rule.owners:
            if name == ANYBODY:
                continue
            yield from _unanswered(matrix, house, row, cell, rule, name, "owner")
        if set(rule.owners) == {HUB}:
            yield _hole(rule, row, "the owner hub alone", "a far system: far systems say it")
        publishing = _saying(matrix, cell, "publisher")
        if publishing is not None and publishing.publisher is not None:
            yield from _unanswered(
                matrix, house, row, cell, publishing, publishing.publisher, "publisher"
            )
        yield from _unasked(matrix, house, row, cell)


def _unasked(matrix: Matrix, house: House, row: MessageType, cell: Cell) -> Iterator[Finding]:
    """Owners who cannot be told of proposals that are made to them."""
    ending = _saying(matrix, cell, "on_violation")
    if ending is None or ending.on_violation is not OnViolation.PROPOSE:
        return
    entity, field, stage, event, site, channel = cell
    answer = matrix.answer(entity, site, channel, field=field, stage=stage, event=event)
    for owner in answer.owners:
        if not house.systems.get(owner, True):
            yield _hole(
                ending,
                row,
                f"proposals to the owner {owner}, which has no url",
                f"systems.{owner}.url, or on_violation: hold",
            )


def _hub_holes(matrix: Matrix, row: MessageType) -> Iterator[Finding]:
    """What the hub alone says must not be given to somebody else."""
    for cell in _cells(matrix, row, fields=False):
        rule = _saying(matrix, cell, "owners")
        own_rule = rule is not None and (
            rule.event is not None or not any(one.inbound for one in types_of(row.entity))
        )
        publishing = _saying(matrix, cell, "publisher")
        published = publishing is not None and publishing.publisher == HUB
        if rule is not None and own_rule and HUB not in (rule.owners or ()) and not published:
            yield _hole(
                rule,
                row,
                f"owner {', '.join(rule.owners or ()) or 'nobody'}",
                "owner: hub, or publisher: hub: the hub alone says it",
            )


def _consumer_holes(matrix: Matrix, house: House, row: MessageType) -> Iterator[Finding]:
    for cell in _cells(matrix, row, fields=False):
        rule = _saying(matrix, cell, "consumers")
        for name in (rule.consumers or ()) if rule is not None else ():
            if rule is None:
                continue
            if name == HUB:
                yield _hole(rule, row, "the consumer hub", "a system of this file")
                continue
            yield from _unanswered(matrix, house, row, cell, rule, name, "consumer")
            *_, site, channel = cell
            system = matrix.system_of(name, site, channel)
            if system is not None and not house.systems.get(system, True):
                yield _hole(
                    rule,
                    row,
                    f"the consumer {system}{_by(name, site, channel)}, which has no url",
                    f"systems.{system}.url",
                )


def _unanswered(
    matrix: Matrix,
    house: House,
    row: MessageType,
    cell: Cell,
    rule: Rule,
    name: str,
    as_what: str,
) -> Iterator[Finding]:
    """A name that means no system of this house in this cell."""
    *_, site, channel = cell
    phrase = phrase_of(name)
    system = matrix.system_of(name, site, channel)
    if system is None and phrase is not None:
        place = site if phrase.scope == SITE else channel
        yield _hole(rule, row, *_unresolved(row, place, rule, phrase, f'{as_what} "{name}"'))
    elif system is not None and system != HUB and system not in house.systems:
        here = _by(name, site, channel)
        yield _hole(rule, row, f"the {as_what} {system}{here}", "a system of this file")


def _unresolved(
    row: MessageType, place: str | None, rule: Rule, phrase: Phrase, said: str
) -> tuple[str, str]:
    """(found, expected) for a phrase that nothing answers."""
    scope, role = phrase.scope, phrase.role
    if not (has_site(row) if scope == SITE else has_channel(row)):
        return said, f"a system: {row.name} names no {scope}"
    if place is None:
        return f"{said}, and no {scope} is configured", f"{scope}s: a {scope} with its {role}"
    return (
        f"{said}, and {scope} {place} has no {role}",
        f"{scope}s.{place}.{role}: a system, or a rule for {_narrowed(rule, scope, place)}",
    )


def _narrowed(rule: Rule, scope: str, place: str) -> str:
    return f"`{rule.key} {'at' if scope == SITE else 'via'} {place}`"


def _by(name: str, site: str | None, channel: str | None) -> str:
    """How a phrase came to mean a system."""
    phrase = phrase_of(name)
    if phrase is None:
        return ""
    return f" of {phrase.scope} {site if phrase.scope == SITE else channel}"


def _two_owners(matrix: Matrix, house: House, entity: str) -> Iterator[Finding]:
    """Two owners of one field of a master record overwrite each other, unless a rule decides."""
    if entity not in masters() or entity in house.surviving:
        return
    for row in types_of(entity):
        for cell in _cells(matrix, row, fields=True):
            _, field, stage, event, site, channel = cell
            answer = matrix.answer(entity, site, channel, field=field, stage=stage, event=event)
            rule = _saying(matrix, cell, "owners")
            if field is None or rule is None or f"{entity}.{field}" in house.surviving:
                continue
            if len(answer.owners) > 1 or ANYBODY in answer.owners:
                yield _hole(
                    rule,
                    row,
                    f"owners {', '.join(answer.owners)}",
                    f"one owner, or survivorship.{rule.entity if not rule.field else rule.key}",
                )


def _hole(rule: Rule, row: MessageType, found: str, expected: str) -> Finding:
    return Finding(f"ownership.{rule.key}", found, expected, "hole", (row.name,))


# Overlaps ---------------------------------------------------------------------------------------

_ANSWERS = {
    "owners": "owner",
    "consumers": "consumers",
    "publisher": "publisher",
    "on_violation": "on_violation",
}
"""The answers of a rule, and how `crossdock.yaml` spells them."""


def _overlaps(matrix: Matrix, house: House, entity: str) -> Iterator[Finding]:
    """Pairs of rules that meet in a cell and differ, where no narrower rule decides.

    It is enough to look where two rules meet and nothing else is named: a rule that speaks there
    speaks in every narrower cell too.
    """
    rules = [rule for rule in matrix.rules if rule.entity == entity]
    for one, other in combinations(sorted(rules, key=lambda rule: rule.key), 2):
        cell = _meeting(one, other)
        if cell is None or one.specificity != other.specificity:
            continue
        for answer, spelt in _ANSWERS.items():
            types = _asked(house, cell, answer)
            if types and _ties(matrix.rules, cell, answer, one, other):
                yield Finding(
                    f"ownership.{one.key}",
                    f"{spelt} {_shown(one, answer)}, and {spelt} {_shown(other, answer)} in"
                    f" `{other.key}`",
                    f"the same {spelt} in both, or a rule for `{_key(cell)}`",
                    "overlap",
                    types,
                )


def _meeting(one: Rule, other: Rule) -> Cell | None:
    """The widest cell of which both rules speak, or None."""
    cell: list[str | None] = []
    for name in ("field", "stage", "event", "site", "channel"):
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine is not None and theirs is not None and mine != theirs:
            return None
        cell.append(mine if mine is not None else theirs)
    return (one.entity, cell[0], cell[1], cell[2], cell[3], cell[4])


def _ties(rules: Sequence[Rule], cell: Cell, answer: str, one: Rule, other: Rule) -> bool:
    """Whether both give the answer, differently, and nothing narrower decides."""
    mine, theirs = getattr(one, answer), getattr(other, answer)
    if mine is None or theirs is None or mine == theirs:
        return False
    best = next(rule for rule in ranked_for(rules, cell) if getattr(rule, answer) is not None)
    return best.specificity == one.specificity


def _asked(house: House, cell: Cell, answer: str) -> tuple[str, ...]:
    """The message types for which somebody asks the matrix for this answer in this cell."""
    entity, field, stage, event, site, channel = cell
    rule = Rule(entity, field=field, stage=stage, event=event)
    rows = (
        row
        for row in touched_by(rule)
        if (site is None or has_site(row)) and (channel is None or has_channel(row))
    )
    if answer == "consumers":
        return tuple(row.name for row in rows if field is None and row.name in TOLD)
    return tuple(row.name for row in rows if row.inbound)


def _key(cell: Cell) -> str:
    entity, field, stage, event, site, channel = cell
    return Rule(entity, field=field, stage=stage, event=event, site=site, channel=channel).key


def _shown(rule: Rule, answer: str) -> str:
    value: Any = getattr(rule, answer)
    return (", ".join(value) or "nobody") if isinstance(value, tuple) else str(value)
