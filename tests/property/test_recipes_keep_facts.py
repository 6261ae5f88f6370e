"""Whatever a carrier, an ERP and a TMS do, what the warehouse did is in the ledger (M7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

import pytest

from crossdock.contracts import catalogue, orders, parcels, shipments
from crossdock.contracts.vocabulary import LabelState
from crossdock.log.records import Verdict
from crossdock.sagas.policy import Policy
from crossdock.sagas.recipes.book import RecipeBook
from crossdock.sagas.recipes.parcel.recipe import PARCEL
from crossdock.sagas.recipes.saga import Standing
from crossdock.testing.far import FarSides, told_of_parcels
from crossdock.testing.hub import SmallHub, small_policy

POINTS = ("label", "posted", "booked", "notified", "void", "posted-undo")
ENDS = (Verdict.REFUSED, Verdict.UNKNOWN, None)  # None: silence
CANCELS = (False, True)
ENDED = (Standing.COMPLETE, Standing.COMPENSATED, Standing.PARKED)

Schedule = tuple[dict[str, Verdict | None], bool]


def schedules() -> Iterator[Schedule]:
    """At most two things go wrong, and the order is cancelled before the carton leaves, or not."""
    for count in range(3):
        for where in combinations(POINTS, count):
            for ends in product(ENDS, repeat=count):
                for cancels in CANCELS:
                    yield dict(zip(where, ends, strict=True)), cancels


def played(wrong: dict[str, Verdict | None], *, cancels: bool) -> tuple[SmallHub, FarSides]:
    """A carton through all of it: every far side does what it is asked, but where it does not."""
    policy = told_of_parcels(small_policy())
    hub = SmallHub(_with_parcels(policy))
    hub.stock(EAST={"bolt": 5})
    far = FarSides(hub)
    line = orders.LineQuantity(line="1", item="bolt", quantity=2)
    far.says("shop", catalogue.ORDER_PLACED, _order())
    far.says(
        "wms_east",
        catalogue.CARTON_PACKED,
        shipments.Pack(carton_id="K", order_id="O", site="EAST", lines=(line,)),
    )
    _answer(far, wrong)
    if cancels:
        said = orders.OrderCancellation(order_id="O", cancellation_id="C")
        far.says("shop", catalogue.ORDER_CANCELLATION_REQUESTED, said)
    else:
        far.says("wms_east", catalogue.SHIPMENT_SHIPPED, _shipment())
    for _ in range(12):
        _answer(far, wrong)
        far.wait(5 * 3600)
    return hub, far


def _with_parcels(policy: Policy) -> Policy:
    return replace(policy, recipes=RecipeBook((PARCEL,)))


def _order() -> orders.Order:
    line = orders.OrderLine(line="1", item="bolt", quantity=2, unit_price_e4=10_000)
    return orders.Order(order_id="O", channel="web", customer="acme", currency="GBP", lines=(line,))


def _shipment() -> shipments.Shipment:
    line = shipments.ShipmentLine(line="1", item="bolt", quantity=2)
    return shipments.Shipment(
        shipment_id="S",
        order_id="O",
        site="EAST",
        lines=(line,),
        packages=(shipments.Package(package_id="K"),),
    )


def _answer(far: FarSides, wrong: dict[str, Verdict | None]) -> None:
    """Let every far side answer what it was told, some of it wrongly."""
    for system in ("carrier", "erp", "tms", "notifier", "lake"):
        for key in far.told(system):
            request = key.partition("/")[2]
            point = _point(request)
            if point in wrong:
                verdict = wrong[point]
                if verdict is not None:
                    far.ends(key, verdict, "no")
                continue
            far.ends(key, Verdict.ACCEPTED)
            if point == "label":
                far.says("carrier", catalogue.LABEL_BOUGHT, _label(request))
            elif point == "void":
                said = parcels.LabelVoided(request_id=request, order_id="O")
                far.says("carrier", catalogue.LABEL_VOIDED, said)


def _point(request: str) -> str:
    step = request.partition(".")[2].partition("/")[0]
    return {"labelled": "label", "labelled-undo": "void"}.get(step, step)


def _label(request: str) -> parcels.Label:
    return parcels.Label(
        request_id=request,
        order_id="O",
        label_id=request,
        account="A",
        tracking="T",
        state=LabelState.ACTIVE,
        price_minor=1,
        currency="GBP",
    )


@pytest.mark.parametrize("cancels", CANCELS)
def test_every_fact_is_in_the_ledger_and_every_instance_ends(cancels: bool) -> None:
    """Two bolts are off the shelf whatever went wrong; the instance ends, or waits for a person."""
    seen = set()
    for wrong, _ in (one for one in schedules() if one[1] is cancels):
        hub, far = played(wrong, cancels=cancels)
        saga = far.saga("parcel/K")
        assert saga.standing in ENDED, (wrong, saga)
        held = {(b.site, str(b.state)): b.quantity for b in hub.ending().balances}
        gone = ("EAST", "customer") if not cancels else ("EAST", "picked")
        assert held[gone] == 2, (wrong, held)
        assert held["EAST", "available"] == 3
        seen.add(saga.standing)
    assert seen == ({Standing.COMPENSATED, Standing.PARKED} if cancels else set(ENDED))
