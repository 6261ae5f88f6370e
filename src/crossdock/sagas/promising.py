"""What one channel may take of an item at a site: the one rule for orders and for reservations."""

from __future__ import annotations

from crossdock.sagas.policy import ChannelPolicy
from crossdock.sagas.turn import Turn


def offered(turn: Turn, channel: ChannelPolicy, item: str, site: str) -> int:
    """Base units that the channel may take there now; zero or less: none.

    Raises:
        StockNotLoaded: the batch did not load this item.
    """
    return turn.book.free(item, site) - channel.keep_back


def take(turn: Turn, channel: ChannelPolicy, item: str, site: str, quantity: int) -> int:
    """Promise units that were offered; gives how many of them came from the channel's own pool."""
    turn.book.reserve(item, site, quantity, channel.keep_back)
    return 0
