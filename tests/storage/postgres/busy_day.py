"""A small day on a real store: a bit of everything that a database of the hub can hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from msgspec.structs import replace

from crossdock.contracts import (
    catalogue,
    invoices,
    orders,
    postings,
    products,
    purchasing,
    replenishment,
    reservations,
    returns,
    shipments,
    stock,
)
from crossdock.contracts.vocabulary import AdjustmentReason, ItemKind
from crossdock.contracts.words import Noun
from crossdock.log.records import NewMessage, Settlement, Verdict
from crossdock.ownership.matrix import DEFAULT_RULES, Matrix
from crossdock.runtime.deciding import Decider
from crossdock.runtime.hub import ChannelView
from crossdock.sagas.policy import ChannelPolicy, Policy
from crossdock.storage.postgres.store import PostgresStore
from crossdock.testing.builders import StillClock, at, noun_message

PARTITIONS = 2
SITES = ("EAST", "WEST")
POLICY = Policy(
    partitions=PARTITIONS,
    channels={"web": ChannelPolicy("web", "shop", SITES, sells_ahead_days=14)},
    matrix=Matrix(
        DEFAULT_RULES,
        sites={"EAST": {"wms": "wms_east"}, "WEST": {"wms": "wms_west"}},
        channels={"web": {"system": "shop"}},
    ),
)


def order(order_id: str, *lines: tuple[str, int]) -> orders.Order:
    """An order by the web shop; items named post* are services."""
    return orders.Order(
        order_id=order_id,
        channel="web",
        customer="acme",
        currency="EUR",
        lines=tuple(
            orders.OrderLine(
                line=str(number),
                item=item,
                quantity=quantity,
                unit_price_e4=25_000,
                kind=ItemKind.SERVICE if item.startswith("post") else ItemKind.STOCK,
            )
            for number, (item, quantity) in enumerate(lines, start=1)
        ),
    )


def receipt(number: str, site: str, item: str, quantity: int) -> stock.Receipt:
    """Goods from a supplier."""
    line = stock.ReceiptLine(item=item, quantity=quantity, weight_grams=100 * quantity)
    return stock.Receipt(receipt_id=number, site=site, lines=(line,))


def shipment(number: str, order_id: str, site: str, item: str, quantity: int) -> shipments.Shipment:
    """Goods through the door, for line 1."""
    line = shipments.ShipmentLine(line="1", item=item, quantity=quantity)
    return shipments.Shipment(shipment_id=number, order_id=order_id, site=site, lines=(line,))


def night() -> Iterator[tuple[str, Noun]]:
    """Masters and stock."""
    for item in ("bolt", "nut", "pin", "post"):
        kind = ItemKind.SERVICE if item == "post" else ItemKind.STOCK
        yield catalogue.ITEM_CHANGED, products.Item(item=item, kind=kind)
    box = products.PackLevel(code="box", base_units=6)
    yield catalogue.ITEM_CHANGED, products.Item(item="cap", pack_levels=(box,))
    parts = (products.Component(item="cap", quantity=2), products.Component(item="lid", quantity=1))
    yield (
        catalogue.ITEM_CHANGED,
        products.Item(item="set", kind=ItemKind.KIT, components=parts),
    )
    yield catalogue.ITEM_CHANGED, products.Item(item="lid")
    boxes = stock.ReceiptLine(item="cap", unit="box", unit_quantity="1.5")
    yield (
        catalogue.RECEIPT_POSTED,
        stock.Receipt(receipt_id="RC-3", site="EAST", lines=(boxes,)),
    )
    yield catalogue.RECEIPT_POSTED, receipt("RC-4", "WEST", "lid", 5)
    policy = replenishment.StockPolicy(
        item="nut", site="EAST", safety_stock=2, reorder_point=5, reorder_quantity=50
    )
    yield catalogue.STOCK_POLICY_CHANGED, policy
    yield from goods_on_their_way()
    yield catalogue.RECEIPT_POSTED, receipt("RC-1", "EAST", "bolt", 10)
    yield catalogue.RECEIPT_POSTED, receipt("RC-2", "WEST", "nut", 5)


def goods_on_their_way() -> Iterator[tuple[str, Noun]]:
    """A purchase order, of which something came before it was told, and who is promised more."""
    came = replace(receipt("RC-5", "EAST", "pin", 2), purchase_order="PO-1")
    yield catalogue.RECEIPT_POSTED, came
    line = purchasing.PurchaseOrderLine(
        line="1", item="pin", quantity=9, expected_at=at(3 * 86_400)
    )
    yield (
        catalogue.PURCHASE_ORDER_CHANGED,
        purchasing.PurchaseOrder(purchase_order="PO-1", site="EAST", revision=1, lines=(line,)),
    )


def promises_ahead() -> Iterator[tuple[str, Noun]]:
    """Two are promised what is expected; one of them gets what comes."""
    for number, quantity in (("RV-1", 4), ("RV-2", 5)):
        wish = reservations.ReservationLine(line="1", item="pin", quantity=quantity)
        yield (
            catalogue.RESERVATION_REQUESTED,
            reservations.ReservationRequest(
                reservation_id=number, channel="web", lines=(wish,), hard=True
            ),
        )


def morning() -> Iterator[tuple[str, Noun]]:
    """Orders that are served."""
    yield catalogue.ORDER_PLACED, order("SO-1", ("bolt", 4), ("post", 1))
    yield catalogue.ORDER_PLACED, order("SO-3", ("nut", 2))
    yield catalogue.ORDER_PLACED, order("SO-5", ("nut", 1))
    yield catalogue.ORDER_PLACED, order("SO-6", ("set", 3))
    yield from promises_ahead()


def noon() -> Iterator[tuple[str, Noun]]:
    """Orders that wait, are held and change."""
    yield catalogue.ORDER_PLACED, order("SO-2", ("bolt", 9))
    yield catalogue.ORDER_PLACED, order("SO-4", ("ghost", 1), ("bolt", 1))
    yield (
        catalogue.RECEIPT_POSTED,
        replace(receipt("RC-6", "EAST", "pin", 3), purchase_order="PO-1"),
    )
    change = orders.LineChange(line="1", item="nut", quantity=3)
    yield (
        catalogue.ORDER_CHANGE_REQUESTED,
        orders.OrderChange(change_id="CH-1", order_id="SO-3", revision=1, lines=(change,)),
    )


def afternoon() -> Iterator[tuple[str, Noun]]:
    """Picks, cartons, shipments (one for too much), an invoice, a return, a cancellation."""
    taken = shipments.PickLine(line="1", item="bolt", quantity=4)
    yield (
        catalogue.PICK_CONFIRMED,
        shipments.Pick(pick_id="PK-1", order_id="SO-1", site="EAST", lines=(taken,)),
    )
    packed = orders.LineQuantity(line="1", item="bolt", quantity=4)
    yield (
        catalogue.CARTON_PACKED,
        shipments.Pack(carton_id="CA-1", order_id="SO-1", site="EAST", lines=(packed,)),
    )
    yield catalogue.SHIPMENT_SHIPPED, shipment("SH-1", "SO-1", "EAST", "bolt", 4)
    posted = invoices.InvoiceLine(line="1", quantity=4, amount_minor=1000)
    yield (
        catalogue.INVOICE_POSTED,
        invoices.Invoice(
            invoice_id="IN-1",
            order_id="SO-1",
            shipment_id="SH-1",
            currency="EUR",
            lines=(posted,),
            total_minor=1000,
        ),
    )
    yield catalogue.SHIPMENT_SHIPPED, shipment("SH-5", "SO-5", "WEST", "nut", 2)
    for number, site, part, item, quantity in (
        ("SH-6", "EAST", "1/1", "cap", 6),
        ("SH-7", "WEST", "1/2", "lid", 2),
    ):
        left = shipments.ShipmentLine(line=part, item=item, quantity=quantity)
        yield (
            catalogue.SHIPMENT_SHIPPED,
            shipments.Shipment(shipment_id=number, order_id="SO-6", site=site, lines=(left,)),
        )
    wish = orders.LineQuantity(line="1", item="bolt", quantity=1)
    yield (
        catalogue.RETURN_REQUESTED,
        returns.ReturnRequest(return_id="RT-1", order_id="SO-1", lines=(wish,)),
    )
    back = returns.ReturnReceiptLine(line="1", item="bolt", quantity=1)
    yield (
        catalogue.RETURN_RECEIVED,
        returns.ReturnReceipt(
            return_receipt_id="RR-1",
            order_id="SO-1",
            site="EAST",
            lines=(back,),
            return_id="RT-1",
        ),
    )
    yield (
        catalogue.ORDER_CANCELLATION_REQUESTED,
        orders.OrderCancellation(cancellation_id="CX-1", order_id="SO-3"),
    )
    yield (
        catalogue.STOCK_ADJUSTED,
        stock.StockAdjustment(
            adjustment_id="AD-1", site="WEST", item="nut", quantity=1, reason=AdjustmentReason.COUNT
        ),
    )


def messages(story: Iterator[tuple[str, Noun]], prefix: str, seconds: float) -> list[NewMessage]:
    """The messages of a part of the day."""
    return [
        noun_message(kind, noun, f"{prefix}-{n}", partitions=PARTITIONS, seconds=seconds + n)
        for n, (kind, noun) in enumerate(story)
    ]


async def live_through(store: PostgresStore) -> None:
    """The whole day: told, decided, published, delivered as far as systems answer."""
    clock = StillClock()
    decider = Decider("day", range(PARTITIONS), store, POLICY, clock)
    first = messages(night(), "night", 0)
    for part in (first, messages(morning(), "morning", 50), messages(noon(), "noon", 90)):
        await store.append(part)
        await _decide(decider)
        await _publish(store, clock)
    clock.seconds = 100
    await store.append(first[:2])  # a sender that was not sure
    rival = noun_message(
        catalogue.ORDER_PLACED, order("SO-1", ("nut", 1)), "rival", partitions=PARTITIONS
    )
    await store.append([rival, *messages(afternoon(), "afternoon", 100)])
    await _decide(decider)
    await _publish(store, clock)
    await _end_days(store, decider)
    for destination in ("wms_east", "wms_west", "shop"):
        await _deliver(store, destination, clock, Verdict.ACCEPTED)
    await _deliver(store, "crm", clock, Verdict.REFUSED)
    await store.release("day")


async def _decide(decider: Decider) -> None:
    while await decider.turn():
        pass


async def _end_days(store: PostgresStore, decider: Decider) -> None:
    """Add up what is posted day by day; one posting is posted, another rejected."""
    ended = [
        noun_message(
            catalogue.POSTING_PERIOD_ENDED,
            postings.PostingPeriod(site=site, period=period, ended_at=ends, closing=closed + 1),
            f"{site}-{period}",
            partitions=PARTITIONS,
        )
        for (site, period, ends), closed in await store.ended_periods(at(86_400), 9)
    ]
    await store.append(ended)
    await _decide(decider)
    asked = [
        one.key
        for place in [
            (p, n) for p, (head, _) in (await store.position()).items() for n in range(1, head + 1)
        ]
        for one in await store.effects_decided_at([place])
        if one.type == catalogue.STOCK_POSTING_REQUESTED
    ]
    await store.append(
        [
            noun_message(
                catalogue.STOCK_POSTED,
                postings.StockPosted(posting_id=asked[0]),
                "posted",
                partitions=PARTITIONS,
            ),
            noun_message(
                catalogue.STOCK_POSTING_REJECTED,
                postings.StockPostingRejected(posting_id=asked[1], reason="the day is closed"),
                "rejected",
                partitions=PARTITIONS,
            ),
        ]
    )
    await _decide(decider)


async def _publish(store: PostgresStore, clock: StillClock) -> None:
    await store.publish_availability([ChannelView("web", SITES, 0, ("shop",))], clock.now(), 100)


async def _deliver(
    store: PostgresStore, destination: str, clock: StillClock, verdict: Verdict
) -> None:
    """Tell one system all that it may be told now, and let it answer alike."""
    now = clock.now()
    while claimed := await store.claim(destination, now, now + timedelta(minutes=1), 100):
        answers = [Settlement(c.effect_id, c.attempt, verdict, "ref", "why") for c in claimed]
        await store.settle(answers, now)
