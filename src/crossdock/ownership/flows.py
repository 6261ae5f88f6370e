"""Flows: which message types travel together, how, how urgent, and whether they may start.

A flow starts only when none of its message types touches a hole or an overlap of the matrix
(R36). Message types that no configured flow names travel in the flow of their object, which ships
with the hub.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crossdock.ownership.findings import Finding
from crossdock.ownership.subjects import masters, objects, types_of


class Model(StrEnum):
    """How a flow's two sides are kept alike."""

    BATCH = "batch"
    REQUEST_RESPONSE = "request-response"
    EVENT = "event"
    RECONCILIATION = "reconciliation"


class Criticality(StrEnum):
    """How much hangs on a flow."""

    CRITICAL = "critical"
    NORMAL = "normal"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow: message types that start and stop together.

    `within_seconds` is how soon the other side shall know, `every_seconds` how often a batch or a
    comparison runs; None where nothing is promised.
    """

    name: str
    types: tuple[str, ...]
    model: Model = Model.EVENT
    criticality: Criticality = Criticality.NORMAL
    within_seconds: int | None = None
    every_seconds: int | None = None
    enabled: bool = True


def all_flows(configured: Mapping[str, Flow]) -> dict[str, Flow]:
    """The configured flows, and for what they leave over one flow per object."""
    taken = {kind for flow in configured.values() for kind in flow.types}
    flows = dict(configured)
    for entity in objects():
        left = tuple(row.name for row in types_of(entity) if row.name not in taken)
        if left:
            model = Model.BATCH if entity in masters() else Model.EVENT
            name = entity if entity not in flows else f"{entity}.rest"
            flows[name] = Flow(name, left, model)
    return flows


def why_stopped(flow: Flow, found: Sequence[Finding]) -> str:
    """Why a flow does not start, in words for its operator; empty where it does."""
    if not flow.enabled:
        return f"the flow {flow.name} is switched off: flows.{flow.name}.enabled"
    touching = [one for one in found if set(one.types) & set(flow.types)]
    if not touching:
        return ""
    more = f" (and {len(touching) - 1} more)" if len(touching) > 1 else ""
    return f"the flow {flow.name} has the {touching[0].kind} {touching[0]}{more}"


def stopped_types(flows: Mapping[str, Flow], found: Sequence[Finding]) -> dict[str, str]:
    """Message type -> why it does not flow, for those that do not."""
    return {
        kind: why
        for flow in flows.values()
        if (why := why_stopped(flow, found))
        for kind in flow.types
    }
