"""Which holds stand on an order: what rules found and what people placed, less what was released.

Placing, releasing and lapsing are facts under names of their own, so the order in which they are
told does not matter: a hold stands that was found or placed, and neither released nor lapsed. A
release counts for its own kind only.
"""

from __future__ import annotations

from crossdock.contracts.holds import OrderHold, OrderHoldLapse, OrderHoldRelease
from crossdock.contracts.vocabulary import HoldKind
from crossdock.orders.refusals import kind_of, placed_hold
from crossdock.orders.state import OrderState


def restand(order: OrderState) -> None:
    """Let the order's holds be those that stand now, sorted."""
    found = [name for name in order.found_holds if not _released(order, kind_of(name), name)]
    for hold_id, said in order.placed_holds.items():
        kind = HoldKind(said)
        name = placed_hold(kind, hold_id)
        if hold_id not in order.lapsed_holds and not _released(order, kind, hold_id, name):
            found.append(name)
    if order.forced:
        found = [name for name in found if kind_of(name) is HoldKind.DATA]
    order.holds = sorted(found)


def _released(order: OrderState, kind: HoldKind, *names: str) -> bool:
    return any(f"{kind.value}/{name}" in order.released_holds for name in names)


def place_hold(order: OrderState, said: OrderHold) -> None:
    """Learn that somebody holds the order back."""
    order.placed_holds[said.hold_id] = said.kind.value
    restand(order)


def release_hold(order: OrderState, said: OrderHoldRelease) -> None:
    """Learn that a hold is let go, be it placed already or not."""
    name = f"{said.kind.value}/{said.hold}"
    order.released_holds = sorted({*order.released_holds, name})
    restand(order)


def lapse_hold(order: OrderState, said: OrderHoldLapse) -> None:
    """Learn that the time of a hold is over."""
    order.lapsed_holds = sorted({*order.lapsed_holds, said.hold})
    restand(order)
