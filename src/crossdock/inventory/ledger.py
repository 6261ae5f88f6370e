"""What each fact moves in the double-entry ledger: from account to account, never into nothing.

An account is item x site x lot x state x owner. Outside accounts (supplier, customer, adjustment)
stand for the world beyond the door of a site, so every site's accounts sum to zero (I12).
"""

from __future__ import annotations

from crossdock.contracts.returns import ReturnReceipt
from crossdock.contracts.stock import Receipt, StockAdjustment, StockMovement
from crossdock.contracts.vocabulary import Disposition, StockState
from crossdock.log.records import Movement

_DISPOSED = {
    Disposition.RESTOCK: StockState.AVAILABLE,
    Disposition.QUARANTINE: StockState.QUARANTINE,
    Disposition.SCRAP: StockState.ADJUSTMENT,
}


def within(
    item: str,
    site: str,
    lot: str,
    source: StockState,
    target: StockState,
    quantity: int,
    document: str,
) -> Movement:
    """Goods of our own change state at one site."""
    return Movement(item, lot, "", site, source, site, target, quantity, document)


def picked(item: str, site: str, lot: str, quantity: int, document: str) -> Movement:
    """Off the shelf, onto the staging floor."""
    return within(item, site, lot, StockState.AVAILABLE, StockState.PICKED, quantity, document)


def not_found(item: str, site: str, lot: str, quantity: int, document: str) -> Movement:
    """The picker did not find it: no longer promised, until a count decides."""
    return within(item, site, lot, StockState.AVAILABLE, StockState.MISSING, quantity, document)


def shipped(item: str, site: str, lot: str, quantity: int, document: str) -> Movement:
    """Through the door, to the customer."""
    return within(item, site, lot, StockState.PICKED, StockState.CUSTOMER, quantity, document)


def received(said: Receipt) -> list[Movement]:
    """Through the door, from the supplier, into the state that inspection gave."""
    return [
        within(
            line.item,
            said.site,
            line.lot or "",
            StockState.SUPPLIER,
            line.state,
            line.quantity,
            said.receipt_id,
        )
        for line in said.lines
        if line.quantity
    ]


def adjusted(said: StockAdjustment) -> list[Movement]:
    """More or fewer than believed: the adjustment account answers for the difference."""
    source, target = StockState.ADJUSTMENT, said.state
    if said.quantity < 0:
        source, target = target, source
    return [
        Movement(
            said.item,
            said.lot or "",
            said.owner or "",
            said.site,
            source,
            said.site,
            target,
            abs(said.quantity),
            said.adjustment_id,
        )
    ]


def moved(said: StockMovement) -> list[Movement]:
    """Goods changed state or site as the warehouse says."""
    return [
        Movement(
            said.item,
            said.lot or "",
            said.owner or "",
            said.source.site,
            said.source.state,
            said.target.site,
            said.target.state,
            said.quantity,
            said.document or said.movement_id,
        )
    ]


def returned(said: ReturnReceipt) -> list[Movement]:
    """Back from the customer, to where the disposition sends them."""
    return [
        within(
            line.item,
            said.site,
            line.lot or "",
            StockState.CUSTOMER,
            _DISPOSED[line.disposition],
            line.quantity,
            said.return_receipt_id,
        )
        for line in said.lines
    ]


def sellable_change(movement: Movement) -> list[tuple[str, str, int]]:
    """What a movement does to promise rows: (item, site, base units more or fewer on the shelf)."""
    changes = []
    if movement.from_state == StockState.AVAILABLE:
        changes.append((movement.item, movement.from_site, -movement.quantity))
    if movement.to_state == StockState.AVAILABLE:
        changes.append((movement.item, movement.to_site, movement.quantity))
    return changes
