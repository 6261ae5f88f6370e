"""The mapping of a Vendure's orders: golden samples, and what is not guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crossdock.connectors import vendure
from crossdock.connectors.kit import signatures
from crossdock.connectors.kit.reading import Odd
from crossdock.connectors.vendure import inbound, outbound, wire
from crossdock.connectors.vendure.client import KIND, connect
from crossdock.connectors.vendure.feeds import Pointing
from crossdock.connectors.vendure.settings import VendureSettings
from crossdock.contracts import catalogue
from crossdock.contracts.connector import Ability, Accepted, Document
from crossdock.contracts.feeds import Heard, NotBelieved, Source
from crossdock.contracts.prices import Price, PriceStep
from crossdock.contracts.stock import Availability, SiteAvailability
from crossdock.testing.fakes.fake import Weather
from crossdock.testing.fakes.vendure import FakeVendure
from tests.helpers.aio import run

GOLDEN = Path(vendure.__file__).parent / "golden"
SECRET = "whsec_c2l4dGVlbiBieXRlcyBvciBtb3JlIG9mIGNoYW5jZQ=="
SETTINGS = VendureSettings(
    url="http://127.0.0.1:3000",
    user="hub",
    channel="web",
    customer="WEB",
    shipping_item="SHIPPING",
    webhook_secret=SECRET,
)


def sample(name: str = "order-placed") -> dict[str, Any]:
    """A record as the shop gives it."""
    read: dict[str, Any] = json.loads((GOLDEN / f"{name}.wire.json").read_text())
    return read


@pytest.mark.parametrize("state", sorted(wire.NOT_YET))
def test_carts_mean_nothing(state: str) -> None:
    """Nor does an order while it is being changed."""
    assert inbound.order({**sample(), "state": state}, SETTINGS) == []


def a_line(**changed: Any) -> dict[str, Any]:
    """Lines with one that is not as it should be."""
    return {"lines": [{"id": "1", "quantity": 1, "unitPrice": 1, **changed}]}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"state": "Teleported"}, "$.state"),
        ({"currencyCode": "XXX"}, "$.currencyCode"),
        ({"orderPlacedAt": "yesterday"}, "$.orderPlacedAt"),
        (a_line(productVariant=None), "$.lines[0].productVariant.sku"),
        (a_line(productVariant={"sku": "A"}, quantity=-1), "$.lines[0].quantity"),
    ],
)
def test_what_was_not_agreed_is_named_and_not_guessed(change: dict[str, Any], where: str) -> None:
    """The place, so that a person finds it."""
    with pytest.raises(Odd) as odd:
        inbound.order({**sample(), **change}, SETTINGS)
    assert odd.value.where == where


def step(**changed: Any) -> PriceStep:
    """A price of one, in the shop's currency, at any time."""
    said: dict[str, Any] = {"currency": "USD", "unit_price_e4": 135_000}
    return PriceStep(**{**said, **changed})


_UNTIL = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((step(), step(currency="EUR"), step(from_quantity=10)), {"id": "7", "price": 1350}),
        ((step(valid_until=_UNTIL),), "0 prices of one A in USD that hold at any time"),
        ((step(unit="CASE"),), "0 prices of one A in USD that hold at any time"),
        ((step(), step()), "2 prices of one A in USD that hold at any time"),
        (
            (step(unit_price_e4=135_050),),
            "135050 ten-thousandths of USD are no whole minor units",
        ),
    ],
)
def test_a_price_is_told_where_the_shop_can_keep_it(
    steps: tuple[PriceStep, ...], expected: object
) -> None:
    """One for a single unit at any time, in whole minor units; else it says why not."""
    price = Price(price="RETAIL/A", price_list="RETAIL", item="A", steps=steps)
    assert outbound.price({"id": "7", "currencyCode": "USD"}, price) == expected


@pytest.mark.parametrize("moment", [2, 3, 4])
def test_levels_stand_although_units_leave_while_they_are_set(moment: int) -> None:
    """Whenever a fulfilment takes its units off: the shop offers what is promised."""
    said = Availability(
        channel="web",
        item="SKU-001",
        quantity=17,
        version=7,
        as_of=datetime(2026, 3, 2, tzinfo=UTC),
        sites=(SiteAvailability(site="EAST", quantity=17),),
    )
    body = msgspec.json.encode(said)
    told = Document("k", catalogue.AVAILABILITY_PUBLISHED, "SKU-001", "", body)

    async def play() -> tuple[object, int, int]:
        fake = FakeVendure()

        def weather(asked: int) -> Weather:
            if asked == moment:
                fake.ship("SKU-001", 2)
            return Weather.FINE

        async with fake.listening():
            connector = connect(msgspec.convert(fake.settings(), VendureSettings))
            fake.weather = weather
            try:
                [answer] = await connector.send([told])
            finally:
                await connector.close()
        return answer, fake.free("SKU-001"), len(fake.asked)

    answer, free, asked = run(play())
    assert isinstance(answer, Accepted)
    assert free == 17
    assert asked > moment or moment == 4


def test_a_webhook_points_at_its_order() -> None:
    """Signed, of this time; one of something else points at nothing."""
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    stamp = str(int(now.timestamp()))
    pointing = Pointing(SETTINGS)
    key = signatures.secret_bytes(SECRET)
    for body, pointed in [
        (b'{"type":"order.placed","data":{"order":"17","code":"A"}}', {"orders": ["17"]}),
        (b'{"type":"stock.moved","data":{"movements":["1"]}}', {}),
    ]:
        headers = {
            "webhook-id": "m1",
            "webhook-timestamp": stamp,
            "webhook-signature": signatures.signature(key, "m1", stamp, body),
        }
        assert pointing.hear(headers, body, now) == Heard(pointed=pointed)
        with pytest.raises(NotBelieved):
            pointing.hear(headers, body + b" ", now)


def test_a_shop_without_a_secret_believes_no_webhook() -> None:
    """Not even one that is signed with nothing."""
    plain = msgspec.structs.replace(SETTINGS, webhook_secret="")
    with pytest.raises(NotBelieved, match="webhook_secret"):
        Pointing(plain).hear({}, b"{}", datetime(2026, 3, 2, tzinfo=UTC))


def test_it_says_what_it_can() -> None:
    """Fulfilments can be looked up, what is set may be set again, all else is not repeated."""
    connector = connect(SETTINGS)
    assert isinstance(connector, Source)
    assert connector.ability(catalogue.SHIPMENT_SHIPPED) is Ability.LOOK_UP
    assert connector.ability(catalogue.AVAILABILITY_PUBLISHED) is Ability.KEYS
    assert connector.ability(catalogue.INVOICE_REQUESTED) is Ability.NEITHER
    assert KIND.card.id == "vendure"
    assert SECRET not in repr(SETTINGS)
