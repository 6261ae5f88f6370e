"""Units of an item at a site that only one channel may take: its pool, as a batch sees it (R83).

A pool is an allotment: so many units in all, of which so many are used. What of it is not used is
kept out of everybody's free stock (`pooled` on the promise row).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from crossdock.inventory.promise import PromiseBook
from crossdock.log.records import Document

if TYPE_CHECKING:
    from crossdock.sagas.turn import Turn

KIND = "pool"


class Pool(msgspec.Struct, omit_defaults=True):
    """One channel's allotment of one item at one site, in base units."""

    quantity: int = 0
    used: int = 0
    version: int = 0

    @property
    def unused(self) -> int:
        """What the channel may still take of it; an allotment may be cut below what is used."""
        return max(0, self.quantity - self.used)


class Documents(Protocol):
    """The side of a batch on which pools are kept."""

    book: PromiseBook

    def document(self, kind: str, number: str) -> Document | None: ...
    def store_document(self, turn: Turn, kind: str, number: str, body: msgspec.Struct) -> None: ...


_POOL = msgspec.json.Decoder(Pool)


def number_of(item: str, site: str, channel: str) -> str:
    """The document's id; no identifier holds a tab."""
    return f"{item}\t{site}\t{channel}"


def item_of(number: str) -> str:
    """The item of a document of this kind."""
    return number.partition("\t")[0]


class PoolBook:
    """The pools of one batch; a row without pooled units has none that could be taken from."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def pool(self, item: str, site: str, channel: str) -> Pool:
        """The channel's pool there; an empty one where there is none.

        Raises:
            DocumentNotLoaded: the batch did not load it.
        """
        document = self._documents.document(KIND, number_of(item, site, channel))
        return Pool() if document is None else _POOL.decode(document.body)

    def unused(self, item: str, site: str, channel: str) -> int:
        """Base units that the channel may still take of its pool."""
        if not channel or not self._documents.book.row(item, site).pooled_now:
            return 0
        return self.pool(item, site, channel).unused

    def use(self, turn: Turn, item: str, site: str, channel: str, quantity: int) -> None:
        """So many more units of the pool are used; fewer where the quantity is negative."""
        pool = self.pool(item, site, channel)
        self.put(turn, item, site, channel, Pool(pool.quantity, pool.used + quantity, pool.version))

    def put(self, turn: Turn, item: str, site: str, channel: str, pool: Pool) -> None:
        """Let the pool stand so from now on, and the promise row know what of it is unused."""
        before = self.pool(item, site, channel)
        self._documents.book.pool(item, site, pool.unused - before.unused)
        self._documents.store_document(turn, KIND, number_of(item, site, channel), pool)
