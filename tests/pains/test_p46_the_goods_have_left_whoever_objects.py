"""P46: a payment provider refused a shipment, so the shop would not save it; the goods had left.

A physical fact is recorded whatever else is wrong: the order may be held, cancelled or unknown.
"""

from __future__ import annotations

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.holds import OrderHold
from crossdock.contracts.vocabulary import Fate, HoldKind
from tests.pains.order_house import Said, cancelled, house, messages, placed, shipped, told

HELD: Said = (
    catalogue.ORDER_HOLD_PLACED,
    OrderHold(hold_id="H1", order_id="O1", kind=HoldKind.CREDIT),
)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param([placed(), HELD], id="held for credit"),
        pytest.param([placed(), cancelled(5)], id="cancelled"),
        pytest.param([], id="unknown"),
    ],
)
def test_a_shipment_is_recorded_whatever_stands_against_it(before: list[Said]) -> None:
    """Applied, in the ledger, and on the order."""
    hub = house()
    hub.tell(*messages([*before, shipped(5)]))
    [partition] = hub.store.data.partitions.values()
    fates = {row.outcome.fate for row in partition.outcomes.values()}
    assert fates == {Fate.APPLIED}
    assert hub.order("O1").lines["1"].at("EAST").shipped == 5
    assert hub.ending().sellable == {("bolt", "EAST"): 15}


def test_goods_that_left_under_a_hold_are_invoiced_all_the_same() -> None:
    """What the customer has got it pays for; the hold stops what is still in the house."""
    hub = house()
    hub.tell(*messages([placed(), HELD, shipped(2)]))
    [request] = told(hub, "erp", catalogue.INVOICE_REQUESTED)
    assert [(line.line, line.quantity) for line in request.lines] == [("1", 2)]
    assert hub.order("O1").holds == ["credit-hold:H1"]
    assert hub.ending().reserved == {}
