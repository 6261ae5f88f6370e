"""From release to invoice: what of an order is awaited, from whom, since when, and what is stuck.

Nothing here asks for anything: what is released, stopped, invoiced and told follows from the
order's quantities (`sagas/fulfilment.py`, `sagas/invoicing.py`), and each step is done as soon as
the quantities say so. The instance adds what quantities do not know: time.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.vocabulary import ItemKind
from crossdock.orders.state import Figures, Line, OrderState, figures
from crossdock.sagas.recipes.parts import Case, Done, Opening, Scene, Step, Then, Verdict, Watch
from crossdock.sagas.recipes.recipe import Recipe

_HOUR = 3600


class Placed(msgspec.Struct):
    """What an instance keeps of the order that began it."""

    order_id: str


def _all(enough: Callable[[Line, Figures], bool]) -> Callable[[Scene], Verdict | None]:
    """Done when every line that sits on a shelf has enough of it."""

    def judge(scene: Scene) -> Verdict | None:
        order = scene.order
        if order is None or not order.placed:
            return None
        lines = [line for line in order.lines.values() if line.kind is ItemKind.STOCK]
        return Done() if all(enough(line, figures(order, line)) for line in lines) else None

    return judge


def _released(line: Line, now: Figures) -> bool:
    asked = sum(max(0, place.released - place.stopping) for place in line.sites.values())
    return asked + now.taken >= now.ordered - now.cancelled


def _picked(line: Line, now: Figures) -> bool:
    return now.taken >= now.ordered - now.cancelled


def _packed(line: Line, now: Figures) -> bool:
    packed = sum(max(place.packed - place.put_back, place.shipped) for place in line.sites.values())
    return packed >= now.ordered - now.cancelled


def _shipped(line: Line, now: Figures) -> bool:
    return now.shipped >= now.ordered - now.cancelled


def _invoiced(scene: Scene) -> Verdict | None:
    order = scene.order
    if order is None or not order.placed or _shipped_all(scene) is None:
        return None
    return Done() if _is_invoiced(order) else None


def _is_invoiced(order: OrderState) -> bool:
    sold = [line for line in order.lines.values() if not line.kit]  # its kit stands for it
    known = [figures(order, line) for line in sold]
    return all(now.invoiced >= now.shipped for now in known)


_shipped_all = _all(_shipped)


def _step(
    name: str,
    judge: Callable[[Scene], Verdict | None],
    awaited_from: str,
    hours: int,
    after: tuple[str, ...] = (),
) -> Step:
    return Step(
        name,
        Watch(judge=judge),
        awaited_from=awaited_from,
        within_seconds=hours * _HOUR,
        after=after,
        silent=Case(Then.PARK, again=1),
    )


ORDER_TO_SHIP = Recipe(
    name="order-to-ship",
    version=1,
    summary="An order is released, picked, packed, shipped and invoiced, each in its time.",
    openings=(
        Opening(
            catalogue.ORDER_PLACED, lambda said: said.order_id, lambda said: Placed(said.order_id)
        ),
    ),
    subject=Placed,
    steps=(
        _step("released", _all(_released), "stock and whoever lifts its holds", 24),
        _step("picked", _all(_picked), "the warehouse", 24, ("released",)),
        _step("packed", _all(_packed), "the warehouse", 8, ("picked",)),
        _step("shipped", _shipped_all, "the warehouse", 24, ("packed",)),
        _step("invoiced", _invoiced, "finance", 24, ("shipped",)),
    ),
)
