"""The contract of accounts that a decision looks at: counted, relied on, blocked."""

from __future__ import annotations

import asyncio
from datetime import datetime

import msgspec
import pytest

from crossdock.contracts.vocabulary import MovementKind, StockState
from crossdock.log.accounts import Account, Blocked, Counted, Expected, WholeLot
from crossdock.log.errors import StockMoved
from crossdock.log.records import Document, Movement, Outcome, Wanted
from crossdock.testing.builders import at
from crossdock.testing.storage.engine import ContractBase, Engine, land, next_batch, scene

SHELF: Account = ("bolt", "EAST", "L1", "available", "")
BOOK = "book-of-the-shelf"


def received(quantity: int, when: datetime | None = None, *, site: str = "EAST") -> Outcome:
    """An outcome that puts so many of a lot on the shelf, at a time of its own if one is given."""
    return Outcome(
        movements=[
            Movement(
                "bolt", "L1", "", site, StockState.SUPPLIER, site, StockState.AVAILABLE, quantity,
                "R", MovementKind.RECEIVE, when,
            )
        ]
    )  # fmt: skip


def document(kind: str, number: str, revision: int = 1) -> Document:
    """A document that something may wake."""
    return Document(kind, number, revision, None, msgspec.Raw(b"{}"))


class AccountContract(ContractBase):
    """What counts, recalls and expiries rely on."""

    @scene
    async def test_an_account_is_seen_as_of_an_event_time(self, on: Engine) -> None:
        """What happened later is left out, whenever it was told; None sees it as it stands."""
        store = await on.handle()
        await land(store, received(5, at(10)), received(3, at(30)), received(1, at(20)))
        wanted = Wanted(accounts={(SHELF, at(20)), (SHELF, at(9)), (SHELF, None)})
        loaded = await store.load(wanted)
        assert loaded.accounts == {(SHELF, at(20)): 6, (SHELF, at(9)): 0, (SHELF, None): 9}

    @scene
    async def test_a_lot_is_seen_wherever_it_is(self, on: Engine) -> None:
        """All accounts of it that are not empty."""
        store = await on.handle()
        await land(store, received(5), received(2, site="WEST"))
        lots = (await store.load(Wanted(lots={("bolt", "L1"), ("bolt", "L2")}))).lots
        assert lots[("bolt", "L2")] == {}
        assert {key[1:4:2]: n for key, n in lots[("bolt", "L1")].items()} == {
            ("EAST", "available"): 5,
            ("EAST", "supplier"): -5,
            ("WEST", "available"): 2,
            ("WEST", "supplier"): -2,
        }

    @scene
    async def test_what_was_relied_on_must_be_so(self, on: Engine) -> None:
        """An account that holds something else stops the batch, which then kept nothing."""
        store = await on.handle()
        await land(store, received(5, at(10)), received(3, at(30)))
        batch = await next_batch(store, received(2, at(20)))
        for as_of, wrong in ((at(20), 6), (None, 9), (at(9), 2)):
            batch.expected = [Expected(SHELF, as_of, wrong)]
            with pytest.raises(StockMoved):
                await store.commit(batch, at(1))
        batch.expected = [Expected(SHELF, at(20), 7), Expected(SHELF, None, 10)]
        await store.commit(batch, at(1))
        [row] = [r for r in await store.balances(None, 9) if r.state == "available"]
        assert row.quantity == 10

    @scene
    async def test_nothing_else_may_be_held_of_a_whole_lot(self, on: Engine) -> None:
        """Of two workers that each make the lot's first account, the second is stopped."""
        first, second = await on.handle(), await on.handle()
        batches = [
            await next_batch(first, received(1, site="EAST")),
            await next_batch(second, received(1, site="WEST"), partition=1),
        ]
        for batch, site in zip(batches, ("EAST", "WEST"), strict=True):
            units = {"available": 1, "supplier": -1}
            held = {("bolt", site, "L1", state, ""): units[state] for state in units}
            batch.whole = [WholeLot(("bolt", "L1"), held)]
        ended = await asyncio.gather(
            first.commit(batches[0], at(1)), second.commit(batches[1], at(1)),
            return_exceptions=True,
        )  # fmt: skip
        assert [type(one) for one in ended if one] == [StockMoved]
        rows = await first.balances(None, 9)
        assert len({row.site for row in rows}) == 1

    @scene
    async def test_an_empty_account_can_be_relied_on(self, on: Engine) -> None:
        """Nothing was ever there."""
        store = await on.handle()
        batch = await next_batch(store, Outcome())
        batch.expected = [Expected(SHELF, None, 0), Expected(SHELF, at(5), 0)]
        await store.commit(batch, at(1))
        assert await store.balances(None, 9) == []

    @scene
    async def test_a_movement_before_a_count_wakes_it(self, on: Engine) -> None:
        """Told after it and happened up to its time; what happened later does not concern it."""
        store = await on.handle()
        await self._count(on)
        await land(store, received(1, at(21)))
        assert await store.due_documents(at(0), 9) == []
        await land(store, received(1, at(20)))
        assert await store.due_documents(at(0), 9) == [("count", BOOK, 1)]
        await land(store, documents=[(document("count", BOOK, 2), 1)])
        assert await store.due_documents(at(0), 9) == []

    @scene
    async def test_a_movement_that_comes_and_goes_wakes_a_count_too(self, on: Engine) -> None:
        """Nothing changes now, and something had changed then."""
        store = await on.handle()
        await self._count(on)
        out = received(4, at(30))
        [one] = out.movements
        out.movements = [
            msgspec.structs.replace(
                one,
                from_state=StockState.AVAILABLE,
                to_state=StockState.CUSTOMER,
            )
        ]
        await land(store, received(4, at(10)), out)
        assert await store.due_documents(at(0), 9) == [("count", BOOK, 1)]

    @scene
    async def test_a_batch_can_wake_its_own_count(self, on: Engine) -> None:
        """Where a later message of it happened before."""
        store = await on.handle()
        await self._count(on, again=True)
        assert await store.due_documents(at(0), 9) == [("count", BOOK, 1)]

    async def _count(self, on: Engine, *, again: bool = False) -> None:
        store = await on.handle()
        batch = await next_batch(store, received(5, at(10)))
        batch.documents = [(document("count", BOOK), 0)]
        batch.expected = [Expected(SHELF, at(20), 5)]
        batch.counted = [Counted(SHELF, BOOK, at(20), again)]
        await store.commit(batch, at(1))
        if not again:
            assert await store.due_documents(at(0), 9) == []

    @scene
    async def test_a_blocked_lot_wakes_while_units_stand_on_a_shelf(self, on: Engine) -> None:
        """Where it is blocked, and not where it is not, nor once it is free again."""
        store = await on.handle()
        batch = await next_batch(store, received(5, site="WEST"))
        batch.documents = [(document("lot", "D1"), 0)]
        batch.blocked = [Blocked("bolt", "L1", ("EAST",), "D1")]
        await store.commit(batch, at(1))
        assert await store.due_documents(at(0), 9) == []
        await land(store, received(1))
        assert await store.due_documents(at(0), 9) == [("lot", "D1", 1)]
        batch = await next_batch(store, Outcome())
        batch.blocked = [Blocked("bolt", "L1", ("EAST",), "")]
        await store.commit(batch, at(1))
        assert await store.due_documents(at(0), 9) == []
        batch = await next_batch(store, Outcome())
        batch.blocked = [Blocked("bolt", "L1", (), "D1")]
        await store.commit(batch, at(1))
        assert await store.due_documents(at(0), 9) == [("lot", "D1", 1)]
