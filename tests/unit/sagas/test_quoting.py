"""Whoever waits for the answer to an order hears what it costs: what finance will be asked for."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.invoices import InvoiceRequest
from crossdock.contracts.money import Remainder, RoundingMode
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.prices import Price, PriceStep, price_key
from crossdock.contracts.products import Item
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.contracts.submissions import OrderAnswer, OrderCharge, TaxedBy
from crossdock.contracts.vocabulary import OrderAnswerKind, OrderRule, RuleAction
from crossdock.contracts.words import Address
from crossdock.log.records import NewMessage
from crossdock.orders.charges import MoneyRules, RoundedPer, TaxRate, TaxRounding
from crossdock.orders.policy import OrderPolicy
from crossdock.sagas.policy import Policy
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy

RATES = (TaxRate(2_000), TaxRate(700, code="reduced"))
LINES = (
    OrderLine(line="1", item="bolt", quantity=3, unit_price_e4=3_333),
    OrderLine(line="2", item="nut", quantity=7, unit_price_e4=1_111, discount_minor=5),
    OrderLine(line="3", item="bolt", quantity=1, unit_price_e4=99_999),
)
ROUNDINGS = [
    TaxRounding(per, mode, remainder)
    for per in RoundedPer
    for mode in RoundingMode
    for remainder in Remainder
]


def house(money: MoneyRules, *, prices: bool = False) -> SmallHub:
    """A hub that taxes so; nuts are taxed otherwise by their master, bolts have a price."""
    policy: Policy = replace(small_policy(), money=money, known_items_only=True)
    if prices:
        asks = {OrderRule.PRICE: RuleAction.REJECT}
        policy = replace(policy, orders_default=OrderPolicy(rules=asks, price_list="RETAIL"))
    hub = SmallHub(policy)
    hub.stock(EAST={"bolt": 50, "nut": 50})
    step = PriceStep(currency="EUR", from_quantity=1, unit_price_e4=3_333)
    key = price_key("RETAIL", "bolt")
    price = Price(price=key, price_list="RETAIL", item="bolt", steps=(step,))
    for item in (Item(item="bolt"), Item(item="nut", tax_code="reduced")):
        hub.tell(noun_message(catalogue.ITEM_CHANGED, item, item.item))
    hub.tell(noun_message(catalogue.PRICE_CHANGED, price, "price"))
    return hub


def submitted(lines: tuple[OrderLine, ...] = LINES) -> NewMessage:
    """An order of a channel that waits."""
    order = Order(
        order_id="O1",
        channel="web",
        customer="acme",
        currency="EUR",
        ship_to=Address(lines=("1 High Street",), city="York", country="GB"),
        freight_minor=499,
        lines=lines,
    )
    return noun_message(catalogue.ORDER_PLACED, order, "call-1", source="shop")


def charged(hub: SmallHub, message: NewMessage) -> OrderCharge:
    """What somebody who only asks is answered that it costs."""
    said = msgspec.json.decode(hub.ask(message).answer, type=OrderAnswer)
    assert said.charge is not None
    return said.charge


@pytest.mark.parametrize("rounding", ROUNDINGS, ids=str)
def test_what_is_quoted_is_what_finance_is_asked_for(rounding: TaxRounding) -> None:
    """When all of it leaves at once, by whatever rule tax is rounded; the rule is named."""
    hub = house(replace(MoneyRules(RATES), rounding=(rounding,)))
    quoted = charged(hub, submitted())
    assert quoted == charged(hub, submitted()), "who only asks changes nothing"
    hub.call(submitted())
    units = tuple(
        ShipmentLine(line=one.line, item=one.item, quantity=one.units) for one in quoted.lines
    )
    left = Shipment(shipment_id="S1", order_id="O1", site="EAST", lines=units)
    hub.tell(noun_message(catalogue.SHIPMENT_SHIPPED, left, "left"))
    [asked] = [
        msgspec.json.decode(kept.effect.body, type=InvoiceRequest)
        for kept in hub.store.data.effects.by_id.values()
        if kept.effect.type == catalogue.INVOICE_REQUESTED
    ]
    assert quoted.total_minor == asked.total_minor
    assert (quoted.tax_minor, quoted.rounding_minor) == (asked.tax_minor, asked.rounding_minor)
    assert [one.tax_minor for one in quoted.lines] == [one.tax_minor for one in asked.lines]
    assert [one.tax_rate_e4 for one in quoted.lines] == [2_000, 700, 2_000]
    assert quoted.rounded_by == TaxedBy(
        per=rounding.per.value, mode=rounding.mode.value, remainder=rounding.remainder.value
    )


def test_the_price_of_the_list_is_said_also_where_the_order_is_refused() -> None:
    """For so many of the item; nothing where the list has none."""
    hub = house(MoneyRules(), prices=True)
    said = msgspec.json.decode(hub.ask(submitted()).answer, type=OrderAnswer)
    assert said.answer is OrderAnswerKind.REFUSED
    assert said.charge is not None
    assert [one.listed_price_e4 for one in said.charge.lines] == [3_333, None, 3_333]
    assert (said.charge.tax_minor, said.charge.rounded_by) == (0, None)


def test_a_rate_that_nobody_named_is_said_to_be_missing() -> None:
    """And no tax is guessed: the amounts are without."""
    hub = house(MoneyRules((TaxRate(2_000),)))
    quoted = charged(hub, submitted())
    assert quoted.tax_missing == "no tax rate for code reduced in GB"
    assert quoted.tax_minor == 0
    assert quoted.total_minor == sum(one.net_minor for one in quoted.lines) + 499
