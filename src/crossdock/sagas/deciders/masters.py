"""What a master record's message does: it is one source's claim; the record follows from all."""

from __future__ import annotations

from typing import Any

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.log.records import Wanted
from crossdock.ownership import survivorship
from crossdock.sagas import fulfilment, golden, rebuild
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.turn import Turn


def _master(batch: Batch, turn: Turn, noun: Any) -> None:
    row = CATALOGUE[turn.message.type]
    number = getattr(noun, row.key)
    name = golden.document_id(row.entity, number)
    record = golden.read(batch.document(golden.MASTER, name))
    claim = golden.claim_of(turn.message, noun, number)
    claims = survivorship.claimed(record, claim)
    if claims is None:
        turn.supersede(f"revision {record.standing(claim.key)} is known")
        return
    record = golden.record_of(batch.policy, row.entity, claims)
    batch.store_document(turn, golden.MASTER, name, record)
    batch.store_master(golden.row_of(row.entity, number, record))
    if row.entity == "item":
        fulfilment.review_waiting(turn, number)


def _wants(kind: str) -> Decider:
    row = CATALOGUE[kind]

    def wants(wanted: Wanted, noun: Any) -> None:
        number = getattr(noun, row.key)
        wanted.documents.add((golden.MASTER, golden.document_id(row.entity, number)))
        if row.entity == "item":
            wanted.items.add(number)

    return Decider(_master, wants)


DECIDERS: dict[str, Decider] = {kind: _wants(kind) for kind in sorted(rebuild.MASTERS)}
"""Every master record."""
