"""The contract of availability: the newest quantity only, under versions that always grow."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import msgspec
import pytest

from crossdock.contracts.catalogue import AVAILABILITY_PUBLISHED
from crossdock.contracts.products import Component, Item, PackLevel
from crossdock.contracts.stock import Availability, SiteAvailability
from crossdock.contracts.vocabulary import ItemKind, StockState
from crossdock.log.errors import StockMoved
from crossdock.log.ports import Store
from crossdock.log.records import Claimed, Document, MasterRow, Outcome, Verdict
from crossdock.log.views import AvailabilityView, SiteView
from crossdock.testing.builders import at, movement, settlement, stock
from crossdock.testing.storage.engine import (
    ContractBase,
    Engine,
    land,
    next_batch,
    persistent,
    scene,
)


@dataclass(frozen=True)
class Shelf:
    """A channel, as publishing sees it."""

    channel: str = "web"
    sites: tuple[str, ...] = ("EAST", "WEST")
    keep_back: int = 0
    destinations: tuple[str, ...] = ("shop",)
    wants_on_hand: bool = False
    per_site: bool = False


WEB = Shelf()


async def publish(store: Store, *channels: Shelf, seconds: float = 1, limit: int = 100) -> int:
    """Publish for these channels, or for the web alone."""
    return await store.publish_availability(channels or (WEB,), at(seconds), limit)


async def told(store: Store, destination: str = "shop", seconds: float = 2) -> list[Availability]:
    """Take what is due to a destination, settle it, and give what it says, in key order."""
    claimed = await store.claim(destination, at(seconds), at(seconds + 10), 1000)
    await store.settle(
        [settlement(one.effect_id, one.attempt, Verdict.ACCEPTED) for one in claimed], at(seconds)
    )
    return sorted((said(one) for one in claimed), key=lambda one: (one.item, one.channel))


def said(claimed: Claimed) -> Availability:
    """What an availability effect says."""
    assert claimed.type == AVAILABILITY_PUBLISHED
    return msgspec.json.decode(claimed.body, type=Availability)


class AvailabilityContract(ContractBase):
    """What `publish_availability` promises."""

    @scene
    async def test_a_changed_promise_is_published(self, on: Engine) -> None:
        """The effect carries channel, item, quantity, version and time, keyed by its item."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=9, reserved=2)])
        assert await publish(store, seconds=3) == 1
        [claimed] = await store.claim("shop", at(4), at(9), 10)
        assert said(claimed) == Availability(
            channel="web", item="bolt", quantity=7, version=1, as_of=at(3)
        )
        assert claimed.key == "bolt"
        assert claimed.business_key == "shop/availability/web/bolt/1"

    @scene
    async def test_a_channels_own_pool_counts_for_it_alone(self, on: Engine) -> None:
        """Its unused units are offered to it first, up to what is on the shelf; to nobody else."""
        store = await on.handle()
        pool = Document("pool", "bolt\tEAST\tb2b", 1, None, msgspec.Raw(b'{"quantity":6,"used":2}'))
        await land(store, stock=[stock(sellable=9, reserved=3, pooled=4)], documents=[(pool, 0)])
        b2b = Shelf(channel="b2b", keep_back=1)
        [web] = await store.availability(WEB, ["bolt"])
        [own] = await store.availability(b2b, ["bolt"], explain=True)
        assert (web.quantity, web.on_hand, web.sites, web.version) == (2, None, (), 1)
        assert (own.quantity, own.on_hand) == (5, 8)
        assert own.sites == (SiteView("EAST", 5, 8, 9, 3, 4, 0, 4, kept_back=1),)
        await publish(store, WEB, b2b)
        first, second = await told(store), await told(store, seconds=20)
        assert {(one.channel, one.quantity) for one in first + second} == {("web", 2), ("b2b", 5)}

    @scene
    async def test_safety_stock_and_what_facts_took_away_are_offered_to_nobody(
        self, on: Engine
    ) -> None:
        """A pool is served from what is on the shelf beside promises and safety stock."""
        store = await on.handle()
        pool = Document("pool", "bolt\tEAST\tweb", 1, None, msgspec.Raw(b'{"quantity":6}'))
        change = replace(stock(sellable=7, reserved=2, pooled=6), safety=3)
        await land(store, stock=[change], documents=[(pool, 0)])
        [found] = await store.availability(WEB, ["bolt"])
        assert found.quantity == 2

    @scene
    async def test_what_is_in_quarantine_is_explained(self, on: Engine) -> None:
        """Our own only; of what is free, no more is kept back than there is."""
        store = await on.handle()
        apart = [
            movement(6, target=StockState.QUARANTINE),
            msgspec.structs.replace(movement(2, target=StockState.QUARANTINE), owner="acme"),
        ]
        await land(store, Outcome(movements=apart), stock=[stock(sellable=3)])
        [found] = await store.availability(Shelf(keep_back=5), ["bolt"], explain=True)
        assert found.quantity == 0
        assert found.sites == (SiteView("EAST", 0, 0, 3, 0, 0, 0, 0, kept_back=3, quarantined=6),)

    @scene
    async def test_a_channel_that_subtracts_is_told_what_is_on_hand(self, on: Engine) -> None:
        """Less its own open orders, promised or picked, that is what is available (P36, P39)."""
        store = await on.handle()
        picked = movement(4, source=StockState.AVAILABLE, target=StockState.PICKED)
        await land(
            store,
            Outcome(movements=[movement(14), picked]),
            stock=[stock(sellable=10, reserved=3)],
        )
        view = Shelf(wants_on_hand=True, per_site=True, keep_back=1)
        await publish(store, view)
        [one] = await told(store)
        assert (one.quantity, one.on_hand) == (6, 13)
        assert one.sites == (SiteAvailability(site="EAST", quantity=6, on_hand=13),)
        assert one.quantity == 13 - 3 - 4
        await land(store, stock=[stock(sellable=-2, reserved=-2)], marks=["bolt"])
        assert await publish(store, view, seconds=30) == 1
        [later] = await told(store, seconds=31)
        assert (later.quantity, later.on_hand) == (6, 11)

    @scene
    async def test_asked_and_published_versions_compare(self, on: Engine) -> None:
        """What is asked for after a publication is never under a lower version."""
        store = await on.handle()
        for _ in range(3):
            await land(store, stock=[stock(sellable=2), stock(site="WEST", sellable=1)])
        [before] = await store.availability(WEB, ["bolt", "bolt"])
        await publish(store)
        [one] = await told(store)
        [after] = await store.availability(WEB, ["bolt"])
        assert before.version == one.version == after.version == 6
        assert await store.availability(WEB, ["nut"]) == [AvailabilityView("nut", 0, None, 0)]

    @scene
    async def test_nothing_changed_nothing_published(self, on: Engine) -> None:
        """Marks are taken with the item, so the second time there is nothing to do."""
        store = await on.handle()
        assert await publish(store) == 0
        await land(store, stock=[stock(sellable=9)])
        assert await publish(store) == 1
        assert await publish(store) == 0
        assert await store.effects_summary() == {("shop", "due"): 1}

    @scene
    async def test_each_site_keeps_back_its_part(self, on: Engine) -> None:
        """Free stock less the keep-back per site, never below zero, summed over the channel's."""
        store = await on.handle()
        await land(
            store,
            stock=[
                stock(site="EAST", sellable=10, reserved=3),
                stock(site="WEST", sellable=1),
                stock(site="NORTH", sellable=50),
                stock("nut", "EAST", sellable=-4),
                stock("nut", "WEST", sellable=5),
            ],
        )
        await publish(store, Shelf(keep_back=2))
        assert [(one.item, one.quantity) for one in await told(store)] == [("bolt", 5), ("nut", 3)]

    @scene
    async def test_an_item_without_free_stock_is_published_as_none(self, on: Engine) -> None:
        """A channel that never heard of an item is told zero, not left alone."""
        store = await on.handle()
        await land(store, stock=[stock(site="NORTH", sellable=5)])
        await publish(store)
        assert [(one.quantity, one.version) for one in await told(store)] == [(0, 1)]

    @scene
    async def test_a_quantity_that_stays_is_not_told_again(self, on: Engine) -> None:
        """The item is looked at, and nothing goes out."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=9)])
        await publish(store)
        await told(store)
        await land(store, stock=[stock(sellable=-2), stock(site="WEST", sellable=2)])
        assert await publish(store) == 1
        assert await told(store, seconds=20) == []

    @scene
    async def test_versions_always_grow(self, on: Engine) -> None:
        """Every published quantity carries a higher version than the one before (I16)."""
        store = await on.handle()
        seen = []
        for turn in range(4):
            await land(store, stock=[stock(sellable=5 if turn % 2 == 0 else -5)])
            await publish(store, seconds=turn * 20)
            seen += await told(store, seconds=turn * 20 + 1)
        assert [(one.quantity, one.version) for one in seen] == [(5, 1), (0, 2), (5, 3), (0, 4)]

    @scene
    async def test_changes_between_two_publishings_are_told_once(self, on: Engine) -> None:
        """Only where it ended counts."""
        store = await on.handle()
        for _ in range(3):
            await land(store, stock=[stock(sellable=2)])
        assert await publish(store) == 1
        assert [(one.quantity, one.version) for one in await told(store)] == [(6, 3)]

    @scene
    async def test_a_newer_quantity_takes_the_place_of_an_unsent_one(self, on: Engine) -> None:
        """What was not sent yet is superseded, and the newest goes out alone."""
        store = await on.handle()
        for turn in (1, 2, 3):
            await land(store, stock=[stock(sellable=turn)])
            await publish(store, seconds=turn)
        assert await store.effects_summary() == {("shop", "due"): 1, ("shop", "superseded"): 2}
        assert [(one.quantity, one.version) for one in await told(store, seconds=4)] == [(6, 3)]
        views = await store.effects_of("bolt")
        assert [one.state for one in views] == ["superseded", "superseded", "accepted"]
        newer = [one.ended[-1].reference for one in views[:2]]
        assert newer == [views[1].business_key, views[2].business_key]
        assert [one.attempts for one in views] == [0, 0, 1]

    @scene
    async def test_an_attempt_under_way_is_not_superseded(self, on: Engine) -> None:
        """It may have arrived: it ends by its own answer, and the newer one waits behind it."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=1)])
        await publish(store)
        [old] = await store.claim("shop", at(2), at(100), 10)
        await land(store, stock=[stock(sellable=1)])
        await publish(store, seconds=3)
        assert await told(store, seconds=4) == []
        await store.settle([settlement(old.effect_id, 1, Verdict.ACCEPTED)], at(5))
        assert [one.version for one in await told(store, seconds=6)] == [2]

    @scene
    async def test_channels_of_one_destination_do_not_supersede_each_other(
        self, on: Engine
    ) -> None:
        """One system that serves two channels learns both their quantities."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=9)])
        await publish(store, WEB, Shelf(channel="b2b", keep_back=4))
        first = await told(store)
        second = await told(store, seconds=20)
        assert {(one.channel, one.quantity) for one in first + second} == {("web", 9), ("b2b", 5)}

    @scene
    async def test_every_destination_of_a_channel_is_told(self, on: Engine) -> None:
        """Each by an effect of its own, with one version."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=9)])
        await publish(store, Shelf(destinations=("shop", "desk")))
        assert await told(store, "shop") == await told(store, "desk") != []

    @scene
    async def test_publishing_takes_no_more_items_than_its_limit(self, on: Engine) -> None:
        """What is left is taken next time; nothing is lost."""
        store = await on.handle()
        await land(store, stock=[stock(f"item-{n}", sellable=n + 1) for n in range(5)])
        assert [await publish(store, limit=2) for _ in range(4)] == [2, 2, 1, 0]
        assert [one.item for one in await told(store)] == [f"item-{n}" for n in range(5)]

    @scene
    async def test_a_batch_that_was_stopped_changes_no_availability(self, on: Engine) -> None:
        """What was not written is not told."""
        store = await on.handle()
        batch = await next_batch(store)
        batch.stock = [stock(sellable=3), stock("nut", reserved=1, need=1)]
        with pytest.raises(StockMoved):
            await store.commit(batch, at(1))
        assert await publish(store) == 0

    @scene
    async def test_racing_publishers_give_each_version_once(self, on: Engine) -> None:
        """Whoever takes an item publishes it; versions stay gapless per channel and item."""
        handles = [await on.handle() for _ in range(2)]
        for turn in range(4):
            await land(handles[0], stock=[stock(f"item-{n}", sellable=1) for n in range(6)])
            taken = await asyncio.gather(
                *(publish(store, seconds=turn, limit=4) for store in handles)
            )
            assert sum(taken) == 6
        for n in range(6):
            found = await handles[0].effects_of(f"item-{n}")
            assert [one.business_key.rpartition("/")[2] for one in found] == ["1", "2", "3", "4"]

    @scene
    async def test_no_mark_is_missed_while_promises_change(self, on: Engine) -> None:
        """Two workers and two publishers at the same moments: the last word is right."""
        handles = [await on.handle() for _ in range(4)]
        for turn in range(10):
            await asyncio.gather(
                land(handles[0], stock=[stock(sellable=3)], partition=0),
                persistent(lambda: publish(handles[1], seconds=turn)),  # noqa: B023
                land(handles[2], stock=[stock(sellable=2)], partition=1),
                persistent(lambda: publish(handles[3], seconds=turn)),  # noqa: B023
            )
        while await publish(handles[0], seconds=20):
            pass
        [last] = await told(handles[0], seconds=21)
        [found] = await handles[0].availability(WEB, ["bolt"])
        assert (last.quantity, last.version) == (50, found.version)

    @scene
    async def test_a_kit_is_there_as_often_as_its_components_allow(self, on: Engine) -> None:
        """A kit is told when it becomes known, and again whenever a component changes."""
        store = await on.handle()
        await land(store, stock=[stock("bolt", sellable=9), stock("nut", sellable=5)])
        await publish(store)
        await told(store)
        await land(store, masters=[master("set", bolt=4, nut=1), master("duo", set=1, nut=1)])
        assert await publish(store) == 2
        assert quantities(await told(store)) == {"set": 2, "duo": 2}
        await land(store, stock=[stock("nut", reserved=2)])
        assert await publish(store) == 3
        assert quantities(await told(store)) == {"nut": 3, "duo": 1}

    @scene
    async def test_a_kit_is_counted_in_the_channel(self, on: Engine) -> None:
        """Components may come from different sites; what is kept back of them is kept back."""
        store = await on.handle()
        await land(
            store,
            masters=[master("set", bolt=4, nut=2)],
            stock=[stock("bolt", sellable=9), stock("nut", "WEST", sellable=5)],
        )
        near = Shelf("near", ("EAST",), destinations=("near",))
        rich = Shelf("rich", keep_back=2, destinations=("rich",))
        await publish(store, WEB, near, rich)
        found = {name: quantities(await told(store, name)) for name in ("shop", "near", "rich")}
        assert {name: units["set"] for name, units in found.items()} == {
            "shop": 2,
            "near": 0,
            "rich": 1,
        }

    @scene
    async def test_a_kit_follows_its_master(self, on: Engine) -> None:
        """Other components, other quantity; a kit no more is an item without stock."""
        store = await on.handle()
        await land(store, masters=[master("set", bolt=4)], stock=[stock("bolt", sellable=9)])
        await publish(store)
        await told(store)
        for revision, components, quantity in ((2, {"bolt": 3}, 3), (3, {"nut": 1}, 0)):
            await land(store, masters=[master("set", revision, **components)])
            assert await publish(store) == 1
            assert quantities(await told(store)) == {"set": quantity}
        await land(store, masters=[master("set", 4)])
        assert await publish(store) == 1
        await land(store, stock=[stock("nut", sellable=7)])
        assert await publish(store) == 1

    @scene
    async def test_a_kit_that_cannot_be_taken_apart_harms_nobody(self, on: Engine) -> None:
        """Of a kit in a circle there is none; the items beside it are told as ever (P40)."""
        store = await on.handle()
        kits = [master("ring", rang=1), master("rang", ring=1, bolt=1), master("set", bolt=1)]
        await land(store, masters=kits, stock=[stock("bolt", sellable=9)])
        assert await publish(store) == 4
        assert quantities(await told(store)) == {"bolt": 9, "set": 9, "ring": 0, "rang": 0}

    @scene
    async def test_an_answer_does_not_depend_on_what_was_published(self, on: Engine) -> None:
        """Never published, published, changed since, published again: always what is free now."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=9), stock(site="WEST", sellable=4)])
        first = AvailabilityView("bolt", 13, None, 2)
        assert await store.availability(WEB, ["bolt"]) == [first]
        await publish(store)
        assert await store.availability(WEB, ["bolt"]) == [first]
        await land(store, stock=[stock(reserved=3)])
        later = AvailabilityView("bolt", 10, None, 3)
        assert await store.availability(WEB, ["bolt"]) == [later]
        await publish(store)
        assert await store.availability(WEB, ["bolt", "nut"]) == [
            later,
            AvailabilityView("nut", 0, None, 0),
        ]

    @scene
    async def test_what_was_published_under_other_rules_is_no_answer(self, on: Engine) -> None:
        """Other sites or another keep-back: the same channel is answered by what holds now."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=9), stock(site="WEST", sellable=4)])
        await publish(store)
        for shelf, quantity in ((Shelf(keep_back=2), 9), (Shelf(sites=("WEST",)), 4), (WEB, 13)):
            [found] = await store.availability(shelf, ["bolt"])
            assert found.quantity == quantity
        await land(store, marks=["bolt"])
        await publish(store, Shelf(keep_back=2))
        assert [one.quantity for one in await store.availability(WEB, ["bolt"])] == [13]

    @scene
    async def test_another_configuration_is_told_without_any_change_of_stock(
        self, on: Engine
    ) -> None:
        """Items that were counted by other rules are marked, a page at a time; and those alone."""
        store = await on.handle()
        await land(store, stock=[stock(f"item-{n}", sellable=n + 1) for n in range(5)])
        await publish(store)
        await told(store)
        richer = Shelf(keep_back=2)
        assert await store.mark_counted_otherwise(WEB, "", 9) == ""
        assert await publish(store) == 0
        assert await store.mark_counted_otherwise(richer, "", 2) == "item-1"
        assert await publish(store, richer) == 2
        assert quantities(await told(store, seconds=20)) == {"item-0": 0, "item-1": 0}
        assert await store.mark_counted_otherwise(richer, "item-1", 2) == "item-3"
        assert await store.mark_counted_otherwise(richer, "item-3", 2) == ""
        assert await publish(store, richer, seconds=30) == 3
        assert quantities(await told(store, seconds=40)) == {"item-2": 1, "item-3": 2, "item-4": 3}
        assert await store.mark_counted_otherwise(richer, "", 9) == ""
        assert await publish(store, richer) == 0

    @scene
    async def test_what_a_channel_wants_to_know_is_told_of_what_it_has(self, on: Engine) -> None:
        """Site by site from now on: figures that it was told before are told so, too."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=9)])
        await publish(store)
        await told(store)
        closer = Shelf(per_site=True)
        await store.mark_counted_otherwise(closer, "", 9)
        assert await publish(store, closer) == 1
        [one] = await told(store, seconds=20)
        assert (one.quantity, one.sites) == (9, (SiteAvailability(site="EAST", quantity=9),))

    @scene
    async def test_a_kit_follows_the_component_that_changed(self, on: Engine) -> None:
        """One is as it was published, of the other less is free: the kit is what both allow now."""
        store = await on.handle()
        kit = master("set", bolt=2, nut=1)
        await land(store, masters=[kit], stock=[stock(sellable=9), stock("nut", sellable=4)])
        await publish(store)
        told_before = await store.availability(WEB, ["set"])
        assert told_before == [AvailabilityView("set", 4, None, 2)]
        await land(store, stock=[stock("nut", reserved=3)])
        found = await store.availability(WEB, ["bolt", "set", "nut"])
        assert [(one.item, one.quantity) for one in found] == [("bolt", 9), ("nut", 1), ("set", 1)]
        assert found[2].version > told_before[0].version
        await publish(store)
        assert await store.availability(WEB, ["bolt", "set", "nut"]) == found

    @scene
    async def test_an_asked_version_names_one_quantity_and_never_falls(self, on: Engine) -> None:
        """What leaves as promised raises none, explained or not; neither does a mark that goes."""
        store = await on.handle()
        await land(store, stock=[stock(sellable=9, reserved=8)])
        await publish(store)
        await land(store, stock=[stock(sellable=-4, reserved=-4)])
        for explain in (False, True):
            [found] = await store.availability(WEB, ["bolt"], explain=explain)
            assert (found.quantity, found.version) == (1, 1)
        await land(store, marks=["bolt"])
        seen = [(await store.availability(WEB, ["bolt"]))[0]]
        assert await publish(store) == 1
        seen += await store.availability(WEB, ["bolt"])
        await land(store, stock=[stock(sellable=-4, reserved=-4)])
        seen += await store.availability(WEB, ["bolt"])
        await land(store, stock=[stock(sellable=1)])
        seen += await store.availability(WEB, ["bolt"])
        await publish(store)
        seen += await store.availability(WEB, ["bolt"])
        assert [(one.quantity, one.version) for one in seen] == [
            (1, 2),
            (1, 2),
            (1, 2),
            (2, 4),
            (2, 4),
        ]

    @scene
    async def test_what_is_on_hand_is_counted_when_it_is_asked_for(self, on: Engine) -> None:
        """It changes with what is picked, whatever was published of the item."""
        store = await on.handle()
        view = Shelf(wants_on_hand=True)
        await land(store, Outcome(movements=[movement(9)]), stock=[stock(sellable=9)])
        await publish(store, view)
        picked = movement(4, source=StockState.AVAILABLE, target=StockState.PICKED)
        await land(store, Outcome(movements=[picked]), stock=[stock(reserved=3)])
        [found] = await store.availability(view, ["bolt"])
        assert (found.quantity, found.on_hand) == (6, 13)

    @scene
    async def test_one_pool_is_told_in_every_pack(self, on: Engine) -> None:
        """As singles and as cases, each as many as the same free stock makes (P37)."""
        store = await on.handle()
        can = Item(item="can", pack_levels=(PackLevel(code="case", base_units=12),))
        await land(store, masters=[master_of(can)], stock=[stock("can", sellable=40, reserved=3)])
        await publish(store)
        [one] = await told(store)
        assert {pack.unit: pack.quantity for pack in one.packs} == {"EA": 37, "case": 3}


def master_of(item: Item) -> MasterRow:
    """An item's master row."""
    return MasterRow("item", item.item, item.revision, msgspec.json.encode(item))


def master(kit: str, revision: int = 1, **components: int) -> MasterRow:
    """A kit of these components; without any, an item like others."""
    return master_of(
        Item(
            item=kit,
            kind=ItemKind.KIT if components else ItemKind.STOCK,
            components=tuple(Component(item=i, quantity=q) for i, q in components.items()),
            revision=revision,
        )
    )


def quantities(told: list[Availability]) -> dict[str, int]:
    """What was told, by item."""
    return {one.item: one.quantity for one in told}
