"""What a master record's message does: it is one source's claim; the record follows from all."""

from __future__ import annotations

from typing import Any

import msgspec

from crossdock.contracts.catalogue import CATALOGUE, MessageType
from crossdock.contracts.kits import Broken, flattened
from crossdock.contracts.products import Item
from crossdock.contracts.vocabulary import ItemKind
from crossdock.identity.matching import ATTRIBUTES
from crossdock.log.records import Lane, MasterRow, Wanted
from crossdock.ownership import survivorship
from crossdock.sagas import (
    enforcement,
    exposure,
    fulfilment,
    golden,
    hierarchy,
    rebuild,
    review,
    watching,
)
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.resolving import said_as
from crossdock.sagas.turn import Turn


def _master(batch: Batch, turn: Turn, noun: Any) -> None:
    row = CATALOGUE[turn.message.type]
    number = getattr(noun, row.key)
    name = golden.document_id(row.entity, number)
    known = golden.read(batch.document(golden.MASTER, name))
    claim = golden.claim_of(turn.message, noun, said_as(turn, number))
    claims = survivorship.claimed(known, claim)
    if claims is None:
        turn.supersede(f"revision {known.standing(claim.key)} is known")
        return
    if not enforcement.judge_claim(batch, turn, row, noun, known, claim):
        return
    record = golden.record_of(batch.policy, row.entity, claims)
    stored = golden.row_of(row.entity, number, record)
    if row.entity == "item" and (broken := _broken_kit(batch, stored)) is not None:
        turn.hold(f"{broken}: {number}")
        return
    if row.entity in hierarchy.ENTITIES:
        if hierarchy.holds(batch, turn, stored):
            return
        hierarchy.changed(batch, turn, stored)
    batch.store_document(turn, golden.MASTER, name, record)
    batch.store_master(stored)
    if record.golden != known.golden:
        _tell(turn, row, number, stored)
    if row.entity in batch.policy.matching:
        review.put_marks(batch, turn, row.entity, ATTRIBUTES[row.entity](number, noun), number)
    if row.entity == "item":
        fulfilment.review_waiting(turn, number)
    elif row.entity == "credit":
        exposure.renew(batch, turn, number)
    elif row.entity in ("party", "price"):
        watching.wake(batch, turn, row.entity, number)


def _tell(turn: Turn, row: MessageType, number: str, stored: MasterRow) -> None:
    """Tell whoever is to know of these records, but not the source of the change: no echo."""
    others = tuple(
        one for one in turn.routes(row.entity, turn.message.type) if one != turn.message.source
    )
    noun = msgspec.json.decode(stored.body, type=row.noun)
    key = f"{row.entity}/{number}/{stored.revision}"
    turn.tell(others, turn.message.type, number, noun, key, Lane.ANALYTICAL)


def _broken_kit(batch: Batch, row: MasterRow) -> Broken | None:
    """Why this item is a kit that cannot be taken apart, as far as its components are known."""
    item = msgspec.json.decode(row.body, type=Item)
    if item.kind is not ItemKind.KIT:
        return None
    said = {one.item: one.quantity for one in item.components}
    flat = flattened(item.item, lambda one: said if one == item.item else batch.components(one))
    return flat if isinstance(flat, Broken) else None


def _further(batch: Batch, wanted: Wanted, noun: Any) -> None:
    for entity, (kind, key) in golden.nouns().items():
        if type(noun) is kind and entity in batch.policy.matching:
            attributes = ATTRIBUTES[entity](getattr(noun, key), noun)
            wanted.documents.update(review.marks_of(batch.policy, entity, attributes))
        if type(noun) is kind and entity in hierarchy.ENTITIES:
            hierarchy.further(batch, wanted, entity, noun)


def _wants(kind: str) -> Decider:
    row = CATALOGUE[kind]

    def wants(wanted: Wanted, noun: Any) -> None:
        number = getattr(noun, row.key)
        wanted.documents.add((golden.MASTER, golden.document_id(row.entity, number)))
        if row.entity == "item":
            wanted.items.add(number)
        if row.entity in ("party", "credit", "price"):
            wanted.documents.add((watching.LIST, f"{row.entity}/{number}"))
        if row.entity == "credit":
            wanted.documents.add((exposure.ACCOUNT, number))
        if row.entity in hierarchy.ENTITIES:
            hierarchy.wants(wanted, row.entity, noun, number)

    return Decider(_master, wants, further=_further)


DECIDERS: dict[str, Decider] = {kind: _wants(kind) for kind in sorted(rebuild.MASTERS)}
"""Every master record."""
