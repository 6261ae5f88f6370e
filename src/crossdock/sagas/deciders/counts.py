"""What a count does: the account held so many at its moment, whatever is told later (R92).

A count fixes an account at its event time. The difference to what the ledger had for that moment
is entered as a movement of that moment. When a movement that happened before it is told after it,
the store wakes the count's document, and the difference is corrected by a further movement: so
the end does not depend on who was told first. Corrections that are too large wait for approval;
counts that differ by more than the house tolerates are shown (R90, R91).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from crossdock.contracts import catalogue, counts, stock
from crossdock.contracts.vocabulary import AdjustmentReason, MovementKind, StockState
from crossdock.inventory import ledger, limits, weights
from crossdock.inventory.limits import CorrectionLimit
from crossdock.log.accounts import Account, document_id
from crossdock.log.records import Document, Movement, Wanted
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider
from crossdock.sagas.deciders.goods import count, enter
from crossdock.sagas.deciders.timers import TIMERS
from crossdock.sagas.operations import HANDLED, Handled
from crossdock.sagas.turn import Turn

COUNT = "count"
"""The kind of document that remembers the counts of one account; a movement may wake it."""

PENDING = "adjustment"
"""The kind of document that keeps a correction until somebody approves of it."""


class CountMark(msgspec.Struct, array_like=True):
    """One count of an account."""

    at: datetime
    quantity: int
    count_id: str
    place: str  # of its message
    change: int = 0  # all that was entered for it so far
    told: str = ""  # what people are shown of it
    noted: dict[int, int] = {}  # where they were shown it last, by partition


class CountBook(msgspec.Struct):
    """Every count of one account, by event time."""

    account: Account
    counts: list[CountMark] = []


class Pending(msgspec.Struct, omit_defaults=True):
    """A correction that is too large to be booked unseen, or what was decided on it."""

    state: str  # "pending", "booked", "rejected"; "approved" before it is there itself
    type: str = ""
    said: Any = None  # its noun
    at: datetime | None = None  # its event time
    place: str = ""
    change: int = 0
    limit: str = ""
    decided_by: str = ""


_BOOK = msgspec.json.Decoder(CountBook)
_PENDING = msgspec.json.Decoder(Pending)


def account_of(said: counts.StockCount | stock.StockAdjustment) -> Account:
    """The ledger account that was counted or corrected."""
    return said.item, said.site, said.lot or "", said.state.value, said.owner or ""


# Counts -----------------------------------------------------------------------------------------


def _counted(batch: Batch, turn: Turn, said: counts.StockCount) -> None:
    noun = count(batch, turn, said.item, said)
    if noun is None:
        return
    at = turn.message.event_time.astimezone(UTC)
    if batch.policy.adjustment_limits:
        [held] = batch.accounts.held([(account_of(noun), at)])
        if _must_wait(batch, turn, noun.count_id, noun, noun.units - held, held):
            return
    _take_count(batch, turn, noun, at, turn.message.place)


def _take_count(
    batch: Batch, turn: Turn, noun: counts.StockCount, at: datetime, place: str
) -> None:
    """Let the account have held so many at that moment."""
    account = account_of(noun)
    known = batch.document(COUNT, document_id(*account))
    book = CountBook(account) if known is None else _BOOK.decode(known.body)
    mark = CountMark(at, noun.units, noun.count_id, place)
    same = [other for other in book.counts if other.at == at]
    if same and same[0].count_id > mark.count_id:
        turn.supersede("another count of the same moment stands")
        return
    _replace(turn, account, same, mark)
    book.counts = sorted([*(c for c in book.counts if c.at != at), mark], key=lambda c: c.at)
    _settle(batch, turn, book, mark)


def _replace(turn: Turn, account: Account, same: list[CountMark], mark: CountMark) -> None:
    """Take over what was entered for another count of the moment; it is not so any more."""
    for other in same:
        mark.change = other.change
        if other.count_id == mark.count_id:
            mark.told, mark.noted = other.told, other.noted
        elif other.told:
            _show(turn, account, other, "another count of the same moment stands", over=True)


def _settle(batch: Batch, turn: Turn, book: CountBook, new: CountMark | None = None) -> None:
    """Enter what is still missing for every count to be so, oldest first."""
    item, site = book.account[:2]
    tolerance = _narrowest(batch, batch.policy.count_tolerances, item, site)
    batch.accounts.held((book.account, mark.at) for mark in book.counts)
    for mark in book.counts:
        [held] = batch.accounts.held([(book.account, mark.at)])
        if held == mark.quantity and mark is not new:
            continue
        mark.change += mark.quantity - held
        enter(turn, [_correction(book.account, mark, mark.quantity - held)])
        if tolerance is not None:
            _watch(turn, book.account, mark, tolerance)
    number = document_id(*book.account)
    batch.accounts.count(book.account, number, {mark.at: mark.quantity for mark in book.counts})
    batch.store_document(turn, COUNT, number, book)


def _watch(turn: Turn, account: Account, mark: CountMark, tolerance: CorrectionLimit) -> None:
    """Show a count that differs by more than is tolerated, and that it does not any more."""
    words = limits.variance(tolerance, mark.quantity, mark.change)
    if words != mark.told:
        told = words or "within the tolerance, as was told later"
        _show(turn, account, mark, told, over=not words)
        mark.told = words


def _show(turn: Turn, account: Account, mark: CountMark, words: str, *, over: bool) -> None:
    item, site = account[:2]
    key = f"{site}/{mark.count_id}/{item}"
    turn.note("stock-variance", key, words)
    mark.noted = {**mark.noted, turn.message.partition: turn.message.position}
    if over:
        turn.cure("stock-variance", key, words, mark.noted)


def _correction(account: Account, mark: CountMark, change: int) -> Movement:
    item, site, lot, state, owner = account
    source, target = StockState.ADJUSTMENT, StockState(state)
    if change < 0:
        source, target = target, source
    return Movement(
        item, lot, owner, site, source, site, target, abs(change), mark.count_id,
        MovementKind.COUNT, mark.at,
    )  # fmt: skip


def _woken(batch: Batch, turn: Turn, document: Document) -> None:
    """A movement that happened before a count was told after it."""
    _settle(batch, turn, _BOOK.decode(document.body))


TIMERS[COUNT] = _woken


# Adjustments ------------------------------------------------------------------------------------


def _adjusted(batch: Batch, turn: Turn, said: stock.StockAdjustment) -> None:
    noun = count(batch, turn, said.item, said)
    if noun is None:
        return
    if noun.quantity == 0 and not noun.weight_change_grams:
        turn.supersede("an adjustment by nothing")
        return
    if batch.policy.adjustment_limits and noun.reason is not AdjustmentReason.OPENING:
        [held] = batch.accounts.held([(account_of(noun), turn.message.event_time)])
        if _must_wait(batch, turn, noun.adjustment_id, noun, noun.units, held):
            return
    enter(turn, ledger.adjusted(noun))
    turn.outcome.weights += weights.adjusted(noun)


def _must_wait(
    batch: Batch,
    turn: Turn,
    number: str,
    noun: counts.StockCount | stock.StockAdjustment,
    change: int,
    held: int,
) -> bool:
    """Hold a correction that is too large, unless it was approved of already."""
    limit = _limit(batch, noun, change, held)
    if not limit:
        return False
    document = batch.document(PENDING, number)
    known = None if document is None else _PENDING.decode(document.body)
    if known is not None and known.state == "approved":
        batch.store_document(turn, PENDING, number, _pending(turn, noun, change, limit, "booked"))
        return False
    if known is not None and known.state == "rejected" and not known.type:
        turn.hold("it was rejected before it came")
    elif known is not None:
        turn.hold("another correction has this id")
    else:
        batch.store_document(turn, PENDING, number, _pending(turn, noun, change, limit, "pending"))
        turn.hold("a correction of this size needs approval")
        turn.note("adjustment-awaits-approval", number, f"{change:+} of {noun.item}: {limit}")
    return True


def _pending(
    turn: Turn,
    noun: counts.StockCount | stock.StockAdjustment,
    change: int,
    limit: str,
    state: str,
) -> Pending:
    message = turn.message
    at = message.event_time.astimezone(UTC)
    return Pending(state, message.type, noun, at, message.place, change, limit)


def _limit(
    batch: Batch, noun: counts.StockCount | stock.StockAdjustment, change: int, held: int
) -> str:
    """Which limit a change goes beyond, in words; "" where none."""
    limit = _narrowest(batch, batch.policy.adjustment_limits, noun.item, noun.site)
    return "" if limit is None or not change else limit.exceeded(change, held)


def _narrowest(
    batch: Batch, of: tuple[CorrectionLimit, ...], item: str, site: str
) -> CorrectionLimit | None:
    """The limit that holds for an item at a site; its master is read only where a class counts."""
    item_class = ""
    if any(limit.item_class for limit in of):
        known = batch.item(item)
        item_class = (known.item_class or "") if known is not None else ""
    return limits.narrowest(of, site, item_class)


# Approval ---------------------------------------------------------------------------------------


def _approved(batch: Batch, turn: Turn, noun: counts.AdjustmentApproval) -> None:
    known = _decided(batch, turn, noun.adjustment_id, "approved", noun.decided_by)
    if known is None:
        return
    at = known.at or turn.message.event_time
    if known.type == catalogue.STOCK_COUNTED:
        counted = msgspec.convert(known.said, counts.StockCount)
        _take_count(batch, turn, counted, at, known.place)
    else:
        adjustment = msgspec.convert(known.said, stock.StockAdjustment)
        for movement in ledger.adjusted(adjustment):
            movement.event_time = at
            enter(turn, [movement])
        turn.outcome.weights += weights.adjusted(adjustment)


def _rejected(batch: Batch, turn: Turn, noun: counts.AdjustmentRejection) -> None:
    _decided(batch, turn, noun.adjustment_id, "rejected", noun.decided_by)


def _decided(batch: Batch, turn: Turn, number: str, verdict: str, by: str) -> Pending | None:
    """Take note of a verdict; gives the correction that waited for it, if it did."""
    document = batch.document(PENDING, number)
    if document is None:
        batch.store_document(turn, PENDING, number, Pending(verdict, decided_by=by))
        return None
    known = _PENDING.decode(document.body)
    if known.state != "pending":
        turn.supersede(f"it was {known.state} before")
        return None
    partition, _, position = known.place.partition(":")
    noted = {int(partition): int(position)}
    turn.cure("adjustment-awaits-approval", number, f"{verdict} by {by or 'its owner'}", noted)
    batch.store_document(
        turn, HANDLED, known.place, Handled(verdict, turn.message.place, by, f"{number}: {verdict}")
    )
    known.state = "booked" if verdict == "approved" else verdict
    known.decided_by = by
    batch.store_document(turn, PENDING, number, known)
    return known


def _wants_count(wanted: Wanted, noun: counts.StockCount) -> None:
    _wants_adjustment(wanted, noun)
    wanted.documents.add((COUNT, document_id(*account_of(noun))))


def _wants_pending(wanted: Wanted, noun: Any) -> None:
    wanted.documents.add((PENDING, noun.adjustment_id))


def _wants_adjustment(wanted: Wanted, noun: counts.StockCount | stock.StockAdjustment) -> None:
    wanted.items.add(noun.item)
    if noun.unit is not None:
        wanted.masters.add(("item", noun.item))


DECIDERS: dict[str, Decider] = {
    catalogue.STOCK_COUNTED: Decider(_counted, _wants_count),
    catalogue.STOCK_ADJUSTED: Decider(_adjusted, _wants_adjustment),
    catalogue.ADJUSTMENT_APPROVED: Decider(_approved, _wants_pending),
    catalogue.ADJUSTMENT_REJECTED: Decider(_rejected, _wants_pending),
}
"""Counts, corrections, and who approves of the large ones."""
