"""P22: a worker restarted, and runs that had ended well were marked as crashed.

An end is final. What a worker left in flight is taken up when its hub starts again; what was done
stays done, whatever is said of it afterwards.
"""

from __future__ import annotations

import pytest

from crossdock.contracts import catalogue
from crossdock.log.records import Settlement, Verdict
from crossdock.sagas.recipes.saga import StepState
from crossdock.testing.builders import at
from crossdock.testing.hub import at_once
from tests.pains.parcel_house import PACK, house, label

REQUEST = "parcel.labelled/K/1"


@pytest.mark.parametrize("late", [Verdict.UNKNOWN, Verdict.REFUSED, Verdict.RETRY])
def test_what_is_done_stays_done(late: Verdict) -> None:
    """A hub that starts again takes back nothing that has ended, and late words change nothing."""
    far = house()
    far.says("wms_east", catalogue.CARTON_PACKED, PACK)
    store = far.hub.store
    [begun] = at_once(store.claim("carrier", at(0), at(60), 9))
    sold = Settlement(begun.effect_id, begun.attempt, Verdict.ACCEPTED, "L-1", "")
    at_once(store.settle([sold], at(1)))
    far.says("carrier", catalogue.LABEL_BOUGHT, label(REQUEST))
    before = far.saga("parcel/K").steps["labelled"]
    assert before.state is StepState.DONE

    at_once(store.reclaim(at(2)))
    says = Settlement(begun.effect_id, begun.attempt, late, "", "it seems to have crashed")
    at_once(store.settle([says], at(3)))
    far.hub.tell()
    assert far.told("carrier") == []
    assert far.saga("parcel/K").steps["labelled"] == before
    assert store.data.effects.by_id[begun.effect_id].state is None, "settled"
