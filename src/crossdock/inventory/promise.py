"""What may still be promised: per item and site, the shelf less what is reserved (decision 7).

Free stock = sellable - reserved. A reservation is decided on values that were read without a
lock, so the book also works out `need`: the free stock that the row must still show when the
batch is written for every reservation of the batch to be honest. Where it shows less, the batch
is decided again.
"""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.log.records import StockChange


@dataclass(slots=True)
class PromiseRow:
    """One promise row as a batch sees and changes it, in base units."""

    sellable: int = 0
    reserved: int = 0
    sellable_change: int = 0
    reserved_change: int = 0
    need: int | None = None


class StockNotLoaded(LookupError):
    """A decision asked for free stock of an item that the batch had not loaded."""

    def __init__(self, item: str) -> None:
        super().__init__(item)
        self.item = item


class PromiseBook:
    """The promise rows of one batch."""

    def __init__(self, rows: dict[tuple[str, str], tuple[int, int]], items: set[str]) -> None:
        self._rows = {key: PromiseRow(*figures) for key, figures in rows.items()}
        self._items = items

    def row(self, item: str, site: str) -> PromiseRow:
        """The row, made empty when the store has none."""
        found = self._rows.get((item, site))
        if found is None:
            found = self._rows[(item, site)] = PromiseRow()
        return found

    def free(self, item: str, site: str) -> int:
        """Base units that could still be promised; may be negative after unexpected facts.

        Raises:
            StockNotLoaded: the batch did not load this item.
        """
        if item not in self._items:
            raise StockNotLoaded(item)
        row = self.row(item, site)
        return row.sellable + row.sellable_change - row.reserved - row.reserved_change

    def shelve(self, item: str, site: str, change: int) -> None:
        """More or fewer units on the shelf: a fact, unguarded."""
        self.row(item, site).sellable_change += change

    def reserve(self, item: str, site: str, quantity: int, keep_back: int) -> None:
        """Promise units; the store will insist on the free stock that this relies on."""
        row = self.row(item, site)
        moved = row.sellable_change - row.reserved_change
        need = quantity + keep_back - moved
        row.need = need if row.need is None else max(row.need, need)
        row.reserved_change += quantity

    def release(self, item: str, site: str, quantity: int) -> None:
        """Take a promise back, or use it up."""
        self.row(item, site).reserved_change -= quantity

    def changes(self) -> list[StockChange]:
        """What the batch changes, in key order."""
        return [
            StockChange(item, site, row.sellable_change, row.reserved_change, row.need)
            for (item, site), row in sorted(self._rows.items())
            if row.sellable_change or row.reserved_change or row.need is not None
        ]
