"""The hub's own word that a rule about flows begins or ends to hold (R211)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.words import Identifier, Noun, Quantity, QuantityOrZero, Text


class PauseSwitch(Noun, frozen=True, kw_only=True):
    """A rule such as "shipment events late > 5m: pause notifications" holds from now on, or ends.

    `switch` counts how often it was switched, so that the same switch is said once.
    """

    pause_id: Identifier
    switch: Quantity
    on: bool
    rule: Text  # as the configuration says it
    measured_seconds: QuantityOrZero
    types: Annotated[tuple[str, ...], Meta(max_length=200)] = ()  # what is not told meanwhile
