"""The port of whoever asks why something is where it is: what no loop of the hub ever asks.

Rows are found by what people have in their hands: a number, an item, a place on the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crossdock.log.records import Document, Waiting
from crossdock.log.views import EffectView, ExceptionRow, OutcomeRow, PromiseView

Place = tuple[int, int]
"""Partition and position."""


class Looking(Protocol):
    """The side of who explains one order, item or message."""

    async def order_state(self, order_id: str) -> bytes | None:
        """An order's state as it is stored, or None."""
        ...

    async def places_of_key(self, key: str) -> list[Place]:
        """Where every message of an ordering key stands, as they were received."""
        ...

    async def places_of_cause(self, places: Sequence[Place]) -> list[Place]:
        """Where the messages stand that the hub said to itself because of these."""
        ...

    async def places_of_item(self, item: str, limit: int) -> list[Place]:
        """Where the messages stand that moved an item: the newest ones, oldest first."""
        ...

    async def outcomes_at(self, places: Sequence[Place]) -> dict[Place, OutcomeRow]:
        """What was decided on the messages at these places; undecided ones are not there."""
        ...

    async def effects_decided_at(self, places: Sequence[Place]) -> list[EffectView]:
        """The effects that the messages at these places decided, oldest first."""
        ...

    async def exceptions_about(
        self, keys: Sequence[str], places: Sequence[Place]
    ) -> list[ExceptionRow]:
        """Conditions about these keys or what is below them, or that these messages met first.

        Closed ones too, the oldest first, then by kind and key.
        """
        ...

    async def documents_of_kind(self, kind: str, after: str, limit: int) -> list[Document]:
        """Documents of a kind by id, beyond `after` ("" starts)."""
        ...

    async def waiting_of_order(self, order_id: str) -> list[Waiting]:
        """The lines of an order that wait, by line."""
        ...

    async def waiting_of_item(self, item: str, limit: int) -> list[Waiting]:
        """The lines that wait for an item, as they will be served."""
        ...

    async def promises_of_item(self, item: str) -> list[PromiseView]:
        """The promise rows of an item, by site."""
        ...
