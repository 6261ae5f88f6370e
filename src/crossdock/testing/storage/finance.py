"""The contract of the financial ledger: entries kept, each told by one posting at most."""

from __future__ import annotations

import msgspec
import pytest

from crossdock.contracts.postings import Milestone
from crossdock.contracts.vocabulary import StockState
from crossdock.log.errors import DocumentMoved
from crossdock.log.ports import Store
from crossdock.log.records import (
    Claim,
    Document,
    FinancialEntry,
    Movement,
    Outcome,
    Pending,
    PendingSum,
    PeriodKey,
    Wanted,
)
from crossdock.log.views import FinancialRow
from crossdock.testing.builders import at
from crossdock.testing.storage.engine import ContractBase, Engine, land, next_batch, scene

DAY: PeriodKey = ("EAST", "2031-03-03", at(1000))
SHIPMENT = Milestone.SHIPMENT


def entered(
    quantity: int, item: str = "bolt", mode: str = "summed", asked: str = "", document: str = "D"
) -> Outcome:
    """An outcome that ships so many, with its entry."""
    site, period, ends = DAY
    movement = Movement(
        item, "", "", site, StockState.PICKED, site, StockState.CUSTOMER, quantity, document
    )
    entry = FinancialEntry(0, site, SHIPMENT, -quantity, period, ends, mode, asked)
    return Outcome(movements=[movement], entries=[entry])


def claim(posting: str, upto: dict[int, int], entries: int, items: tuple[str, str]) -> Claim:
    """A posting of the day's shipments of items from one to another."""
    site, period, ends = DAY
    first, last = items
    return Claim(posting, site, period, SHIPMENT, (first, ""), (last, ""), upto, entries, ends)


def standing(posting: str, how: str) -> Document:
    """The document of a posting."""
    return Document(
        "stock-posting", posting, 1, None, msgspec.Raw(b'{"standing":"%s"}' % how.encode())
    )


async def pending_in(store: Store) -> Pending:
    """What the day has pending."""
    return (await store.load(Wanted(pending={DAY}))).pending[DAY]


class FinanceContract(ContractBase):
    """What entries and claims promise."""

    @scene
    async def test_what_is_pending_is_added_up(self, on: Engine) -> None:
        """By milestone, item and owner, with how far each partition was decided."""
        store = await on.handle()
        await land(store, entered(3, document="S-2"), entered(4, document="S-1"))
        await land(store, entered(5, "nut", document="S-3"), partition=1)
        await land(store, entered(9, mode="none"), entered(8, mode="each", asked="SP-1"))
        found = await pending_in(store)
        assert found.sums == [
            PendingSum(SHIPMENT, "bolt", "", -7, 2, "S-1"),
            PendingSum(SHIPMENT, "nut", "", -5, 1, "S-3"),
        ]
        assert {number: at for number, at in found.upto.items() if at} == {0: 4, 1: 1}

    @scene
    async def test_a_day_is_found_while_something_of_it_is_untold(self, on: Engine) -> None:
        """Not before it is over; with how often it was closed; not once all is told."""
        store = await on.handle()
        await land(store, entered(3), entered(2, mode="each", asked="SP-1"))
        assert await store.ended_periods(at(999), 9) == []
        assert await store.ended_periods(at(1000), 9) == [(DAY, 0)]
        closed = Document("posting-period", "EAST/2031-03-03", 1, None, msgspec.Raw(b"{}"))
        told = Outcome(claims=[claim("SP-2", {0: 2}, 1, ("a", "z"))])
        await land(store, told, documents=[(closed, 0)])
        assert await store.ended_periods(at(1000), 9) == []
        assert (await pending_in(store)).sums == []
        await land(store, entered(1))
        assert await store.ended_periods(at(1000), 9) == [(DAY, 1)]

    @scene
    async def test_a_posting_tells_what_it_added_up_and_no_more(self, on: Engine) -> None:
        """Items beyond its range and entries beyond its positions stay pending."""
        store = await on.handle()
        await land(store, entered(3), entered(5, "nut"), entered(7, "Bolt"))
        await land(store, entered(2))
        await land(store, Outcome(claims=[claim("SP-1", {0: 3}, 1, ("a", "c"))]))
        assert (await pending_in(store)).sums == [
            PendingSum(SHIPMENT, "Bolt", "", -7, 1, "D"),
            PendingSum(SHIPMENT, "bolt", "", -2, 1, "D"),
            PendingSum(SHIPMENT, "nut", "", -5, 1, "D"),
        ]

    @scene
    async def test_entries_that_others_told_stop_the_batch(self, on: Engine) -> None:
        """A claim that does not find what it added up keeps nothing."""
        store = await on.handle()
        await land(store, entered(3))
        await land(store, Outcome(claims=[claim("SP-1", {0: 1}, 1, ("a", "z"))]))
        batch = await next_batch(store, Outcome(claims=[claim("SP-2", {0: 1}, 1, ("a", "z"))]))
        with pytest.raises(DocumentMoved):
            await store.commit(batch, at(0))
        assert (await store.position())[0] == (3, 2)

    @scene
    async def test_both_ledgers_are_seen_side_by_side(self, on: Engine) -> None:
        """Per item and site, by how far the ERP was told; pages go on where they ended."""
        store = await on.handle()
        await land(
            store,
            entered(1),
            entered(2, mode="none"),
            entered(4, mode="each", asked="SP-1"),
            entered(8, mode="each", asked="SP-2"),
            entered(16, mode="each", asked="SP-3"),
            entered(32, "nut"),
            documents=[
                (standing("SP-1", "asked"), 0),
                (standing("SP-2", "posted"), 0),
                (standing("SP-3", "rejected"), 0),
            ],
        )
        bolts = FinancialRow("EAST", "bolt", -31, -31, -8, -4, -16, -1, -2)
        nuts = FinancialRow("EAST", "nut", -32, -32, pending=-32)
        assert await store.financial(None, 9) == [bolts, nuts]
        assert await store.financial(None, 1) == [bolts]
        assert await store.financial(("bolt", "EAST"), 9) == [nuts]
