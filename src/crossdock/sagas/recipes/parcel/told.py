"""Customer and dashboards hear of the carton, once each. What was said cannot be unsaid."""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.parcels import Notice, ParcelProgress
from crossdock.contracts.vocabulary import Occasion
from crossdock.sagas.recipes.parcel.labelled import Bought
from crossdock.sagas.recipes.parts import Case, Scene, Step, Tell, Then

_SAID = "what was said cannot be unsaid"


def _notice(scene: Scene) -> Notice | None:
    bought: Bought | None = scene.records.get("labelled")
    if bought is None or scene.order is None or not scene.order.customer:
        return None
    return Notice(
        request_id=scene.request,
        order_id=scene.subject.order_id,
        customer=scene.order.customer,
        occasion=Occasion.PARCEL_READY,
        carton_id=scene.subject.carton_id,
        tracking=bought.tracking,
    )


def _progress(scene: Scene) -> ParcelProgress | None:
    bought: Bought | None = scene.records.get("labelled")
    if bought is None:
        return None
    return ParcelProgress(
        request_id=scene.request,
        order_id=scene.subject.order_id,
        carton_id=scene.subject.carton_id,
        site=scene.subject.site,
        tracking=bought.tracking,
        price_minor=bought.price_minor,
        currency=bought.currency,
    )


NOTIFIED = Step(
    "notified",
    Tell(catalogue.NOTICE_REQUESTED, _notice),
    awaited_from="the notification service",
    within_seconds=24 * 3600,
    after=("posted", "booked"),
    refused=Case(Then.GO_ON),
    silent=Case(Then.GO_ON),
    unknown=Case(Then.GO_ON),
    kept=_SAID,
)

REPORTED = Step(
    "reported",
    Tell(catalogue.PARCEL_PROGRESSED, _progress),
    awaited_from="analytics",
    within_seconds=24 * 3600,
    after=("posted", "booked"),
    refused=Case(Then.GO_ON),
    silent=Case(Then.GO_ON),
    unknown=Case(Then.GO_ON),
    kept=_SAID,
)
