"""Accounts that a decision looks at: loading them, and holding a batch to what it relied on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from crossdock.contracts.vocabulary import StockState
from crossdock.log.accounts import Account, Lot, Moment
from crossdock.log.errors import StockMoved
from crossdock.log.records import Decided
from crossdock.storage.memory.data import Data, Entry


def held(data: Data, moment: Moment) -> int:
    """What an account held as of an event time, or holds."""
    account, as_of = moment
    later = 0
    if as_of is not None:
        for entry in data.entries.get(account[0], ()):
            if entry.event_time > as_of:
                later += sum(change for one, change in entry.changes() if one == account)
    return data.balances[account] - later


def of_lot(data: Data, lot: Lot) -> dict[Account, int]:
    """All accounts of a lot that are not empty."""
    return {
        account: quantity
        for account, quantity in data.balances.items()
        if quantity and (account[0], account[2]) == lot
    }


def check(data: Data, decided: Decided) -> None:
    """Refuse a batch that relied on what is not so (any more)."""
    for one in decided.expected:
        after = held(data, (one.account, one.as_of))
        after += sum(
            change
            for account, change, happened in _changes(decided)
            if account == one.account and (one.as_of is None or happened <= one.as_of)
        )
        if after != one.quantity:
            where = f"{one.account[0]} at {one.account[1]}"
            raise StockMoved(where=where, found=f"{after} after", expected=f"{one.quantity} after")

    for whole in decided.whole:
        now = Counter(of_lot(data, whole.lot))
        for account, change, _ in _changes(decided):
            if (account[0], account[2]) == whole.lot:
                now[account] += change
        if {account: held for account, held in now.items() if held} != whole.held:
            raise StockMoved(where=f"{whole.lot[0]}/{whole.lot[1]}")


def _changes(decided: Decided) -> Iterator[tuple[Account, int, datetime]]:
    for (partition, position, outcome), happened in zip(
        decided.outcomes, decided.event_times, strict=True
    ):
        for movement in outcome.movements:
            when = movement.event_time or happened
            entry = Entry((partition, position), when, when, movement)
            for account, change in entry.changes():
                yield account, change, entry.event_time


def keep(data: Data, decided: Decided) -> None:
    """Keep what was counted and blocked, and let counts hear of movements before them."""
    earliest: dict[Account, datetime] = {}
    for account, _, happened in _changes(decided):
        earliest[account] = min(happened, earliest.get(account, happened))
    data.recount -= {document.id for document, _ in decided.documents if document.kind == "count"}
    looked_at = {one.account for one in decided.counted}
    for account, happened in earliest.items():
        known = data.counted.get(account)
        if known is not None and known[1] >= happened and account not in looked_at:
            data.recount.add(known[0])
    for one in decided.counted:
        data.counted[one.account] = (one.document, one.event_time)
        if one.again:
            data.recount.add(one.document)
    for block in decided.blocked:
        data.blocked.pop((block.item, block.lot), None)
        if block.document:
            data.blocked[(block.item, block.lot)] = block


def awake(data: Data) -> Iterator[tuple[str, str, int]]:
    """Documents that must look again: counts, and blocked lots with units that may be sold."""
    held_now: Counter[tuple[str, str, str]] = Counter()
    if data.blocked:
        for (item, site, lot, state, owner), quantity in data.balances.items():
            if state == StockState.AVAILABLE and quantity > 0 and not owner:
                held_now[item, lot, site] += quantity
    ids = [("count", number) for number in data.recount]
    for key, block in data.blocked.items():
        sites = {site for (item, lot, site) in held_now if (item, lot) == key}
        if sites and (not block.sites or sites & set(block.sites)):
            ids.append(("lot", block.document))
    for kind, number in sorted(ids):
        yield kind, number, data.documents[(kind, number)].revision
