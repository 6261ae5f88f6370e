"""What a lot's record, its expiry and a recall do: what may not be sold leaves the shelves."""

from __future__ import annotations

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.lots import LotRecord, Recall
from crossdock.log.accounts import document_id
from crossdock.log.records import Document, Wanted
from crossdock.sagas import lots
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.deciders.goods import enter
from crossdock.sagas.deciders.timers import TIMERS
from crossdock.sagas.lots import LOT, LotBook, RecallMark
from crossdock.sagas.turn import Turn


def _changed(batch: Batch, turn: Turn, noun: LotRecord) -> None:
    book = lots.book_of(batch, noun.item, noun.lot)
    if book.revision >= noun.revision:
        turn.supersede(f"revision {book.revision} of the lot is known")
        return
    book.revision, book.batch = noun.revision, noun.batch or ""
    book.expires_at, book.expired = noun.expires_at, False
    enter(turn, lots.keep(batch, turn, book))


def _recalled(batch: Batch, turn: Turn, noun: Recall) -> None:
    for lot in dict.fromkeys(noun.lots):
        book = lots.book_of(batch, noun.item, lot)
        known = book.recalls.get(noun.recall_id, RecallMark())
        lifted = known.lifted or noun.lifted  # for good, whichever is told first
        book.recalls[noun.recall_id] = RecallMark(list(noun.sites), lifted)
        enter(turn, lots.keep(batch, turn, book))
        elsewhere = "" if lifted else lots.whereabouts(batch, book)
        if elsewhere:
            turn.note("recalled-units-elsewhere", f"{noun.recall_id}/{noun.item}/{lot}", elsewhere)


def _woken(batch: Batch, turn: Turn, document: Document) -> None:
    """The lot expires now, or units of a blocked one stand on a shelf."""
    book = msgspec.json.decode(document.body, type=LotBook)
    if book.expires_at is not None and book.expires_at <= turn.message.event_time:
        book.expired = True
    enter(turn, lots.keep(batch, turn, book))


TIMERS[LOT] = _woken


def _wants_lot(wanted: Wanted, noun: LotRecord) -> None:
    wanted.items.add(noun.item)
    wanted.documents.add((LOT, document_id(noun.item, noun.lot)))
    wanted.lots.add((noun.item, noun.lot))


def _wants_lots(wanted: Wanted, noun: Recall) -> None:
    wanted.items.add(noun.item)
    wanted.documents.update((LOT, document_id(noun.item, lot)) for lot in noun.lots)
    wanted.lots.update((noun.item, lot) for lot in noun.lots)


DECIDERS: dict[str, Decider] = {
    catalogue.LOT_CHANGED: Decider(_changed, _wants_lot),
    catalogue.RECALL_ORDERED: Decider(_recalled, _wants_lots),
}
"""Lots, and what was called back."""
