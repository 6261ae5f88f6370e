"""The contract of the read side: pages in code point order, counts, and traces."""

from __future__ import annotations

from crossdock.contracts.vocabulary import StockState
from crossdock.log.keys import business_digest
from crossdock.log.records import Note, Outcome, Settlement, Verdict, Weighed
from crossdock.testing.builders import at, effect, message, movement, order_row, stock
from crossdock.testing.storage.engine import ContractBase, Engine, land, scene

NAMES = ["10", "9", "A", "B", "a", "a b", "a-b", "b", "~"]  # in code point order


class ReadingContract(ContractBase):
    """What the pages promise; counts and traces are checked where they change."""

    @scene
    async def test_an_empty_store_shows_nothing(self, on: Engine) -> None:
        """Every page is empty, every fate is there at zero."""
        store = await on.handle()
        assert await store.position() == {}
        assert set((await store.fates()).values()) == {0}
        assert await store.messages([(0, 1)]) == []
        assert await store.accepted(0, 0, 9) == []
        assert await store.outcomes(0, 0, 9) == []
        assert await store.orders("", 9) == []
        assert await store.balances(None, 9) == []
        assert await store.weights(None, 9) == []
        assert await store.promises(None, 9) == []
        assert await store.effects_summary() == {}
        assert await store.effects_of("nobody") == []
        assert await store.exceptions(9) == []

    @scene
    async def test_orders_are_paged_by_code_point(self, on: Engine) -> None:
        """Pages of any size, put together, are all orders in one order on every engine."""
        store = await on.handle()
        await land(store, orders=[order_row(name) for name in reversed(NAMES)])
        assert [row.order_id for row in await store.orders("", 100)] == NAMES
        paged, after = [], ""
        while page := await store.orders(after, 2):
            assert len(page) <= 2
            after = page[-1].order_id
            paged += [row.order_id for row in page]
        assert paged == NAMES

    @scene
    async def test_balances_are_paged_by_account(self, on: Engine) -> None:
        """The key is item, site, lot, state, owner."""
        store = await on.handle()
        moves = [movement(1, item=name) for name in NAMES]
        await land(store, Outcome(movements=moves))
        everything = [row.account for row in await store.balances(None, 100)]
        assert everything == sorted(everything)
        assert len(everything) == 2 * len(NAMES)
        paged = []
        page = await store.balances(None, 3)
        while page:
            assert len(page) <= 3
            paged += [row.account for row in page]
            page = await store.balances(page[-1].account, 3)
        assert paged == everything

    @scene
    async def test_weights_are_paged_by_account_and_sum_to_nothing(self, on: Engine) -> None:
        """Grams go from account to account like units; those that come to nothing are left out."""
        store = await on.handle()
        shelf, gone = StockState.AVAILABLE, StockState.CUSTOMER
        for grams, out, back in ((700, 0, 0), (50, 700, 50)):
            weights = [
                Weighed(name, "", "", "EAST", source, "EAST", target, units, "doc")
                for name in NAMES
                for source, target, units in (
                    (StockState.SUPPLIER, shelf, grams),
                    (shelf, gone, out),
                    (gone, shelf, back),
                )
                if units
            ]
            await land(store, Outcome(weights=weights))
        everything = await store.weights(None, 100)
        accounts = [(r.item, r.site, r.lot, r.state, r.owner) for r in everything]
        assert accounts == sorted(accounts)
        assert {(r.state, r.grams) for r in everything} == {
            ("supplier", -750), ("available", 100), ("customer", 650),
        }  # fmt: skip
        page = await store.weights(None, 4)
        assert page + await store.weights(accounts[3], 100) == everything

    @scene
    async def test_promises_are_paged_by_item_and_site(self, on: Engine) -> None:
        """Also those at zero: the row exists."""
        store = await on.handle()
        rows = [stock(name, site) for name in NAMES for site in ("b", "A")]
        await land(store, stock=[*rows, stock("bolt", sellable=2, reserved=1)])
        everything = [(row.item, row.site) for row in await store.promises(None, 100)]
        assert everything == sorted(everything)
        assert len(everything) == 2 * len(NAMES) + 1
        page = await store.promises(None, 3)
        rest = await store.promises((page[-1].item, page[-1].site), 100)
        assert [(row.item, row.site) for row in page + rest] == everything
        [bolt] = [row for row in page + rest if row.item == "bolt"]
        assert (bolt.sellable, bolt.reserved) == (2, 1)

    @scene
    async def test_messages_are_found_by_place(self, on: Engine) -> None:
        """In the order asked, unknown places left out."""
        store = await on.handle()
        await store.append([message(f"m{n}", partition=n % 2) for n in range(6)])
        asked = [(1, 3), (0, 1), (0, 9), (7, 1), (0, 0), (0, 3)]
        assert [one.id for one in await store.messages(asked)] == ["m5", "m0", "m4"]

    @scene
    async def test_the_log_is_paged_by_position(self, on: Engine) -> None:
        """What was accepted, and what was decided of it."""
        store = await on.handle()
        said = [Outcome(reason=f"{n}") for n in range(7)]
        await land(store, *said)
        await store.append([message("later")])
        assert [row.position for row in await store.accepted(0, 0, 3)] == [1, 2, 3]
        assert [row.position for row in await store.accepted(0, 6, 9)] == [7, 8]
        assert [row.outcome.reason for row in await store.outcomes(0, 0, 2)] == ["0", "1"]
        assert [row.position for row in await store.outcomes(0, 5, 9)] == [6, 7]
        assert await store.outcomes(0, 7, 9) == []

    @scene
    async def test_effects_are_traced_to_their_message(self, on: Engine) -> None:
        """By ordering key, over all destinations, oldest first, with the place that decided."""
        store = await on.handle()
        one = effect("wms/release/1")
        two = effect("shop/shipment/1", destination="shop")
        await land(store, effects=[(0, 1, one), (3, 9, two), (0, 1, effect("x", key="order-2"))])
        found = await store.effects_of("order-1")
        assert [(view.business_key, view.place) for view in found] == [
            ("wms/release/1", "0:1"),
            ("shop/shipment/1", "3:9"),
        ]
        assert [(view.state, view.attempts, view.ended) for view in found] == [("due", 0, [])] * 2
        await store.claim("wms", at(1), at(9), 1)
        summary = await store.effects_summary()
        assert summary == {("wms", "in_flight"): 1, ("wms", "due"): 1, ("shop", "due"): 1}

    @scene
    async def test_effects_are_found_by_the_far_systems_numbers(self, on: Engine) -> None:
        """By any of several numbers, over destinations, oldest first; no number finds nothing."""
        store = await on.handle()
        one = effect("wms/release/1")
        two = effect("shop/shipment/1", destination="shop")
        three = effect("wms/release/2", key="order-2")
        await land(store, effects=[(0, 1, one), (0, 1, two), (0, 1, three)])
        numbers = {"wms/release/1": "W-7", "shop/shipment/1": "S-9", "wms/release/2": ""}
        for destination in ("wms", "shop"):
            claimed = await store.claim(destination, at(1), at(9), 9)
            await store.settle(
                [
                    Settlement(
                        found.effect_id,
                        found.attempt,
                        Verdict.ACCEPTED,
                        numbers[found.business_key],
                    )
                    for found in claimed
                ],
                at(2),
            )
        found = await store.effects_known_as(["S-9", "W-7", "nobody's", ""])
        assert [view.business_key for view in found] == ["wms/release/1", "shop/shipment/1"]
        assert [view.ended[-1].reference for view in found] == ["W-7", "S-9"]
        assert await store.effects_known_as(["W-"]) == []
        assert await store.effects_known_as([]) == []

    @scene
    async def test_messages_are_found_by_business_key(self, on: Engine) -> None:
        """The places of those that hold the keys, each once; unknown keys find nothing."""
        store = await on.handle()
        first = message("m1", business_key="order/1")
        await store.append([first, message("m2", partition=1, business_key="order/2")])
        keys = [business_digest("order/2"), business_digest("order/1"), business_digest("order/1")]
        assert await store.places_of_business_keys(keys) == [(0, 1), (1, 1)]
        assert await store.places_of_business_keys([business_digest("order/3")]) == []

    @scene
    async def test_conditions_are_listed_newest_first(self, on: Engine) -> None:
        """At most as many as asked for; of one moment, by kind and key."""
        store = await on.handle()
        for n, kinds in enumerate(["b", "ca", "d"]):
            notes = [Note(kind, key, "x") for kind in kinds for key in ("y", "X")]
            await land(store, Outcome(notes=notes), seconds=n)
        rows = [f"{row.kind}{row.key}" for row in await store.exceptions(100)]
        assert rows == ["dX", "dy", "aX", "ay", "cX", "cy", "bX", "by"]
        assert [f"{row.kind}{row.key}" for row in await store.exceptions(3)] == rows[:3]
