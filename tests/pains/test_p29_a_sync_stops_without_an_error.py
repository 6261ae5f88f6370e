"""P29: the sync stopped; no error, no warning, and days later somebody saw it.

A hub that is asked nothing and hears nothing is in order by every other measure. Only what the
house expects to hear tells a quiet night from a dead line.
"""

from __future__ import annotations

import pytest

from crossdock.contracts import catalogue
from crossdock.ownership.flows import all_flows
from crossdock.ownership.pausing import NotARule, rule_of
from tests.pains.silence_house import Watched


def test_a_hub_that_never_heard_anything_says_so() -> None:
    """Also where there was no first message that could be too long ago."""
    assert Watched("receipt events silent > 1d").alarms(0.1) == ["receipt"]


def test_a_house_that_expects_nothing_is_told_nothing() -> None:
    """No rule, no alarm: what is quiet for one house is dead for another."""
    house = Watched()
    house.hears(catalogue.ORDER_PLACED, 1)
    assert house.alarms(1_000) == []


@pytest.mark.parametrize(("then", "keep"), [("pause invoicing", ()), ("alarm", ("invoicing",))])
def test_what_does_not_come_holds_nothing_back(then: str, keep: tuple[str, ...]) -> None:
    """Such a rule is refused when the configuration is read."""
    with pytest.raises(NotARule, match="alarm"):
        rule_of("order events silent > 4h", then, keep, all_flows({}))
