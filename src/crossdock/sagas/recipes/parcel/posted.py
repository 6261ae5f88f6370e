"""The ERP posts the labelled carton; where it will not, the carton waits with its label (R69).

The goods are packed and the label is paid: a refused posting is held and posted again once somebody
has put the ERP right. Voiding the label instead is a person's word (`undo`), not the hub's.
"""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.parcels import ParcelPosting, ParcelPostingCancellation
from crossdock.sagas.recipes.parcel.labelled import Bought
from crossdock.sagas.recipes.parts import Case, Scene, Step, Tell, Then, Undo


def _posting(scene: Scene) -> ParcelPosting | None:
    bought: Bought | None = scene.records.get("labelled")
    if bought is None:
        return None
    return ParcelPosting(
        request_id=scene.request,
        order_id=scene.subject.order_id,
        carton_id=scene.subject.carton_id,
        site=scene.subject.site,
        lines=scene.subject.lines,
        tracking=bought.tracking,
        price_minor=bought.price_minor,
        currency=bought.currency,
    )


def _take_back(scene: Scene, _: None) -> ParcelPostingCancellation:
    return ParcelPostingCancellation(
        request_id=scene.request,
        order_id=scene.subject.order_id,
        posting_request=scene.asked,
    )


POSTED = Step(
    "posted",
    Tell(catalogue.PARCEL_POSTING_REQUESTED, _posting),
    awaited_from="the ERP",
    within_seconds=4 * 3600,
    after=("labelled",),
    refused=Case(Then.PARK),
    silent=Case(Then.PARK, again=5),
    unknown=Case(Then.PARK),
    undo=Undo(
        catalogue.PARCEL_POSTING_CANCELLED,
        _take_back,
        within_seconds=4 * 3600,
        again=3,
        pause_seconds=900,
        blind=True,
    ),
)
