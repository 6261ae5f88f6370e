"""What a Tryton is told beside what the contract asks: in which order, and what waits for what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from crossdock.connectors.tryton import wire
from crossdock.connectors.tryton.client import TrytonConnector, connect
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts import catalogue
from crossdock.contracts.connector import Accepted, AlreadyDone, Document, Refused, RetryLater
from crossdock.contracts.feeds import Page, Said
from crossdock.contracts.invoices import InvoiceRequest, InvoiceRequestLine
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.contracts.stock import Receipt, ReceiptLine
from crossdock.contracts.submissions import AcknowledgedLine, OrderAcknowledgement
from crossdock.contracts.vocabulary import AcknowledgementKind
from crossdock.testing.builders import at
from crossdock.testing.fakes.fake import Weather
from crossdock.testing.fakes.tryton import FakeTryton
from tests.helpers.aio import run

Play = Callable[[FakeTryton, TrytonConnector], Awaitable[None]]


def beside(play: Play) -> None:
    """Play beside a fresh fake."""

    async def whole() -> None:
        fake = FakeTryton()
        async with fake.listening():
            connector = connect(msgspec.convert(fake.settings(), TrytonSettings))
            try:
                await play(fake, connector)
            finally:
                await connector.close()

    run(whole())


def shipment(number: str, *units: int, order: str = "SO-7", site: str = "EAST") -> Document:
    """So many units of each line of an order left; the fake has sold three and two."""
    noun = Shipment(
        shipment_id=number,
        order_id=order,
        site=site,
        lines=tuple(
            ShipmentLine(line=str(line), item=f"SKU-00{line}", quantity=quantity)
            for line, quantity in enumerate(units, 1)
            if quantity
        ),
    )
    return Document(number, catalogue.SHIPMENT_SHIPPED, order, order, msgspec.json.encode(noun))


def test_what_left_from_a_second_site_waits_for_the_first() -> None:
    """Cut off on its way, the first holds the only open shipment; that is nobody's failure."""

    async def play(fake: FakeTryton, connector: TrytonConnector) -> None:
        first, second = shipment("S-1", 2, 0), shipment("S-2", 1, 2, site="WEST")
        fake.weather = lambda asked: Weather.LOST if asked == 8 else Weather.FINE
        [answer] = await connector.send([first])
        assert not isinstance(answer, Accepted)
        [answer] = await connector.send([second])
        assert isinstance(answer, RetryLater), answer
        assert answer.well
        for one in (first, second):
            [answer] = await connector.send([one])
            assert isinstance(answer, Accepted), answer

    beside(play)


def test_what_leaves_beyond_the_whole_sale_is_refused() -> None:
    """Nothing is open there and nothing will be: a person must look."""

    async def play(_: FakeTryton, connector: TrytonConnector) -> None:
        [answer] = await connector.send([shipment("S-9", 1, 0, order="SO-8")])
        assert answer == Refused("all of sale SO-8 has left, no shipment is open")

    beside(play)


def test_what_is_not_there_yet_is_waited_for() -> None:
    """An order before its shipment: an answer as it should be."""

    async def play(_: FakeTryton, connector: TrytonConnector) -> None:
        [answer] = await connector.send([shipment("S-1", 1, 0, order="SO-99")])
        assert answer == RetryLater("there is no sale SO-99 yet", well=True)

    beside(play)


def test_prices_are_read_only_where_their_list_has_a_name() -> None:
    """A house that prices elsewhere hears none from its ERP."""

    async def play(fake: FakeTryton, _: TrytonConnector) -> None:
        for price_list, expected in (("LIST", True), (None, False)):
            given = {**fake.settings(), "price_list": price_list}
            other = connect(msgspec.convert(given, TrytonSettings))
            assert ("prices" in [feed.name for feed in other.feeds]) is expected

    beside(play)


def receipt(
    number: str, *units: int, purchase: str | None = "PO-9", site: str = "EAST"
) -> Document:
    """So many units of each item came; the fake has ordered forty and a dozen."""
    noun = Receipt(
        receipt_id=number,
        site=site,
        purchase_order=purchase,
        lines=tuple(
            ReceiptLine(item=f"SKU-00{item}", quantity=quantity)
            for item, quantity in enumerate(units, 1)
        ),
    )
    key = f"receipt/{site}/{number}"
    return Document(key, catalogue.RECEIPT_POSTED, number, number, msgspec.json.encode(noun))


def stands(fake: FakeTryton, model: str) -> dict[str, list[float]]:
    """The units of what is done under each reference."""
    return {
        reference: [units for units, _ in moves]
        for name, (reference, state, moves) in fake.effects().items()
        if name.startswith(f"{model} ") and state == "done"
    }


def test_what_came_beyond_a_purchase_is_on_the_shelf_all_the_same() -> None:
    """In parts, of two sites that number alike, beyond what was ordered, and of no purchase."""

    async def play(fake: FakeTryton, connector: TrytonConnector) -> None:
        told = [
            receipt("R-1", 30, 0),
            receipt("R-1", 15, 12, site="WEST"),
            receipt("R-2", 1, 0),
            receipt("R-3", 2, 0, purchase=None),
        ]
        for one in told:
            [answer] = await connector.send([one])
            assert isinstance(answer, Accepted), answer
        for one in told:
            [answer] = await connector.send([one])
            assert isinstance(answer, AlreadyDone), answer
            assert isinstance(await connector.look_up(one), AlreadyDone)
        supplied = [
            moves
            for name, (reference, _, moves) in fake.effects().items()
            if name.startswith(f"{wire.SHIPMENT_IN} ")
        ]
        assert [[units for units, _ in moves] for moves in supplied] == [[30], [10, 1]]
        assert stands(fake, wire.INTERNAL) == {
            "WEST R-1 beyond": [5],
            "EAST R-2 beyond": [1],
            "EAST R-3 beyond": [2],
        }

    beside(play)


def test_a_receipt_of_a_purchase_that_nobody_knows_is_refused() -> None:
    """A person must look: nothing is booked."""

    async def play(fake: FakeTryton, connector: TrytonConnector) -> None:
        before = dict(fake.effects())
        [answer] = await connector.send([receipt("R-1", 1, purchase="PO-0")])
        assert answer == Refused("no purchase has the number PO-0")
        assert dict(fake.effects()) == before

    beside(play)


def test_what_was_brought_in_as_beyond_is_not_received_later() -> None:
    """Its purchase was processed meanwhile: the goods came once, and are booked once."""

    async def play(fake: FakeTryton, connector: TrytonConnector) -> None:
        everything = receipt("R-1", 40, 12)
        late = receipt("R-2", 7, 0)
        for one in (everything, late):
            await connector.send([one])
        before = dict(fake.effects())
        fake.order_more("PO-9", 40)
        [answer] = await connector.send([late])
        assert isinstance(answer, AlreadyDone), answer
        assert dict(fake.effects()) == before

    beside(play)


def test_what_is_left_of_a_purchase_is_waited_for_until_it_is_planned() -> None:
    """Tryton plans it in a task of its own: what comes meanwhile is not beyond the purchase."""

    async def play(fake: FakeTryton, connector: TrytonConnector) -> None:
        fake.plans_later = True
        await connector.send([receipt("R-1", 30, 0)])
        before = dict(fake.effects())
        [answer] = await connector.send([receipt("R-2", 10, 0)])
        assert answer == RetryLater("the rest of purchase PO-9 is not planned there yet", well=True)
        assert dict(fake.effects()) == before
        fake.plan_now("PO-9")
        [answer] = await connector.send([receipt("R-2", 10, 0)])
        assert isinstance(answer, Accepted), answer

    beside(play)


def acknowledged(order_id: str) -> Document:
    """The house took an order of three of the first item."""
    line = AcknowledgedLine(
        line="9000", item="SKU-001", answer=AcknowledgementKind.ACCEPTED, ordered=3,
        unit_price_e4=125_000,
    )  # fmt: skip
    noun = OrderAcknowledgement(
        order_id=order_id, channel="counter", customer="WEB", currency="USD", version=1,
        lines=(line,),
    )  # fmt: skip
    return Document(
        order_id, catalogue.ORDER_ACKNOWLEDGED, order_id, order_id, msgspec.json.encode(noun)
    )


async def heard(connector: TrytonConnector, name: str) -> list[Any]:
    """All that a feed says."""
    [feed] = [one for one in connector.feeds if one.name == name]
    page = await feed.page("", at(100_000))
    assert isinstance(page, Page), page
    return [one.noun for one in page.said if isinstance(one, Said)]


def test_a_sale_of_its_own_people_is_an_order_and_no_second_sale() -> None:
    """It comes back acknowledged, and leaves: each time it is the sale that it was."""

    async def play(fake: FakeTryton, connector: TrytonConnector) -> None:
        fake.enter("17")
        [order] = await heard(connector, "sales")
        assert (order.order_id, order.purchase_order, order.channel) == (
            "SALE-17", "PO 17", "counter",
        )  # fmt: skip
        before = dict(fake.effects())
        [answer] = await connector.send([acknowledged("SALE-17")])
        assert answer == AlreadyDone("17")
        assert isinstance(await connector.look_up(acknowledged("SALE-17")), AlreadyDone)
        assert dict(fake.effects()) == before
        left = Shipment(
            shipment_id="S-1",
            order_id="SALE-17",
            site="EAST",
            lines=(ShipmentLine(line=order.lines[0].line, item="SKU-001", quantity=2),),
        )
        told = Document("S-1", catalogue.SHIPMENT_SHIPPED, "SALE-17", "", msgspec.json.encode(left))
        [answer] = await connector.send([told])
        assert isinstance(answer, Accepted), answer
        assert stands(fake, wire.SHIPMENT)["S-1"] == [2]

    beside(play)


def test_what_its_own_people_sent_off_is_heard_and_sent_once() -> None:
    """Told back it is that shipment, and its invoice is asked for under its name."""

    async def play(fake: FakeTryton, connector: TrytonConnector) -> None:
        fake.enter("17")
        number = fake.send_off("17")
        [said] = await heard(connector, "shipments")
        assert (said.shipment_id, said.order_id, said.site) == (
            f"SHIPMENT-{number}", "SALE-17", "NORTH",
        )  # fmt: skip
        [line] = said.lines
        assert (line.item, line.quantity) == ("SKU-001", 3)
        before = dict(fake.effects())
        told = Document("S", catalogue.SHIPMENT_SHIPPED, "SALE-17", "", msgspec.json.encode(said))
        assert await connector.send([told]) == [AlreadyDone(number)]
        assert await connector.look_up(told) == AlreadyDone(number)
        assert dict(fake.effects()) == before
        bill = InvoiceRequest(
            shipment_id=said.shipment_id,
            order_id="SALE-17",
            customer="WEB",
            currency="USD",
            lines=(
                InvoiceRequestLine(
                    line=line.line, item="SKU-001", quantity=3, unit_price_e4=125_000,
                    amount_minor=3_750,
                ),
            ),
            total_minor=3_750,
        )  # fmt: skip
        asked = Document("I", catalogue.INVOICE_REQUESTED, "SALE-17", "", msgspec.json.encode(bill))
        [answer] = await connector.send([asked])
        assert isinstance(answer, Accepted), answer
        [posted] = await heard(connector, "invoices")
        assert (posted.order_id, posted.shipment_id) == ("SALE-17", said.shipment_id)

    beside(play)


def test_what_the_hub_made_is_no_order_of_its_people() -> None:
    """Nor is an order made that bears the number of a sale which nobody knows."""

    async def play(fake: FakeTryton, connector: TrytonConnector) -> None:
        [answer] = await connector.send([acknowledged("SO-1")])
        assert isinstance(answer, Accepted), answer
        assert await heard(connector, "sales") == []
        [answer] = await connector.send([acknowledged("SALE-99")])
        assert answer == Refused("no sale has the number 99")

    beside(play)


def test_its_peoples_documents_are_heard_from_a_day_on() -> None:
    """Without the day the whole past would be news: the settings are refused."""
    given = {"url": "http://127.0.0.1:1", "database": "house", "company": 1, "payment_term": 1}
    for field, value in (("sites", ["NORTH"]), ("channel", "counter")):
        with pytest.raises(msgspec.ValidationError, match="heard_from"):
            msgspec.convert({**given, field: value}, TrytonSettings)
    silent = connect(msgspec.convert(given, TrytonSettings))
    assert {"sales", "receipts", "shipments"}.isdisjoint(feed.name for feed in silent.feeds)
