"""What channels were told under another configuration is looked at again, once after each start.

Another keep-back, other sites or other things that a channel wants to know change its figures
without any stock moving, so nothing marks them. A page at a time is looked through, when nothing
else is to be published: what changes meanwhile never waits behind a whole house.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crossdock.log.ports import ChannelView, Delivering

RECOUNT_ITEMS_MAX: Final = 2_000
"""Items that one turn looks through, of one channel."""


class Recount:
    """How far the channels of a hub are looked through."""

    def __init__(self, store: Delivering, channels: Iterable[ChannelView]) -> None:
        self._store = store
        self._left = list(channels)
        self._after = ""

    async def turn(self) -> int:
        """Look through the next page, and mark what is to be counted again; 0: nothing is left."""
        if not self._left:
            return 0
        view = self._left[0]
        self._after = await self._store.mark_counted_otherwise(view, self._after, RECOUNT_ITEMS_MAX)
        if not self._after:
            del self._left[0]
        return 1
