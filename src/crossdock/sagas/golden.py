"""A master record as claims and their golden record: how the deciders read, change and write it.

The record is a document (`MASTER`, `item/85123A`) with everything that was claimed; the row that
lists and orders look at is what follows from it, so that it can be rebuilt at any time (I28).
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, Final

import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.words import Noun
from crossdock.log.records import Document, MasterRow, Recorded
from crossdock.ownership import survivorship
from crossdock.ownership.phrases import ANYBODY
from crossdock.ownership.subjects import types_of
from crossdock.ownership.survivorship import Claim, FieldRule, Record
from crossdock.sagas.policy import Policy

MASTER: Final = "master"
"""The kind of document that holds a master record."""

_RECORD = msgspec.json.Decoder(Record)


class _Times(msgspec.Struct, gc=False):
    """What a claim keeps of the envelope beside the event time that the log has in UTC."""

    recordedtime: datetime | None = None


_TIMES = msgspec.json.Decoder(_Times)


def document_id(entity: str, number: str) -> str:
    """Under which id the record's document is kept."""
    return f"{entity}/{number}"


def read(document: Document | None) -> Record:
    """The record in a document; an empty one where there is none."""
    return Record() if document is None else decode(document.body)


def decode(body: bytes | msgspec.Raw) -> Record:
    """The record in a document's body."""
    return _RECORD.decode(body)


def claim_of(message: Recorded, noun: Any, said_as: str) -> Claim:
    """What a message claims: every field that it fills, with where and when it was said."""
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(noun))
    key = CATALOGUE[message.type].key
    return Claim(
        source=message.source,
        said_as=said_as,
        revision=noun.revision,
        place=message.place,
        event_time=message.event_time,
        fields={name: value for name, value in fields.items() if name not in (key, "revision")},
        recorded_time=_TIMES.decode(message.raw).recordedtime,
    )


def record_of(policy: Policy, entity: str, claims: dict[str, Claim]) -> Record:
    """The record that follows from these claims, by the rules of this entity."""
    matrix = policy.matrix
    sites = {claim.fields.get("site") for claim in claims.values()}
    event = types_of(entity)[0].name

    def owners(field: str | None) -> set[str] | None:
        """Who may decide a field of this record, wherever it is said to be; None: anybody."""
        found: set[str] = set()
        for site in sites:
            found.update(matrix.owners(entity, site, field=field, event=event))
        return None if ANYBODY in found else found

    # A field that no rule names is whosever the record is.
    plain = owners(None)
    ruled = {field: owners(field) for field in matrix.fields_ruled(entity)}
    golden, chosen = survivorship.derive(
        claims,
        defaults(entity),
        policy.survivorship.get(entity, _NO_RULES),
        lambda field: ruled.get(field, plain),
    )
    return Record(claims, golden, chosen)


_NO_RULES: dict[str, FieldRule] = {}


def row_of(entity: str, number: str, record: Record) -> MasterRow:
    """The row that follows from a record."""
    noun, key = nouns()[entity]
    revision = survivorship.revision_of(record.claims)
    whole = {**record.golden, key: number, "revision": revision}
    return MasterRow(entity, number, revision, msgspec.json.encode(msgspec.convert(whole, noun)))


@cache
def nouns() -> dict[str, tuple[type[Noun], str]]:
    """By entity, the noun of its master record and the field that is its number."""
    return {
        row.entity: (row.noun, row.key)
        for row in CATALOGUE.values()
        if "revision" in row.noun.__struct_fields__ and row.entity == row.key
    }


@cache
def defaults(entity: str) -> dict[str, Any]:
    """Every field that can be claimed, with its default; `REQUIRED` where it has none."""
    noun, key = nouns()[entity]
    return {
        field.name: survivorship.REQUIRED
        if field.default is msgspec.NODEFAULT
        else msgspec.json.decode(msgspec.json.encode(field.default))
        for field in msgspec.structs.fields(noun)
        if field.name not in (key, "revision")
    }
