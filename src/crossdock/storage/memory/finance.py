"""The financial ledger in memory: entries as they came, those that no posting tells apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from heapq import nsmallest

import msgspec

from crossdock.contracts.vocabulary import INSIDE
from crossdock.log.errors import DocumentMoved
from crossdock.log.records import Claim, Outcome, Pending, PendingSum, PeriodKey
from crossdock.log.views import FinancialRow, PromiseKey
from crossdock.storage.memory.data import Booked, Data, Place


def book(data: Data, place: Place, outcome: Outcome) -> None:
    """Keep the entries of an outcome, and what its claims tell."""
    for entry in outcome.entries:
        movement = outcome.movements[entry.movement]
        booked = Booked(*place, movement, entry, entry.asked)
        data.booked.append(booked)
        if entry.mode == "summed":
            data.pending.setdefault((entry.site, entry.period, entry.ends), []).append(booked)
    for claim in outcome.claims:
        told = list(_claimed(data, claim))
        for booked in told:
            booked.asked = claim.posting
        key = (claim.site, claim.period, claim.ends)
        data.pending[key] = [one for one in data.pending[key] if not one.asked]


def check(data: Data, outcome: Outcome) -> None:
    """Refuse claims on entries that somebody else has claimed."""
    for claim in outcome.claims:
        found = sum(1 for _ in _claimed(data, claim))
        if found != claim.entries:
            raise DocumentMoved(
                where=f"posting {claim.posting}",
                found=f"{found} entries",
                expected=f"{claim.entries} entries",
            )


def _claimed(data: Data, claim: Claim) -> Iterator[Booked]:
    for booked in data.pending.get((claim.site, claim.period, claim.ends), ()):
        if (
            booked.entry.milestone == claim.milestone
            and claim.first <= booked.goods <= claim.last
            and booked.position <= claim.upto.get(booked.partition, 0)
        ):
            yield booked


def pending(data: Data, key: PeriodKey) -> Pending:
    """What a day of a site has pending, added up."""
    sums: dict[tuple[str, str, str], list[Booked]] = {}
    for booked in data.pending.get(key, ()):
        sums.setdefault((booked.entry.milestone, *booked.goods), []).append(booked)
    return Pending(
        upto={number: one.decided for number, one in data.partitions.items()},
        sums=[
            PendingSum(
                rows[0].entry.milestone,
                rows[0].movement.item,
                rows[0].movement.owner,
                sum(row.entry.quantity for row in rows),
                len(rows),
                min(row.movement.document for row in rows),
            )
            for _, rows in sorted(sums.items())
        ],
    )


def ended_periods(data: Data, now: datetime, limit: int) -> list[tuple[PeriodKey, int]]:
    """Days that are over with entries that no posting tells, and how often each was closed."""
    over = sorted((key[2], key[0], key[1]) for key, rows in data.pending.items() if rows)
    found = []
    for ends, site, period in over[:limit]:
        if ends <= now:
            known = data.documents.get(("posting-period", f"{site}/{period}"))
            found.append(((site, period, ends), known.revision if known is not None else 0))
    return found


def financial(data: Data, after: PromiseKey | None, limit: int) -> list[FinancialRow]:
    """A page of both ledgers, side by side."""
    execution: Counter[PromiseKey] = Counter()
    for (item, site, _, state, _), quantity in data.balances.items():
        if state in INSIDE:
            execution[item, site] += quantity
    sums: dict[PromiseKey, Counter[str]] = {key: Counter() for key in execution}
    for booked in data.booked:
        key = (booked.movement.item, booked.entry.site)
        sums.setdefault(key, Counter())[_standing(data, booked)] += booked.entry.quantity
    keys = nsmallest(limit, (key for key in sums if after is None or key > after))
    return [
        FinancialRow(site, item, execution[item, site], sum(of.values()), **of)
        for item, site in keys
        for of in (sums[item, site],)
    ]


def _standing(data: Data, booked: Booked) -> str:
    """How far the ERP was told of an entry: a name of `FinancialRow`."""
    if booked.entry.mode == "none":
        return "silent"
    if not booked.asked:
        return "pending"
    document = data.documents[("stock-posting", booked.asked)]
    standing: str = msgspec.json.decode(document.body)["standing"]
    return standing
