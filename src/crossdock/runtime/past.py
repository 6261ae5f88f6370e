"""The state at any past place of the log, by folding what was decided up to there (M3).

Orders, documents and grants come out of outcomes, accounts out of movements, promises out of all
three. At the newest place it is what stands: the same figures, and the same hash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.vocabulary import Fate, StockState
from crossdock.inventory.reservations import Reservation
from crossdock.log.ports import Reading
from crossdock.log.records import Document, Outcome, Recorded
from crossdock.log.views import ABSORBED, RECEIVED, BalanceRow, PromiseKey, PromiseView
from crossdock.orders.state import OrderState
from crossdock.sagas import rebuild
from crossdock.sagas.decide import opened
from crossdock.sagas.deciders.replenishment import PolicyState
from crossdock.sagas.pools import Pool

_PAGE = 1_000
_RESERVATION = msgspec.json.Decoder(Reservation)
_POOL = msgspec.json.Decoder(Pool)
_POLICY = msgspec.json.Decoder(PolicyState)


@dataclass(slots=True)
class Past:
    """What stood at a place."""

    places: dict[int, int]
    orders: dict[str, OrderState] = field(default_factory=dict)
    documents: dict[tuple[str, str], Document] = field(default_factory=dict)
    fates: Counter[str] = field(default_factory=Counter)
    balances: list[BalanceRow] = field(default_factory=list)
    on_their_way: Counter[PromiseKey] = field(default_factory=Counter)  # grants

    def take(self, message: Recorded, outcome: Outcome) -> None:
        """Fold one decided message."""
        self.fates[str(outcome.fate)] += 1
        for document in outcome.documents:
            key = (document.kind, document.id)
            known = self.documents.get(key)
            if known is None or known.revision < document.revision:
                self.documents[key] = document
        for _, _, item, site, quantity in outcome.grants:
            self.on_their_way[item, site] += quantity
        newest, noun = message, None
        if outcome.fate is Fate.APPLIED and CATALOGUE[message.type].key == "order_id":
            order = self.orders.setdefault(message.key, OrderState(message.key))
            newest, noun = opened(message, outcome.resolved)
            rebuild.fold(order, newest, noun, outcome)
        if newest.type == catalogue.STOCK_GRANTED:
            if noun is None:
                _, noun = opened(message, outcome.resolved)
            self.on_their_way[noun.item, noun.site] -= noun.quantity

    def promises(self) -> list[PromiseView]:
        """Promise rows, as they follow from accounts, orders, reservations, pools and policies."""
        sellable: Counter[PromiseKey] = Counter()
        for row in self.balances:
            if row.state == StockState.AVAILABLE and not row.owner:
                sellable[row.item, row.site] += row.quantity
        reserved = Counter(self.on_their_way)
        for order in self.orders.values():
            for line in order.lines.values():
                for site, place in line.sites.items():
                    reserved[line.item, site] += place.reserved
        pooled, safety = self._set_aside(reserved)
        keys = sorted({*sellable, *reserved, *pooled, *safety})
        return [PromiseView(*k, sellable[k], reserved[k], pooled[k], safety[k]) for k in keys]

    def _set_aside(
        self, reserved: Counter[PromiseKey]
    ) -> tuple[Counter[PromiseKey], Counter[PromiseKey]]:
        """What pools and stock policies keep; adds what reservations hold."""
        pooled: Counter[PromiseKey] = Counter()
        safety: Counter[PromiseKey] = Counter()
        for (kind, number), document in self.documents.items():
            if kind == "reservation":
                for line in _RESERVATION.decode(document.body).lines:
                    for site, units in line.sites.items():
                        reserved[line.item, site] += units
            elif kind == "pool":
                item, site, _ = number.split("\t")
                pool = _POOL.decode(document.body)
                pooled[item, site] += pool.unused
            elif kind == "stock-policy":
                policy = _POLICY.decode(document.body).policy
                safety[policy.item, policy.site] += policy.safety_stock
        return pooled, safety

    def known_orders(self) -> list[OrderState]:
        """Orders of which something was applied, by id."""
        return [self.orders[key] for key in sorted(self.orders) if self.orders[key].facts]


async def fold_to(store: Reading, places: Mapping[int, int]) -> Past:
    """Fold every message that was decided up to these places; partitions not named count nothing.

    Keeps every order in memory.

    Raises:
        StoreError: the store could not be read.
    """
    past = Past(dict(places))
    for name in (RECEIVED, *Fate, ABSORBED):
        past.fates[str(name)] = 0
    for partition, position in sorted(places.items()):
        decided = 0
        async for message, outcome in decided_in(store, partition, position):
            past.take(message, outcome)
            decided += 1
        head = (await store.position()).get(partition, (0, 0))[0]
        past.fates[RECEIVED] += min(position, head) - decided
    past.balances = await store.balances_as_of(None, places=places)
    return past


async def decided_in(
    store: Reading, partition: int, upto: int
) -> AsyncIterator[tuple[Recorded, Outcome]]:
    """What was decided in a partition up to a position, in its order."""
    after = 0
    while page := await store.outcomes(partition, after, _PAGE):
        rows = [row for row in page if row.position <= upto]
        messages = await store.messages([(partition, row.position) for row in rows])
        for message, row in zip(messages, rows, strict=True):
            yield message, row.outcome
        if len(rows) < len(page):
            return
        after = page[-1].position
