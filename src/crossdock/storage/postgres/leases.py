"""Who decides a partition: one owner at a time, under an epoch that grows with every new owner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from crossdock.log.keys import DESK_FIRST
from crossdock.log.records import Lease
from crossdock.log.sharing import share_out
from crossdock.storage.postgres.session import Session


async def take_leases(
    session: Session, worker: str, wanted: Sequence[int], now: datetime, until: datetime
) -> list[Lease]:
    """See `log.ports.Deciding.lease`: the rows are locked before anybody counts whose they are."""
    await session.rows("put_decider", worker, list(wanted), until, now)
    locked = {row[0] for row in await session.rows("lock_leases", list(wanted), worker, now)}
    wants = {row[0]: set(row[1]) for row in await session.rows("live_deciders", now)}
    wants[worker] = set(wanted)
    owners = {row[0]: row[1] for row in await session.rows("held_leases", DESK_FIRST, worker, now)}
    shares = share_out(worker, wants, owners)
    if given := [number for number in shares.gives_back if number in locked]:
        await session.rows("give_leases_back", given, worker)
    kept = [number for number in shares.keeps if number in locked]
    rows = await session.rows("take_leases", kept, worker, until)
    return sorted((Lease(*row) for row in rows), key=lambda lease: lease.partition)
