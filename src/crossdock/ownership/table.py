"""The matrix as people read it: one row per rule, answers in words, phrases with what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossdock.ownership.phrases import SITE, phrase_of
from crossdock.ownership.rule import Rule

HEADINGS = ("rule", "owner", "publisher", "consumers", "a violation ends as")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One rule in words; an empty cell is answered by a less specific rule."""

    rule: str
    owner: str
    publisher: str
    consumers: str
    on_violation: str

    def cells(self) -> tuple[str, ...]:
        """The cells in the order of the headings."""
        return (self.rule, self.owner, self.publisher, self.consumers, self.on_violation)


def table(
    rules: Sequence[Rule],
    sites: Mapping[str, Mapping[str, str]],
    channels: Mapping[str, Mapping[str, str]],
) -> list[TableRow]:
    """The rules in the order in which they stand, narrower ones below their object's own."""
    first = {rule.entity: place for place, rule in reversed(list(enumerate(rules)))}
    ranked = sorted(rules, key=lambda rule: (first[rule.entity], rule.specificity, rule.key))
    return [
        TableRow(
            rule=rule.key,
            owner=_said(rule.owners, sites, channels),
            publisher=_said(None if rule.publisher is None else (rule.publisher,), sites, channels),
            consumers=_said(rule.consumers, sites, channels),
            on_violation=rule.on_violation or ("" if rule.specificity else "reject"),
        )
        for rule in ranked
    ]


def _said(
    names: tuple[str, ...] | None,
    sites: Mapping[str, Mapping[str, str]],
    channels: Mapping[str, Mapping[str, str]],
) -> str:
    if names is None:
        return ""
    return ", ".join(_meaning(name, sites, channels) for name in names) or "nobody"


def _meaning(
    name: str,
    sites: Mapping[str, Mapping[str, str]],
    channels: Mapping[str, Mapping[str, str]],
) -> str:
    """A name, and for a phrase who is meant at each place."""
    phrase = phrase_of(name)
    places = {} if phrase is None else sites if phrase.scope == SITE else channels
    if phrase is None or not places:
        return name
    meant = (f"{place} {roles.get(phrase.role, '-')}" for place, roles in sorted(places.items()))
    return f"{name} ({', '.join(meant)})"
