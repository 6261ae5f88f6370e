"""Transport is booked for the carton, and its undo: the booking is cancelled by our number."""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.parcels import Booking, BookingCancellation
from crossdock.sagas.recipes.parcel.carton import ship_to
from crossdock.sagas.recipes.parcel.labelled import Bought
from crossdock.sagas.recipes.parts import Case, Scene, Step, Tell, Then, Undo


def _booking(scene: Scene) -> Booking | None:
    bought: Bought | None = scene.records.get("labelled")
    if bought is None:
        return None
    return Booking(
        request_id=scene.request,
        order_id=scene.subject.order_id,
        carton_id=scene.subject.carton_id,
        site=scene.subject.site,
        tracking=bought.tracking,
        ship_to=ship_to(scene),
        weight_grams=scene.subject.weight_grams,
    )


def _cancel(scene: Scene, _: None) -> BookingCancellation:
    return BookingCancellation(
        request_id=scene.request,
        order_id=scene.subject.order_id,
        booking_request=scene.asked,
    )


BOOKED = Step(
    "booked",
    Tell(catalogue.BOOKING_REQUESTED, _booking),
    awaited_from="the TMS",
    within_seconds=3600,
    after=("labelled",),
    refused=Case(Then.UNDO, again=2, pause_seconds=300),
    silent=Case(Then.PARK, again=5),
    unknown=Case(Then.PARK),
    undo=Undo(
        catalogue.BOOKING_CANCELLED,
        _cancel,
        within_seconds=3600,
        again=3,
        pause_seconds=300,
        blind=True,
    ),
)
