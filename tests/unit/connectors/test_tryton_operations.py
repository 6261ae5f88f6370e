"""What a Tryton is told beside what the contract asks: in which order, and what waits for what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from crossdock.connectors.tryton.client import TrytonConnector, connect
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts import catalogue
from crossdock.contracts.connector import Accepted, Document, Refused, RetryLater
from crossdock.contracts.shipments import Shipment, ShipmentLine
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
