"""The store on PostgreSQL: every call one transaction of a few set-based statements.

Locks are taken in one order everywhere: log heads before messages, promise rows and balances in key
order, and all of them only at the end of a batch, after the thinking (decision 16).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.stock import Availability
from crossdock.log.errors import LeaseLost, StockMoved, StoreFault
from crossdock.log.ports import ChannelView
from crossdock.log.records import (
    Answer,
    Claimed,
    Decided,
    EffectState,
    Lane,
    Lease,
    Loaded,
    NewMessage,
    Receipt,
    Recorded,
    Settlement,
    StockChange,
    Verdict,
    Wanted,
)
from crossdock.storage.postgres.errors import translating
from crossdock.storage.postgres.migrations import discover, migrate
from crossdock.storage.postgres.pool import (
    Pool,
    PoolOptions,
    Sleep,
    Uniform,
    open_pool,
    statements,
    transaction,
)
from crossdock.storage.postgres.queries import QUERIES
from crossdock.storage.postgres.reading import Fault, PostgresReading, waiting_of
from crossdock.storage.postgres.settings import check_settings

_SETTLED = (Verdict.ACCEPTED, Verdict.ALREADY_DONE, Verdict.SUPERSEDED)
_MESSAGE_COLUMNS = (
    "partition", "position", "transport_key", "business_key", "content", "source", "id", "type",
    "key", "correlation", "causation", "event_time", "recorded_time", "received_time", "rival",
    "sha256", "raw",
)  # fmt: skip
_OUTCOME_COLUMNS = ("partition", "position", "fate", "processed_time", "body")
_MOVEMENT_COLUMNS = (
    "partition", "position", "number", "item", "lot", "owner", "from_site", "from_state",
    "to_site", "to_state", "quantity", "document", "event_time", "recorded_time",
)  # fmt: skip
_ATTEMPT_COLUMNS = ("effect_id", "attempt", "verdict", "reference", "problem", "settled_time")


class Session:
    """One transaction's connection, with the statements by name."""

    __slots__ = ("_connection", "_fault")

    def __init__(self, connection: asyncpg.Connection, fault: Fault | None) -> None:
        self._connection = connection
        self._fault = fault

    async def rows(self, name: str, *values: Any) -> list[Any]:
        """Run a named statement; gives its rows."""
        if self._fault is not None:
            await self._fault(name)
        found: list[Any] = await self._connection.fetch(QUERIES[name], *values)
        return found

    async def rows_each(self, name: str, values: Sequence[tuple[Any, ...]]) -> None:
        """Run a named statement once per row of values, in one go."""
        if self._fault is not None:
            await self._fault(name)
        await self._connection.executemany(QUERIES[name], values)

    async def copy(self, table: str, columns: Sequence[str], rows: list[Any]) -> None:
        """Write rows by COPY, the fastest way in."""
        if not rows:
            return
        if self._fault is not None:
            await self._fault(f"copy_{table}")
        await self._connection.copy_records_to_table(table, records=rows, columns=columns)


class PostgresStore(PostgresReading):
    """The store port on one PostgreSQL database."""

    def __init__(
        self,
        pool: Pool,
        fault: Fault | None = None,
        warnings: tuple[str, ...] = (),
        owner: str = "crossdock",
    ) -> None:
        super().__init__(pool, fault)
        self._owner = owner
        self.warnings = warnings  # to be printed on every start

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        partitions: int = 16,
        now: datetime,
        sleep: Sleep = asyncio.sleep,
        uniform: Uniform = lambda low, high: (low + high) / 2,
        options: PoolOptions | None = None,
        allow_unsafe: bool = False,
        owner: str = "crossdock",
        fault: Fault | None = None,
    ) -> PostgresStore:
        """Connect, refuse an unsafe database, bring the schema up to date, lay out the partitions.

        Raises:
            UnsafeDatabase: accepted work would be lost in a crash, and nobody allowed that.
            MigrationError: the schema cannot be brought to what this release needs.
            StoreFault: the database was laid out with another number of partitions.
        """
        options = options or PoolOptions()
        pool = await open_pool(dsn, options=options, sleep=sleep, uniform=uniform)
        try:
            warnings = await _prepare(dsn, options, now, allow_unsafe)
            store = cls(pool, fault, warnings, owner)
            await store._lay_out(partitions)
        except BaseException:
            await pool.close()
            raise
        return store

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[Session]:
        async with transaction(self._pool, begin="BEGIN") as connection:
            yield Session(connection, self._fault)
            if self._fault is not None:
                await self._fault("commit")

    @asynccontextmanager
    async def _statements(self) -> AsyncIterator[Session]:
        async with statements(self._pool) as connection:
            yield Session(connection, self._fault)

    async def _lay_out(self, partitions: int) -> None:
        async with transaction(self._pool) as connection:
            await connection.execute(
                "INSERT INTO hub (name, value) VALUES ('partitions', $1) ON CONFLICT DO NOTHING",
                str(partitions),
            )
            known = int(await connection.fetchval("SELECT value FROM hub WHERE name='partitions'"))
            if known != partitions:
                raise StoreFault(
                    "The number of partitions cannot change once the log has been laid out",
                    where="hub.partitions",
                    found=str(partitions),
                    expected=str(known),
                    remedy="set hub.partitions back, or start a new database",
                )
            for table in ("log_head", "lease"):
                await connection.execute(
                    f"INSERT INTO {table} (partition) SELECT generate_series(0, $1 - 1)"
                    " ON CONFLICT DO NOTHING",
                    partitions,
                )

    # Intake ---------------------------------------------------------------------------------

    async def append(self, messages: Sequence[NewMessage]) -> list[Receipt]:
        """See `log.ports.Intake.append`."""
        if not messages:
            return []
        async with self._session() as session:
            return await _append(session, messages)

    # Deciding -------------------------------------------------------------------------------

    async def lease(
        self, worker: str, wanted: Sequence[int], now: datetime, until: datetime
    ) -> list[Lease]:
        """See `log.ports.Deciding.lease`."""
        async with self._session() as session:
            rows = await session.rows("take_leases", list(wanted), worker, now, until)
        return sorted((Lease(*row) for row in rows), key=lambda lease: lease.partition)

    async def release(self, worker: str) -> None:
        """See `log.ports.Deciding.release`."""
        async with self._session() as session:
            await session.rows("give_leases_back", worker)

    async def read(self, leases: Sequence[Lease], limit: int) -> list[Recorded]:
        """See `log.ports.Deciding.read`."""
        partitions = [lease.partition for lease in leases]
        async with self._statements() as session:
            rows = await session.rows("read_undecided", partitions, limit, limit)
        return [Recorded(*row) for row in rows]

    async def load(self, wanted: Wanted) -> Loaded:
        """See `log.ports.Deciding.load`."""
        loaded = Loaded()
        async with self._statements() as session:
            if wanted.orders:
                rows = await session.rows("load_orders", list(wanted.orders))
                loaded.orders = {row[0]: row[1] for row in rows}
            if wanted.items:
                items = list(wanted.items)
                rows = await session.rows("load_promises", items)
                loaded.stock = {(row[0], row[1]): (row[2], row[3]) for row in rows}
                rows = await session.rows("load_waiting", items)
                loaded.waiting = [waiting_of(row) for row in rows]
            if wanted.masters:
                kinds, ids = zip(*wanted.masters, strict=True)
                rows = await session.rows("load_masters", kinds, ids)
                loaded.masters = {(row[0], row[1]): row[2] for row in rows}
        return loaded

    async def stranded(self, limit: int) -> list[str]:
        """See `log.ports.Deciding.stranded`."""
        async with self._statements() as session:
            return [row[0] for row in await session.rows("stranded_orders", limit)]

    async def commit(self, decided: Decided, now: datetime) -> None:
        """See `log.ports.Deciding.commit`."""
        async with self._session() as session:
            await _advance(session, decided)
            await _write_outcomes(session, decided, now)
            if decided.orders:
                await session.rows("put_orders", *_columns(decided.orders, _ORDER_FIELDS))
            if decided.masters:
                await session.rows("put_masters", *_columns(decided.masters, _MASTER_FIELDS))
            await _write_effects(session, decided, now)
            await _write_waiting(session, decided)
            await _write_notes(session, decided, now)
            if decided.messages:
                await _append(session, decided.messages)
            # The hottest rows last, so that their locks are held for the shortest time.
            await _change_stock(session, decided)

    # Delivering -----------------------------------------------------------------------------

    async def claim(
        self, destination: str, now: datetime, until: datetime, limit: int
    ) -> list[Claimed]:
        """See `log.ports.Delivering.claim`."""
        # One statement that commits by itself. Lost on the way back it leaves attempts in flight,
        # which run out and are asked about, like those of a hub that died.
        async with self._statements() as session:
            rows = await session.rows("claim", destination, now, until, limit, self._owner)
        return [Claimed(*row) for row in rows]

    async def reclaim(self, now: datetime) -> None:
        """Let attempts that a dead hub of our name left in flight be claimed at once, as doubtful.

        For the start of a hub, when it is certain that no other of its name runs.
        """
        async with self._session() as session:
            await session.rows("reclaim", self._owner, now)

    async def settle(self, results: Sequence[Settlement], now: datetime) -> int:
        """See `log.ports.Delivering.settle`."""
        if not results:
            return 0
        async with self._session() as session:
            rows = await session.rows(
                "lock_in_flight", [r.effect_id for r in results], [r.attempt for r in results]
            )
            ours = {row[0] for row in rows}
            mine = [result for result in results if result.effect_id in ours]
            await _settle(session, mine, now)
            return len(mine)

    async def publish_availability(
        self, channels: Sequence[ChannelView], now: datetime, limit: int
    ) -> int:
        """See `log.ports.Delivering.publish_availability`."""
        async with self._session() as session:
            items = [row[0] for row in await session.rows("take_changed_items", limit)]
            if items:
                for view in channels:
                    await _publish(session, view, items, now)
            return len(items)


async def _prepare(
    dsn: str, options: PoolOptions, now: datetime, allow_unsafe: bool
) -> tuple[str, ...]:
    """Check and migrate on a connection of its own; gives warnings about the database."""
    with translating():
        connection = await asyncpg.connect(dsn, server_settings=options.server_settings())
    try:
        warnings = await check_settings(connection, allow_unsafe=allow_unsafe)
        await migrate(connection, discover(), now=now)
    finally:
        connection.terminate()
    return warnings


_ORDER_FIELDS = (
    "order_id", "status", "customer", "channel", "ordered", "shipped", "invoiced", "cancelled",
    "returned", "state",
)  # fmt: skip
_MASTER_FIELDS = ("kind", "id", "revision", "body")


def _columns(rows: Sequence[Any], fields: Sequence[str]) -> list[list[Any]]:
    return [[getattr(row, field) for row in rows] for field in fields]


async def _append(session: Session, messages: Sequence[NewMessage]) -> list[Receipt]:
    partitions = sorted({message.partition for message in messages})
    heads = {row[0]: row[1] for row in await session.rows("lock_heads", partitions)}
    before = dict(heads)
    known: dict[bytes, tuple[bytes, int, int]] = {}
    business: dict[bytes, tuple[bytes, int, int]] = {}
    for transport, key, content, partition, position in await session.rows(
        "find_keys",
        [message.transport_key for message in messages],
        [message.business_key for message in messages if message.business_key is not None],
    ):
        (known if transport else business)[key] = (content, partition, position)
    receipts: list[Receipt] = []
    new: list[tuple[Any, ...]] = []
    absorbed: list[tuple[Any, ...]] = []
    for message in messages:
        key = message.business_key
        rival = None
        earlier = known.get(message.transport_key)
        if earlier is not None and earlier[0] != message.content:
            receipts.append(Receipt(Answer.CONFLICT, earlier[1], earlier[2]))
            continue
        if earlier is None and key is not None:
            earlier = business.get(key)
            if earlier is not None and earlier[0] != message.content:
                rival, earlier, key = f"{earlier[1]}:{earlier[2]}", None, None
        if earlier is not None:
            receipts.append(Receipt(Answer.DUPLICATE, earlier[1], earlier[2]))
            absorbed.append((*earlier[1:], message.source, message.id, message.received_time))
            continue
        position = heads[message.partition] = heads[message.partition] + 1
        place = (message.content, message.partition, position)
        known[message.transport_key] = place
        if key is not None:
            business[key] = place
        receipts.append(Receipt(Answer.ACCEPTED if rival is None else Answer.RIVAL, *place[1:]))
        new.append(_message_row(message, position, key, rival))
    await session.copy("message", _MESSAGE_COLUMNS, new)
    await session.copy(
        "absorbed", ("partition", "position", "source", "id", "received_time"), absorbed
    )
    moved = [(p, head) for p, head in heads.items() if head != before[p]]
    if moved:
        await session.rows("move_heads", [p for p, _ in moved], [head for _, head in moved])
    return receipts


def _message_row(
    message: NewMessage, position: int, business_key: bytes | None, rival: str | None
) -> tuple[Any, ...]:
    return (
        message.partition, position, message.transport_key, business_key, message.content,
        message.source, message.id, message.type, message.key, message.correlation,
        message.causation, message.event_time, message.recorded_time, message.received_time,
        rival, message.sha256, message.raw,
    )  # fmt: skip


async def _advance(session: Session, decided: Decided) -> None:
    leases = sorted(decided.positions, key=lambda pair: pair[0].partition)
    rows = await session.rows(
        "advance",
        [lease.partition for lease, _ in leases],
        [lease.epoch for lease, _ in leases],
        [lease.position for lease, _ in leases],
        [after for _, after in leases],
    )
    if len(rows) != len(leases):
        moved = {row[0] for row in rows}
        lost = [lease.partition for lease, _ in leases if lease.partition not in moved]
        raise LeaseLost(where=f"partitions {lost}")


async def _write_outcomes(session: Session, decided: Decided, now: datetime) -> None:
    outcomes = []
    movements = []
    encode = msgspec.json.Encoder().encode
    for (partition, position, outcome), event_time in zip(
        decided.outcomes, decided.event_times, strict=True
    ):
        outcomes.append((partition, position, outcome.fate.value, now, encode(outcome)))
        for number, m in enumerate(outcome.movements):
            movements.append(
                (
                    partition,
                    position,
                    number,
                    m.item,
                    m.lot,
                    m.owner,
                    m.from_site,
                    m.from_state.value,
                    m.to_site,
                    m.to_state.value,
                    m.quantity,
                    m.document,
                    event_time,
                    now,
                )
            )
    await session.copy("outcome", _OUTCOME_COLUMNS, outcomes)
    await session.copy("movement", _MOVEMENT_COLUMNS, movements)


async def _write_effects(session: Session, decided: Decided, now: datetime) -> None:
    if not decided.effects:
        return
    places = [(partition, position) for partition, position, _ in decided.effects]
    effects = [effect for _, _, effect in decided.effects]
    await session.rows(
        "put_effects",
        *_columns(effects, ("business_key", "destination")),
        [int(effect.lane) for effect in effects],
        *_columns(effects, ("key", "type", "correlation")),
        [partition for partition, _ in places],
        [position for _, position in places],
        [effect.body for effect in effects],
        now,
    )


async def _write_waiting(session: Session, decided: Decided) -> None:
    gone = [row for row in decided.waiting if row.quantity <= 0]
    if gone:
        await session.rows("stop_waiting", *_columns(gone, ("item", "order_id", "line")))
    more = [row for row in decided.waiting if row.quantity > 0]
    if more:
        await session.rows_each(
            "wait",
            [
                (
                    w.item,
                    w.order_id,
                    w.line,
                    w.quantity,
                    w.priority,
                    w.since,
                    list(w.sites),
                    w.keep_back,
                )
                for w in more
            ],
        )


async def _write_notes(session: Session, decided: Decided, now: datetime) -> None:
    seen: dict[tuple[str, str], list[Any]] = {}
    for partition, position, outcome in decided.outcomes:
        for note in outcome.notes:
            row = seen.setdefault((note.kind, note.key), [note.detail, partition, position, 0])
            row[0] = note.detail
            row[3] += 1
    if seen:
        await session.rows(
            "open_exceptions",
            [kind for kind, _ in seen],
            [key for _, key in seen],
            *[[row[index] for row in seen.values()] for index in range(4)],
            now,
        )


async def _change_stock(session: Session, decided: Decided) -> None:
    accounts: dict[tuple[str, str, str, str, str], int] = defaultdict(int)
    for _, _, outcome in decided.outcomes:
        for m in outcome.movements:
            accounts[(m.item, m.from_site, m.lot, m.from_state.value, m.owner)] -= m.quantity
            accounts[(m.item, m.to_site, m.lot, m.to_state.value, m.owner)] += m.quantity
    changed = [(*account, change) for account, change in accounts.items() if change]
    if changed:
        await session.rows(
            "change_balances", *[list(column) for column in zip(*changed, strict=True)]
        )
    if decided.stock:
        await _change_promises(session, decided.stock)


async def _change_promises(session: Session, changes: Sequence[StockChange]) -> None:
    columns = _columns(changes, ("item", "site", "sellable", "reserved"))
    rows = await session.rows("change_promises", *columns)
    if len(rows) < len(changes):
        # Rows of items that are new at a site: made empty, then changed like the others.
        found = {(row[0], row[1]) for row in rows}
        missing = [c for c in changes if (c.item, c.site) not in found]
        await session.rows("make_promise_rows", *_columns(missing, ("item", "site")))
        columns = _columns(missing, ("item", "site", "sellable", "reserved"))
        rows += await session.rows("change_promises", *columns)
    free = {(row[0], row[1]): row[2] for row in rows}
    for change in changes:
        before = free[(change.item, change.site)] - change.sellable + change.reserved
        if change.need is not None and before < change.need:
            raise StockMoved(
                where=f"{change.item} at {change.site}",
                found=f"{before} free",
                expected=f"{change.need} free",
            )
    marked = sorted({c.item for c in changes if c.sellable != c.reserved})
    if marked:
        await session.rows("mark_availability", marked)


async def _settle(session: Session, results: Sequence[Settlement], now: datetime) -> None:
    await session.copy(
        "attempt",
        _ATTEMPT_COLUMNS,
        [(r.effect_id, r.attempt, r.verdict.value, r.reference, r.problem, now) for r in results],
    )
    done = [r.effect_id for r in results if r.verdict in _SETTLED]
    if done:
        await session.rows("forget_due", done)
    rest = [r for r in results if r.verdict not in _SETTLED]
    if not rest:
        return
    held = [r.verdict is Verdict.REFUSED or r.due_at is None for r in rest]
    await session.rows(
        "put_back",
        [r.effect_id for r in rest],
        [int(EffectState.HELD if h else EffectState.DUE) for h in held],
        [r.due_at for r in rest],
        [r.doubtful or r.verdict is Verdict.UNKNOWN for r in rest],
        [r.counts for r in rest],
    )
    stuck = [r for r, h in zip(rest, held, strict=True) if h]
    if stuck:
        await session.rows(
            "note_held_effects",
            [r.effect_id for r in stuck],
            [r.verdict.value for r in stuck],
            [r.problem for r in stuck],
            now,
        )


async def _publish(session: Session, view: ChannelView, items: list[str], now: datetime) -> None:
    rows = await session.rows("channel_quantities", items, list(view.sites), view.keep_back)
    changed = await session.rows(
        "put_availability", view.channel, [row[0] for row in rows], [row[1] for row in rows]
    )
    kind = catalogue.AVAILABILITY_PUBLISHED
    for destination in view.destinations if changed else ():
        await session.rows(
            "supersede_availability",
            destination,
            [row[0] for row in changed],
            kind,
            now,
            view.channel,
        )
        await session.rows(
            "put_effects",
            [f"{destination}/availability/{view.channel}/{row[0]}/{row[2]}" for row in changed],
            [destination] * len(changed),
            [int(Lane.OPERATIONAL)] * len(changed),
            [row[0] for row in changed],
            [kind] * len(changed),
            [row[0] for row in changed],
            [None] * len(changed),
            [None] * len(changed),
            [
                msgspec.json.encode(
                    Availability(
                        channel=view.channel,
                        item=row[0],
                        quantity=row[1],
                        version=row[2],
                        as_of=now,
                    )
                )
                for row in changed
            ],
            now,
        )
