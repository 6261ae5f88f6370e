"""What a warehouse did for an order, as movements of the ledger: by lot, where lots were named."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from crossdock.contracts.vocabulary import MovementKind, PickSource, StockState
from crossdock.inventory import ledger
from crossdock.log.records import Movement
from crossdock.orders.facts import Happened
from crossdock.orders.lots import Key

Goods = tuple[tuple[Key, int, int], ...]
"""By source and lot, how many more units were taken, and shipped."""

_PICKED, _CUSTOMER = StockState.PICKED, StockState.CUSTOMER


def moved_for_order(done: Happened, document: str) -> Iterator[Movement]:
    """Off the shelf, through the door, not found there.

    Where it turns out that other lots left than were picked, what was booked is taken back. What is
    told after later facts is entered as of the moments at which it changes what was taken.
    """
    if done.steps:
        for step in done.steps:
            for movement in _by_lot(done, step.goods, document):
                yield structs.replace(movement, event_time=step.at)
    elif done.goods:
        yield from _by_lot(done, done.goods, document)
    else:
        yield ledger.picked(done.item, done.site, "", done.taken, document)
        yield ledger.shipped(done.item, done.site, "", done.shipped, document)
    yield ledger.not_found(done.item, done.site, done.lot, done.short, document)


def _by_lot(done: Happened, goods: Goods, document: str) -> Iterator[Movement]:
    for (source, lot), taken, _ in goods:
        if taken:
            yield _taken(done, PickSource(source), lot, taken, document)
    for lot, shipped in _shipped_by_lot(goods).items():
        if shipped > 0:
            yield ledger.shipped(done.item, done.site, lot, shipped, document)
        elif shipped < 0:
            ends, kind = (_CUSTOMER, _PICKED), MovementKind.ADJUST
            yield ledger.within(done.item, done.site, lot, *ends, -shipped, document, kind)


def _shipped_by_lot(goods: Goods) -> dict[str, int]:
    """Shipped goods of one lot are one movement, wherever they were taken from."""
    sums: dict[str, int] = {}
    for (_, lot), _, shipped in goods:
        sums[lot] = sums.get(lot, 0) + shipped
    return sums


def _taken(done: Happened, source: PickSource, lot: str, taken: int, document: str) -> Movement:
    stood = StockState(source.value)
    kind = MovementKind.CROSS_DOCK if source is PickSource.RECEIVED else MovementKind.PICK
    ends = (stood, _PICKED) if taken > 0 else (_PICKED, stood)
    kind = kind if taken > 0 else MovementKind.ADJUST
    return ledger.within(done.item, done.site, lot, *ends, abs(taken), document, kind)
