"""A flow's model, schedule and urgency must go together: what `crossdock check` says of it."""

from __future__ import annotations

import pytest

from crossdock.ownership.flows import (
    EVENT_ONLY,
    Criticality,
    Flow,
    Model,
    all_flows,
    contradictions,
)
from crossdock.ownership.subjects import objects, types_of

_BATCH, _EVENT = Model.BATCH, Model.EVENT
_CRITICAL, _NORMAL = Criticality.CRITICAL, Criticality.NORMAL


def flow(
    entity: str,
    model: Model,
    criticality: Criticality = _NORMAL,
    within: int | None = None,
    every: int | None = None,
) -> Flow:
    """A flow of all messages about one object."""
    types = tuple(row.name for row in types_of(entity))
    return Flow(entity, types, model, criticality, within, every)


@pytest.mark.parametrize(
    ("one", "settings"),
    [
        (flow("item", _BATCH, every=900), []),
        (flow("shipment", _EVENT, _CRITICAL, within=60), []),
        (flow("order", Model.REQUEST_RESPONSE, _CRITICAL), []),
        (flow("order", _BATCH, _CRITICAL), ["model"]),
        (flow("shipment", _BATCH, every=900), ["model"]),
        (flow("stock", Model.RECONCILIATION), ["model"]),
        (flow("order", _EVENT, every=60), ["every"]),
        (flow("item", _BATCH, within=60), ["every"]),
        (flow("item", _BATCH, within=60, every=900), ["within"]),
        (flow("item", _BATCH, within=900, every=900), []),
        (flow("shipment", _EVENT, _CRITICAL, within=901), ["within"]),
        (flow("pick", _BATCH, _CRITICAL, 1000, 3600), ["model", "within", "within"]),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_named(one: Flow, settings: list[str]) -> None:
    """Batch alone for what is urgent, a schedule where none runs or that is too slow (R44, R51)."""
    assert [setting for setting, _, _ in contradictions(one)] == settings


def test_the_flows_that_ship_with_the_hub_are_sound() -> None:
    """Nobody has to configure anything for its own flows to make sense."""
    assert [one for flow in all_flows({}).values() for one in contradictions(flow)] == []
    assert set(EVENT_ONLY) <= set(objects())
