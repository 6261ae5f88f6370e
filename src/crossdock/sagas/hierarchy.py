"""Parents of parties and locations: never in a circle, whatever order a tree is loaded in (R2, R4).

A record whose parent would close a circle is held by name, and decided again by itself as soon as a
record of that circle changes. Every change of a parent also writes one document per entity, so two
workers can never close a circle from both sides at once: the second thinks again.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from crossdock.kernel.limits import HIERARCHY_DEPTH_MAX
from crossdock.log.records import MasterRow, Wanted
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn

_CHANGED: Final = "hierarchy"
_CIRCLE: Final = "hierarchy-circle"
ENTITIES: Final = frozenset({"party", "location"})
"""The records that have parents."""


class _Child(msgspec.Struct):
    parent: str | None = None


class _Changed(msgspec.Struct):
    """The record whose parent changed last."""

    id: str


class _Places(msgspec.Struct):
    """Held messages that wait for a record to change."""

    places: list[str]


_CHILD = msgspec.json.Decoder(_Child)
_PLACES = msgspec.json.Decoder(_Places)


def wants(wanted: Wanted, entity: str, noun: Any, number: str) -> None:
    """What is looked at in any case."""
    wanted.documents.add((_CHANGED, entity))
    wanted.documents.add((_CIRCLE, f"{entity}/{number}"))
    wanted.masters.add((entity, number))
    if noun.parent is not None:
        wanted.masters.add((entity, noun.parent))


def further(batch: Batch, wanted: Wanted, entity: str, noun: Any) -> None:
    """The next ancestor that is not loaded yet: a batch is loaded level by level."""
    at = noun.parent
    for _ in range(HIERARCHY_DEPTH_MAX):
        if at is None:
            return
        wanted.masters.add((entity, at))
        if (entity, at) not in batch.wanted.masters:
            return
        at = _parent_of(batch.masters.get((entity, at)))


def holds(batch: Batch, turn: Turn, row: MasterRow) -> bool:
    """Whether the record's new parent closes a circle; then its message is held by name."""
    path = [row.id]
    at = _parent_of(row.body)
    before = _parent_of(batch.master(row.kind, row.id))
    if at == before:
        return False
    while at is not None and at not in path and len(path) <= HIERARCHY_DEPTH_MAX:
        path.append(at)
        at = _parent_of(batch.master(row.kind, at))
    if at is None:
        batch.store_document(turn, _CHANGED, row.kind, _Changed(row.id))
        return False
    turn.hold(f"cycle:{row.kind}:{' > '.join([*path[:8], at])}")
    for member in path:
        wait_for(batch, turn, row.kind, member)
    return True


def changed(batch: Batch, turn: Turn, row: MasterRow) -> None:
    """Let be decided again what was held because of this record."""
    key = _CIRCLE, f"{row.kind}/{row.id}"
    known = batch.document(*key)
    places = _PLACES.decode(known.body).places if known is not None else []
    if not places:
        return
    for held in batch.held(places):
        turn.say_again(held.message)
    batch.store_document(turn, *key, _Places([]))


def wait_for(batch: Batch, turn: Turn, entity: str, number: str) -> None:
    """Let the held message of this turn be decided again when a record changes."""
    key = _CIRCLE, f"{entity}/{number}"
    known = batch.document(*key)
    places = _PLACES.decode(known.body).places if known is not None else []
    batch.store_document(turn, *key, _Places([*places, turn.message.place]))


def _parent_of(body: bytes | None) -> str | None:
    return None if body is None else _CHILD.decode(body).parent
