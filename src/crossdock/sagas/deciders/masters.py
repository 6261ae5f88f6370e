"""What a master record does: the newest revision stands."""

from __future__ import annotations

from typing import Any

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.log.records import Wanted
from crossdock.sagas import fulfilment, rebuild
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.turn import Turn


def _master(batch: Batch, turn: Turn, noun: Any) -> None:
    row = CATALOGUE[turn.message.type]
    number = getattr(noun, row.key)
    stored = batch.master(row.entity, number)
    if stored is not None:
        known = msgspec.json.decode(stored, type=type(noun))
        if known.revision >= noun.revision:
            turn.supersede(f"revision {known.revision} is known")
            return
    batch.store_master(rebuild.master_row(turn.message.type, noun))
    if row.entity == "item":
        fulfilment.review_waiting(turn, number)


def _wants(kind: str) -> Decider:
    row = CATALOGUE[kind]

    def wants(wanted: Wanted, noun: Any) -> None:
        number = getattr(noun, row.key)
        wanted.masters.add((row.entity, number))
        if row.entity == "item":
            wanted.items.add(number)

    return Decider(_master, wants)


DECIDERS: dict[str, Decider] = {kind: _wants(kind) for kind in sorted(rebuild.MASTERS)}
"""Every master record."""
