"""Who carries the carton cheapest? All carriers of the house are asked, and those heard who answer.

A house that names nobody for `rate` has no such step, and its one carrier is told of labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.parcels import RateQuote, RateRequest
from crossdock.sagas.recipes.parcel.carton import ship_to
from crossdock.sagas.recipes.parts import Case, Done, Scene, Step, Tell, Then, Verdict


class Rate(msgspec.Struct):
    """What one carrier, or the chosen one, asks for."""

    price_minor: int
    currency: str
    service: str
    carrier: str = ""


def _ask(scene: Scene) -> RateRequest:
    return RateRequest(
        request_id=scene.request,
        order_id=scene.subject.order_id,
        carton_id=scene.subject.carton_id,
        site=scene.subject.site,
        ship_to=ship_to(scene),
        weight_grams=scene.subject.weight_grams,
    )


def _quoted(scene: Scene, said: RateQuote) -> Verdict:
    return Done(Rate(said.price_minor, said.currency, said.service, scene.source))


def _cheapest(scene: Scene, rates: Sequence[Rate]) -> Rate:
    """The cheapest rate of the currency that is named first; a tie goes by the carrier's name."""
    currency = min(rate.currency for rate in rates)
    return min(
        (rate for rate in rates if rate.currency == currency),
        key=lambda rate: (rate.price_minor, rate.carrier),
    )


RATED = Step(
    "rated",
    Tell(
        catalogue.RATE_REQUESTED,
        _ask,
        answers={catalogue.RATE_QUOTED: _quoted},
        record=Rate,
        gather=_cheapest,
    ),
    awaited_from="the carriers",
    within_seconds=60,
    after=("order-checked",),
    refused=Case(Then.GO_ON),
    silent=Case(Then.GO_ON),
    unknown=Case(Then.GO_ON),
    kept="a question binds nobody",
)
