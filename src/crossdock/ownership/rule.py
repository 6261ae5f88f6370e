"""A rule of the matrix: which cells it speaks of, and what it says of them.

A cell is one object, optionally narrowed to a field, a stage of its life, an event (message type),
a site and a channel. A rule speaks of every cell that agrees with all that the rule names. What a
rule leaves unsaid (None) is said by the next less specific one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class OnViolation(StrEnum):
    """How a write by somebody else than the owner ends."""

    REJECT = "reject"  # refused at the door by name, or dead with evidence where state decides
    HOLD = "hold"  # accepted and not applied; a person decides
    PROPOSE = "propose"  # not applied; the owner is told and may accept


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the matrix; names are systems, "<role> of site", "<role> of channel" or "hub"."""

    entity: str
    owners: tuple[str, ...] | None = None
    consumers: tuple[str, ...] | None = None
    publisher: str | None = None  # who tells it, where that is not the owner
    on_violation: OnViolation | None = None
    field: str | None = None
    stage: str | None = None
    event: str | None = None  # noun.participle, of any version: "order.change_requested"
    site: str | None = None
    channel: str | None = None

    @property
    def narrowed_by(self) -> tuple[tuple[str, str], ...]:
        """What narrows the rule beyond its object: (dimension, value), in the order of the key."""
        named = (
            ("field", self.field),
            ("stage", self.stage),
            ("event", self.event),
            ("site", self.site),
            ("channel", self.channel),
        )
        return tuple((dimension, value) for dimension, value in named if value is not None)

    @property
    def specificity(self) -> int:
        """How many dimensions the rule names: of two rules for one cell the higher number wins."""
        return len(self.narrowed_by)

    @property
    def key(self) -> str:
        """The rule's key as `crossdock.yaml` spells it."""
        return self.entity + "".join(
            f"{_MARKS[dimension]}{value}" for dimension, value in self.narrowed_by
        )


_MARKS = {"field": ".", "stage": "@", "event": "/", "site": " at ", "channel": " via "}
