"""Whether a message's source may say it: what the door can know, and what only state decides.

The door sees type, source and places. It refuses what no state could make right and lets the rest
in: a source that owns the object at some stage, a field of it, or orders of some channel where the
message names none; and what shall end as held or as a proposal, which needs a place on the log.
The deciders judge the same cell once more, with stage and channel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from crossdock.contracts.catalogue import MessageType
from crossdock.contracts.whereabouts import has_channel, whereabouts
from crossdock.contracts.words import Noun
from crossdock.ownership.matrix import Answer, Matrix
from crossdock.ownership.rule import OnViolation
from crossdock.ownership.subjects import STAGES


class Place(NamedTuple):
    """Where ownership is asked for: what names the place, the site and the channel."""

    where: str
    site: str | None
    channel: str | None


def places_of(noun: Noun) -> tuple[Place, ...]:
    """Every place that a message speaks of; one without a name where it names none."""
    named, sites = _reading(type(noun))
    channel = named(noun) if named is not None else None
    if not sites:
        return (_NOWHERE,) if channel is None else (Place("$.data.channel", None, channel),)
    found = [(where, site(noun)) for where, site in sites]
    places = tuple(Place(where, site, channel) for where, site in found if site is not None)
    return places or (Place("$.source", None, channel),)


_NOWHERE = Place("$.source", None, None)


@cache
def _reading(
    noun: type[Noun],
) -> tuple[Callable[[Any], Any] | None, tuple[tuple[str, Callable[[Any], Any]], ...]]:
    """How a noun's channel and sites are read."""
    there = whereabouts(noun)
    return (
        attrgetter(there.channel) if there.channel is not None else None,
        tuple((f"$.data.{path}", attrgetter(path)) for path in there.sites),
    )


def lets_in(matrix: Matrix, source: str, row: MessageType, place: Place) -> bool:
    """Whether the door lets this source say it there, because it may or because state decides."""
    answer = matrix.answer(row.entity, place.site, place.channel, event=row.name)
    if answer.may_say(source) or answer.on_violation is not OnViolation.REJECT:
        return True
    return any(
        other.may_say(source) or other.on_violation is not OnViolation.REJECT
        for other in _with_state(matrix, row, place)
    )


def owners_at_the_door(matrix: Matrix, row: MessageType, place: Place) -> tuple[str, ...]:
    """Everybody who may say it there in some state, each once: what a refusal names."""
    first = matrix.answer(row.entity, place.site, place.channel, event=row.name)
    found = dict.fromkeys(first.owners)
    for answer in _with_state(matrix, row, place):
        found.update(dict.fromkeys(answer.owners))
    return tuple(found)


def _with_state(matrix: Matrix, row: MessageType, place: Place) -> Iterator[Answer]:
    """The answers that what the door does not know could lead to."""
    entity = row.entity
    channels: tuple[str | None, ...] = (place.channel,)
    if place.channel is None and has_channel(row):
        channels = (None, *matrix.channels)
    for channel in channels:
        for stage in (None, *STAGES.get(entity, ())):
            for field in (None, *matrix.fields_ruled(entity)):
                yield matrix.answer(
                    entity, place.site, channel, field=field, stage=stage, event=row.name
                )
