"""Whose number is this, as messages: links between far systems' numbers and canonical ids (R17).

All of one entity have the entity as their key, so that one partition puts them in order. `by`
names the person who wants it, for the record.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.vocabulary import Entity
from crossdock.contracts.words import Identifier, Noun, Text

MessagePlace = Annotated[str, Meta(pattern=r"\A[0-9]{1,4}:[0-9]{1,18}\Z")]
"""Where a message stands on the log: `partition:position`."""


class IdentityLink(Noun, frozen=True, kw_only=True):
    """From now on this number of this system means this canonical id.

    The system `crossdock` gives a canonical id another name for everybody: a renamed item.
    """

    change_id: Identifier
    entity: Entity
    system: Identifier
    external: Identifier
    canonical: Identifier
    by: Text = ""


class IdentityUnlink(Noun, frozen=True, kw_only=True):
    """From now on this number of this system means nothing."""

    change_id: Identifier
    entity: Entity
    system: Identifier
    external: Identifier
    by: Text = ""


class IdentityMerge(Noun, frozen=True, kw_only=True):
    """Two records are one: whatever named the loser names the survivor from now on."""

    change_id: Identifier
    entity: Entity
    loser: Identifier
    survivor: Identifier
    by: Text = ""


class ExternalNumber(Noun, frozen=True, kw_only=True):
    """One number of one system."""

    system: Identifier
    external: Identifier


class IdentitySplit(Noun, frozen=True, kw_only=True):
    """One record is two: these numbers mean another canonical id from now on."""

    change_id: Identifier
    entity: Entity
    canonical: Identifier
    into: Identifier
    numbers: Annotated[tuple[ExternalNumber, ...], Meta(min_length=1, max_length=200)]
    by: Text = ""


class IdentityQuestion(Noun, frozen=True, kw_only=True):
    """A message is held because it names a number that nobody knows; the hub asks itself."""

    entity: Entity
    system: Identifier
    external: Identifier
    message: MessagePlace  # of the held message


class MessageRetry(Noun, frozen=True, kw_only=True):
    """Decide a held message again: what it waited for was put right."""

    message: MessagePlace
    by: Text = ""
    reason: Text = ""
