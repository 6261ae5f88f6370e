"""What a warehouse has where: its own books, moved by what it does and never by what others say.

Books are double-entry like the hub's: the outside states answer for what came in and went out, and
the units of each item over all states sum to zero.
"""

from __future__ import annotations

from collections import Counter

from crossdock.contracts.returns import ReturnReceiptLine
from crossdock.contracts.stock import Receipt, StockAdjustment, StockMovement
from crossdock.contracts.vocabulary import Disposition, StockState

_DISPOSED = {
    Disposition.RESTOCK: StockState.AVAILABLE,
    Disposition.QUARANTINE: StockState.QUARANTINE,
    Disposition.SCRAP: StockState.SCRAPPED,
    Disposition.SUPPLIER: StockState.SUPPLIER,
    Disposition.REPAIR: StockState.REPAIR,
    Disposition.HOLD: StockState.RETURNED,
}


class Bins:
    """Units by item and state at one site."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.never_had: Counter[str] = Counter()  # item -> units asked for beyond all we had
        self._lost: Counter[str] = Counter()  # item -> units that vanished, not yet missed
        self._units: dict[str, Counter[str]] = {}

    def units(self, item: str, state: StockState = StockState.AVAILABLE) -> int:
        """How many units of an item are in a state."""
        held = self._units.get(item)
        return held[state] if held is not None else 0

    def move(self, item: str, source: StockState, target: StockState, quantity: int) -> None:
        """Take units from one state to another."""
        held = self._units.get(item)
        if held is None:
            held = self._units[item] = Counter()
        held[source] -= quantity
        held[target] += quantity

    def lose(self, item: str, quantity: int) -> None:
        """Units are gone from the shelf and nobody has missed them yet."""
        self._lost[item] += quantity
        self.move(item, StockState.AVAILABLE, StockState.ADJUSTMENT, quantity)

    def own_up(self, item: str) -> None:
        """A count found out what had vanished: nobody will look for it any more."""
        self._lost[item] = 0

    def miss(self, item: str, quantity: int) -> int:
        """Mark units that a picker did not find as missing, if they ever were here; gives how many.

        Those that we never had are no stock of ours, also no missing stock; they are counted as
        what was asked of us beyond our means.
        """
        booked = min(quantity, max(0, self.units(item)))
        self.move(item, StockState.AVAILABLE, StockState.MISSING, booked)
        lost = min(quantity - booked, self._lost[item])
        if lost:
            self._lost[item] -= lost
            self.move(item, StockState.ADJUSTMENT, StockState.MISSING, lost)
        if quantity > booked + lost:
            self.never_had[item] += quantity - booked - lost
        return booked

    def adjust(self, said: StockAdjustment) -> None:
        """More or fewer than believed."""
        self.move(said.item, StockState.ADJUSTMENT, said.state, said.units)

    def receive(self, said: Receipt) -> None:
        """From a supplier, into the state that inspection gave."""
        for line in said.lines:
            self.move(line.item, StockState.SUPPLIER, line.state, line.units)

    def follow(self, said: StockMovement) -> None:
        """What was moved within, into or out of this site."""
        if said.source.site == self.site == said.target.site:
            self.move(said.item, said.source.state, said.target.state, said.quantity)
        elif said.source.site == self.site:
            self.move(said.item, said.source.state, StockState.ADJUSTMENT, said.quantity)
        elif said.target.site == self.site:
            self.move(said.item, StockState.ADJUSTMENT, said.target.state, said.quantity)

    def take_back(self, line: ReturnReceiptLine) -> None:
        """From the customer, to where the disposition sends it."""
        self.move(line.item, StockState.CUSTOMER, _DISPOSED[line.disposition], line.quantity)

    def truth(self) -> dict[str, dict[str, int]]:
        """Units by item and state, states without any left out."""
        return {
            item: {state: units for state, units in sorted(held.items()) if units}
            for item, held in self._units.items()
        }

    def totals(self) -> dict[str, int]:
        """Units by state over all items."""
        total: Counter[str] = Counter()
        for held in self._units.values():
            for state, units in held.items():
                total[state] += units
        return {state: units for state, units in sorted(total.items()) if units}
