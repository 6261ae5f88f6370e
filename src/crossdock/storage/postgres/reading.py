"""The side of the PostgreSQL engine that only looks: every call one read-only transaction.

It has two ports, `log.ports.Reading` and `log.looking.Looking`, and a few calls about lots that
only people's questions need.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from crossdock.contracts.connector import Evidence
from crossdock.contracts.postings import Milestone
from crossdock.contracts.vocabulary import Fate
from crossdock.log.records import (
    Document,
    EffectState,
    Held,
    OrderRow,
    Outcome,
    Pending,
    PendingSum,
    Recorded,
    Waiting,
)
from crossdock.log.views import (
    ABSORBED,
    RECEIVED,
    AcceptedRow,
    AttemptView,
    BacklogRow,
    BalanceKey,
    BalanceRow,
    ConditionKey,
    EffectView,
    ExceptionRow,
    FinancialRow,
    LotMovement,
    MoneyTotal,
    OutcomeRow,
    PromiseKey,
    PromiseView,
    PutAside,
    WeightRow,
)
from crossdock.storage.postgres.pool import Pool, transaction
from crossdock.storage.postgres.queries import read_queries

Fault = Callable[[str], Awaitable[None]]
"""Called before each statement with its name; the contract suite breaks connections there."""

Place = tuple[int, int]
"""Partition and position."""

READING = read_queries((Path(__file__).parent / "reading.sql").read_text(encoding="utf-8"))
_OUTCOME = msgspec.json.Decoder(Outcome)
_BEFORE_ALL = ("", "", "", "", "")  # sorts before every account: an item has one character or more


class PostgresReading:
    """The reading port on one PostgreSQL database."""

    def __init__(self, pool: Pool, fault: Fault | None = None) -> None:
        self._pool = pool
        self._fault = fault

    @property
    def pool(self) -> Pool:
        """The connections, for who asks what no port answers (`verify`)."""
        return self._pool

    # The port -------------------------------------------------------------------------------

    async def position(self) -> dict[int, tuple[int, int]]:
        """See `log.ports.Reading.position`."""
        rows = await self._look("position")
        return {partition: (head, decided) for partition, head, decided in rows}

    async def fates(self) -> dict[str, int]:
        """See `log.ports.Reading.fates`."""
        counts = dict.fromkeys((RECEIVED, *map(str, Fate), ABSORBED), 0)
        counts.update(await self._look("fates", RECEIVED, ABSORBED))
        return counts

    async def messages(self, places: Sequence[Place]) -> list[Recorded]:
        """See `log.ports.Reading.messages`."""
        rows = await self._look("messages", *_columns(places))
        return [Recorded(*row) for row in rows]

    async def accepted(self, partition: int, after: int, limit: int) -> list[AcceptedRow]:
        """See `log.ports.Reading.accepted`."""
        rows = await self._look("accepted", partition, after, limit)
        return [AcceptedRow(*row) for row in rows]

    async def outcomes(self, partition: int, after: int, limit: int) -> list[OutcomeRow]:
        """See `log.ports.Reading.outcomes`."""
        rows = await self._look("outcomes", partition, after, limit)
        return [_outcome(row) for row in rows]

    async def orders(self, after: str, limit: int) -> list[OrderRow]:
        """See `log.ports.Reading.orders`."""
        rows = await self._look("orders", after, limit)
        return [OrderRow(*row) for row in rows]

    async def unmatched_orders(self, after: str, limit: int) -> list[OrderRow]:
        """See `log.ports.Reading.unmatched_orders`."""
        rows = await self._look("unmatched_orders", after, limit)
        return [OrderRow(*row) for row in rows]

    async def money_totals(self, zone: str) -> list[MoneyTotal]:
        """See `log.ports.Reading.money_totals`."""
        rows = await self._look("money_totals", zone)
        return [MoneyTotal(*row) for row in rows]

    async def balances(self, after: BalanceKey | None, limit: int) -> list[BalanceRow]:
        """See `log.ports.Reading.balances`."""
        rows = await self._look("balances", *(after or _BEFORE_ALL), limit)
        return [BalanceRow(*row) for row in rows]

    async def balances_as_of(
        self,
        item: str | None,
        *,
        event_time: datetime | None = None,
        recorded_time: datetime | None = None,
        places: Mapping[int, int] | None = None,
    ) -> list[BalanceRow]:
        """See `log.ports.Reading.balances_as_of`."""
        vector = (None, None) if places is None else (list(places), list(places.values()))
        if item is None:
            rows = await self._look("all_balances_as_of", event_time, recorded_time, *vector)
        elif (
            event_time is not None
            and recorded_time is None
            and places is None
            and await self._is_nearer_to_now(item, event_time)
        ):
            rows = await self._look("balances_before", item, event_time)
        else:
            rows = await self._look("balances_as_of", item, event_time, recorded_time, *vector)
        return [BalanceRow(*row) for row in rows]

    async def _is_nearer_to_now(self, item: str, event_time: datetime) -> bool:
        """Whether fewer movements are likely to lie after a moment than before it.

        Only the cost hangs on it, never the answer.
        """
        for oldest, newest in await self._look("entries_between", item):
            return bool(event_time - oldest > newest - event_time)
        return False

    async def weights(self, after: BalanceKey | None, limit: int) -> list[WeightRow]:
        """See `log.ports.Reading.weights`."""
        rows = await self._look("weights", *(after or _BEFORE_ALL), limit)
        return [WeightRow(*row) for row in rows]

    async def promises(self, after: PromiseKey | None, limit: int) -> list[PromiseView]:
        """See `log.ports.Reading.promises`."""
        rows = await self._look("promises", *(after or _BEFORE_ALL[:2]), limit)
        return [PromiseView(*row) for row in rows]

    async def financial(self, after: PromiseKey | None, limit: int) -> list[FinancialRow]:
        """See `log.ports.Reading.financial`."""
        rows = await self._look("financial", *(after or _BEFORE_ALL[:2]), limit)
        return [FinancialRow(*row) for row in rows]

    async def effects_summary(self) -> dict[tuple[str, str], int]:
        """See `log.ports.Reading.effects_summary`."""
        rows = await self._look("effects_summary")
        return {(destination, state): count for destination, state, count in rows}

    async def backlog(self) -> list[BacklogRow]:
        """See `log.ports.Reading.backlog`."""
        return [BacklogRow(*row) for row in await self._look("backlog")]

    async def effects_of(self, key: str) -> list[EffectView]:
        """See `log.ports.Reading.effects_of`."""
        return await self.effects_of_all([key])

    async def effects_of_all(self, keys: Sequence[str]) -> list[EffectView]:
        """The effects of several ordering keys, oldest first."""
        return await self._effects("effects_by_key", list(keys))

    async def effects_known_as(self, references: Sequence[str]) -> list[EffectView]:
        """See `log.ports.Reading.effects_known_as`."""
        return await self._effects("effects_by_reference", list(references))

    async def exceptions(self, limit: int) -> list[ExceptionRow]:
        """See `log.ports.Reading.exceptions`."""
        return [_exception(row) for row in await self._look("exceptions", limit)]

    async def conditions(
        self, kinds: Collection[str], after: ConditionKey, limit: int, *, closed: bool = False
    ) -> list[ExceptionRow]:
        """See `log.ports.Reading.conditions`."""
        rows = await self._look("conditions", list(kinds), *after, limit, closed)
        return [_exception(row) for row in rows]

    async def put_aside(self, after: Place, limit: int) -> list[PutAside]:
        """See `log.ports.Reading.put_aside`."""
        return [_put_aside(row) for row in await self._look("put_aside", *after, limit)]

    async def lateness(self, types: Sequence[str], since: datetime) -> float | None:
        """See `log.ports.Reading.lateness`."""
        [[seconds]] = await self._look("lateness", list(types), since)
        return None if seconds is None else float(seconds)

    async def held_effects(self, after: int, limit: int) -> list[EffectView]:
        """See `log.ports.Reading.held_effects`."""
        return await self._effects("held_effects", after, limit)

    async def places_by_key(self, transport_keys: Sequence[bytes]) -> dict[bytes, Place]:
        """See `log.ports.Reading.places_by_key`."""
        rows = await self._look("places_by_key", list(transport_keys))
        return {row[0]: (row[1], row[2]) for row in rows}

    async def places_of_business_keys(self, keys: Sequence[bytes]) -> list[Place]:
        """See `log.ports.Reading.places_of_business_keys`."""
        return [_place(row) for row in await self._look("places_of_business_keys", list(keys))]

    # The looking port ----------------------------------------------------------------------

    async def order_state(self, order_id: str) -> bytes | None:
        """See `log.looking.Looking.order_state`."""
        states: list[bytes] = [row[0] for row in await self._look("order_state", order_id)]
        return states[0] if states else None

    async def places_of_key(self, key: str) -> list[Place]:
        """See `log.looking.Looking.places_of_key`."""
        return [_place(row) for row in await self._look("places_of_key", key)]

    async def places_of_cause(self, places: Sequence[Place]) -> list[Place]:
        """See `log.looking.Looking.places_of_cause`."""
        causes = [f"{partition}:{position}" for partition, position in places]
        return [_place(row) for row in await self._look("places_of_cause", causes)]

    async def places_of_item(self, item: str, limit: int) -> list[Place]:
        """See `log.looking.Looking.places_of_item`."""
        return [_place(row) for row in await self._look("places_of_item", item, limit)]

    async def outcomes_at(self, places: Sequence[Place]) -> dict[Place, OutcomeRow]:
        """See `log.looking.Looking.outcomes_at`."""
        found = map(_outcome, await self._look("outcomes_at", *_columns(places)))
        return {(row.partition, row.position): row for row in found}

    async def effects_decided_at(self, places: Sequence[Place]) -> list[EffectView]:
        """See `log.looking.Looking.effects_decided_at`."""
        return await self._effects("effects_by_place", *_columns(places))

    async def exceptions_about(
        self, keys: Sequence[str], places: Sequence[Place]
    ) -> list[ExceptionRow]:
        """See `log.looking.Looking.exceptions_about`."""
        rows = await self._look("exceptions_about", list(keys), *_columns(places))
        return [_exception(row) for row in rows]

    async def documents_of_kind(self, kind: str, after: str, limit: int) -> list[Document]:
        """See `log.looking.Looking.documents_of_kind`."""
        return [document_of(row) for row in await self._look("documents_of", kind, after, limit)]

    async def waiting_of_order(self, order_id: str) -> list[Waiting]:
        """See `log.looking.Looking.waiting_of_order`."""
        return [waiting_of(row) for row in await self._look("waiting_of_order", order_id)]

    async def waiting_of_item(self, item: str, limit: int) -> list[Waiting]:
        """See `log.looking.Looking.waiting_of_item`."""
        return [waiting_of(row) for row in await self._look("waiting_of_item", item, limit)]

    async def promises_of_item(self, item: str) -> list[PromiseView]:
        """See `log.looking.Looking.promises_of_item`."""
        return [PromiseView(*row) for row in await self._look("promises_of_item", item)]

    # Beyond the ports ----------------------------------------------------------------------

    async def movements_of_lot(self, item: str, lot: str) -> list[LotMovement]:
        """Every movement of a lot or serial number, as they happened."""
        rows = await self._look("movements_of_lot", item, lot)
        return [LotMovement(*row) for row in rows]

    async def balances_of_lot(self, item: str, lot: str) -> list[BalanceRow]:
        """The accounts that hold something of a lot or serial number."""
        return [BalanceRow(*row) for row in await self._look("balances_of_lot", item, lot)]

    # Looking --------------------------------------------------------------------------------

    async def _look(self, name: str, *values: Any) -> list[Any]:
        [rows] = await self._look_at_all((name, *values))
        return rows

    async def _look_at_all(self, *statements: tuple[Any, ...]) -> list[list[Any]]:
        """Run named statements on one picture of the database; gives the rows of each."""
        found: list[list[Any]] = []
        async with transaction(self._pool, begin=ONE_PICTURE) as connection:
            for name, *values in statements:
                if self._fault is not None:
                    await self._fault(name)
                found.append(await connection.fetch(READING[name], *values))
        return found

    async def _effects(self, name: str, *values: Any) -> list[EffectView]:
        """The effects that a statement finds, each with how its attempts ended."""
        async with transaction(self._pool, begin=ONE_PICTURE) as connection:
            if self._fault is not None:
                await self._fault(name)
            rows = await connection.fetch(READING[name], *values)
            numbers = [row["effect_id"] for row in rows]
            attempts = await connection.fetch(READING["attempts"], numbers)
        ended: dict[int, list[AttemptView]] = {number: [] for number in numbers}
        for row in attempts:
            ended[row["effect_id"]].append(_attempt(row))
        return [_effect(row, ended[row["effect_id"]]) for row in rows]


ONE_PICTURE = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
"""Statements of one call see one moment, whatever is committed between them."""


def _columns(places: Sequence[Place]) -> tuple[list[int], list[int]]:
    return [partition for partition, _ in places], [position for _, position in places]


def _place(row: Sequence[Any]) -> Place:
    return row[0], row[1]


def _cited(partition: int | None, position: int | None) -> str | None:
    return None if partition is None else f"{partition}:{position}"


def _outcome(row: Sequence[Any]) -> OutcomeRow:
    partition, position, processed_time, body = row
    return OutcomeRow(partition, position, processed_time, _OUTCOME.decode(body))


def _exception(row: Sequence[Any]) -> ExceptionRow:
    kind, key, detail, partition, position, opened_time, times, *closed, upto = row
    closed_time, closed_partition, closed_position, why = closed
    return ExceptionRow(
        kind,
        key,
        detail,
        _cited(partition, position),
        opened_time,
        times,
        msgspec.json.decode(upto, type=dict[int, int]) if upto else {},
        closed_time,
        _cited(closed_partition, closed_position),
        why,
    )


def _put_aside(row: Sequence[Any]) -> PutAside:
    *fields, fate, processed_time, body = row
    reason = _OUTCOME.decode(body).reason
    return PutAside(Recorded(*fields), Fate(fate), reason, processed_time)


def held_of(row: Sequence[Any]) -> Held:
    """A message that is held or dead, and why."""
    *fields, body = row
    said = _OUTCOME.decode(body)
    return Held(Recorded(*fields), said.reason, said.fate is Fate.DEAD, said.notes)


def document_of(row: Sequence[Any]) -> Document:
    """A document, as both sides of this engine read it."""
    kind, number, revision, due, body = row
    return Document(kind, number, revision, due, msgspec.Raw(body))


def pending_of(rows: Sequence[Any]) -> Pending:
    """What a day of a site has pending: rows of sums, and of how far partitions are decided."""
    return Pending(
        upto={row["partition"]: row["decided"] for row in rows if row["partition"] is not None},
        sums=[
            PendingSum(Milestone(row["milestone"]), *row[3:])
            for row in rows
            if row["partition"] is None
        ],
    )


def waiting_of(row: Sequence[Any]) -> Waiting:
    """A row of the waiting list, as both sides of this engine read it."""
    item, order_id, line, quantity, priority, since, sites, back, channel = row
    return Waiting(item, order_id, line, quantity, priority, since, tuple(sites), back, channel)


def _effect(row: Any, ended: list[AttemptView]) -> EffectView:
    return EffectView(
        effect_id=row["effect_id"],
        business_key=row["business_key"],
        destination=row["destination"],
        key=row["key"],
        type=row["type"],
        place=_cited(row["partition"], row["position"]),
        state=_state(row["state"], ended),
        attempts=row["attempts"] if row["state"] is not None else _tried(ended),
        ended=ended,
    )


def _attempt(row: Any) -> AttemptView:
    _, number, verdict, reference, problem, settled, begun, holder, *seen = row
    how = (number, verdict, reference, problem, settled, begun, holder)
    return AttemptView(*how, Evidence(*seen))


def _state(unsettled: int | None, ended: list[AttemptView]) -> str:
    if unsettled is not None:
        return EffectState(unsettled).name.lower()
    return ended[-1].verdict if ended else "lost"


def _tried(ended: list[AttemptView]) -> int:
    """How often a settled effect was tried; superseded before it was sent, it was not."""
    if not ended:
        return 0
    last = ended[-1]
    return last.attempt if last.begun_time is not None else last.attempt - 1
