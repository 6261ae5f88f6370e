"""What the matrix can speak of: the objects of the catalogue, their fields, events and stages."""

from __future__ import annotations

from functools import cache

from crossdock.contracts.catalogue import CATALOGUE, MessageType
from crossdock.contracts.whereabouts import has_channel, has_site
from crossdock.ownership.matrix import event_of
from crossdock.ownership.rule import Rule

STAGES: dict[str, tuple[str, ...]] = {"order": ("captured", "released", "shipped", "invoiced")}
"""The stages of an object's life, first to last, for objects whose owner may change with them."""


@cache
def types_of(entity: str) -> tuple[MessageType, ...]:
    """The message types that the object's rules rule."""
    return tuple(row for row in CATALOGUE.values() if row.entity == entity)


@cache
def objects() -> tuple[str, ...]:
    """Every object of the catalogue, in its order."""
    return tuple(dict.fromkeys(row.entity for row in CATALOGUE.values()))


@cache
def masters() -> tuple[str, ...]:
    """The objects that are master records: revisions of one record, not documents of trade."""
    return tuple(
        entity
        for entity in objects()
        if all(
            row.key == entity and "revision" in row.noun.__struct_fields__
            for row in types_of(entity)
        )
    )


@cache
def fields_of(entity: str) -> tuple[str, ...]:
    """The fields of the object that rules may name: the identifying key is nobody's to change."""
    if entity in masters():
        ours = {"revision", *(row.key for row in types_of(entity))}
        named = (name for row in types_of(entity) for name in row.noun.__struct_fields__)
        return tuple(dict.fromkeys(name for name in named if name not in ours))
    return ()


@cache
def events_of(entity: str) -> tuple[str, ...]:
    """The events of the object, versions apart."""
    return tuple(dict.fromkeys(event_of(row.name) for row in types_of(entity)))


def touched_by(rule: Rule) -> tuple[MessageType, ...]:
    """The message types whose ownership or routing the rule has a say in."""
    return tuple(
        row
        for row in types_of(rule.entity)
        if rule.event is None or rule.event == event_of(row.name)
    )


def reaches_site(entity: str) -> bool:
    """Whether any message of the object names a site."""
    return any(has_site(row) for row in types_of(entity))


def reaches_channel(entity: str) -> bool:
    """Whether any message of the object belongs to a channel."""
    return any(has_channel(row) for row in types_of(entity))
