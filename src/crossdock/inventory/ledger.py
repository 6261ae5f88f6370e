"""What each fact moves in the double-entry ledger: from account to account, never into nothing.

An account is item x site x lot x state x owner. Outside accounts (supplier, customer, adjustment)
stand for the world beyond the door of a site, so every site's accounts sum to zero (I12).
"""

from __future__ import annotations

from crossdock.contracts.movements import RULES
from crossdock.contracts.returns import ReturnReceipt
from crossdock.contracts.stock import Receipt, StockAdjustment, StockMovement, units_of
from crossdock.contracts.vocabulary import AdjustmentReason, Disposition, MovementKind, StockState
from crossdock.log.records import Movement

DISPOSED = {
    Disposition.RESTOCK: (StockState.AVAILABLE, MovementKind.RESTOCK),
    Disposition.QUARANTINE: (StockState.QUARANTINE, MovementKind.RETURN),
    Disposition.SCRAP: (StockState.SCRAPPED, MovementKind.RETURN),
    Disposition.SUPPLIER: (StockState.SUPPLIER, MovementKind.RETURN),
    Disposition.REPAIR: (StockState.REPAIR, MovementKind.RETURN),
    Disposition.HOLD: (StockState.RETURNED, MovementKind.RETURN),
}
"""Where returned goods go, and by which kind of movement."""


def within(
    item: str,
    site: str,
    lot: str,
    source: StockState,
    target: StockState,
    quantity: int,
    document: str,
    kind: MovementKind,
) -> Movement:
    """Goods of our own change state at one site."""
    return Movement(item, lot, "", site, source, site, target, quantity, document, kind)


def picked(item: str, site: str, lot: str, quantity: int, document: str) -> Movement:
    """Off the shelf, onto the staging floor."""
    source, target = StockState.AVAILABLE, StockState.PICKED
    return within(item, site, lot, source, target, quantity, document, MovementKind.PICK)


def not_found(item: str, site: str, lot: str, quantity: int, document: str) -> Movement:
    """The picker did not find it: no longer promised, until a count decides."""
    source, target = StockState.AVAILABLE, StockState.MISSING
    return within(item, site, lot, source, target, quantity, document, MovementKind.SHORT_PICK)


def shipped(item: str, site: str, lot: str, quantity: int, document: str) -> Movement:
    """Through the door, to the customer."""
    source, target = StockState.PICKED, StockState.CUSTOMER
    return within(item, site, lot, source, target, quantity, document, MovementKind.SHIP)


def received(said: Receipt) -> list[Movement]:
    """Through the door, from the supplier, into the state that inspection gave (base units)."""
    return [
        Movement(
            line.item,
            lot,
            line.owner or "",
            said.site,
            StockState.SUPPLIER,
            said.site,
            line.state,
            quantity,
            said.receipt_id,
            MovementKind.RECEIVE,
        )
        for line in said.lines
        for lot, quantity in units_of(line.lot, line.serials, line.units)
    ]


def adjusted(said: StockAdjustment) -> list[Movement]:
    """More or fewer base units than believed: the adjustment account answers for them."""
    source, target = StockState.ADJUSTMENT, said.state
    quantity = said.units
    if quantity < 0:
        source, target = target, source
    kind = MovementKind.COUNT if said.reason is AdjustmentReason.COUNT else MovementKind.ADJUST
    return [
        Movement(
            said.item,
            said.lot or "",
            said.owner or "",
            said.site,
            source,
            said.site,
            target,
            abs(quantity),
            said.adjustment_id,
            kind,
        )
    ]


def misfit(said: StockMovement) -> str | None:
    """Why the states of a movement contradict its kind, in words; None when they do not."""
    source, target = said.source, said.target
    if RULES[said.kind].fits(source.state, target.state, apart=source.site != target.site):
        return None
    return (
        f"no goods {said.kind.value} from {source.state.value} at {source.site}"
        f" to {target.state.value} at {target.site}"
    )


def moved(said: StockMovement) -> list[Movement]:
    """Goods changed state or site as the warehouse says."""
    return [
        Movement(
            said.item,
            lot,
            said.owner or "",
            said.source.site,
            said.source.state,
            said.target.site,
            said.target.state,
            quantity,
            said.document or said.movement_id,
            said.kind,
        )
        for lot, quantity in units_of(said.lot, said.serials, said.quantity)
    ]


def returned(said: ReturnReceipt) -> list[Movement]:
    """Back from the customer, to where the disposition sends them."""
    return [
        within(
            line.item,
            said.site,
            lot,
            StockState.CUSTOMER,
            DISPOSED[line.disposition][0],
            quantity,
            said.return_receipt_id,
            DISPOSED[line.disposition][1],
        )
        for line in said.lines
        for lot, quantity in units_of(line.lot, line.serials, line.quantity)
    ]


def sellable_change(movement: Movement) -> list[tuple[str, str, int]]:
    """What a movement does to promise rows: (item, site, base units more or fewer on the shelf).

    Goods that others own are kept for them; only our own may be promised.
    """
    if movement.owner:
        return []
    changes = []
    if movement.from_state == StockState.AVAILABLE:
        changes.append((movement.item, movement.from_site, -movement.quantity))
    if movement.to_state == StockState.AVAILABLE:
        changes.append((movement.item, movement.to_site, movement.quantity))
    return changes
