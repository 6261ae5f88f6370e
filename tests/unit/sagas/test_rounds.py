"""A batch is decided in few rounds, however many of its orders need what most do not.

Found when 11,000 orders were played with the pricing rule on: each that was held for a price asked
for the list of who waits for it, one by one, and each time the batch began anew.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order, OrderLine
from crossdock.contracts.prices import Price, PriceStep, price_key
from crossdock.contracts.vocabulary import OrderRule, RuleAction
from crossdock.orders.policy import OrderPolicy
from crossdock.sagas.decide import decide
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy

ORDERS = 40
ITEMS = tuple(f"item-{number}" for number in range(ORDERS))


def house() -> SmallHub:
    """Orders that are far off the list are held."""
    asks = {OrderRule.PRICE: RuleAction.HOLD}
    policy = replace(small_policy(), orders_default=OrderPolicy(rules=asks, price_list="RETAIL"))
    hub = SmallHub(policy, batch=500)
    hub.stock(EAST=dict.fromkeys(ITEMS, 900))
    step = PriceStep(currency="EUR", from_quantity=1, unit_price_e4=10_000)
    for item in ITEMS:
        key = price_key("RETAIL", item)
        price = Price(price=key, price_list="RETAIL", item=item, steps=(step,))
        hub.tell(noun_message(catalogue.PRICE_CHANGED, price, key))
    return hub


def rounds(hub: SmallHub, orders: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often a batch of so many such orders is begun."""
    begun: Counter[str] = Counter()

    def counting(*of: Any) -> Any:
        begun["a round"] += 1
        return decide(*of)

    monkeypatch.setattr("crossdock.testing.hub.decide", counting)
    messages = []
    for number in range(orders):
        lines = tuple(
            OrderLine(line=item, item=item, quantity=1, unit_price_e4=90_000)
            for item in (ITEMS[number], ITEMS[number - 1])
        )
        order = Order(
            order_id=f"o-{number}", channel="web", customer="acme", currency="EUR", lines=lines
        )
        messages.append(noun_message(catalogue.ORDER_PLACED, order, order.order_id))
    hub.tell(*messages)
    monkeypatch.undo()
    assert all(hub.order(f"o-{number}").holds for number in range(orders))
    return begun.total()


def test_many_orders_held_for_prices_take_as_many_rounds_as_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What one of them misses is asked for all of them."""
    few = rounds(house(), 2, monkeypatch)
    assert rounds(house(), ORDERS, monkeypatch) <= few + 2
