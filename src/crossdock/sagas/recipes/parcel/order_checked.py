"""Is the order of the carton one that may leave? Nothing is bought for a cancelled one."""

from __future__ import annotations

from crossdock.orders.state import carton_key, figures
from crossdock.sagas.recipes.parcel.carton import Carton
from crossdock.sagas.recipes.parts import Case, Done, Refused, Scene, Step, Then, Verdict, Watch


def _judge(scene: Scene) -> Verdict | None:
    order = scene.order
    if order is None or not order.placed:
        return None
    if not still_wanted(scene):
        return Refused("nothing of it is wanted any more")
    if is_unpacked(scene):
        return Refused(UNPACKED)
    return None if order.holds else Done()


def still_wanted(scene: Scene) -> bool:
    """Whether some of what is in the carton is still to leave, or has left, for its order."""
    order, carton = scene.order, scene.subject
    assert isinstance(carton, Carton)
    if order is None:
        return True
    for packed in carton.lines:
        line = order.lines.get(packed.line)
        if line is None:
            return True
        now = figures(order, line)
        if now.shipped or now.ordered > now.cancelled:
            return True
    return False


UNPACKED = "it was unpacked, and its goods put back"


def is_unpacked(scene: Scene) -> bool:
    """Whether the warehouse took out again what was in the carton."""
    order, carton = scene.order, scene.subject
    assert isinstance(carton, Carton)
    return order is not None and carton_key(carton.site, carton.carton_id) in order.unpacked


ORDER_CHECKED = Step(
    "order-checked",
    Watch(judge=_judge),
    awaited_from="the order's channel",
    within_seconds=24 * 3600,
    silent=Case(Then.PARK),
    refused=Case(Then.UNDO),
)
