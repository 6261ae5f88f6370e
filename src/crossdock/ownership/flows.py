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


EVENT_ONLY = (
    "stock", "receipt", "pick", "shipment", "transfer", "return_receipt", "availability",
)  # fmt: skip
"""Shipments and changes of stock: nobody may hear of them by batch alone (R51)."""

_CRITICAL_SECONDS_MAX = 900
"""A lag of a quarter of an hour is named as harmful where much hangs on a flow (R51)."""


def contradictions(flow: Flow) -> list[tuple[str, str, str]]:
    """What a flow says that does not go together (R44, R51): setting, found, expected.

    A message type travels in one flow, so the flow's model is its only way.
    """
    found = []
    late = flow.model in (Model.BATCH, Model.RECONCILIATION)
    urgent = sorted({entity for entity in EVENT_ONLY if _carries(flow, entity)})
    if late and flow.criticality is Criticality.CRITICAL:
        found.append(("model", f"{flow.model} of a critical flow", "event or request-response"))
    elif late and urgent:
        found.append(("model", f"{flow.model} of {', '.join(urgent)}", "event: never batch alone"))
    if not late and flow.every_seconds is not None:
        found.append(
            ("every", f"a schedule of a flow by {flow.model}", "model: batch, or no every")
        )
    if late and flow.every_seconds is None and flow.within_seconds is not None:
        found.append(("every", "nothing", f"how often, to be within {flow.within_seconds} s"))
    if flow.within_seconds is not None and (flow.every_seconds or 0) > flow.within_seconds:
        every = f"every {flow.every_seconds} s, within {flow.within_seconds} s"
        found.append(("within", every, "a schedule that can keep it"))
    if flow.criticality is Criticality.CRITICAL and (
        (flow.within_seconds or 0) > _CRITICAL_SECONDS_MAX
    ):
        found.append(
            ("within", f"{flow.within_seconds} s of a critical flow", f"{_CRITICAL_SECONDS_MAX} s")
        )
    return found


def _carries(flow: Flow, entity: str) -> bool:
    return any(row.name in flow.types for row in types_of(entity))


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
