"""The floor: the same rows, written by hand-tuned SQL with next to no Python around it.

It reads back what the hub wrote for the measured messages, then writes these rows again into an
empty database on the same server with the same settings: intake, decide and settle in batches of
500, each phase one statement sequence, one connection, fsync on. What it does not do is decode,
decide, speak HTTP or map anything, so its rate is what no hub on this store could beat without
writing less.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import asyncpg
import msgspec

from crossdock.contracts import catalogue
from crossdock.log.records import Outcome
from crossdock.orders.state import OrderState
from crossdock.storage.postgres.queries import QUERIES

BATCH = 500
_MESSAGE = (
    "partition", "position", "transport_key", "business_key", "content", "source", "id", "type",
    "key", "correlation", "causation", "event_time", "recorded_time", "received_time", "rival",
    "sha256", "raw",
)  # fmt: skip
_OUTCOME = ("partition", "position", "fate", "processed_time", "body")
_MOVEMENT = (
    "partition", "position", "number", "item", "lot", "owner", "from_site", "from_state",
    "to_site", "to_state", "quantity", "document", "event_time", "recorded_time", "kind",
)  # fmt: skip
_EFFECT = (
    "business_key", "destination", "lane", "key", "type", "correlation", "partition", "position",
    "body",
)  # fmt: skip
_ORDER = (
    "order_id", "status", "customer", "channel", "ordered", "shipped", "invoiced", "cancelled",
    "returned", "state", "unmatched",
)  # fmt: skip
_OUTCOMES = msgspec.json.Decoder(Outcome)
_LINES = msgspec.json.Decoder(OrderState)


@dataclass(slots=True)
class Batch:
    """The rows of 500 messages."""

    messages: list[Any]
    outcomes: list[Any]
    movements: list[Any]
    effects: list[Any]
    orders: list[Any]
    promises: dict[tuple[str, str], int]  # by item and site, units promised to its orders


@dataclass(frozen=True, slots=True)
class FloorFigures:
    """Messages per second of each phase, and of all three in a row."""

    intake: float
    decide: float
    settle: float | None  # None where nothing was told
    total: float


async def read_back(dsn: str, sources: tuple[str, ...], kinds: tuple[str, ...]) -> list[Batch]:
    """The rows that the hub wrote for the measured messages, in the order of the log."""
    connection = await asyncpg.connect(dsn)
    try:
        messages = await connection.fetch(
            f"SELECT {', '.join(_MESSAGE)} FROM message"  # noqa: S608 - fixed names
            " WHERE source = ANY($1) AND type = ANY($2)"
            " ORDER BY received_time, partition, position",
            list(sources),
            list(kinds),
        )
        places = {(row["partition"], row["position"]) for row in messages}

        async def by_place(table: str, columns: tuple[str, ...]) -> dict[Any, list[Any]]:
            found: dict[Any, list[Any]] = defaultdict(list)
            for row in await connection.fetch(f"SELECT {', '.join(columns)} FROM {table}"):  # noqa: S608
                place = (row["partition"], row["position"])
                if place in places:
                    found[place].append(tuple(row))
            return found

        outcomes = await by_place("outcome", _OUTCOME)
        movements = await by_place("movement", _MOVEMENT)
        effects = await by_place("effect", _EFFECT)
        orders = {
            row["order_id"]: tuple(row)
            for row in await connection.fetch(f"SELECT {', '.join(_ORDER)} FROM sales_order")  # noqa: S608
        }
    finally:
        await connection.close()
    batches = []
    for start in range(0, len(messages), BATCH):
        part = messages[start : start + BATCH]
        at = [(row["partition"], row["position"]) for row in part]
        batches.append(
            Batch(
                [tuple(row) for row in part],
                [row for place in at for row in outcomes[place]],
                [row for place in at for row in movements[place]],
                [row for place in at for row in effects[place]],
                list(
                    {
                        row["key"]: orders[row["key"]] for row in part if row["key"] in orders
                    }.values()
                ),
                _promises(part, outcomes, orders),
            )
        )
    return batches


def _promises(
    messages: list[Any], outcomes: dict[Any, list[Any]], orders: dict[str, Any]
) -> dict[tuple[str, str], int]:
    """What new orders were promised; where goods left the shelf, the movements tell."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in messages:
        if row["type"] != catalogue.ORDER_PLACED:
            continue
        lines = _LINES.decode(orders[row["key"]][_ORDER.index("state")]).lines
        for outcome in outcomes[row["partition"], row["position"]]:
            for one in _OUTCOMES.decode(outcome[_OUTCOME.index("body")]).commitments:
                found[lines[one.line].item, one.site] += one.reserved
    return found


async def run_floor(dsn: str, batches: list[Batch], partitions: int) -> FloorFigures:
    """Write the batches into the empty, migrated database at `dsn`; gives the rates."""
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        await _prepare(connection, batches, partitions)
        started = time.perf_counter()
        for batch in batches:
            await _intake(connection, batch)
        taken_in = time.perf_counter()
        for batch in batches:
            await _decide(connection, batch)
        decided = time.perf_counter()
        await _settle(connection, batches)
        settled = time.perf_counter()
    finally:
        await connection.close()
    count = sum(len(batch.messages) for batch in batches)
    return FloorFigures(
        intake=count / (taken_in - started),
        decide=count / (decided - taken_in),
        settle=count / (settled - decided) if any(batch.effects for batch in batches) else None,
        total=count / (settled - started),
    )


async def _prepare(connection: asyncpg.Connection, batches: list[Batch], partitions: int) -> None:
    """Lay out partitions, and let orders, balances and promise rows be there, as for the hub."""
    for table in ("log_head", "lease"):
        await connection.execute(
            f"INSERT INTO {table} (partition) SELECT generate_series(0, $1 - 1)"
            " ON CONFLICT DO NOTHING",
            partitions,
        )
    first: dict[int, int] = {}
    for batch in batches:
        for row in batch.messages:
            first.setdefault(row[0], row[1] - 1)
    await connection.executemany(
        "UPDATE log_head SET head = $2 WHERE partition = $1", first.items()
    )
    await connection.executemany(
        "UPDATE lease SET decided = $2 WHERE partition = $1", first.items()
    )
    orders = {row[0]: row for batch in batches for row in batch.orders}
    await connection.copy_records_to_table("sales_order", records=orders.values(), columns=_ORDER)
    accounts = {
        account
        for batch in batches
        for m in batch.movements
        for account in ((m[3], m[6], m[4], m[7], m[5]), (m[3], m[8], m[4], m[9], m[5]))
    }
    await connection.executemany(
        "INSERT INTO balance VALUES ($1, $2, $3, $4, $5, 0)", sorted(accounts)
    )
    rows = {(m[3], site) for batch in batches for m in batch.movements for site in (m[6], m[8])}
    rows |= {row for batch in batches for row in batch.promises}
    await connection.executemany(
        "INSERT INTO promise (item, site, sellable, reserved) VALUES ($1, $2, 1000000, 1000000)",
        sorted(rows),
    )
    await connection.execute("ANALYZE")


async def _intake(connection: asyncpg.Connection, batch: Batch) -> None:
    heads: dict[int, int] = {}
    for row in batch.messages:
        heads[row[0]] = row[1]
    async with connection.transaction():
        await connection.fetch(QUERIES["lock_heads"], sorted(heads))
        await connection.fetch(
            QUERIES["find_keys"],
            [row[2] for row in batch.messages],
            [row[3] for row in batch.messages if row[3] is not None],
        )
        await connection.copy_records_to_table("message", records=batch.messages, columns=_MESSAGE)
        await connection.fetch(QUERIES["move_heads"], list(heads), list(heads.values()))


async def _decide(connection: asyncpg.Connection, batch: Batch) -> None:
    newest: dict[int, int] = {}
    for row in batch.messages:
        newest[row[0]] = row[1]
    leases = await connection.fetch(
        "SELECT partition, epoch, decided FROM lease WHERE partition = ANY($1)", list(newest)
    )
    await connection.fetch(QUERIES["read_undecided"], list(newest), BATCH, BATCH)
    await connection.fetch(QUERIES["load_orders"], [row[0] for row in batch.orders])
    accounts: dict[tuple[str, ...], int] = defaultdict(int)
    shelves: dict[tuple[str, str], int] = defaultdict(int)  # sellable and reserved go together
    received: dict[tuple[str, str], int] = defaultdict(int)
    for m in batch.movements:
        accounts[(m[3], m[6], m[4], m[7], m[5])] -= m[10]
        accounts[(m[3], m[8], m[4], m[9], m[5])] += m[10]
        if m[7] == "available":
            shelves[(m[3], m[6])] -= m[10]
        if m[9] == "available":
            received[(m[3], m[8])] += m[10]
    now = datetime.now(UTC)
    async with connection.transaction():
        await connection.fetch(
            QUERIES["advance"],
            [row[0] for row in leases],
            [row[1] for row in leases],
            [row[2] for row in leases],
            [newest[row[0]] for row in leases],
        )
        await connection.copy_records_to_table("outcome", records=batch.outcomes, columns=_OUTCOME)
        await connection.copy_records_to_table(
            "movement", records=batch.movements, columns=_MOVEMENT
        )
        if batch.orders:
            await connection.fetch(QUERIES["put_orders"], *_columns(batch.orders))
        if batch.effects:
            await connection.fetch(QUERIES["put_effects"], *_columns(batch.effects), now)
        if accounts:
            rows = [(*account, change) for account, change in accounts.items()]
            await connection.fetch(QUERIES["change_balances"], *_columns(rows))
        rows = [(*key, change, change, 0, 0, False) for key, change in shelves.items()]
        rows += [(*key, change, 0, 0, 0, True) for key, change in received.items()]
        rows += [(*key, 0, reserved, 0, 0, False) for key, reserved in batch.promises.items()]
        if rows:
            await connection.fetch(QUERIES["change_promises"], *_columns(rows))


async def _settle(connection: asyncpg.Connection, batches: list[Batch]) -> None:
    for destination in sorted({row[1] for batch in batches for row in batch.effects}):
        while True:
            now = datetime.now(UTC)
            until = now + timedelta(minutes=1)
            claimed = await connection.fetch(
                QUERIES["claim"], destination, now, until, BATCH, "floor", [], [], False, 0, []
            )
            if not claimed:
                break
            ids = [row[0] for row in claimed]
            digest = sha256(b"".join(row[7] for row in claimed)).digest()
            async with connection.transaction():
                await connection.fetch(QUERIES["lock_in_flight"], ids, [row[1] for row in claimed])
                await connection.copy_records_to_table(
                    "attempt",
                    records=[
                        (row[0], row[1], "accepted", "ok", "", now, now, "floor", 200, digest)
                        for row in claimed
                    ],
                    columns=(
                        "effect_id", "attempt", "verdict", "reference", "problem", "settled_time",
                        "begun_time", "holder", "status", "sent",
                    ),
                )  # fmt: skip
                await connection.fetch(QUERIES["forget_due"], ids)


def _columns(rows: list[Any]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
