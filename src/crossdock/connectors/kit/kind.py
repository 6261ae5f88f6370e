"""What a connector's folder exports: who it is, what an operator fills in, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crossdock.connectors.kit.card import Card, Settings
from crossdock.contracts.connector import Connector
from crossdock.contracts.feeds import Webhook
from crossdock.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of far system; `connect` and `webhook` are given an object of `settings`.

    A connector that is a `contracts.feeds.Source` is asked what its system has to say as well.
    `webhook` is how its system tells of itself; None: it does not. `timed` makes the connector of a
    kind whose proofs name the time; None: it needs no clock.
    """

    card: Card
    settings: type[Settings]
    connect: Callable[[Any], Connector]
    webhook: Callable[[Any], Webhook] | None = None
    timed: Callable[[Any, Clock], Connector] | None = None

    def reach(self, settings: Settings, clock: Clock) -> Connector:
        """Make the connector of one far system; it opens connections when it first sends."""
        return self.connect(settings) if self.timed is None else self.timed(settings, clock)
