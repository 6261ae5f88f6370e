"""P19: `products/update` is not sent on a purchase, and the stock that was told went stale.

A flow that needs messages of a kind has a rule that says how long it may be silent about them. A
system that never sends the kind, whatever else it says, is found by the first look.
"""

from __future__ import annotations

from crossdock.contracts import catalogue
from tests.pains.silence_house import Watched


def test_other_messages_of_the_same_system_hide_nothing() -> None:
    """Orders come all day; that nothing is said of shipments is shown all the same."""
    house = Watched("shipment events silent > 4h", "order events silent > 4h")
    for hour in range(1, 7):
        house.hears(catalogue.ORDER_PLACED, hour)
        if hour == 1:
            house.hears(catalogue.SHIPMENT_SHIPPED, hour)
    assert house.alarms(4.9) == []
    assert house.alarms(6) == ["shipment"]
