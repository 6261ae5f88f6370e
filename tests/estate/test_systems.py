"""What each simulated system does, and the truth that it keeps of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.connector import (
    Ability,
    Accepted,
    AlreadyDone,
    NotThere,
    Refused,
    Unknown,
)
from crossdock.contracts.orders import Order, OrderLine, OrderStatusChange
from crossdock.contracts.parties import Party
from crossdock.contracts.products import Item
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.contracts.stock import Availability, Receipt, ReceiptLine
from crossdock.contracts.vocabulary import Disposition, OrderStatus
from tests.estate import told
from tests.estate.fake_hub import document, estate_with_hub
from tests.estate.loops import run

pytestmark = pytest.mark.usefixtures("each_loop")

SLOW = {"work_seconds": (60.0, 60.0)}


# --- effects -----------------------------------------------------------------------------------


def test_a_key_is_one_effect() -> None:
    """The same key with the same content is done once and answered with the first number."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            (first,) = await told.tell(estate.erp, told.invoice_request())
            assert isinstance(first, Accepted)
            (second,) = await told.tell(estate.erp, told.invoice_request())
            assert second == AlreadyDone(first.reference)
            both = await told.tell(estate.erp, told.invoice_request(), told.invoice_request("S2"))
            assert both[0] == AlreadyDone(first.reference)
            await estate.quiet()
            assert len(hub.said(catalogue.INVOICE_POSTED)) == 2
            assert estate.erp.truth()["effects"] == {
                "keys": 2,
                "applied": 2,
                "replayed": 2,
                "conflicts": 0,
                "refused": 0,
                "applied_twice": 0,
                "applied_twice_keys": [],
            }

    run(check())


def test_a_key_with_other_content_is_a_conflict() -> None:
    """A used key with other content is refused with 409, singly and in a batch, and not done."""

    async def check() -> None:
        async with estate_with_hub() as (estate, _):
            await told.tell(estate.erp, told.invoice_request(quantity=2))
            other = told.invoice_request(quantity=3)
            refused = Refused(
                "409 conflict: the same key with other content: the key was used for other content"
            )
            assert await told.tell(estate.erp, other) == [refused]
            answers = await told.tell(estate.erp, other, told.invoice_request("S2"))
            assert answers[0] == refused
            assert estate.erp.invoices == {"S1": 1, "S2": 1}
            assert estate.erp.effects.conflicts == 2

    run(check())


@pytest.mark.parametrize("ability", [Ability.LOOK_UP, Ability.NEITHER])
def test_a_dumb_system_does_it_again(ability: Ability) -> None:
    """A system without keys does the same thing twice, and its truth names the key."""

    async def check() -> None:
        async with estate_with_hub(erp={"ability": ability}) as (estate, hub):
            asked = told.invoice_request()
            answers = await told.tell(estate.erp, asked) + await told.tell(estate.erp, asked)
            assert [type(answer) for answer in answers] == [Accepted, Accepted]
            await estate.quiet()
            truth = estate.erp.truth()
            assert truth["effects"]["applied_twice_keys"] == [asked.business_key]
            assert truth["invoices_too_many"] == 1
            numbers = {said["invoice_id"] for said in hub.said(catalogue.INVOICE_POSTED)}
            assert len(numbers) == 2

    run(check())


@pytest.mark.parametrize(
    ("ability", "before", "after"),
    [
        (Ability.KEYS, NotThere(), AlreadyDone),
        (Ability.LOOK_UP, NotThere(), AlreadyDone),
        (Ability.NEITHER, Unknown("the look-up was answered with status 501"), Unknown),
    ],
)
def test_effects_can_be_asked_for(ability: Ability, before: object, after: type) -> None:
    """What was done and what was not is known by its key, unless nobody can be asked."""

    async def check() -> None:
        async with (
            estate_with_hub(erp={"ability": ability}) as (estate, _),
            told.hub_to(estate.erp) as connector,
        ):
            asked = told.invoice_request(business_key="erp/invoice/a b?")
            assert await connector.look_up(asked) == before
            await connector.send([asked])
            assert type(await connector.look_up(asked)) is after

    run(check())


def test_what_makes_no_sense_is_refused() -> None:
    """A type that is not for them, a wrong site and a wrong shape are refused, and nothing done."""

    async def check() -> None:
        async with estate_with_hub() as (estate, _):
            elsewhere = told.release(site="WEST", bolt=1)
            answers = await told.tell(
                estate.wms("EAST"), elsewhere, told.invoice_request(), told.release("O2", bolt=1)
            )
            assert [type(answer) for answer in answers] == [Refused, Refused, Accepted]
            assert await told.tell(estate.wms("EAST"), elsewhere) == [
                Refused("422 not acceptable to them: we are EAST, not WEST")
            ]
            assert estate.wms("EAST").effects.refused == 3
            assert list(estate.wms("EAST").releases) == ["O2-R1"]

    run(check())


def test_strangers_are_not_listened_to() -> None:
    """Who does not show the agreed secret is refused, and may not ask either."""

    async def check() -> None:
        async with estate_with_hub(erp={"accepts": "open-sesame"}) as (estate, _):
            async with told.hub_to(estate.erp) as stranger:
                (answer,) = await stranger.send([told.invoice_request()])
                assert "401" in getattr(answer, "reason", "")
                assert isinstance(await stranger.look_up(told.invoice_request()), Unknown)
            async with told.hub_to(estate.erp, "open-sesame") as friend:
                (answer,) = await friend.send([told.invoice_request()])
                assert isinstance(answer, Accepted)

    run(check())


# --- the ERP -----------------------------------------------------------------------------------


def test_the_erp_posts_one_invoice_per_request() -> None:
    """A request becomes an invoice under a number of its own, with the lines that were asked."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            (answer,) = await told.tell(estate.erp, told.invoice_request("S1", 2))
            await estate.quiet()
            assert isinstance(answer, Accepted)
            assert hub.said(catalogue.INVOICE_POSTED) == [
                {
                    "invoice_id": answer.reference,
                    "order_id": "O1",
                    "shipment_id": "S1",
                    "currency": "EUR",
                    "lines": [{"line": "1", "quantity": 2, "amount_minor": 300}],
                    "total_minor": 300,
                }
            ]
            truth = estate.erp.truth()
            assert truth["by_shipment"] == {"S1": 1}
            assert truth["total_minor"] == {"EUR": 300}

    run(check())


def test_the_erp_shows_a_second_invoice_for_a_shipment() -> None:
    """Asked again under another key it invoices again, and the truth counts it."""

    async def check() -> None:
        async with estate_with_hub() as (estate, _):
            await told.tell(
                estate.erp, told.invoice_request(), told.invoice_request(business_key="x")
            )
            truth = estate.erp.truth()
            assert (truth["invoices"], truth["invoices_too_many"]) == (2, 1)
            assert truth["effects"]["applied_twice"] == 0

    run(check())


def test_the_erp_publishes_its_masters() -> None:
    """Items and parties that it is given reach the hub under ids made of what they say."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            await estate.erp.report(catalogue.ITEM_CHANGED, Item(item="bolt", revision=3))
            await estate.erp.report(
                catalogue.PARTY_CHANGED,
                Party(party="C1"),
                id="mine",
                time=datetime(2026, 1, 2, tzinfo=UTC),
            )
            await estate.erp.drained()
            assert [event["id"] for event in hub.log] == ["item/bolt/3", "mine"]
            assert hub.log[1]["time"] == "2026-01-02T00:00:00Z"
            assert {event["source"] for event in hub.log} == {"erp"}
            assert hub.log[0]["specversion"] == "1.0"
            assert estate.erp.items == {"bolt": 3}
            assert estate.erp.truth()["parties"] == 1

    run(check())


# --- the warehouse -----------------------------------------------------------------------------


def test_a_release_is_picked_packed_and_shipped() -> None:
    """Everything that was asked leaves the house, told step by step with the same quantities."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            wms = estate.wms("EAST")
            await wms.report(catalogue.STOCK_ADJUSTED, told.opening("bolt", 10))
            await wms.report(catalogue.STOCK_ADJUSTED, told.opening("nut", 5))
            await told.tell(wms, told.release(bolt=4, nut=5))
            await estate.quiet()
            assert [event["type"] for event in hub.log] == [
                catalogue.STOCK_ADJUSTED,
                catalogue.STOCK_ADJUSTED,
                catalogue.PICK_CONFIRMED,
                catalogue.CARTON_PACKED,
                catalogue.SHIPMENT_SHIPPED,
            ]
            both = [
                {"line": "1", "item": "bolt", "quantity": 4},
                {"line": "2", "item": "nut", "quantity": 5},
            ]
            assert [event["data"]["lines"] for event in hub.log[2:]] == [both, both, both]
            truth = wms.truth()
            assert truth["items"] == {
                "bolt": {"adjustment": -10, "available": 6, "customer": 4},
                "nut": {"adjustment": -5, "customer": 5},
            }
            assert truth["by_order"] == {"O1": 9}
            assert truth["by_shipment"] == {"S-O1-R1.1.1": 9}
            assert truth["jobs_open"] == 0

    run(check())


def test_a_pick_falls_short_where_the_bin_does() -> None:
    """It picks what its own bin holds; what was there once is missing, what never was is not."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            wms = estate.wms("EAST")
            await wms.report(catalogue.STOCK_ADJUSTED, told.opening("bolt", 10))
            wms.lose("bolt", 7)
            await told.tell(wms, told.release(bolt=4, nut=2))
            await estate.quiet()
            (pick,) = hub.said(catalogue.PICK_CONFIRMED)
            assert pick["lines"] == [
                {"line": "1", "item": "bolt", "quantity": 3, "short": 1},
                {"line": "2", "item": "nut", "quantity": 0, "short": 2},
            ]
            (shipment,) = hub.said(catalogue.SHIPMENT_SHIPPED)
            assert [line["quantity"] for line in shipment["lines"]] == [3]
            truth = wms.truth()
            bolts = {"adjustment": -4, "available": 0, "customer": 3, "missing": 1}
            assert truth["items"] == {"bolt": {k: n for k, n in bolts.items() if n}, "nut": {}}
            assert (truth["never_had"], truth["units_never_had"]) == ({"nut": 2}, 2)

    run(check())


def test_a_pick_may_fall_short_by_chance() -> None:
    """Units that the books have and the picker does not find move from shelf to missing."""

    async def check() -> None:
        async with estate_with_hub(wms_east={"short": 1.0}) as (estate, hub):
            wms = estate.wms("EAST")
            await wms.report(catalogue.STOCK_ADJUSTED, told.opening("bolt", 10))
            await told.tell(wms, told.release(bolt=5))
            await estate.quiet()
            (pick,) = hub.said(catalogue.PICK_CONFIRMED)
            assert pick["lines"] == [{"line": "1", "item": "bolt", "quantity": 2, "short": 3}]
            assert wms.truth()["items"]["bolt"] == {
                "adjustment": -10,
                "available": 5,
                "customer": 2,
                "missing": 3,
            }

    run(check())


def test_nothing_found_is_nothing_shipped() -> None:
    """A release of which nothing is there ends with the short pick."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            await told.tell(estate.wms("EAST"), told.release(bolt=1))
            await estate.quiet()
            assert [event["type"] for event in hub.log] == [catalogue.PICK_CONFIRMED]
            assert estate.wms("EAST").truth()["jobs_open"] == 0

    run(check())


@pytest.mark.parametrize("items", [{"bolt": 5}, {"bolt": 2, "nut": 3}])
def test_a_release_may_come_in_parts(items: dict[str, int]) -> None:
    """Picked in two rounds and sent in two shipments, the parts add up to what was asked."""

    async def check() -> None:
        async with estate_with_hub(wms_east={"part": 1.0, "split": 1.0}) as (estate, hub):
            wms = estate.wms("EAST")
            for item in items:
                await wms.report(catalogue.STOCK_ADJUSTED, told.opening(item, 10))
            await told.tell(wms, told.release(items=items))
            await estate.quiet()
            for kind in (
                catalogue.PICK_CONFIRMED,
                catalogue.CARTON_PACKED,
                catalogue.SHIPMENT_SHIPPED,
            ):
                parts = hub.said(kind)
                assert len(parts) == 2
                total: dict[str, int] = {}
                for line in (line for part in parts for line in part["lines"]):
                    total[line["item"]] = total.get(line["item"], 0) + line["quantity"]
                assert total == items
            assert len({part["shipment_id"] for part in hub.said(catalogue.SHIPMENT_SHIPPED)}) == 2

    run(check())


def test_a_cancellation_stops_what_is_not_picked() -> None:
    """Stopped before the pick, the units stay on the shelf and only the rest is sent."""

    async def check() -> None:
        async with estate_with_hub(wms_east={"work_seconds": (0.05, 0.05)}) as (estate, hub):
            wms = estate.wms("EAST")
            await wms.report(catalogue.STOCK_ADJUSTED, told.opening("bolt", 10))
            await told.tell(wms, told.release(bolt=4))
            await told.tell(wms, told.stop(bolt=3))
            await estate.quiet()
            assert hub.said(catalogue.STOCK_MOVED) == []
            (pick,) = hub.said(catalogue.PICK_CONFIRMED)
            assert pick["lines"] == [{"line": "1", "item": "bolt", "quantity": 1}]
            assert wms.truth()["counts"]["units_stopped"] == 3
            assert wms.truth()["items"]["bolt"]["available"] == 9

    run(check())


def test_a_cancellation_of_the_whole_leaves_nothing_to_do() -> None:
    """A release that is stopped before work begins is never picked."""

    async def check() -> None:
        async with estate_with_hub(wms_east=SLOW) as (estate, hub):
            wms = estate.wms("EAST")
            await told.tell(wms, told.release(bolt=4), told.stop(bolt=4))
            assert wms.truth()["jobs_open"] == 0
            assert hub.log == []

    run(check())


def test_a_cancellation_puts_back_what_is_staged() -> None:
    """Picked and not shipped units go back to the shelf, and the hub is told of the movement."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            wms = estate.wms("EAST")
            await wms.report(catalogue.STOCK_ADJUSTED, told.opening("bolt", 10))
            _work_until(wms, "picks", 1)
            await told.tell(wms, told.release(bolt=4))
            await asyncio.sleep(0.05)
            assert len(wms.work) == 0
            await told.tell(wms, told.stop(bolt=3))
            await wms.drained()
            assert hub.said(catalogue.STOCK_MOVED) == [
                {
                    "movement_id": "B-O1-C1.1.1",
                    "kind": "restock",
                    "item": "bolt",
                    "quantity": 3,
                    "source": {"state": "picked", "site": "EAST"},
                    "target": {"state": "available", "site": "EAST"},
                    "document": "O1",
                    "reason": "put back after a cancellation",
                }
            ]
            assert wms.truth()["counts"]["units_put_back"] == 3
            units = {"adjustment": -10, "available": 9, "picked": 1}
            assert wms.truth()["items"]["bolt"] == units

    run(check())


def _work_until(wms: Any, count: str, times: int) -> None:
    """Let no further step be planned once so many of a kind were done."""
    later = wms.work.later

    def unless_done(seconds: float, job: Any) -> None:
        if wms.counts[count] < times:
            later(seconds, job)

    wms.work.later = unless_done


def test_a_cancellation_comes_too_late_for_what_is_gone() -> None:
    """Shipped units stay shipped; the truth says how many were asked back."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            wms = estate.wms("EAST")
            await wms.report(catalogue.STOCK_ADJUSTED, told.opening("bolt", 10))
            await told.tell(wms, told.release(bolt=4))
            await estate.quiet()
            before = len(hub.log)
            (answer,) = await told.tell(wms, told.stop(bolt=4))
            await estate.quiet()
            assert isinstance(answer, Accepted)
            answers = hub.log[before:]
            assert [one["type"] for one in answers] == [catalogue.RELEASE_STOPPED]
            assert "lines" not in answers[0]["data"]  # nothing was stopped, and that is said
            assert wms.truth()["counts"]["units_too_late"] == 4

    run(check())


@pytest.mark.parametrize("disposition", Disposition)
def test_returns_come_once(disposition: Disposition) -> None:
    """An authorised parcel comes once, however often it was authorised, and goes where it must."""

    async def check() -> None:
        changes = {
            "quarantined": float(disposition is Disposition.QUARANTINE),
            "scrapped": float(disposition is Disposition.SCRAP),
            "to_supplier": float(disposition is Disposition.SUPPLIER),
            "repaired": float(disposition is Disposition.REPAIR),
            "held": float(disposition is Disposition.HOLD),
            "ability": Ability.NEITHER,
        }
        async with estate_with_hub(wms_east=changes) as (estate, hub):
            wms = estate.wms("EAST")
            await told.tell(wms, told.authorisation(bolt=2))
            await told.tell(wms, told.authorisation(bolt=2))
            await estate.quiet()
            (back,) = hub.said(catalogue.RETURN_RECEIVED)
            assert back["return_id"] == "RET1"
            assert back["lines"][0]["quantity"] == 2
            assert back["lines"][0].get("disposition", "restock") == disposition
            where = {
                "restock": "available",
                "quarantine": "quarantine",
                "scrap": "scrapped",
                "supplier": "supplier",
                "repair": "repair",
                "hold": "available",  # by the end: it has been looked at again
            }
            assert wms.truth()["items"]["bolt"] == {"customer": -2, where[disposition]: 2}

    run(check())


def test_what_is_held_is_looked_at_again() -> None:
    """Units held at the door stand in one later inspection of that receipt, fit to be sold."""

    async def check() -> None:
        changes = {"quarantined": 0.0, "scrapped": 0.0, "held": 1.0, "ability": Ability.NEITHER}
        async with estate_with_hub(wms_east=changes) as (estate, hub):
            wms = estate.wms("EAST")
            await told.tell(wms, told.authorisation(bolt=2))
            await estate.quiet()
            (back,) = hub.said(catalogue.RETURN_RECEIVED)
            (seen,) = hub.said(catalogue.RETURN_INSPECTED)
            assert seen["return_receipt_id"] == back["return_receipt_id"]
            assert [line["quantity"] for line in seen["lines"]] == [2]
            assert seen["lines"][0].get("disposition", "restock") == "restock"
            assert wms.truth()["counts"]["inspections"] == 1

    run(check())


def test_receipts_fill_the_bins() -> None:
    """What a supplier brings is on the shelf and told to the hub."""

    async def check() -> None:
        async with estate_with_hub() as (estate, hub):
            wms = estate.wms("WEST")
            line = ReceiptLine(item="bolt", quantity=7, expected=8)
            await wms.report(
                catalogue.RECEIPT_POSTED, Receipt(receipt_id="G1", site="WEST", lines=(line,))
            )
            await estate.quiet()
            assert len(hub.said(catalogue.RECEIPT_POSTED, "wms_west")) == 1
            assert wms.truth()["items"] == {"bolt": {"available": 7, "supplier": -7}}

    run(check())


def test_books_always_sum_to_zero() -> None:
    """Whatever happens in a warehouse, the units of each item over all states are none."""

    async def check() -> None:
        chance = {"short": 0.3, "part": 0.3, "split": 0.3, "work_seconds": (0.0, 0.02)}
        async with estate_with_hub(wms_east=chance) as (estate, _):
            wms = estate.wms("EAST")
            await wms.report(catalogue.STOCK_ADJUSTED, told.opening("bolt", 200))
            for number in range(40):
                order = f"O{number}"
                await told.tell(wms, told.release(order, bolt=9, nut=2))
                if number % 3 == 0:
                    await told.tell(wms, told.stop(order, bolt=5))
            await estate.quiet()
            truth = wms.truth()
            assert {sum(states.values()) for states in truth["items"].values()} == {0}
            assert truth["items"]["bolt"].get("picked", 0) == 0
            assert truth["jobs_open"] == 0

    run(check())


def test_the_same_seed_meets_the_same_fate() -> None:
    """Numbers and chance hang on the seed and the documents, not on the moment."""

    async def story(seed: int) -> list[Any]:
        chance = {"short": 0.5, "part": 0.5, "split": 0.5, "work_seconds": (0.0, 0.01)}
        async with estate_with_hub(seed, wms_east=chance) as (estate, hub):
            wms = estate.wms("EAST")
            await wms.report(catalogue.STOCK_ADJUSTED, told.opening("bolt", 1_000))
            await told.tell(wms, *(told.release(f"O{number}", bolt=6) for number in range(20)))
            await estate.quiet()
            return sorted((event["id"], str(event["data"])) for event in hub.log)

    assert run(story(1)) == run(story(1))
    assert run(story(1)) != run(story(2))


# --- shop and desk -----------------------------------------------------------------------------


def _availability(version: int, quantity: int, channel: str = "web") -> Any:
    noun = Availability(
        channel=channel,
        item="bolt",
        quantity=quantity,
        version=version,
        as_of=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return document(catalogue.AVAILABILITY_PUBLISHED, noun)


def test_a_lower_version_never_overwrites_a_higher() -> None:
    """Availability that comes late changes nothing and is counted."""

    async def check() -> None:
        async with estate_with_hub() as (estate, _):
            for version, quantity in ((1, 5), (3, 2), (2, 9)):
                (answer,) = await told.tell(estate.shop, _availability(version, quantity))
                assert isinstance(answer, Accepted)
            assert estate.shop.truth()["availability"] == {"bolt": {"version": 3, "quantity": 2}}
            assert estate.shop.truth()["old_versions"] == 1
            assert isinstance(
                (await told.tell(estate.shop, _availability(1, 1, "edi")))[0], Refused
            )

    run(check())


def test_shop_and_desk_remember_what_they_were_told() -> None:
    """Tracking, statuses and returns are on their books, and what was told twice is counted."""

    async def check() -> None:
        dumb = {"ability": Ability.NEITHER}
        async with estate_with_hub(shop=dumb, crm=dumb) as (estate, hub):
            order = Order(
                order_id="O1",
                channel="web",
                customer="C1",
                currency="EUR",
                lines=(OrderLine(line="1", item="bolt", quantity=4),),
            )
            await estate.shop.report(catalogue.ORDER_PLACED, order)
            line = ShipmentLine(line="1", item="bolt", quantity=4)
            shipment = document(
                catalogue.SHIPMENT_SHIPPED,
                Shipment(
                    shipment_id="S1", order_id="O1", site="EAST", lines=(line,), tracking="T9"
                ),
            )
            status = document(
                catalogue.ORDER_STATUS_CHANGED,
                OrderStatusChange(
                    order_id="O1", channel="web", customer="C1", status=OrderStatus.HELD
                ),
            )
            for system in (estate.shop, estate.crm):
                answers = await told.tell(
                    system, shipment, status, told.authorisation(bolt=1), shipment
                )
                assert {type(answer) for answer in answers} == {Accepted}
            await estate.quiet()
            shop = estate.shop.truth()
            assert shop["tracking"] == {"O1": {"S1": "T9"}}
            assert shop["by_order"] == {"O1": 4}
            assert shop["status"] == {"O1": "held"}
            assert shop["returns"] == {"RET1": 1}
            assert (shop["orders"], shop["units_ordered"]) == (1, 4)
            assert shop["shipments_told_twice"] == 1
            crm = estate.crm.truth()
            assert crm["by_shipment"] == {"S1": 2}
            assert crm["notices_twice"] == 1
            assert crm["by_order"] == {"O1": 4}
            assert [event["id"] for event in hub.log] == ["order/O1"]

    run(check())
