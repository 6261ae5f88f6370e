"""What is known of a lot: until when it may be sold, whether it was called back (R13).

A lot that may not be sold is blocked: what stands on a shelf goes to quarantine, and what comes
later goes there at once. Units that pass a decision by, because both were made at one time, are
found by the sweep, which wakes the lot's document.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from crossdock.contracts.movements import RULES
from crossdock.contracts.vocabulary import INSIDE, MovementKind, StockState
from crossdock.log.accounts import Blocked, document_id
from crossdock.log.records import Movement
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn

LOT = "lot"
"""The kind of document that remembers a lot; it wakes when the lot expires, or is for sale."""

_SHELF, _APART = StockState.AVAILABLE, StockState.QUARANTINE


class RecallMark(msgspec.Struct, omit_defaults=True):
    """One recall of a lot; a lifted one blocks nothing any more."""

    sites: list[str] = []  # none: every site
    lifted: bool = False


class LotBook(msgspec.Struct, omit_defaults=True):
    """A lot, as far as the hub must know it."""

    item: str
    lot: str
    batch: str = ""
    expires_at: datetime | None = None
    revision: int = 0  # of its record
    expired: bool = False
    recalls: dict[str, RecallMark] = {}

    def blocks(self, site: str) -> str:
        """Why it is not sold at a site; "" where it is."""
        for number, mark in sorted(self.recalls.items()):
            if not mark.lifted and (not mark.sites or site in mark.sites):
                return f"recalled by {number}"
        return "expired" if self.expired else ""

    def blocked(self) -> Blocked:
        """Where it is not sold, as the store keeps it."""
        open_recalls = [mark for mark in self.recalls.values() if not mark.lifted]
        everywhere = self.expired or any(not mark.sites for mark in open_recalls)
        sites = {site for mark in open_recalls for site in mark.sites}
        number = document_id(self.item, self.lot) if everywhere or sites else ""
        return Blocked(self.item, self.lot, () if everywhere else tuple(sorted(sites)), number)


_BOOK = msgspec.json.Decoder(LotBook)


def book_of(batch: Batch, item: str, lot: str) -> LotBook:
    """What is known of a lot; an empty page where nothing is.

    Raises:
        DocumentNotLoaded: the batch did not load it.
    """
    document = batch.document(LOT, document_id(item, lot))
    return LotBook(item, lot) if document is None else _BOOK.decode(document.body)


def keep(batch: Batch, turn: Turn, book: LotBook) -> list[Movement]:
    """Let the lot stand so from now on; gives what must go from the shelves for it."""
    due = None if book.expired else book.expires_at
    batch.store_document(turn, LOT, document_id(book.item, book.lot), book, due)
    batch.blocked[(book.item, book.lot)] = book.blocked()
    return _cleared(batch, turn, book)


def _cleared(batch: Batch, turn: Turn, book: LotBook) -> list[Movement]:
    """What of a blocked lot stands on shelves goes to quarantine."""
    movements = []
    for account, held in batch.accounts.of_lot((book.item, book.lot)).items():
        item, site, lot, state, owner = account
        why = book.blocks(site)
        if not why or held <= 0 or state != _SHELF:
            continue
        batch.accounts.held([(account, None)])
        kind = MovementKind.QUARANTINE if why == "expired" else MovementKind.RECALL
        document = why.removeprefix("recalled by ")
        movements.append(
            Movement(item, lot, owner, site, _SHELF, site, _APART, held, document, kind)
        )
        turn.note("lot-blocked", f"{item}/{lot}", f"{held} at {site} to quarantine: {why}")
    return movements


def whereabouts(batch: Batch, book: LotBook) -> str:
    """Where the units are that quarantine does not hold, in words."""
    found = [
        f"{held} {account[3]} at {account[1]}"
        for account, held in batch.accounts.of_lot((book.item, book.lot)).items()
        if held > 0
        and account[3] not in (_SHELF, _APART)
        and account[3] in (*INSIDE, StockState.CUSTOMER)
    ]
    return ", ".join(found)


def admit(batch: Batch, turn: Turn, movements: list[Movement]) -> list[Movement]:
    """The same movements, with units of blocked lots to quarantine instead of to a shelf."""
    admitted = []
    for movement in movements:
        why = ""
        if movement.lot and movement.to_state is _SHELF:
            why = book_of(batch, movement.item, movement.lot).blocks(movement.to_site)
        admitted.append(_kept_apart(turn, movement, why) if why else movement)
    return admitted


def _kept_apart(turn: Turn, movement: Movement, why: str) -> Movement:
    turn.note(
        "lot-blocked",
        f"{movement.item}/{movement.lot}",
        f"{movement.quantity} at {movement.to_site} to quarantine: {why}",
    )
    kind = movement.kind or MovementKind.MOVE
    apart = movement.from_site != movement.to_site
    if not RULES[kind].fits(movement.from_state, _APART, apart=apart):
        kind = MovementKind.QUARANTINE
    return msgspec.structs.replace(movement, to_state=_APART, kind=kind)


def watch_serials(batch: Batch, turn: Turn, item: str, serials: Sequence[str]) -> None:
    """Note every serial number of which the house has more than one unit."""
    for serial in serials:
        places = [
            f"{held} {account[3]} at {account[1]}"
            for account, held in batch.accounts.whole_lot((item, serial)).items()
            if held > 0 and account[3] in INSIDE
        ]
        if len(places) > 1 or any(not place.startswith("1 ") for place in places):
            turn.note("serial-in-two-places", f"{item}/{serial}", ", ".join(places))
