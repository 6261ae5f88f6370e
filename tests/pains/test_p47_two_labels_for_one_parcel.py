"""P47: a dispatch that was retried, or ran twice at once, bought two paid labels.

A carton has one instance and one request, whoever says how often that it was packed. What may have
been bought is never asked for again under another number: the carrier is asked about the first.
"""

from __future__ import annotations

import pytest

from crossdock.contracts import catalogue
from crossdock.log.records import Verdict
from crossdock.sagas.recipes.saga import Standing, StepState
from tests.pains.parcel_house import PACK, house, label

REQUEST = "parcel.labelled/K/1"


@pytest.mark.parametrize("batch", [1, 100])
def test_however_often_it_is_packed_one_label_is_asked_for(batch: int) -> None:
    """By two systems, twice each, in one batch or one after the other."""
    far = house(batch=batch)
    for source in ("wms_east", "scanner", "wms_east"):
        far.says(source, catalogue.CARTON_PACKED, PACK)
    assert far.told("carrier") == [f"carrier/{REQUEST}"]
    far.says("carrier", catalogue.LABEL_BOUGHT, label(REQUEST))
    assert far.saga("parcel/K").steps["labelled"].state is StepState.DONE


def test_a_lost_answer_buys_no_second_label() -> None:
    """Nobody knows whether it was bought: a person is asked, and the label that comes counts."""
    far = house()
    far.says("wms_east", catalogue.CARTON_PACKED, PACK)
    far.ends(f"carrier/{REQUEST}", Verdict.UNKNOWN, "no answer")
    far.wait(86_400)
    assert far.saga("parcel/K").standing is Standing.PARKED
    assert far.told("carrier") == []
    far.says("carrier", catalogue.LABEL_BOUGHT, label(REQUEST))
    assert far.saga("parcel/K").steps["labelled"].state is StepState.DONE
    assert len(far.saga("parcel/K").steps["labelled"].attempts) == 1
