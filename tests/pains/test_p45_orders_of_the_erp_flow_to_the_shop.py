"""P45: orders that were entered in the ERP should show in the shop too.

Who is told of an order is a row of the matrix, not a matter of who said it first.
"""

from __future__ import annotations

from dataclasses import replace

from crossdock.contracts import catalogue
from crossdock.ownership.matrix import Matrix
from crossdock.ownership.rule import Rule
from crossdock.sagas.policy import ChannelPolicy
from crossdock.testing.builders import noun_message
from tests.pains.order_house import YORK, house, placed, shipped, telling, told


def test_an_order_entered_in_the_erp_is_told_to_the_shop_whole() -> None:
    """Placed by the ERP on the phone channel: the shop hears lines, prices, address, progress."""
    policy = telling("shop")
    phone = ChannelPolicy("phone", "erp", ("EAST",))
    kept = [rule for rule in policy.matrix.rules if rule.entity != "order"]
    matrix = Matrix(
        (*kept, Rule("order", ("system of channel",), ())),
        policy.matrix.sites,
        {**policy.matrix.channels, "phone": {"system": "erp"}},
    )
    channels = {**policy.channels, "phone": phone}
    hub = house(replace(policy, channels=channels, matrix=matrix))
    kind, noun = placed(quantity=3, channel="phone", ship_to=YORK)
    hub.tell(noun_message(kind, noun, "m-1", source="erp"))
    [known] = told(hub, "shop", catalogue.ORDER_ACKNOWLEDGED)
    assert (known.order_id, known.channel, known.customer) == ("O1", "phone", "acme")
    assert known.ship_to == YORK
    assert [(line.item, line.ordered, line.unit_price_e4) for line in known.lines] == [
        ("bolt", 3, 10_000)
    ]
    kind, noun = shipped(3)
    hub.tell(noun_message(kind, noun, "m-2", source="wms_east"))
    assert "dispatched" in told(hub, "shop", catalogue.ORDER_PROGRESSED)[-1].reached


def test_the_shop_may_not_change_what_is_the_erps() -> None:
    """Told of it is not owner of it: a change by the shop ends as the matrix declares."""
    policy = telling("shop")
    kept = [rule for rule in policy.matrix.rules if rule.entity != "order"]
    matrix = Matrix(
        (*kept, Rule("order", ("erp",), ())), policy.matrix.sites, policy.matrix.channels
    )
    assert not matrix.may_say("shop", "order", None, "web")
    assert matrix.may_say("erp", "order", None, "web")
