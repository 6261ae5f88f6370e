"""Folding the whole log again beside what is stored: not a byte may differ (I28, M3).

The log is read key by key, partition by partition, so that what is kept in memory at any time is
one order and one page of comparisons, however long the log is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.vocabulary import Fate, OrderStatus
from crossdock.log.keys import DESK_FIRST
from crossdock.log.records import OrderRow, Outcome, Recorded
from crossdock.orders.lifecycle import may_lead
from crossdock.orders.state import OrderState, status
from crossdock.sagas import golden, rebuild
from crossdock.sagas.batch import order_row
from crossdock.sagas.decide import opened

_PAGE = 500
_PREFETCH = 1_000
_OUTCOME = msgspec.json.Decoder(Outcome)
_ORDER = msgspec.json.Decoder(OrderState)
_UNFOLDABLE = (msgspec.MsgspecError, LookupError, ValueError, AttributeError, TypeError)
_ORDER_TYPES = tuple(name for name, row in CATALOGUE.items() if row.key == "order_id")


class Differences:
    """What differs, by the name of the check that it breaks: the first rows, and how many."""

    def __init__(self, rows_max: int) -> None:
        self.rows: dict[str, list[dict[str, object]]] = defaultdict(list)
        self.how_many: Counter[str] = Counter()
        self._rows_max = rows_max

    def note(self, check: str, **row: object) -> None:
        """Take note of one."""
        self.how_many[check] += 1
        if len(self.rows[check]) < self._rows_max:
            self.rows[check].append(row)


async def compare(
    connection: asyncpg.Connection, queries: Mapping[str, str], differences: Differences
) -> None:
    """Fold every decided message again and compare with the orders and masters stored."""
    for [partition] in await connection.fetch(queries["partitions"]):
        orders = _Orders(connection, queries["stored_orders"], differences)
        rows = connection.cursor(
            queries["decided_messages"], partition, _ORDER_TYPES, prefetch=_PREFETCH
        )
        async for row in rows:
            await orders.take(row)
        await orders.finish()
    async for row in connection.cursor(queries["stored_masters"], prefetch=_PREFETCH):
        _compare_master(row, differences)


class _Orders:
    """Orders as they grow out of the log, compared a page at a time."""

    def __init__(
        self, connection: asyncpg.Connection, query: str, differences: Differences
    ) -> None:
        self._connection = connection
        self._query = query
        self._differences = differences
        self._order: OrderState | None = None
        self._page: list[OrderRow] = []

    async def take(self, row: Sequence[Any]) -> None:
        """Fold one message."""
        *fields, body = row
        message = Recorded(*fields)
        if self._order is None or self._order.order_id != message.key:
            await self._put_aside()
            self._order = OrderState(message.key)
        try:
            outcome = _OUTCOME.decode(body)
            if outcome.fate is Fate.APPLIED:  # another one may not even be readable
                before = status(self._order)
                rebuild.fold(self._order, *opened(message, outcome.resolved), outcome)
                self._judge(message, before)
        except _UNFOLDABLE as error:
            self._differences.note(
                "orders_rebuilt",
                order_id=message.key,
                problem=f"{message.place} cannot be folded: {type(error).__name__}",
            )

    def _judge(self, message: Recorded, before: OrderStatus) -> None:
        """See that the message led where the table of an order's life lets it lead."""
        assert self._order is not None
        after = status(self._order)
        if message.partition < DESK_FIRST and not may_lead(before, message.type, after):
            problem = f"{before} became {after} by {message.type} at {message.place}"
            self._differences.note("legal_history", order_id=message.key, problem=problem)

    async def finish(self) -> None:
        """Compare what is left."""
        await self._put_aside()
        await self._compare_page()

    async def _put_aside(self) -> None:
        """Keep the order that is done; one of which nothing was applied does not exist."""
        order, self._order = self._order, None
        if order is not None and order.facts:
            self._page.append(order_row(order))
            if len(self._page) >= _PAGE:
                await self._compare_page()

    async def _compare_page(self) -> None:
        page, self._page = self._page, []
        rows = await self._connection.fetch(self._query, [row.order_id for row in page])
        stored = {row[0]: OrderRow(*row) for row in rows}
        for rebuilt in page:
            self._compare(stored.get(rebuilt.order_id), rebuilt)

    def _compare(self, stored: OrderRow | None, rebuilt: OrderRow) -> None:
        if stored is None:
            self._differences.note(
                "orders_rebuilt", order_id=rebuilt.order_id, problem="not stored"
            )
            return
        if stored.state != rebuilt.state:
            problem = difference(stored.state, rebuilt.state)
            self._differences.note("orders_rebuilt", order_id=stored.order_id, problem=problem)
        self._compare_figures(stored, rebuilt)

    def _compare_figures(self, stored: OrderRow, rebuilt: OrderRow) -> None:
        derived = rebuilt
        if stored.state != rebuilt.state:
            try:
                derived = order_row(_ORDER.decode(stored.state))
            except _UNFOLDABLE:
                return  # told already as a difference in the state
        for name in ("status", "customer", "channel", "unmatched", *_FIGURES):
            found, expected = getattr(stored, name), getattr(derived, name)
            if found != expected:
                self._differences.note(
                    "figures_derived",
                    order_id=stored.order_id,
                    figure=name,
                    stored=found,
                    derived=str(expected) if isinstance(expected, str) else expected,
                )


_FIGURES = ("ordered", "shipped", "invoiced", "cancelled", "returned")


def _compare_master(row: Sequence[Any], differences: Differences) -> None:
    """See that a master record's row follows from its document, which the outcomes account for."""
    kind, number, revision, body, document = row
    problem = ""
    if kind is None or document is None:
        problem = "not stored" if kind is None else "no claim stands behind it"
    else:
        try:
            derived = golden.row_of(kind, number, golden.decode(document))
        except _UNFOLDABLE as error:
            problem = f"its claims cannot be read: {type(error).__name__}"
        else:
            if (derived.revision, derived.body) != (revision, body):
                problem = difference(body, derived.body)
    if problem:
        differences.note("masters_rebuilt", kind=kind, id=number, problem=problem)


def difference(stored: bytes, rebuilt: bytes) -> str:
    """Say where two JSON documents differ first."""
    try:
        told = _first_difference(msgspec.json.decode(stored), msgspec.json.decode(rebuilt), "$")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "what is stored cannot be read"
    return told or "the same values in another order of writing"


def _first_difference(stored: object, rebuilt: object, at: str) -> str | None:
    if isinstance(stored, dict) and isinstance(rebuilt, dict):
        for key in sorted(stored.keys() | rebuilt.keys()):
            found = _first_difference(stored.get(key), rebuilt.get(key), f"{at}.{key}")
            if found is not None:
                return found
        return None
    if stored == rebuilt:
        return None
    return f"{at}: stored {stored}, the log says {rebuilt}"
