"""Accounts that a decision looks at: loading them, and holding a batch to what it relied on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from crossdock.log.accounts import Account, Lot, Moment
from crossdock.log.errors import StockMoved
from crossdock.log.records import Decided
from crossdock.storage.postgres.session import Session


async def load_accounts(session: Session, wanted: Collection[Moment]) -> dict[Moment, int]:
    """What accounts held as of event times, or hold."""
    moments = [(*account, as_of) for account, as_of in wanted]
    rows = await session.rows("accounts_as_of", *_columns(moments))
    return {((row[0], row[1], row[2], row[3], row[4]), row[5]): row[6] for row in rows}


async def load_lots(session: Session, wanted: Collection[Lot]) -> dict[Lot, dict[Account, int]]:
    """All accounts of lots that are not empty."""
    found: dict[Lot, dict[Account, int]] = {lot: {} for lot in wanted}
    for row in await session.rows("load_lots", *_columns(list(wanted))):
        found[(row[0], row[2])][(row[0], row[1], row[2], row[3], row[4])] = row[5]
    return found


async def lock_lots(session: Session, decided: Decided) -> None:
    """Let whoever relies on a lot as a whole go on alone, before any of its balances is changed."""
    if decided.whole:
        await session.rows("lock_lots", *_columns([whole.lot for whole in decided.whole]))


async def keep_accounts(session: Session, decided: Decided, counted: Iterable[Any]) -> None:
    """Check what the batch relied on, under the locks of its balances; keep what it counted.

    `counted` are the accounts that it changed and that had been counted: (account, document, event
    time of the count).

    Raises:
        StockMoved: an account does not hold what was decided on.
    """
    if decided.expected:
        moments = {(one.account, one.as_of): one.quantity for one in decided.expected}
        found = await load_accounts(session, moments)
        for (account, as_of), quantity in moments.items():
            after = found[(account, as_of)]
            if after != quantity:
                where = f"{account[0]} at {account[1]}"
                raise StockMoved(where=where, found=f"{after} after", expected=f"{quantity} after")
    if decided.whole:
        now = await load_lots(session, [whole.lot for whole in decided.whole])
        for whole in decided.whole:
            if now[whole.lot] != whole.held:
                raise StockMoved(where=f"{whole.lot[0]}/{whole.lot[1]}")
    again = [one.document for one in decided.counted if one.again]
    looked_at = {one.account for one in decided.counted}
    known = {(r[0], r[1], r[2], r[3], r[4]): (r[5], r[6]) for r in counted}
    earliest = _earliest(decided, known.keys() - looked_at)
    again += [known[account][0] for account, t in earliest.items() if t <= known[account][1]]
    if decided.counted:
        rows = [(*one.account, one.document, one.event_time) for one in decided.counted]
        await session.rows("note_counted", *_columns(rows))
    if again:
        await session.rows("ask_for_recount", again)


def _earliest(decided: Decided, accounts: Collection[Account]) -> dict[Account, datetime]:
    """When the first of the batch's movements happened, for some accounts that it changed."""
    first: dict[Account, datetime] = {}
    if not accounts:
        return first
    for (_, _, outcome), event_time in zip(decided.outcomes, decided.event_times, strict=True):
        for m in outcome.movements:
            happened = m.event_time or event_time
            for site, state in ((m.from_site, m.from_state), (m.to_site, m.to_state)):
                account = (m.item, site, m.lot, state.value, m.owner)
                if account in accounts:
                    first[account] = min(happened, first.get(account, happened))
    return first


async def keep_blocked(session: Session, decided: Decided) -> None:
    """Keep which lots may not be sold, and forget counts that were looked at."""
    looked_at = [d.id for d, _ in decided.documents if d.kind == "count"]
    if looked_at:
        await session.rows("recounted", looked_at)
    if decided.blocked:
        await session.rows("unblock_lots", *_columns([(b.item, b.lot) for b in decided.blocked]))
        rows = [(b.item, b.lot, list(b.sites), b.document) for b in decided.blocked if b.document]
        await session.rows_each("block_lot", rows)


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
