"""Two systems that promise the same units: the warehouse allocates what the hub has promised (R38).

A warehouse may set stock aside for purposes of its own: a store to replenish, a customer at the
counter. That is a fact and recorded. Where it leaves fewer units on the shelf than the hub has
promised there, both cannot be served. That is one condition per item and site, which names both
parties, and a document with a timer: it is looked at again until both can be served.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Final

import msgspec

from crossdock.contracts.stock import StockMovement
from crossdock.contracts.vocabulary import StockState
from crossdock.kernel.limits import IDENTIFIER_LENGTH_MAX
from crossdock.log.records import Document, Movement, Promised, Wanted
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn

CONFLICT: Final = "conflicting-reservation"
"""The kind of document, and of the condition."""

_LOOK_SECONDS: Final = 60
_DOUBLINGS_MAX: Final = 6  # from a minute to about an hour between two looks
_NAMED_MAX: Final = 10


class Conflict(msgspec.Struct, omit_defaults=True):
    """What stands against what, at one site, of one item."""

    item: str
    site: str
    lacking: int  # base units promised beyond what is on the shelf
    allocated: dict[str, int] = {}  # the warehouse's documents -> base units
    promised: list[Promised] = []
    open: bool = True
    looks: int = 0
    noted: dict[int, int] = {}  # where people were shown it last, by partition


_BODY = msgspec.json.Decoder(Conflict)


def conflict_id(item: str, site: str) -> str:
    """The document's id; a digest where the two names are too long for one."""
    name = f"{item}@{site}"
    if len(name) <= IDENTIFIER_LENGTH_MAX:
        return name
    return blake2b(name.encode(), digest_size=16).hexdigest()


def wants(wanted: Wanted, noun: StockMovement) -> None:
    """Ask for what is known of conflicts that an allocation opens, or its return closes."""
    if StockState.ALLOCATED in (noun.source.state, noun.target.state):
        for place in (noun.source, noun.target):
            wanted.documents.add((CONFLICT, conflict_id(noun.item, place.site)))


def watch(batch: Batch, turn: Turn, movements: Sequence[Movement]) -> None:
    """See what a warehouse's own allocations, just entered, leave of what was promised."""
    for one in movements:
        if one.owner:
            continue  # goods of others are never promised
        if one.to_state == StockState.ALLOCATED and one.from_state == StockState.AVAILABLE:
            lacking = -turn.book.backed(one.item, one.from_site)
            if lacking > 0:
                _open(batch, turn, one, lacking)
        elif one.from_state == StockState.ALLOCATED:
            document = batch.document(CONFLICT, conflict_id(one.item, one.from_site))
            if document is not None:
                look(batch, turn, document)


def _open(batch: Batch, turn: Turn, movement: Movement, lacking: int) -> None:
    item, site = movement.item, movement.from_site
    known = batch.document(CONFLICT, conflict_id(item, site))
    body = None if known is None else _BODY.decode(known.body)
    if body is None or not body.open:
        body = Conflict(item, site, lacking)
    before = body.allocated.get(movement.document, 0)
    body.allocated[movement.document] = before + movement.quantity
    body.lacking = lacking
    body.promised = batch.promised_at(item, site)
    _keep(batch, turn, body)


def look(batch: Batch, turn: Turn, document: Document) -> None:
    """Look at a conflict again: close it when what is promised is there."""
    body = _BODY.decode(document.body)
    if not body.open:
        return
    body.lacking = max(0, -turn.book.backed(body.item, body.site))
    body.looks += 1
    if not body.lacking:
        body.open = False
    _keep(batch, turn, body)


def _keep(batch: Batch, turn: Turn, body: Conflict) -> None:
    """Store the document, with a timer while it is open, and say how it stands."""
    pause = timedelta(seconds=_LOOK_SECONDS * 2 ** min(body.looks, _DOUBLINGS_MAX))
    due = turn.message.received_time + pause if body.open else None
    body.noted = {**body.noted, turn.message.partition: turn.message.position}
    batch.store_document(turn, CONFLICT, conflict_id(body.item, body.site), body, due)
    state = f"{body.lacking} lacking" if body.open else f"resolved at {turn.message.place}"
    turn.note(
        "conflicting-reservation",
        f"{body.item}/{body.site}",
        f"{state}: the warehouse allocated {_allocated(body)},"
        f" the hub promised {_promised(body.promised)}",
    )
    if not body.open:
        turn.cure("conflicting-reservation", f"{body.item}/{body.site}", state, body.noted)


def _allocated(body: Conflict) -> str:
    return ", ".join(f"{units} for {name}" for name, units in sorted(body.allocated.items()))


def _promised(promised: Sequence[Promised]) -> str:
    named = ", ".join(f"{one.units} to {one.to}" for one in promised[:_NAMED_MAX])
    more = len(promised) - _NAMED_MAX
    return f"{named} and to {more} more" if more > 0 else named or "units to nobody who is known"
