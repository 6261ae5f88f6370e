"""What may still be promised: per item and site, the shelf less what is spoken for (decision 7).

Free stock = sellable - reserved - pooled - safety: pooled units are set aside for one channel each,
safety stock for nobody. A reservation is decided on values that were read without a
lock, so the book also works out `need`: the free stock that the row must still show when the
batch is written for every reservation of the batch to be honest. Where it shows less, the batch
is decided again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.log.records import StockChange, StockRow


@dataclass(slots=True)
class PromiseRow:
    """One promise row as a batch sees and changes it, in base units."""

    sellable: int = 0
    reserved: int = 0
    pooled: int = 0
    safety: int = 0
    version: int = 0
    sellable_change: int = 0
    reserved_change: int = 0
    pooled_change: int = 0
    safety_change: int = 0
    need: int | None = None
    need_backed: int | None = None

    @property
    def pooled_now(self) -> int:
        """Base units in all pools that nobody has taken yet."""
        return self.pooled + self.pooled_change

    @property
    def uncovered(self) -> int:
        """Base units on the shelf beyond promises and safety stock, pools not looked at."""
        return self.free + self.pooled_now

    @property
    def moved(self) -> int:
        """How much more is free than when the batch was loaded."""
        return self.sellable_change - self.reserved_change - self.pooled_change - self.safety_change

    @property
    def is_changed(self) -> bool:
        """Whether the batch moved any of its figures."""
        return bool(
            self.sellable_change or self.reserved_change or self.pooled_change or self.safety_change
        )

    @property
    def free(self) -> int:
        """Base units that may still be promised to anybody."""
        return self.sellable - self.reserved - self.pooled - self.safety + self.moved

    @property
    def backed(self) -> int:
        """Base units on the shelf beyond what is promised; negative where facts took them away."""
        return self.sellable + self.sellable_change - self.reserved - self.reserved_change


class StockNotLoaded(LookupError):
    """A decision asked for free stock of an item that the batch had not loaded."""

    def __init__(self, item: str) -> None:
        super().__init__(item)
        self.item = item


class PromiseBook:
    """The promise rows of one batch."""

    def __init__(self, rows: dict[tuple[str, str], StockRow], items: set[str]) -> None:
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
        return self._loaded(item, site).free

    def backed(self, item: str, site: str) -> int:
        """Base units on the shelf beyond what is promised; negative where facts took them away.

        Raises:
            StockNotLoaded: the batch did not load this item.
        """
        return self._loaded(item, site).backed

    def uncovered(self, item: str, site: str) -> int:
        """Base units on the shelf beyond promises and safety stock: what pools can be served from.

        Raises:
            StockNotLoaded: the batch did not load this item.
        """
        return self._loaded(item, site).uncovered

    def in_use(self, item: str) -> bool:
        """Whether anything of this item is on a shelf, promised or pooled somewhere.

        Raises:
            StockNotLoaded: the batch did not load this item.
        """
        if item not in self._items:
            raise StockNotLoaded(item)
        return any(
            row.sellable + row.sellable_change
            or row.reserved + row.reserved_change
            or row.pooled + row.pooled_change
            for (name, _), row in self._rows.items()
            if name == item
        )

    def _loaded(self, item: str, site: str) -> PromiseRow:
        if item not in self._items:
            raise StockNotLoaded(item)
        return self.row(item, site)

    def version(self, item: str, sites: Sequence[str]) -> int:
        """The sum of the versions of the item's rows at these sites, changes of this batch counted.

        It grows with every change, so that a published figure under a lower one is older.
        """
        version = 0
        for site in sites:
            row = self._rows.get((item, site))
            if row is not None:
                version += row.version + (row.need is not None or row.is_changed)
        return version

    def shelve(self, item: str, site: str, change: int) -> None:
        """More or fewer units on the shelf: a fact, unguarded."""
        self.row(item, site).sellable_change += change

    def reserve(self, item: str, site: str, quantity: int, keep_back: int) -> None:
        """Promise units; the store will insist on the free stock that this relies on."""
        row = self.row(item, site)
        need = quantity + keep_back - row.moved
        row.need = need if row.need is None else max(row.need, need)
        row.reserved_change += quantity

    def reserve_pooled(self, item: str, site: str, quantity: int) -> None:
        """Promise units that a pool had; the store will insist that they are on the shelf.

        What the pool has left is told by `pool`; free stock stays as it is.
        """
        row = self.row(item, site)
        need = quantity - (row.moved + row.pooled_change)
        row.need_backed = need if row.need_backed is None else max(row.need_backed, need)
        row.reserved_change += quantity

    def pool(self, item: str, site: str, change: int) -> None:
        """More or fewer units are set aside for single channels."""
        self.row(item, site).pooled_change += change

    def keep_safe(self, item: str, site: str, change: int) -> None:
        """Keep more or fewer units as safety stock, which nobody is promised: unguarded."""
        self.row(item, site).safety_change += change

    def release(self, item: str, site: str, quantity: int) -> None:
        """Take a promise back, or use it up."""
        self.row(item, site).reserved_change -= quantity

    def changes(self) -> list[StockChange]:
        """What the batch changes, in key order."""
        return [
            StockChange(
                item,
                site,
                row.sellable_change,
                row.reserved_change,
                row.need,
                row.pooled_change,
                row.safety_change,
                row.need_backed,
            )
            for (item, site), row in sorted(self._rows.items())
            if row.need is not None or row.need_backed is not None or row.is_changed
        ]
