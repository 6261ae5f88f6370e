"""P50: the answer to a purchase was lost, its number never known, and nobody could cancel it.

What is asked for bears our own number. The carrier is asked to void what it sold under that number,
whether or not it ever told us its own; saying so twice is one voiding.
"""

from __future__ import annotations

from crossdock.contracts import catalogue, orders
from crossdock.contracts.parcels import LabelVoid, LabelVoided
from crossdock.log.records import Verdict
from crossdock.sagas.recipes.saga import Standing, StepState
from tests.pains.parcel_house import LINE, PACK, house

ASKED = "parcel.labelled/K/1"
VOID = "carrier/parcel.labelled-undo/K/1"


def test_it_is_cancelled_by_the_number_under_which_it_was_asked_for() -> None:
    """In doubt, then not wanted any more: one void, by our number, though theirs is not known."""
    far = house()
    far.says("wms_east", catalogue.CARTON_PACKED, PACK)
    far.ends(f"carrier/{ASKED}", Verdict.UNKNOWN, "no answer")
    unwanted = orders.OrderCancellation(cancellation_id="x", order_id="O", lines=(LINE,))
    for _ in range(2):
        far.says("shop", catalogue.ORDER_CANCELLATION_REQUESTED, unwanted)
    assert far.told("carrier") == [VOID]
    asked = far.body(VOID, LabelVoid)
    assert (asked.label_request, asked.label_id) == (ASKED, None)
    nothing = LabelVoided(request_id=asked.request_id, order_id="O", found=False)
    far.says("carrier", catalogue.LABEL_VOIDED, nothing)
    saga = far.saga("parcel/K")
    assert (saga.standing, saga.steps["labelled"].state) == (
        Standing.COMPENSATED,
        StepState.NOT_DONE,
    )
