"""A hub whose house says what must be heard, and how long it may be silent about it."""

from __future__ import annotations

from datetime import datetime

from crossdock.ownership.flows import all_flows
from crossdock.ownership.pausing import rule_of
from crossdock.runtime.pausing import Pauses
from crossdock.testing.builders import at, message
from crossdock.testing.hub import SmallHub, at_once

HOUR = 3_600.0


class Watched:
    """A hub with rules about silence, and the scheduler's look at them."""

    def __init__(self, *rules: str) -> None:
        self.hub = SmallHub()
        self._seconds = 0.0
        read = [rule_of(rule, "alarm", (), all_flows({})) for rule in rules]
        self._pauses = Pauses(read, self.hub.store, self.hub.policy, self)

    def now(self) -> datetime:
        """The moment that was set."""
        return at(self._seconds)

    def monotonic(self) -> float:
        """Likewise."""
        return self._seconds

    def hears(self, kind: str, hour: float, name: str = "") -> None:
        """A message of this kind is received; nobody decides it, it is only heard."""
        said = message(name or f"{kind}-{hour}", partition=9, seconds=hour * HOUR)
        said.type, said.received_time = kind, at(hour * HOUR)
        at_once(self.hub.store.append([said]))

    def alarms(self, hour: float) -> list[str]:
        """The scheduler looks at this hour; gives what a person is told of by then."""
        self._seconds = hour * HOUR
        self.hub.tell(*at_once(self._pauses.look()))
        assert at_once(self._pauses.look()) == [], "it is said once"
        assert self._pauses.types == frozenset(), "nothing is held back"
        open_now = at_once(self.hub.store.exceptions(9))
        assert {row.kind for row in open_now} <= {"events-silent"}
        return sorted(row.detail.partition(" events")[0] for row in open_now)
