"""Did the carton leave? A fact, told by the shipment that names it; it has no undo (M7).

A carton of a cancelled order, or one that is unpacked again, gives its label, posting and booking
back instead.
"""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.shipments import Shipment
from crossdock.sagas.recipes.parcel.order_checked import UNPACKED, is_unpacked, still_wanted
from crossdock.sagas.recipes.parts import Case, Done, Refused, Scene, Step, Then, Verdict, Watch


def _seen(scene: Scene, said: Shipment) -> Verdict | None:
    packages = {package.package_id for package in said.packages}
    return Done() if scene.subject.carton_id in packages else None


def _judge(scene: Scene) -> Verdict | None:
    if not still_wanted(scene):
        return Refused("its order is cancelled, and it did not leave")
    return Refused(UNPACKED) if is_unpacked(scene) else None


LEFT = Step(
    "left",
    Watch(facts={catalogue.SHIPMENT_SHIPPED: _seen}, judge=_judge),
    awaited_from="the warehouse",
    within_seconds=48 * 3600,
    after=("order-checked",),
    silent=Case(Then.PARK),
    refused=Case(Then.UNDO),
)
