"""Catch weight: grams kept beside the count, for goods of which no two weigh the same (R13).

Grams move between the same accounts as the units do, and are conserved like them. They are moved as
they are said: what a picker weighs may differ from what the receipt said, and the difference stays
visible where goods are gone and grams are left (`crossdock verify`, `weight_without_goods`).
"""

from __future__ import annotations

from crossdock.contracts.returns import ReturnReceipt
from crossdock.contracts.stock import Receipt, StockAdjustment, StockMovement
from crossdock.contracts.vocabulary import StockState
from crossdock.inventory.ledger import DISPOSED
from crossdock.log.records import Weighed


def received(said: Receipt) -> list[Weighed]:
    """Through the door, from the supplier."""
    return [
        Weighed(
            line.item,
            line.lot or "",
            "",
            said.site,
            StockState.SUPPLIER,
            said.site,
            line.state,
            line.weight_grams,
            said.receipt_id,
        )
        for line in said.lines
        if line.weight_grams
    ]


def adjusted(said: StockAdjustment) -> list[Weighed]:
    """Heavier or lighter than believed: the adjustment account answers for it."""
    if not said.weight_change_grams:
        return []
    source, target = StockState.ADJUSTMENT, said.state
    if said.weight_change_grams < 0:
        source, target = target, source
    return [
        Weighed(
            said.item,
            said.lot or "",
            said.owner or "",
            said.site,
            source,
            said.site,
            target,
            abs(said.weight_change_grams),
            said.adjustment_id,
        )
    ]


def moved(said: StockMovement) -> list[Weighed]:
    """From state to state, from site to site."""
    if not said.weight_grams:
        return []
    return [
        Weighed(
            said.item,
            said.lot or "",
            said.owner or "",
            said.source.site,
            said.source.state,
            said.target.site,
            said.target.state,
            said.weight_grams,
            said.document or said.movement_id,
        )
    ]


def returned(said: ReturnReceipt) -> list[Weighed]:
    """Back from the customer, to where the disposition sends the goods."""
    return [
        Weighed(
            line.item,
            line.lot or "",
            "",
            said.site,
            StockState.CUSTOMER,
            said.site,
            DISPOSED[line.disposition][0],
            line.weight_grams,
            said.return_receipt_id,
        )
        for line in said.lines
        if line.weight_grams
    ]
