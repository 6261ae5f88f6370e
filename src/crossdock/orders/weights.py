"""What a warehouse weighed for an order, in grams.

A shipment implies its pick, in grams as in units: off the shelf went the larger of what was weighed
at the pick and at the door, so that it does not matter which of the two is told first.
"""

from __future__ import annotations

from crossdock.contracts.shipments import Pick, Shipment
from crossdock.contracts.vocabulary import StockState
from crossdock.log.records import Weighed
from crossdock.orders.state import OrderState


def weigh(order: OrderState, said: Pick | Shipment) -> list[Weighed]:
    """Learn what was weighed; gives the grams that went from account to account."""
    document = said.pick_id if isinstance(said, Pick) else said.shipment_id
    weighed = []
    for done in said.lines:
        grams = done.weight_grams
        if not grams:
            continue
        place = order.line(done.line, done.item).at(said.site)
        before = place.taken_grams
        if isinstance(said, Pick):
            place.picked_grams += grams
        else:
            place.shipped_grams += grams
        ways = [(StockState.AVAILABLE, StockState.PICKED, place.taken_grams - before)]
        if isinstance(said, Shipment):
            ways.append((StockState.PICKED, StockState.CUSTOMER, grams))
        weighed += [
            Weighed(done.item, done.lot or "", "", said.site, source, said.site, to, more, document)
            for source, to, more in ways
            if more
        ]
    return weighed
