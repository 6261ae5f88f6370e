"""P20: a shop switched a webhook off after some failures, and told nobody.

The far side raises no error and the hub has nothing to refuse. What is missed is the messages: the
house says how long there may be none, and a person is told; when they come again, the alarm ends.
"""

from __future__ import annotations

from crossdock.contracts import catalogue
from tests.pains.silence_house import Watched


def test_the_silence_is_told_and_ends_by_itself() -> None:
    """Orders until two; told at six and no earlier; closed by the order that comes at nine."""
    house = Watched("order events silent > 4h")
    house.hears(catalogue.ORDER_PLACED, 1)
    house.hears(catalogue.ORDER_PLACED, 2)
    assert house.alarms(5.9) == []
    assert house.alarms(6.1) == ["order"]
    assert house.alarms(8) == ["order"]
    house.hears(catalogue.ORDER_PLACED, 9)
    assert house.alarms(9.1) == []
    assert house.alarms(13.2) == ["order"], "and the next silence is told anew"
