"""The side of the memory engine that explains one order, item or message; see `log.looking`."""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime

from crossdock.log.records import Document, NewMessage, Waiting
from crossdock.log.views import EffectView, ExceptionRow, OutcomeRow, PromiseView
from crossdock.storage.memory.data import Data, Place

Pause = Callable[[str], Awaitable[None]]


class MemoryLooking:
    """The looking port on data in memory; `pause` is called at the points of each call."""

    def __init__(self, pause: Pause | None = None, data: Data | None = None) -> None:
        self.data = Data() if data is None else data
        self._pause = pause

    async def order_state(self, order_id: str) -> bytes | None:
        """See `log.looking.Looking.order_state`."""
        await self._at("order_state.start")
        row = self.data.orders.get(order_id)
        return None if row is None else row.state

    async def places_of_key(self, key: str) -> list[Place]:
        """See `log.looking.Looking.places_of_key`."""
        await self._at("places_of_key.start")
        return self._received(lambda message: message.key == key)

    async def places_of_cause(self, places: Sequence[Place]) -> list[Place]:
        """See `log.looking.Looking.places_of_cause`."""
        await self._at("places_of_cause.start")
        causes = {f"{partition}:{position}" for partition, position in places}
        return self._received(lambda message: message.causation in causes)

    async def places_of_item(self, item: str, limit: int) -> list[Place]:
        """See `log.looking.Looking.places_of_item`."""
        await self._at("places_of_item.start")
        first: dict[Place, datetime] = {}
        for entry in self.data.entries.get(item, ()):
            first[entry.place] = min(entry.event_time, first.get(entry.place, entry.event_time))
        newest = heapq.nlargest(limit, ((moment, place) for place, moment in first.items()))
        return [place for _, place in sorted(newest)]

    async def outcomes_at(self, places: Collection[Place]) -> dict[Place, OutcomeRow]:
        """See `log.looking.Looking.outcomes_at`."""
        await self._at("outcomes_at.start")
        found = {}
        for number, position in places:
            partition = self.data.partitions.get(number)
            if partition is not None and position in partition.outcomes:
                found[number, position] = partition.outcomes[position]
        return found

    async def effects_decided_at(self, places: Sequence[Place]) -> list[EffectView]:
        """See `log.looking.Looking.effects_decided_at`."""
        await self._at("effects_decided_at.start")
        return self.data.effects.decided_at({f"{number}:{position}" for number, position in places})

    async def exceptions_about(
        self, keys: Collection[str], places: Sequence[Place]
    ) -> list[ExceptionRow]:
        """See `log.looking.Looking.exceptions_about`."""
        await self._at("exceptions_about.start")
        first = {f"{number}:{position}" for number, position in places}
        found = [
            row
            for row in self.data.conditions.rows.values()
            if row.place in first
            or any(row.key == key or row.key.startswith(f"{key}/") for key in keys)
        ]
        return sorted(found, key=lambda row: (row.opened_time, row.kind, row.key))

    async def documents_of_kind(self, kind: str, after: str, limit: int) -> list[Document]:
        """See `log.looking.Looking.documents_of_kind`."""
        await self._at("documents_of_kind.start")
        names = (name for of, name in self.data.documents if of == kind and name > after)
        return [self.data.documents[kind, name] for name in heapq.nsmallest(limit, names)]

    async def waiting_of_order(self, order_id: str) -> list[Waiting]:
        """See `log.looking.Looking.waiting_of_order`."""
        await self._at("waiting_of_order.start")
        rows = [row for lines in self.data.waiting.values() for row in lines.values()]
        return sorted((row for row in rows if row.order_id == order_id), key=lambda row: row.line)

    async def waiting_of_item(self, item: str, limit: int) -> list[Waiting]:
        """See `log.looking.Looking.waiting_of_item`."""
        await self._at("waiting_of_item.start")
        rows = self.data.waiting.get(item, {}).values()
        turns = sorted(rows, key=lambda row: (row.priority, row.since, row.order_id, row.line))
        return turns[:limit]

    async def promises_of_item(self, item: str) -> list[PromiseView]:
        """See `log.looking.Looking.promises_of_item`."""
        await self._at("promises_of_item.start")
        return [
            PromiseView(item, site, row.sellable, row.reserved, row.pooled, row.safety)
            for site, row in sorted(self.data.promises.get(item, {}).items())
        ]

    async def _at(self, point: str) -> None:
        if self._pause is not None:
            await self._pause(point)

    def _received(self, wanted: Callable[[NewMessage], bool]) -> list[Place]:
        """The places of the messages that are wanted, as they were received."""
        found = [
            (kept.message.received_time, number, position)
            for number, partition in self.data.partitions.items()
            for position, kept in enumerate(partition.messages, start=1)
            if wanted(kept.message)
        ]
        return [(number, position) for _, number, position in sorted(found)]
