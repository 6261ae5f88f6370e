"""P58: workflows that were running broke when their code was changed, with words nobody understood.

An instance keeps to the version of its recipe; a newer one concerns only what begins later. Where a
version is taken away, its instances stand still, and say so by name. Recorded histories are decided
again by every change of the code (`tests/scenarios/test_recorded_histories.py`).
"""

from __future__ import annotations

from dataclasses import replace

from crossdock.contracts import catalogue
from crossdock.contracts.shipments import Pack
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.sagas.recipes.parcel.recipe import PARCEL
from crossdock.testing.hub import at_once
from tests.pains.parcel_house import LINE, PACK, house, label

NEWER = replace(PARCEL, version=2, steps=PARCEL.steps[:-1])
"""A version that reports to nobody."""


def test_what_runs_keeps_to_its_version() -> None:
    """The carton that was packed before goes on as it began; the next one begins in the newest."""
    far = house()
    far.says("wms_east", catalogue.CARTON_PACKED, PACK)
    far.hub.policy = replace(far.hub.policy, recipes=RecipeBook((PARCEL, NEWER)))
    later = Pack(carton_id="K2", order_id="O", site="EAST", lines=(LINE,))
    far.says("wms_east", catalogue.CARTON_PACKED, later)
    far.says("carrier", catalogue.LABEL_BOUGHT, label("parcel.labelled/K/1"))
    first, second = far.saga("parcel/K"), far.saga("parcel/K2")
    assert (first.version, "reported" in first.steps) == (1, True)
    assert (second.version, "reported" in second.steps) == (2, False)
    assert first.steps["labelled"].state == "done"


def test_a_version_that_is_gone_is_named() -> None:
    """Its instance is left as it is, and the condition says what is missing."""
    far = house()
    far.says("wms_east", catalogue.CARTON_PACKED, PACK)
    before = far.saga("parcel/K")
    far.hub.policy = replace(far.hub.policy, recipes=RecipeBook((NEWER,)))
    far.says("carrier", catalogue.LABEL_BOUGHT, label("parcel.labelled/K/1"))
    shown = {(row.kind, row.key): row.detail for row in at_once(far.hub.store.exceptions(99))}
    words = "version 1 of parcel is not among the recipes of this house"
    assert shown["saga-without-recipe", "parcel/K"] == words
    assert far.saga("parcel/K") == before
