"""What the two legs of a transfer do: out of one site, on the way, into the other (R94).

Legs add up under their own keys, so they may come in any order. What was sent and what arrived are
compared when the receiver says that no more is to come; a timer finds what nobody ends.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.stock import units_of
from crossdock.contracts.transfers import TransferLine, TransferReceipt, TransferShipment
from crossdock.contracts.vocabulary import MovementKind, StockState
from crossdock.log.records import Document, Movement, Wanted
from crossdock.sagas import lots
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.deciders.goods import enter, wants_lots
from crossdock.sagas.deciders.timers import TIMERS
from crossdock.sagas.turn import Turn

TRANSFER = "transfer"
"""The kind of document that remembers a transfer; it wakes when all should have arrived."""


class TransferBook(msgspec.Struct, omit_defaults=True):
    """What was sent and what arrived, in base units by item and lot."""

    sent: dict[str, int] = {}
    received: dict[str, int] = {}
    bound_for: list[str] = []  # sites
    arrived_at: list[str] = []
    final: bool = False
    until: datetime | None = None
    overdue: bool = False

    def square(self) -> bool:
        """Whether all that was sent has arrived, and nothing else."""
        return self.sent == self.received and self.arrived_at == self.bound_for

    def open(self) -> bool:
        """Whether something is still expected to happen."""
        return not self.square() and not self.overdue and not (self.final and self.sent)


_BOOK = msgspec.json.Decoder(TransferBook)


def _book(batch: Batch, number: str) -> TransferBook:
    document = batch.document(TRANSFER, number)
    return TransferBook() if document is None else _BOOK.decode(document.body)


def _shipped(batch: Batch, turn: Turn, noun: TransferShipment) -> None:
    book = _book(batch, noun.transfer_id)
    source = (noun.site, StockState.AVAILABLE)
    target = (noun.destination, StockState.IN_TRANSIT)
    for line in noun.lines:
        _add(book.sent, line)
        _enter(batch, turn, noun.transfer_id, line, source, target, MovementKind.TRANSFER_OUT)
    book.bound_for = sorted({*book.bound_for, noun.destination})
    _wait_until(batch, turn, book, noun.expected_by)
    _judge(batch, turn, noun.transfer_id, book)


def _received(batch: Batch, turn: Turn, noun: TransferReceipt) -> None:
    book = _book(batch, noun.transfer_id)
    source = (noun.site, StockState.IN_TRANSIT)
    target = (noun.site, batch.policy.state_of_receipt(noun.site, noun.state))
    for line in noun.lines:
        _add(book.received, line)
        _enter(batch, turn, noun.transfer_id, line, source, target, MovementKind.TRANSFER_IN)
    book.arrived_at = sorted({*book.arrived_at, noun.site})
    book.final = book.final or noun.final
    _wait_until(batch, turn, book, None)
    _judge(batch, turn, noun.transfer_id, book)


def _add(sums: dict[str, int], line: TransferLine) -> None:
    for lot, quantity in units_of(line.lot, line.serials, line.quantity):
        key = f"{line.item} {lot}".strip()
        sums[key] = sums.get(key, 0) + quantity


def _enter(
    batch: Batch,
    turn: Turn,
    document: str,
    line: TransferLine,
    source: tuple[str, StockState],
    target: tuple[str, StockState],
    kind: MovementKind,
) -> None:
    movements = [
        Movement(line.item, lot, "", *source, *target, quantity, document, kind)
        for lot, quantity in units_of(line.lot, line.serials, line.quantity)
    ]
    enter(turn, lots.admit(batch, turn, movements))
    lots.watch_serials(batch, turn, line.item, line.serials)


def _wait_until(batch: Batch, turn: Turn, book: TransferBook, named: datetime | None) -> None:
    """Give the transfer time; the latest leg counts."""
    usual = turn.message.event_time + timedelta(hours=batch.policy.transfer_hours)
    until = named if named is not None else usual
    book.until = until if book.until is None else max(book.until, until)


def _judge(batch: Batch, turn: Turn, number: str, book: TransferBook) -> None:
    """Compare both legs once the receiver is done, and remember."""
    if book.final and book.sent and not book.square():
        turn.note("transfer-discrepancy", number, _difference(book))
    elif book.square():
        for kind in ("transfer-discrepancy", "transfer-overdue"):
            turn.cure(kind, number, "all that was sent has arrived")
    due = book.until if book.open() else None
    batch.store_document(turn, TRANSFER, number, book, due)


def _difference(book: TransferBook) -> str:
    told = [
        f"{book.received.get(key, 0)} received of {book.sent.get(key, 0)} sent of {key}"
        for key in sorted(book.sent.keys() | book.received.keys())
        if book.received.get(key, 0) != book.sent.get(key, 0)
    ]
    if book.arrived_at and book.arrived_at != book.bound_for:
        told.append(f"sent to {', '.join(book.bound_for)}, arrived at {', '.join(book.arrived_at)}")
    return "; ".join(told)


def _overdue(batch: Batch, turn: Turn, document: Document) -> None:
    book = _BOOK.decode(document.body)
    if not book.sent:
        told = "it arrived, and nobody said that it left"
    else:
        told = _difference(book) or "nobody said that no more is to come"
    turn.note("transfer-overdue", document.id, told)
    book.overdue = True
    batch.store_document(turn, TRANSFER, document.id, book)


TIMERS[TRANSFER] = _overdue


def _wants(wanted: Wanted, noun: TransferShipment | TransferReceipt) -> None:
    wanted.documents.add((TRANSFER, noun.transfer_id))
    for line in noun.lines:
        wants_lots(wanted, line.item, line.lot, line.serials)


DECIDERS: dict[str, Decider] = {
    catalogue.TRANSFER_SHIPPED: Decider(_shipped, _wants),
    catalogue.TRANSFER_RECEIVED: Decider(_received, _wants),
}
"""Both legs of a transfer."""
