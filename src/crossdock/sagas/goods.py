"""What a warehouse did for an order, as movements of the ledger: by lot, where lots were named."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.contracts.vocabulary import MovementKind, PickSource, StockState
from crossdock.inventory import ledger
from crossdock.log.records import Movement
from crossdock.orders.facts import Happened

_PICKED, _CUSTOMER = StockState.PICKED, StockState.CUSTOMER


def moved_for_order(done: Happened, document: str) -> Iterator[Movement]:
    """Off the shelf, not found there, through the door.

    Where it turns out that other lots left than were picked, what was booked is taken back.
    """
    item, site = done.item, done.site
    if not done.goods:
        yield ledger.picked(item, site, "", done.taken, document)
    for (source, lot), taken, _ in done.goods:
        if taken:
            yield _taken(done, PickSource(source), lot, taken, document)
    yield ledger.not_found(item, site, done.lot, done.short, document)
    if not done.goods:
        yield ledger.shipped(item, site, "", done.shipped, document)
    for lot, shipped in _shipped_by_lot(done).items():
        if shipped > 0:
            yield ledger.shipped(item, site, lot, shipped, document)
        elif shipped < 0:
            yield ledger.within(
                item, site, lot, _CUSTOMER, _PICKED, -shipped, document, MovementKind.ADJUST
            )


def _shipped_by_lot(done: Happened) -> dict[str, int]:
    """Shipped goods of one lot are one movement, wherever they were taken from."""
    sums: dict[str, int] = {}
    for (_, lot), _, shipped in done.goods:
        sums[lot] = sums.get(lot, 0) + shipped
    return sums


def _taken(done: Happened, source: PickSource, lot: str, taken: int, document: str) -> Movement:
    stood = StockState(source.value)
    kind = MovementKind.CROSS_DOCK if source is PickSource.RECEIVED else MovementKind.PICK
    ends = (stood, _PICKED) if taken > 0 else (_PICKED, stood)
    kind = kind if taken > 0 else MovementKind.ADJUST
    return ledger.within(done.item, done.site, lot, *ends, abs(taken), document, kind)
