"""Put the counters of one item right from the entries of the ledger, and leave evidence.

Balances and promise rows are counters beside what they follow from: movements, orders, grants on
their way, reservations. A batch moves both in one transaction and by the same number, so a
difference seen at one moment stays the same whatever is decided meanwhile, and putting it right is
adding it. That takes the locks of the rows in the order in which every batch takes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from crossdock.storage.postgres.pool import Pool, transaction
from crossdock.storage.postgres.queries import read_queries
from crossdock.storage.postgres.session import Session, columns

REBASED = "stock-rebased"
"""The condition that says which counters of an item were put right."""

_TOLD_MAX = 200
_QUERIES = read_queries((Path(__file__).parent / "rebase.sql").read_text(encoding="utf-8"))
_PATIENT = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
_ACCOUNT_AND_CHANGE = ("site", "lot", "state", "owner", "change")


@dataclass(frozen=True, slots=True)
class Difference:
    """A counter that is not what its entries say, in base units."""

    counter: str  # "balance", "sellable", "reserved"
    site: str
    lot: str  # this and the next two: of a balance
    state: str
    owner: str
    stored: int
    entered: int

    @property
    def change(self) -> int:
        """What must be added to the counter."""
        return self.entered - self.stored

    def __str__(self) -> str:
        named = [part for part in (self.state, self.lot, self.owner) if part]
        counter = " ".join([self.counter, *named])
        return f"{counter} at {self.site}: {self.stored} stored, {self.entered} from entries"


async def differences(pool: Pool, item: str) -> list[Difference] | None:
    """The counters of an item that differ; None where nothing is known of it.

    Raises `StoreError` where the database cannot be read.
    """
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    async with transaction(pool, begin=begin) as connection:
        await connection.execute(_PATIENT)
        if not await connection.fetchval(_QUERIES["is_known"], item):
            return None
        return await _compare(connection, item)


async def rebase(pool: Pool, item: str, now: datetime) -> list[Difference]:
    """Put the counters of an item right, and note what differed; gives that.

    Raises `StoreError` where nothing was written, or where that is unknown: ask again.
    """
    async with transaction(pool) as connection:
        await connection.execute(_PATIENT)
        await connection.execute(_QUERIES["one_at_a_time"], item)
        found = await _compare(connection, item)
        if found:
            await _write(Session(connection, None), item, found, now)
    return found


async def _compare(connection: asyncpg.Connection, item: str) -> list[Difference]:
    rows = []
    for name in ("balances_differing", "promises_differing"):
        rows += await connection.fetch(_QUERIES[name], item)
    return [Difference(*row) for row in rows]


async def _write(session: Session, item: str, found: Sequence[Difference], now: datetime) -> None:
    await session.rows(
        "open_exceptions", [REBASED], [item], [_evidence(found)], [None], [None], [1], now
    )
    await session.rows("mark_repaired", [REBASED], [item])
    accounts = [one for one in found if one.counter == "balance"]
    if accounts:
        items = [item] * len(accounts)
        await session.rows("change_balances", items, *columns(accounts, _ACCOUNT_AND_CHANGE))
    promises = [one for one in found if one.counter != "balance"]
    if promises:
        await _write_promises(session, item, promises)
    await session.rows("mark_availability", [item])  # picked units are told to some channels


async def _write_promises(session: Session, item: str, found: Sequence[Difference]) -> None:
    sites = list(dict.fromkeys(one.site for one in found))
    items, nothing = [item] * len(sites), [0] * len(sites)
    change = {(one.site, one.counter): one.change for one in found}
    sellable = [change.get((site, "sellable"), 0) for site in sites]
    reserved = [change.get((site, "reserved"), 0) for site in sites]
    await session.rows("make_promise_rows", items, sites)
    moves = [False] * len(sites)  # the item is marked as a whole
    await session.rows("change_promises", items, sites, sellable, reserved, nothing, nothing, moves)


def _evidence(found: Sequence[Difference]) -> str:
    told = [str(one) for one in found[:_TOLD_MAX]]
    more = [f"{len(found)} counters in all"] if len(found) > _TOLD_MAX else []
    return "; ".join([*told, *more])
