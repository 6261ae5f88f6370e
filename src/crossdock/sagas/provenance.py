"""Which message set this field? Answered from the stored record, and provable from the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from crossdock.ownership.survivorship import Claim, Record
from crossdock.sagas import golden


class Said(msgspec.Struct, omit_defaults=True):
    """What one source says of a field: its value, and the message that says so."""

    source: str
    said_as: str
    value: Any
    place: str
    event_time: datetime
    recorded_time: datetime | None = None


class Provenance(msgspec.Struct, omit_defaults=True):
    """One field of a master record: its value, who set it, and what else is claimed."""

    field: str
    value: Any
    set_by: Said | None = None
    others: list[Said] = []


def provenance(entity: str, record: Record) -> list[Provenance]:
    """Every field of a record, in the order of its contract; None stands for an empty value."""
    return [_of(record, field, default) for field, default in golden.defaults(entity).items()]


def _of(record: Record, field: str, default: Any) -> Provenance:
    empty = None if default is msgspec.UNSET else default
    said = {
        key: _said(claim, claim.fields.get(field, empty)) for key, claim in record.claims.items()
    }
    winner = said.pop(record.chosen.get(field, ""), None)
    value = record.golden.get(field, empty)
    others = [one for _, one in sorted(said.items()) if one.value != empty]
    return Provenance(field, value, winner, others)


def _said(claim: Claim, value: Any) -> Said:
    return Said(
        claim.source, claim.said_as, value, claim.place, claim.event_time, claim.recorded_time
    )
