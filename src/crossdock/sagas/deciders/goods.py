"""What the warehouses' facts about stock do: receipts, movements, adjustments."""

from __future__ import annotations

from typing import Any

from crossdock.contracts import catalogue, stock
from crossdock.inventory import ledger
from crossdock.sagas import fulfilment
from crossdock.sagas.batch import Batch
from crossdock.sagas.deciders.decider import Decider, items_of_lines, its_item
from crossdock.sagas.turn import Turn


def _received(batch: Batch, turn: Turn, noun: stock.Receipt) -> None:
    enter(turn, ledger.received(noun))
    for line in noun.lines:
        if line.expected is not None and line.expected != line.quantity:
            turn.note(
                "receipt-discrepancy",
                f"{noun.site}/{noun.receipt_id}/{line.item}",
                f"{line.quantity} received of {line.expected} expected",
            )


def _adjusted(batch: Batch, turn: Turn, noun: stock.StockAdjustment) -> None:
    if noun.quantity == 0:
        turn.supersede("an adjustment by nothing")
        return
    enter(turn, ledger.adjusted(noun))


def _moved(batch: Batch, turn: Turn, noun: stock.StockMovement) -> None:
    contradiction = ledger.misfit(noun)
    if contradiction is not None:
        turn.hold("the states of this movement contradict its kind")
        turn.note("movement-contradicts-kind", noun.movement_id, contradiction)
        return
    if noun.serials and len(noun.serials) != noun.quantity:
        turn.note(
            "serials-do-not-match",
            noun.movement_id,
            f"{len(noun.serials)} serial numbers for {noun.quantity} units of {noun.item}",
        )
    enter(turn, ledger.moved(noun))


def enter(turn: Turn, movements: list[Any]) -> None:
    """Enter movements, then give what came free to those who wait."""
    freed: set[tuple[str, str]] = set()
    for movement in movements:
        turn.move(movement)
        freed.update(
            (item, site) for item, site, change in ledger.sellable_change(movement) if change > 0
        )
    for item, site in sorted(freed):
        fulfilment.serve_waiting(turn, item, site)


DECIDERS: dict[str, Decider] = {
    catalogue.RECEIPT_POSTED: Decider(_received, items_of_lines),
    catalogue.STOCK_ADJUSTED: Decider(_adjusted, its_item),
    catalogue.STOCK_MOVED: Decider(_moved, its_item),
}
"""Every fact about goods that belongs to no order."""
