"""Flows that wait while events are late: read as written, measured, resumed by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from crossdock.contracts import catalogue
from crossdock.log.records import Effect, Lane, Leaving
from crossdock.ownership.flows import all_flows
from crossdock.ownership.pausing import NotARule, PauseRule, rule_of
from crossdock.runtime.pausing import Pauses
from crossdock.testing.builders import at, message
from crossdock.testing.hub import SmallHub, at_once
from tests.unit.runtime.test_config import SOUND, problems, read

WRITTEN = """
policies:
  - {when: "shipment events late > 5m", then: pause notifications, keep: [invoicing]}
"""
NOTIFICATIONS = (catalogue.ORDER_STATUS_CHANGED, catalogue.SHIPMENT_SHIPPED)


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """The moment that was set."""
        return at(self.seconds)

    def monotonic(self) -> float:
        """Likewise."""
        return self.seconds


def test_the_rule_is_read_as_it_is_written(tmp_path: Path) -> None:
    """The list in the section `policies`, or its `rules` beside other settings."""
    [rule] = read(SOUND + WRITTEN, tmp_path).policies.pauses
    assert rule.rule == "shipment events late > 5m: pause notifications, keep invoicing"
    assert (rule.threshold_seconds, rule.window_seconds) == (300, 300)
    assert rule.watched == (catalogue.SHIPMENT_SHIPPED,)
    assert rule.types == NOTIFICATIONS
    text = "{when: order events late > 10s, then: pause invoicing}"
    text = f"policies: {{transfer_hours: 5, rules: [{text}]}}"
    settings = read(f"{SOUND}{text}", tmp_path)
    [rule] = settings.policies.pauses
    assert (rule.threshold_seconds, rule.window_seconds) == (10, 60)
    assert rule.types == (catalogue.INVOICE_REQUESTED,)
    assert settings.policies.transfer_hours == 5


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ("{when: shipments late, then: pause notifications}", "[0].when"),
        ("{when: parcel events late > 5m, then: pause notifications}", "[0].when"),
        ("{when: shipment events late > 5m, then: stop notifications}", "[0].then"),
        ("{when: shipment events late > 5m, then: pause nothing}", "[0].then"),
        ("{when: shipment events late > 5m, then: pause invoicing, keep: [nothing]}", "[0].keep"),
        ("{when: shipment events late > 5m, then: pause invoicing, keep: invoicing}", "[0].keep"),
        ("{when: shipment events late > 5m, than: pause invoicing}", "[0].than"),
    ],
)
def test_what_is_no_rule_is_a_problem(rule: str, where: str, tmp_path: Path) -> None:
    """Told by the path of its part."""
    assert f"policies{where}" in problems(f"{SOUND}policies: [{rule}]", tmp_path)


def test_a_flow_of_the_house_goes_before_a_name_that_ships() -> None:
    """Who configures `notifications` decides what they are."""
    flow = replace(all_flows({})["invoice"], name="notifications")
    rule = rule_of("shipment events late > 1h", "pause notifications", (), {"notifications": flow})
    assert catalogue.INVOICE_REQUESTED in rule.types
    with pytest.raises(NotARule, match="flow that tells"):
        rule_of("shipment events late > 1h", "pause identity", (), all_flows({}))


def house() -> tuple[SmallHub, Pauses, Clock, PauseRule]:
    """A hub with the rule of S0, one notification and one invoice request due."""
    rule = rule_of("shipment events late > 5m", "pause notifications", ["invoicing"], all_flows({}))
    hub, clock = SmallHub(), Clock()
    for name, kind in (("status", NOTIFICATIONS[0]), ("invoice", catalogue.INVOICE_REQUESTED)):
        one = Effect(name, "erp", Lane.OPERATIONAL, name, kind, name, b"{}")
        hub.store.data.effects.intend(one, None, at(0))
    return hub, Pauses([rule], hub.store, hub.policy, clock), clock, rule


def shipped(hub: SmallHub, name: str, *, happened: float, received: float) -> None:
    """A shipment reaches the hub."""
    said = message(name, seconds=happened, partition=9)  # where nobody decides: only measured
    said.type, said.received_time = catalogue.SHIPMENT_SHIPPED, at(received)
    at_once(hub.store.append([said]))


def look(hub: SmallHub, pauses: Pauses, clock: Clock, seconds: float) -> tuple[int, frozenset[str]]:
    """The scheduler looks, twice: what it says is decided in between."""
    clock.seconds = seconds
    said = at_once(pauses.look())
    hub.tell(*said)
    at_once(pauses.look())
    return len(said), pauses.types


def claimed(hub: SmallHub, pauses: Pauses, seconds: float) -> list[str]:
    """What a pump would take now."""
    leaving = Leaving(paused=pauses.types)
    taken = at_once(hub.store.claim("erp", at(seconds), at(seconds), 10, leaving))
    return sorted(one.business_key for one in taken)


def test_a_flow_waits_while_events_are_late_and_goes_on_by_itself() -> None:
    """On time: told. Six minutes late: notifications wait, invoices go. On time again: all go."""
    hub, pauses, clock, _ = house()
    shipped(hub, "S1", happened=100, received=110)
    assert look(hub, pauses, clock, 120) == (0, frozenset())
    shipped(hub, "S2", happened=100, received=460)
    assert look(hub, pauses, clock, 470) == (1, frozenset(NOTIFICATIONS))
    assert claimed(hub, pauses, 471) == ["invoice"]
    assert look(hub, pauses, clock, 480) == (0, frozenset(NOTIFICATIONS))  # said once
    [row] = at_once(hub.store.exceptions(9))
    assert (row.kind, row.detail.split(":")[0]) == ("flow-paused", "shipment events late > 5m")
    shipped(hub, "S3", happened=765, received=770)
    assert look(hub, pauses, clock, 775) == (1, frozenset())
    assert claimed(hub, pauses, 776) == ["invoice", "status"]
    assert at_once(hub.store.exceptions(9)) == []


def test_nothing_received_for_the_threshold_ends_it_too() -> None:
    """Who hears nothing cannot say that it is late; how long is waited is the threshold."""
    hub, pauses, clock, _ = house()
    shipped(hub, "S1", happened=0, received=400)
    assert look(hub, pauses, clock, 400) == (1, frozenset(NOTIFICATIONS))
    assert look(hub, pauses, clock, 699) == (0, frozenset(NOTIFICATIONS))
    assert look(hub, pauses, clock, 701) == (1, frozenset())


def test_two_processes_switch_it_once() -> None:
    """Both measure the same and say the same: the second is absorbed."""
    hub, pauses, clock, rule = house()
    other = Pauses([rule], hub.store, hub.policy, clock)
    shipped(hub, "S1", happened=0, received=400)
    clock.seconds = 400
    said = [*at_once(pauses.look()), *at_once(other.look())]
    answers = [receipt.answer.value for receipt in hub.tell(*said)]
    assert answers == ["accepted", "duplicate"]


def test_a_hub_without_rules_asks_nothing() -> None:
    """No statement is run for a house that has none."""
    hub = SmallHub()
    assert at_once(Pauses((), hub.store, hub.policy, Clock()).look()) == []
