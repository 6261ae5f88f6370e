"""The words in which people speak of numbers in a story."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from crossdock.contracts import catalogue, identities, parties, places
from crossdock.contracts.codes import CodeTable
from crossdock.contracts.vocabulary import Entity, ItemStatus, LocationKind
from crossdock.contracts.words import Noun
from crossdock.identity.matching import DEFAULT_RULES
from crossdock.sagas.policy import Policy
from crossdock.sagas.understanding import Speech

Said = tuple[str, Noun]


def own_numbers(policy: Policy) -> Policy:
    """The house in which whoever sends orders and facts calls items by numbers of its own."""
    speech = Speech(own=frozenset({Entity.ITEM}))
    return replace(policy, speech={"estate": speech}, matching=dict(DEFAULT_RULES))


def own_codes(policy: Policy) -> Policy:
    """The house in which the ERP spells the status of items as A and B."""
    words = {"A": ItemStatus.ACTIVE, "B": ItemStatus.BLOCKED}
    table = CodeTable("item.status", words)
    return replace(policy, speech={"erp": Speech(codes={table.vocabulary: table})})


HOUSES: dict[str, Callable[[Policy], Policy]] = {
    "items have other numbers outside": own_numbers,
    "the ERP has codes of its own": own_codes,
}
"""House rules about numbers and codes."""


def _number(text: str) -> tuple[str, str]:
    system, _, external = text.partition(" ")
    return system, external


def _link(name: str, number: str, canonical: str, entity: str = "item") -> Said:
    system, external = _number(number)
    return catalogue.IDENTITY_LINKED, identities.IdentityLink(
        change_id=name,
        entity=Entity(entity),
        system=system,
        external=external,
        canonical=canonical,
    )


def _unlink(name: str, number: str) -> Said:
    system, external = _number(number)
    return catalogue.IDENTITY_UNLINKED, identities.IdentityUnlink(
        change_id=name, entity=Entity.ITEM, system=system, external=external
    )


def _merge(name: str, loser: str, survivor: str) -> Said:
    return catalogue.IDENTITY_MERGED, identities.IdentityMerge(
        change_id=name, entity=Entity.ITEM, loser=loser, survivor=survivor
    )


def _split(name: str, canonical: str, into: str, number: str) -> Said:
    system, external = _number(number)
    return catalogue.IDENTITY_SPLIT, identities.IdentitySplit(
        change_id=name,
        entity=Entity.ITEM,
        canonical=canonical,
        into=into,
        numbers=(identities.ExternalNumber(system=system, external=external),),
    )


def _retry(name: str, place: str) -> Said:
    return catalogue.MESSAGE_RETRIED, identities.MessageRetry(message=place)


def _location(name: str, location: str, site: str, kind: str, parent: str = "") -> Said:
    return catalogue.LOCATION_CHANGED, places.Location(
        location=location, site=site, kind=LocationKind(kind), parent=parent or None
    )


def _child(name: str, party: str, parent: str, revision: str = "1") -> Said:
    return catalogue.PARTY_CHANGED, parties.Party(
        party=party, parent=None if parent == "-" else parent, revision=int(revision)
    )


DOINGS: dict[str, Callable[..., Said]] = {
    "link": _link,
    "unlink": _unlink,
    "merge": _merge,
    "split": _split,
    "retry": _retry,
    "location": _location,
    "child": _child,
}
"""What somebody may do: verb -> (a number, the line's columns) -> message."""
