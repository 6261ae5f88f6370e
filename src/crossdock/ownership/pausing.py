"""Rules about what comes, or does not: "shipment events late > 5m: pause notifications".

*Late* is how long after it happened a message reached the hub: received time less event time. A
rule holds while the worst of what was received within its threshold (a minute at least) is beyond
the threshold, and ends by itself when what comes is on time again, or nothing comes for so long.

*Silent* is that nothing came: "order events silent > 4h: alarm" holds while no message of these
types was received for so long, whoever should have said it, and pauses nothing: a person is told. A
far system whose subscription was switched off, or that never sends what a flow needs, raises no
error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE, TOLD
from crossdock.ownership.flows import Flow
from crossdock.ownership.subjects import objects, types_of

NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "notifications": (catalogue.ORDER_STATUS_CHANGED, catalogue.SHIPMENT_SHIPPED),
    "invoicing": (catalogue.INVOICE_REQUESTED,),
}
"""Flows that a rule may name although no house configures them; a configured flow goes first."""

_WHEN = re.compile(
    r"\A(?P<subject>[a-z_]+) events (?P<how>late|silent)"
    r" > (?P<number>[1-9][0-9]{0,5})(?P<unit>[smhd])\Z"
)
_ALARM: Final = "alarm"
_THEN = re.compile(r"\Apause (?P<flow>\S+)\Z")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WINDOW_SECONDS_MIN: Final = 60


@dataclass(frozen=True, slots=True)
class PauseRule:
    """One rule, read and resolved."""

    pause_id: str
    rule: str  # in words
    watched: tuple[str, ...]  # the message types that must not be late
    threshold_seconds: int
    types: tuple[str, ...]  # what is not told while it holds; none: a person is told, no more
    of_silence: bool = False  # it holds while nothing comes

    @property
    def window_seconds(self) -> int:
        """How far back it looks at what was received."""
        return max(self.threshold_seconds, _WINDOW_SECONDS_MIN)

    def holds(self, lateness_seconds: float | None) -> bool:
        """Whether it holds, from the worst lateness within the window; None: nothing came."""
        if self.of_silence:
            return lateness_seconds is None
        return lateness_seconds is not None and lateness_seconds > self.threshold_seconds


class NotARule(ValueError):
    """A rule cannot be read; says which part, and what was expected there."""

    def __init__(self, part: str, found: str, expected: str) -> None:
        super().__init__(part, found, expected)
        self.part = part
        self.found = found
        self.expected = expected


def rule_of(when: str, then: str, keep: Iterable[str], flows: Mapping[str, Flow]) -> PauseRule:
    """Read a rule.

    Raises:
        NotARule: a part of it is none, names nothing, or nothing is left to be paused.
    """
    kept = tuple(keep)
    found = _WHEN.fullmatch(when)
    if found is None:
        raise NotARule("when", when, "`OBJECT events late (or silent) > 5m`, with s, m, h or d")
    subject = found["subject"]
    watched = tuple(row.name for row in types_of(subject) if row.inbound)
    if not watched:
        says = [name for name in objects() if any(row.inbound for row in types_of(name))]
        raise NotARule("when", subject, f"an object that is told to the hub: {', '.join(says)}")
    silent = found["how"] == "silent"
    paused = _paused(then, kept, flows, alarm_only=silent)
    rule = f"{when}: {then}" + (f", keep {', '.join(kept)}" if kept else "")
    return PauseRule(
        pause_id=sha256(rule.encode()).hexdigest()[:16],
        rule=rule,
        watched=watched,
        threshold_seconds=int(found["number"]) * _UNITS[found["unit"]],
        types=paused,
        of_silence=silent,
    )


def _paused(
    then: str, kept: tuple[str, ...], flows: Mapping[str, Flow], *, alarm_only: bool
) -> tuple[str, ...]:
    """What a rule pauses: a flow without those that are kept; nothing where nothing comes."""
    if alarm_only:
        if then != _ALARM:
            raise NotARule("then", then, f"`{_ALARM}`: what does not come holds nothing back")
        if kept:
            raise NotARule("keep", ", ".join(kept), "nothing: an alarm pauses no flow")
        return ()
    pausing = _THEN.fullmatch(then)
    if pausing is None:
        raise NotARule("then", then, "`pause FLOW`")
    paused = set(_told_by(pausing["flow"], flows, "then"))
    for name in kept:
        paused -= set(_told_by(name, flows, "keep"))
    if not paused:
        raise NotARule("keep", ", ".join(kept), "flows that leave something to be paused")
    return tuple(sorted(paused))


def _told_by(name: str, flows: Mapping[str, Flow], part: str) -> tuple[str, ...]:
    """The message types of a flow that far systems are told."""
    types = flows[name].types if name in flows else NAMED.get(name, ())
    told = tuple(kind for kind in types if kind in TOLD and kind in CATALOGUE)
    if not told:
        known = sorted({*NAMED, *(n for n, flow in flows.items() if set(flow.types) & TOLD)})
        raise NotARule(part, name, f"a flow that tells something: {', '.join(known)}")
    return told
