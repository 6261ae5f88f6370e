"""The contract of the looking port: what is found of one order, item or message, in which order."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from crossdock.log.records import Closing, Document, Note, Outcome
from crossdock.testing.builders import at, effect, message, movement, order_row, stock, waiting
from crossdock.testing.storage.engine import ContractBase, Engine, land, scene


class LookingContract(ContractBase):
    """What an explanation is made of."""

    @scene
    async def test_an_empty_store_explains_nothing(self, on: Engine) -> None:
        """Every answer is empty."""
        store = await on.handle()
        assert await store.order_state("order-1") is None
        assert await store.places_of_key("order-1") == []
        assert await store.places_of_cause([(0, 1)]) == []
        assert await store.places_of_item("bolt", 9) == []
        assert await store.outcomes_at([(0, 1)]) == {}
        assert await store.effects_decided_at([(0, 1)]) == []
        assert await store.exceptions_about(["order-1"], [(0, 1)]) == []
        assert await store.documents_of_kind("saga", "", 9) == []
        assert await store.waiting_of_order("order-1") == []
        assert await store.waiting_of_item("bolt", 9) == []
        assert await store.promises_of_item("bolt") == []

    @scene
    async def test_an_order_is_found_with_its_messages_and_those_they_caused(
        self, on: Engine
    ) -> None:
        """Messages as they were received, over partitions; of others none."""
        store = await on.handle()
        await land(store, orders=[order_row("order-7", state=b'{"a":1}')])
        assert await store.order_state("order-7") == b'{"a":1}'
        late = message("late", key="order-7", seconds=9)
        soon = message("soon", key="order-7", seconds=5, partition=1)
        caused = replace(message("own", key="order-8", seconds=7), causation="1:1")
        await store.append([late, message("other", key="order-8", seconds=6), soon, caused])
        assert await store.places_of_key("order-7") == [(1, 1), (0, 2)]
        assert await store.places_of_cause([(1, 1), (0, 2)]) == [(0, 4)]
        assert await store.places_of_cause([(0, 3)]) == []

    @scene
    async def test_the_newest_movements_of_an_item_are_found_oldest_first(self, on: Engine) -> None:
        """A message that moved it twice stands there once."""
        store = await on.handle()
        twice = Outcome(movements=[movement(1), movement(2, document="receipt-2")])
        await land(store, twice, Outcome(movements=[movement(1, item="nut")]), Outcome())
        await land(store, Outcome(movements=[movement(5)]), partition=1)
        await land(store, Outcome(movements=[movement(5)]))
        assert await store.places_of_item("bolt", 9) == [(0, 1), (0, 4), (1, 1)]
        assert await store.places_of_item("bolt", 2) == [(0, 4), (1, 1)]

    @scene
    async def test_what_was_decided_somewhere_is_found_there(self, on: Engine) -> None:
        """Outcomes and effects by place; what is not decided has none."""
        store = await on.handle()
        told = [(0, 2, effect("a")), (0, 1, effect("b", key="order-2")), (0, 3, effect("c"))]
        await land(store, Outcome(reason="one"), Outcome(reason="two"), Outcome(), effects=told)
        await store.append([message("undecided")])
        found = await store.outcomes_at([(0, 2), (0, 1), (0, 4), (9, 1)])
        assert {place: row.outcome.reason for place, row in found.items()} == {
            (0, 1): "one",
            (0, 2): "two",
        }
        views = await store.effects_decided_at([(0, 1), (0, 2), (0, 9)])
        assert [(view.business_key, view.place) for view in views] == [("a", "0:2"), ("b", "0:1")]

    @scene
    async def test_conditions_are_found_by_what_they_are_about(self, on: Engine) -> None:
        """By a key, by what lies below it, or by the message that met them; closed ones too."""
        store = await on.handle()
        await land(store, Outcome(notes=[Note("over-shipped", "O1/2", "x")]), seconds=5)
        await land(store, Outcome(notes=[Note("short-pick", "O1/1", "x")]), seconds=3)
        await land(store, Outcome(notes=[Note("short-pick", "O10/1", "x")]), seconds=1)
        closing = Closing("over-shipped", "O1/2", "it adds up", {0: 1})
        await land(store, Outcome(closings=[closing]), seconds=6)
        found = await store.exceptions_about(["O1", "nobody"], [])
        assert [(one.kind, one.key, one.is_open) for one in found] == [
            ("short-pick", "O1/1", True),
            ("over-shipped", "O1/2", False),
        ]
        assert [one.key for one in await store.exceptions_about([], [(0, 3)])] == ["O10/1"]
        assert await store.exceptions_about([], []) == []

    @scene
    async def test_documents_of_a_kind_are_paged_by_code_point(self, on: Engine) -> None:
        """Those of other kinds are left out."""
        store = await on.handle()
        names = ["9", "A", "a", "b"]
        kept = [(Document("saga", name, 1, at(9), msgspec.Raw(b"{}")), 0) for name in names]
        await land(
            store, documents=[*kept, (Document("case", "B", 1, None, msgspec.Raw(b"{}")), 0)]
        )
        assert [one.id for one in await store.documents_of_kind("saga", "", 9)] == names
        assert [one.id for one in await store.documents_of_kind("saga", "9", 2)] == ["A", "a"]

    @scene
    async def test_who_waits_is_found_by_order_and_by_item(self, on: Engine) -> None:
        """By order in the order of lines; by item in the order in which they are served."""
        store = await on.handle()
        urgent = replace(waiting("O2", 3), priority=1)
        rows = [waiting("O1", 4, line="b"), waiting("O1", 2, line="B"), urgent]
        await land(store, waiting=[*rows, waiting("O1", 1, item="nut", line="a")])
        assert [row.line for row in await store.waiting_of_order("O1")] == ["B", "a", "b"]
        served = [(row.order_id, row.line) for row in await store.waiting_of_item("bolt", 9)]
        assert served == [("O2", "1"), ("O1", "B"), ("O1", "b")]
        assert await store.waiting_of_item("bolt", 1) == [urgent]

    @scene
    async def test_the_promises_of_an_item_are_found_by_site(self, on: Engine) -> None:
        """Also one at zero, and of no other item."""
        store = await on.handle()
        rows = [stock("bolt", "b", sellable=3), stock("bolt", "A"), stock("bolts", sellable=9)]
        await land(store, stock=rows)
        found = await store.promises_of_item("bolt")
        assert [(row.site, row.sellable) for row in found] == [("A", 0), ("b", 3)]
