"""A label from the carrier, and its undo: void it in the account that bought it (P48, P49).

The carrier may answer with a label that it had sold under our number before and cancelled since:
that is no label, and it is asked again under another number.
"""

from __future__ import annotations

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.parcels import Label, LabelDecline, LabelRequest, LabelVoid, LabelVoided
from crossdock.contracts.vocabulary import LabelState
from crossdock.sagas.recipes.parcel.carton import ship_to
from crossdock.sagas.recipes.parcel.rated import Rate
from crossdock.sagas.recipes.parts import (
    Case,
    Done,
    Nothing,
    Refused,
    Scene,
    Step,
    Tell,
    Then,
    Undo,
    Verdict,
)


class Bought(msgspec.Struct):
    """What later steps, and the undo, need of a label."""

    label_id: str
    account: str
    tracking: str
    price_minor: int
    currency: str


def _request(scene: Scene) -> LabelRequest:
    rate: Rate | None = scene.records.get("rated")
    return LabelRequest(
        request_id=scene.request,
        order_id=scene.subject.order_id,
        carton_id=scene.subject.carton_id,
        site=scene.subject.site,
        ship_to=ship_to(scene),
        weight_grams=scene.subject.weight_grams,
        service=rate.service if rate is not None else "",
    )


def _carrier(scene: Scene, carriers: tuple[str, ...]) -> tuple[str, ...]:
    """The carrier whose rate was chosen; else the first that the house names."""
    rate: Rate | None = scene.records.get("rated")
    if rate is not None and rate.carrier in carriers:
        return (rate.carrier,)
    return carriers[:1]


def _bought(scene: Scene, said: Label) -> Verdict:
    if said.state is not LabelState.ACTIVE:
        return Refused(f"the label {said.label_id} exists and is {said.state}")
    return Done(Bought(said.label_id, said.account, said.tracking, said.price_minor, said.currency))


def _declined(scene: Scene, said: LabelDecline) -> Verdict:
    return Refused(said.reason)


def _void(scene: Scene, bought: Bought | None) -> LabelVoid:
    return LabelVoid(
        request_id=scene.request,
        order_id=scene.subject.order_id,
        label_request=scene.asked,
        label_id=bought.label_id if bought is not None else None,
        account=bought.account if bought is not None else None,
    )


def _voided(scene: Scene, said: LabelVoided) -> Verdict:
    return Done() if said.found else Nothing()


LABELLED = Step(
    "labelled",
    Tell(
        catalogue.LABEL_REQUESTED,
        _request,
        answers={catalogue.LABEL_BOUGHT: _bought, catalogue.LABEL_DECLINED: _declined},
        record=Bought,
        to=_carrier,
    ),
    awaited_from="the carrier",
    within_seconds=900,
    after=("order-checked", "rated"),
    refused=Case(Then.PARK, again=2, pause_seconds=5),
    silent=Case(Then.PARK, again=3),
    unknown=Case(Then.PARK),
    undo=Undo(
        catalogue.LABEL_VOID_REQUESTED,
        _void,
        within_seconds=900,
        answers={catalogue.LABEL_VOIDED: _voided, catalogue.LABEL_DECLINED: _declined},
        again=3,
        pause_seconds=300,
        blind=True,
    ),
)
