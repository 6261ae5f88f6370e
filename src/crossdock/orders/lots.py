"""Which lots of a line's goods were taken off a shelf and which left the house.

A pick may name one lot and the shipment another, a shipment may name none, and either may be told
first. So what was taken and shipped of each lot is derived from the sums of what was said, like
every other figure: what left the house left with the lot that the shipment names, what it does not
name is taken from what was picked, and what was picked beyond that stands on the staging floor.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.contracts.vocabulary import PickSource
from crossdock.orders.state import LotGoods, SiteLine

Key = tuple[str, str]
"""Where the goods stood before they were taken (`PickSource`), and their lot ("": not named)."""

_PLAIN: Key = (PickSource.AVAILABLE.value, "")


def note_goods(
    place: SiteLine, source: PickSource, lot: str, *, picked: int = 0, shipped: int = 0
) -> None:
    """Add up what was said of a lot, or of goods that came from elsewhere than the shelf."""
    if (source.value, lot) == _PLAIN:
        return
    for goods in place.goods:
        if (goods.source, goods.lot) == (source.value, lot):
            goods.picked += picked
            goods.shipped += shipped
            return
    place.goods.append(LotGoods(lot, source.value, picked, shipped))
    place.goods.sort(key=lambda goods: (goods.lot, goods.source))


class Split:
    """A place's goods by key: `taken` off the shelf, `shipped`; `displaced` was picked for nothing.

    Displaced units were picked by the name of a lot that then did not leave: they are taken for
    units that never left their shelf.
    """

    def __init__(self, place: SiteLine) -> None:
        self.taken: dict[Key, int] = {}
        self.shipped: dict[Key, int] = {}
        self.displaced: dict[str, int] = {}
        self._left = _picked_by_key(place)
        self._ship(place)
        self._stage(place.taken - place.shipped)

    def _ship(self, place: SiteLine) -> None:
        unnamed = place.shipped
        for goods in place.goods:
            if not goods.shipped:
                continue
            unnamed -= goods.shipped
            rest = goods.shipped
            for key in [key for key in self._left if key[1] == goods.lot]:
                rest -= self._out(key, min(rest, self._left[key]))
            self._out((_PLAIN[0], goods.lot), rest)
        for key in list(self._left):
            unnamed -= self._out(key, min(unnamed, self._left[key]))
        self._out(_PLAIN, unnamed)

    def _out(self, key: Key, quantity: int) -> int:
        if quantity > 0:
            self.shipped[key] = self.shipped.get(key, 0) + quantity
            self.taken[key] = self.taken.get(key, 0) + quantity
            self._left[key] = max(0, self._left.get(key, 0) - quantity)
        return quantity

    def _stage(self, staged: int) -> None:
        for key, quantity in self._left.items():
            part = min(staged, quantity)
            staged -= part
            if part:
                self.taken[key] = self.taken.get(key, 0) + part
            if quantity > part and key[1]:
                self.displaced[key[1]] = self.displaced.get(key[1], 0) + quantity - part
        if staged:
            self.taken[_PLAIN] = self.taken.get(_PLAIN, 0) + staged


def _picked_by_key(place: SiteLine) -> dict[Key, int]:
    """What was picked, named lots first."""
    left = {(goods.source, goods.lot): goods.picked for goods in place.goods if goods.picked}
    plain = place.picked - sum(left.values())
    return {**left, _PLAIN: plain} if plain else left


def changes(before: Split, after: Split) -> Iterator[tuple[Key, int, int]]:
    """By key, how many more were taken and shipped; fewer where another lot is known by now."""
    keys = {*before.taken, *after.taken, *before.shipped, *after.shipped}
    for key in sorted(keys, key=lambda key: (key[1], key[0])):
        taken = after.taken.get(key, 0) - before.taken.get(key, 0)
        shipped = after.shipped.get(key, 0) - before.shipped.get(key, 0)
        if taken or shipped:
            yield key, taken, shipped
