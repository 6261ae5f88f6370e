"""The contract of a decided batch: all of it or nothing, stock guarded, books balanced."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime

import msgspec
import pytest

from crossdock.contracts.vocabulary import Fate, StockState
from crossdock.log.errors import (
    CommitUnknown,
    DocumentMoved,
    LeaseLost,
    StockMoved,
    StoreRefused,
)
from crossdock.log.ports import Store
from crossdock.log.records import (
    Answer,
    Decided,
    Document,
    MasterRow,
    Note,
    Outcome,
    Promised,
    StockChange,
    StockRow,
    Wanted,
)
from crossdock.log.views import ABSORBED
from crossdock.testing.builders import (
    at,
    decided,
    effect,
    message,
    movement,
    order_row,
    stock,
    waiting,
)
from crossdock.testing.storage.engine import ContractBase, Engine, land, next_batch, scene
from crossdock.testing.storage.picture import picture

RACERS = 8


def outcome(*moves: int) -> Outcome:
    """An outcome that receives so many bolts per movement."""
    return Outcome(movements=[movement(quantity) for quantity in moves])


async def full_batch(store: Store) -> Decided:
    """A batch that changes something of every kind, decided and not yet committed."""
    said = Outcome(movements=[movement(7)], notes=[Note("odd", "k", "a detail")])
    batch = await next_batch(store, said)
    batch.orders.append(order_row("o-1"))
    batch.stock.append(stock(sellable=7))
    batch.effects.append((0, 1, effect("wms/release/1")))
    batch.waiting.append(waiting("o-1", 3))
    batch.masters.append(MasterRow("item", "bolt", 1, b"{}"))
    batch.messages.append(message("grant", source="crossdock", partition=1))
    return batch


class BatchContract(ContractBase):
    """What `load` and `commit` promise."""

    @scene
    async def test_who_waits_beside_free_stock_is_found(self, on: Engine) -> None:
        """Lines that wait beside free stock, or are held for an item that is known, are named."""
        store = await on.handle()
        assert await store.stranded(9) == []
        kept_back = replace(waiting("o-4", 1), keep_back=5, channel="web")
        elsewhere = replace(waiting("o-5", 1), sites=("NORTH",))
        none = waiting("o-6", 1, item="nut")
        await land(
            store,
            stock=[stock(sellable=9, reserved=4), stock(item="nut", sellable=3, reserved=3)],
            waiting=[waiting("o-3", 2), waiting("o-2", 2), kept_back, elsewhere, none],
        )
        assert await store.stranded(9) == ["o-2", "o-3"]
        await land(
            store,
            orders=[
                order_row("o-0", state=b'{"order_id":"o-0","holds":["unknown-item:bolt"]}'),
                order_row("o-1", state=b'{"order_id":"o-1","holds":["unknown-item:nut"]}'),
                order_row("o-7", state=b'{"order_id":"o-7","holds":["blocked-item:bolt"]}'),
            ],
            waiting=[
                replace(waiting("o-0", 1), sites=()),
                replace(waiting("o-1", 1, item="nut"), sites=()),
                replace(waiting("o-7", 1), sites=()),
            ],
            masters=[MasterRow("item", "bolt", 1, b"{}")],
        )
        assert await store.stranded(9) == ["o-0", "o-2", "o-3"]
        assert await store.stranded(1) == ["o-0"]

    @scene
    async def test_what_was_committed_is_loaded(self, on: Engine) -> None:
        """Orders, promise rows of all sites, waiting lines and masters come back as written."""
        store = await on.handle()
        line = waiting("o-1", 3)
        await land(
            store,
            orders=[order_row("o-1", state=b"one"), order_row("o-2", state=b"two")],
            stock=[stock(sellable=9, reserved=2), stock(site="WEST", sellable=4)],
            waiting=[line],
            masters=[MasterRow("item", "bolt", 3, b"body")],
        )
        loaded = await store.load(
            Wanted({"o-1", "o-2", "o-3"}, {"bolt", "nut"}, {("item", "bolt"), ("party", "bolt")})
        )
        assert loaded.orders == {"o-1": b"one", "o-2": b"two"}
        assert loaded.stock == {
            ("bolt", "EAST"): StockRow(9, 2, version=1),
            ("bolt", "WEST"): StockRow(4, 0, version=1),
        }
        assert loaded.waiting == [line]
        assert loaded.masters == {("item", "bolt"): b"body"}

    @scene
    async def test_only_what_is_wanted_is_loaded(self, on: Engine) -> None:
        """A batch is not given what it does not touch."""
        store = await on.handle()
        await land(
            store,
            orders=[order_row("o-1")],
            stock=[stock(sellable=9)],
            waiting=[waiting("o-1", 3)],
            masters=[MasterRow("item", "bolt", 3, b"body")],
        )
        nothing = await store.load(Wanted({"o-2"}, {"nut"}, {("item", "nut")}))
        assert (nothing.orders, nothing.stock, nothing.waiting, nothing.masters) == ({}, {}, [], {})

    @scene
    async def test_the_newest_state_of_a_row_counts(self, on: Engine) -> None:
        """Orders, masters and waiting lines are overwritten by their keys."""
        store = await on.handle()
        await land(
            store,
            orders=[order_row("o-1", state=b"old")],
            waiting=[waiting("o-1", 3), waiting("o-1", 8, line="2")],
            masters=[MasterRow("item", "bolt", 1, b"old")],
        )
        await land(
            store,
            orders=[order_row("o-1", state=b"new", shipped=2)],
            waiting=[waiting("o-1", 1)],
            masters=[MasterRow("item", "bolt", 2, b"new")],
        )
        loaded = await store.load(Wanted({"o-1"}, {"bolt"}, {("item", "bolt")}))
        assert loaded.orders == {"o-1": b"new"}
        assert loaded.masters == {("item", "bolt"): b"new"}
        assert {row.line: row.quantity for row in loaded.waiting} == {"1": 1, "2": 8}
        [row] = await store.orders("", 10)
        assert row == order_row("o-1", state=b"new", shipped=2)

    @scene
    async def test_a_line_that_waits_for_nothing_leaves_the_list(self, on: Engine) -> None:
        """Quantity zero takes it off, also when it never stood there."""
        store = await on.handle()
        await land(store, waiting=[waiting("o-1", 3), waiting("o-2", 4)])
        await land(store, waiting=[waiting("o-1", 0), waiting("o-9", 0)])
        loaded = await store.load(Wanted(items={"bolt"}))
        assert loaded.waiting == [waiting("o-2", 4)]

    @scene
    async def test_outcomes_are_kept_with_their_time(self, on: Engine) -> None:
        """Each outcome stands at its message's place and says when it was written."""
        store = await on.handle()
        said = [
            Outcome(movements=[movement(1)], grants=[("o", "1", "bolt", "EAST", 2)]),
            Outcome(fate=Fate.HELD, reason="why"),
        ]
        await land(store, *said, partition=4, seconds=12)
        rows = await store.outcomes(4, 0, 10)
        assert [row.outcome for row in rows] == said
        assert [(row.partition, row.position) for row in rows] == [(4, 1), (4, 2)]
        assert {row.processed_time for row in rows} == {at(12)}

    @scene
    async def test_every_fate_is_counted_once(self, on: Engine) -> None:
        """Accepted messages are the sum of those undecided and those with a fate (I2)."""
        store = await on.handle()
        await land(
            store,
            Outcome(),
            Outcome(),
            Outcome(fate=Fate.HELD),
            Outcome(fate=Fate.SUPERSEDED),
            Outcome(fate=Fate.DEAD),
        )
        await store.append([message("a"), message("b", partition=1), message("a")])
        assert await store.fates() == {
            "received": 2,
            "applied": 2,
            "superseded": 1,
            "held": 1,
            "dead": 1,
            "absorbed": 1,
        }

    @scene
    async def test_movements_take_from_one_account_what_they_give_another(self, on: Engine) -> None:
        """Missing accounts are made, and the sum over all accounts stays zero (I12)."""
        store = await on.handle()
        moved = movement(
            4, source=StockState.AVAILABLE, target=StockState.PICKED, document="pick-1"
        )
        across = movement(
            3,
            source=StockState.AVAILABLE,
            target=StockState.IN_TRANSIT,
            to_site="WEST",
            document="transfer-1",
        )
        await land(store, Outcome(movements=[movement(10), moved]), outcome(5, 1))
        await land(store, Outcome(movements=[across]))
        held = {row.account[1:4:2]: row.quantity for row in await store.balances(None, 100)}
        assert held == {
            ("EAST", "supplier"): -16,
            ("EAST", "available"): 9,
            ("EAST", "picked"): 4,
            ("WEST", "in_transit"): 3,
        }
        assert sum(held.values()) == 0

    @scene
    async def test_an_account_that_is_empty_again_is_not_listed(self, on: Engine) -> None:
        """Balances show what is there."""
        store = await on.handle()
        back = movement(6, source=StockState.AVAILABLE, target=StockState.SUPPLIER)
        await land(store, outcome(6))
        await land(store, Outcome(movements=[back]))
        assert await store.balances(None, 100) == []

    @scene
    async def test_a_movement_of_nothing_is_refused(self, on: Engine) -> None:
        """The books hold no line without goods; nothing of such a batch is kept."""
        store = await on.handle()
        batch = await next_batch(store, outcome(5), outcome(0))
        before = await picture(store)
        with pytest.raises(StoreRefused) as refusal:
            await store.commit(batch, at(1))
        assert refusal.value.constraint == "movement_quantity_bounded"
        assert await picture(store) == before

    @scene
    async def test_a_reservation_may_use_all_the_free_stock(self, on: Engine) -> None:
        """Free stock equal to the need is enough."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=10, reserved=4)])
        await land(store, stock=[stock(reserved=6, need=6)])
        [row] = await store.promises(None, 10)
        assert (row.sellable, row.reserved) == (10, 10)

    @scene
    async def test_a_reservation_on_stock_that_is_gone_is_stopped(self, on: Engine) -> None:
        """One unit less than needed, and nothing of the batch is written (I14)."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=10, reserved=5), stock("nut", sellable=9)])
        batch = await full_batch(store)
        batch.stock = [stock("nut", reserved=1, need=1), stock(reserved=6, need=6)]
        before = await picture(store)
        with pytest.raises(StockMoved):
            await store.commit(batch, at(1))
        assert await picture(store) == before

    @scene
    async def test_units_of_a_pool_must_be_on_the_shelf(self, on: Engine) -> None:
        """What one channel has set aside is not free, and promised only while there."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=4, pooled=3)])
        await land(store, stock=[stock(reserved=3, pooled=-3, need_backed=4)])
        [row] = await store.promises(None, 10)
        assert (row.reserved, row.pooled, row.free) == (3, 0, 1)
        batch = await next_batch(store)
        batch.stock = [stock(reserved=1, need_backed=2)]
        with pytest.raises(StockMoved):
            await store.commit(batch, at(1))

    @scene
    async def test_the_guard_looks_at_the_stock_before_the_change(self, on: Engine) -> None:
        """What the batch itself adds is in `need` already; the row must show the rest."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=2)])
        batch = await next_batch(store)
        batch.stock = [stock(sellable=8, reserved=10, need=2)]
        await store.commit(batch, at(1))
        short = await next_batch(store)
        short.stock = [stock(sellable=8, reserved=1, need=1)]
        with pytest.raises(StockMoved):
            await store.commit(short, at(2))

    @scene
    async def test_stock_that_was_never_heard_of_is_none(self, on: Engine) -> None:
        """A missing promise row shows nothing free, and a need of nothing or less is met."""
        store = await on.handle()
        batch = await next_batch(store)
        batch.stock = [stock(reserved=1, need=1)]
        with pytest.raises(StockMoved):
            await store.commit(batch, at(1))
        batch.stock = [stock(sellable=3, reserved=3, need=0)]
        await store.commit(batch, at(1))
        assert [(row.sellable, row.reserved) for row in await store.promises(None, 9)] == [(3, 3)]

    @scene
    async def test_a_fact_is_not_guarded(self, on: Engine) -> None:
        """Goods that are gone are gone: the shelf may fall below what is promised."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=5, reserved=5)])
        await land(store, stock=[stock(sellable=-7)])
        assert [(row.sellable, row.reserved) for row in await store.promises(None, 9)] == [(-2, 5)]

    @scene
    async def test_a_promise_is_never_taken_back_twice(self, on: Engine) -> None:
        """Reserved never falls below zero; nothing of such a batch is kept (I15)."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=5, reserved=2)])
        batch = await full_batch(store)
        batch.stock = [stock(reserved=-3)]
        before = await picture(store)
        with pytest.raises(StoreRefused) as refusal:
            await store.commit(batch, at(1))
        assert refusal.value.constraint == "promise_reserved_not_negative"
        assert await picture(store) == before

    @scene
    async def test_racing_reservations_never_promise_more_than_there_is(self, on: Engine) -> None:
        """Eight workers want five of ten at once: two get them, six are told to look again."""
        handles = [await on.handle() for _ in range(RACERS)]
        await land(handles[0], stock=[stock(sellable=10)], partition=15)
        batches = [
            await next_batch(store, partition=number) for number, store in enumerate(handles)
        ]
        for batch in batches:
            batch.stock = [stock(reserved=5, need=5)]
        ends = await asyncio.gather(
            *(store.commit(batch, at(1)) for store, batch in zip(handles, batches, strict=True)),
            return_exceptions=True,
        )
        assert Counter(type(end) for end in ends) == {type(None): 2, StockMoved: RACERS - 2}
        assert [(row.sellable, row.reserved) for row in await handles[0].promises(None, 9)] == [
            (10, 10)
        ]

    @scene
    async def test_batches_over_the_same_rows_in_opposite_order_both_finish(
        self, on: Engine
    ) -> None:
        """Whatever order a batch names its rows in, two batches never wait for each other."""
        handles = [await on.handle() for _ in range(2)]
        items = [f"item-{number}" for number in range(12)]

        async def work(store: Store, partition: int, names: list[str]) -> None:
            for _ in range(8):
                batch = await next_batch(store, partition=partition)
                batch.outcomes[0][2].movements += [movement(1, item=name) for name in names]
                batch.stock = [stock(name, sellable=1) for name in names]
                await store.commit(batch, at(1))

        await asyncio.gather(work(handles[0], 0, items), work(handles[1], 1, items[::-1]))
        rows = await handles[0].promises(None, 100)
        assert {row.sellable for row in rows} == {16}

    @scene
    async def test_an_intent_exists_once(self, on: Engine) -> None:
        """A business key that is known, settled or not, is not intended again (I10)."""
        store = await on.handle()
        twice = [(0, 1, effect("wms/release/1")), (0, 1, effect("wms/release/1", body=b"else"))]
        await land(store, effects=twice)
        await land(store, effects=[(0, 2, effect("wms/release/1")), (0, 2, effect("wms/stop/1"))])
        assert [one.business_key for one in await store.effects_of("order-1")] == [
            "wms/release/1",
            "wms/stop/1",
        ]
        assert await store.effects_summary() == {("wms", "due"): 2}

    @scene
    async def test_the_hubs_own_messages_are_appended_with_the_batch(self, on: Engine) -> None:
        """They get places like any other, under the same answers."""
        store = await on.handle()
        await store.append([message("known", business_key="k", partition=1)])
        own = [
            message("grant", source="crossdock", partition=1),
            message("grant", source="crossdock", partition=1),
            message("rival", source="crossdock", business_key="k", says="else", partition=1),
        ]
        await land(store, messages=own)
        found = await store.messages([(1, 1), (1, 2), (1, 3)])
        assert [(one.id, one.rival) for one in found] == [
            ("known", None),
            ("grant", None),
            ("rival", "1:1"),
        ]
        assert (await store.position())[1] == (3, 0)
        assert (await store.fates())[ABSORBED] == 1

    @scene
    async def test_notes_open_a_condition_once_and_count_it(self, on: Engine) -> None:
        """The first opening is kept, the last detail is shown, every note counts."""
        store = await on.handle()

        def said(detail: str) -> Outcome:
            return Outcome(notes=[Note("short-pick", "o-1/1", detail)])

        await land(store, said("one"), said("two"), seconds=1)
        await land(store, said("three"), Outcome(notes=[Note("odd", "x", "y")]), seconds=2)
        rows = {row.kind: row for row in await store.exceptions(10)}
        assert set(rows) == {"short-pick", "odd"}
        short = rows["short-pick"]
        assert (short.key, short.detail, short.times) == ("o-1/1", "three", 3)
        assert (short.place, short.opened_time) == ("0:1", at(1))
        assert (rows["odd"].times, rows["odd"].opened_time) == (1, at(2))

    @scene
    async def test_a_commit_whose_answer_was_lost_is_not_applied_twice(self, on: Engine) -> None:
        """The same batch again finds that the position moved, and changes nothing."""
        store = await on.handle()
        batch = await full_batch(store)
        deaf = await on.deaf_handle()
        with pytest.raises(CommitUnknown):
            await deaf.commit(batch, at(1))
        kept = await picture(store)
        assert kept["position"] == {0: (1, 1), 1: (1, 0)}
        with pytest.raises(LeaseLost):
            await store.commit(batch, at(2))
        assert await picture(store) == kept

    @scene
    async def test_d6_deciding_and_taking_in_at_the_same_time_leave_no_gap(
        self, on: Engine
    ) -> None:
        """The hub's own messages and those from outside share the log without a lost place."""
        handles = [await on.handle() for _ in range(2)]

        async def decide() -> None:
            for turn in range(10):
                batch = await next_batch(handles[0], partition=0)
                batch.messages = [message(f"own-{turn}", source="crossdock", partition=1)]
                await handles[0].commit(batch, at(turn))

        async def take_in() -> None:
            for turn in range(20):
                [receipt] = await handles[1].append([message(f"in-{turn}", partition=1)])
                assert receipt.answer is Answer.ACCEPTED

        await asyncio.gather(decide(), take_in())
        rows = await handles[0].accepted(1, 0, 100)
        assert [row.position for row in rows] == list(range(1, 31))

    @scene
    async def test_a_batch_without_changes_only_moves_the_position(self, on: Engine) -> None:
        """An outcome that changes nothing is a decision all the same."""
        store = await on.handle()
        await store.append([message("a")])
        [lease] = await store.lease("one", [0], at(0), at(30))
        await store.commit(decided(lease, Outcome()), at(1))
        assert await store.position() == {0: (1, 1)}

    @scene
    async def test_pooled_and_safety_stock_are_not_free(self, on: Engine) -> None:
        """Free is what neither a promise nor a pool nor safety stock speaks for."""
        store = await on.handle()
        await land(store, stock=[StockChange("bolt", "EAST", 10, 2, None, 3, 4)])
        batch = await next_batch(store)
        batch.stock = [stock(reserved=2, need=2)]
        with pytest.raises(StockMoved):
            await store.commit(batch, at(1))
        batch.stock = [stock(reserved=1, need=1)]
        await store.commit(batch, at(1))
        [row] = await store.promises(None, 9)
        assert (row.reserved, row.pooled, row.safety, row.free) == (3, 3, 4, 0)

    @scene
    async def test_documents_stand_as_the_newest_revision_says(self, on: Engine) -> None:
        """Written, loaded, changed; what was never written is not there."""
        store = await on.handle()
        await land(store, documents=[(document(1), 0)])
        await land(store, documents=[(document(2, due=at(9)), 1)])
        loaded = await store.load(Wanted(documents={("case", "A"), ("case", "B")}))
        assert loaded.documents == {("case", "A"): document(2, due=at(9))}
        assert await store.due_documents(at(8), 9) == []
        assert await store.due_documents(at(9), 9) == [("case", "A", 2)]

    @scene
    async def test_held_messages_are_loaded_with_their_reason(self, on: Engine) -> None:
        """What was applied, or stands nowhere, is not held."""
        store = await on.handle()
        await store.append([message("a"), message("b")])
        [lease] = await store.lease("one", [0], at(0), at(30))
        held = Outcome(fate=Fate.HELD, reason="unknown-identifier:item:4711")
        await store.commit(decided(lease, held, Outcome()), at(1))
        loaded = await store.load(Wanted(held={"0:1", "0:2", "0:9", "1:1"}))
        assert {place: one.reason for place, one in loaded.held.items()} == {
            "0:1": "unknown-identifier:item:4711"
        }
        [said] = await store.messages([(0, 1)])
        assert loaded.held["0:1"].message == said

    @scene
    async def test_it_is_known_to_whom_units_are_promised(self, on: Engine) -> None:
        """Open order lines and reservations, by item and site; what has shipped no more."""
        store = await on.handle()
        state = b'{"lines":{"1":{"item":"bolt","sites":{"EAST":{"reserved":4},"WEST":{}}}}}'
        gone = replace(order_row("o-2", state=state), status="shipped")
        held = {"lines": [{"line": "1", "item": "bolt", "wanted": 2, "sites": {"EAST": 2}}]}
        body = msgspec.Raw(msgspec.json.encode({"channel": "web", **held}))
        reservation = Document("reservation", "R-1", 1, None, body)
        await land(
            store,
            orders=[order_row("o-1", state=state), gone, order_row("o-3")],
            documents=[(reservation, 0)],
        )
        loaded = await store.load(Wanted(promised={"bolt", "nut"}))
        assert loaded.promised == [
            Promised("bolt", "EAST", "o-1/1", 4),
            Promised("bolt", "EAST", "reservation R-1", 2),
        ]
        assert (await store.load(Wanted(promised={"nut"}))).promised == []

    @scene
    async def test_a_document_that_moved_stops_the_batch(self, on: Engine) -> None:
        """Who read another revision than the one that stands writes nothing."""
        store = await on.handle()
        await land(store, documents=[(document(1), 0)])
        before = await picture(store)
        batch = await full_batch(store)
        for revision in (1, 3):
            batch.documents = [(document(revision), revision - 1)]
            with pytest.raises(DocumentMoved):
                await store.commit(batch, at(1))
        batch.documents = [(document(2), 1)]
        await store.commit(batch, at(1))
        assert await picture(store) != before


def document(revision: int, due: datetime | None = None) -> Document:
    """A revision of one document."""
    return Document("case", "A", revision, due, msgspec.Raw(b'{"seen":%d}' % revision))
