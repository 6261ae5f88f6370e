"""What one channel may take of an item at a site: the one rule for orders and for reservations.

First the unused units of the channel's own pool, then what is free for everybody less what the
channel keeps back; never safety stock, never what another channel's pool holds, never more than is
on the shelf and promised to nobody.
"""

from __future__ import annotations

from crossdock.inventory.reservations import Freed
from crossdock.sagas.turn import Turn


def offered(turn: Turn, channel: str, keep_back: int, item: str, site: str) -> int:
    """Base units that the channel may take there now; zero or less: none.

    Raises:
        StockNotLoaded: the batch did not load this item.
        DocumentNotLoaded: it did not load the channel's pool.
    """
    common = turn.book.free(item, site) - keep_back
    pooled = _of_pool(turn, channel, item, site)
    return pooled + max(0, common) if pooled > 0 else common


def _of_pool(turn: Turn, channel: str, item: str, site: str) -> int:
    unused = turn.pools.unused(item, site, channel)
    return min(unused, max(0, turn.book.uncovered(item, site))) if unused else 0


def take(turn: Turn, channel: str, keep_back: int, item: str, site: str, quantity: int) -> int:
    """Promise units that were offered; gives how many of them came from the channel's own pool."""
    pooled = min(quantity, _of_pool(turn, channel, item, site))
    if pooled:
        turn.pools.use(turn, item, site, channel, pooled)
        turn.book.reserve_pooled(item, site, pooled)
    if quantity > pooled:
        turn.book.reserve(item, site, quantity - pooled, keep_back)
    return pooled


def give_back(turn: Turn, channel: str, freed: list[Freed]) -> list[tuple[str, str]]:
    """Units of a reservation are promised to nobody any more; gives the shelves they are on.

    Units of a pool go back to it. (Units that an order gives back are free for everybody.)
    """
    for one in freed:
        turn.book.release(one.item, one.site, one.quantity)
        if one.pooled:
            turn.pools.use(turn, one.item, one.site, channel, -one.pooled)
    return sorted({(one.item, one.site) for one in freed})
