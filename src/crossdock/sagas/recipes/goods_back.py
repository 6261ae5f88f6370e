"""From the authorised return to its credit: what is awaited, from whom, since when, what is late.

Nothing here asks for anything: authorisation, disposition and credit follow from the order's
documents (`sagas/returning.py`, `sagas/crediting.py`). Who is told is an effect with evidence of
its own, so no step repeats it. Goods that nobody asked to send have no return: they are a condition
of their own (`blind-return`).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.vocabulary import Disposition
from crossdock.orders.matching import Finding, match
from crossdock.orders.receipts import sent
from crossdock.orders.state import OrderState, ReceiptMark, ReturnMark
from crossdock.sagas.recipes.parts import Case, Done, Opening, Scene, Step, Then, Verdict, Watch
from crossdock.sagas.recipes.recipe import Recipe

_HOUR = 3600


class Wished(msgspec.Struct):
    """What an instance keeps of the return that began it."""

    order_id: str
    return_id: str


def _of(told: Callable[[OrderState, str], bool]) -> Callable[[Scene], Verdict | None]:
    """Done when the order's documents say so of this return."""

    def judge(scene: Scene) -> Verdict | None:
        number = scene.subject.return_id
        order = scene.order
        if order is None or number not in order.returns:
            return None
        return Done() if told(order, number) else None

    return judge


def _mark(order: OrderState, number: str) -> ReturnMark:
    return order.returns[number]


def _receipts(order: OrderState, number: str) -> dict[str, ReceiptMark]:
    return {name: one for name, one in order.receipts.items() if one.return_id == number}


def _received(order: OrderState, number: str) -> bool:
    back = [piece for one in _receipts(order, number).values() for piece in one.pieces]
    return sum(piece.units for piece in back) >= sum(_mark(order, number).lines.values())


def _inspected(order: OrderState, number: str) -> bool:
    found = [parts for one in _receipts(order, number).values() for parts in sent(one).values()]
    return bool(found) and not any(Disposition.HOLD in parts for parts in found)


def _credited(order: OrderState, number: str) -> bool:
    """Nothing that came back is still to be credited; what is not to be credited is not awaited."""
    receipts = _receipts(order, number)
    asks = {name for name, ask in order.credit_asks.items() if ask.receipt in receipts}
    if not _inspected(order, number):
        return False
    return _received(order, number) and not any(
        row.finding is Finding.RETURNED_NOT_CREDITED and row.document in {*receipts, *asks}
        for row in match(order)
    )


def _step(
    name: str,
    told: Callable[[OrderState, str], bool],
    awaited_from: str,
    hours: int,
    after: tuple[str, ...] = (),
) -> Step:
    return Step(
        name,
        Watch(judge=_of(told)),
        awaited_from=awaited_from,
        within_seconds=hours * _HOUR,
        after=after,
        silent=Case(Then.PARK, again=1),
    )


_OPENINGS = tuple(
    Opening(kind, lambda said: said.return_id, lambda said: Wished(said.order_id, said.return_id))
    for kind in (catalogue.RETURN_REQUESTED, catalogue.RETURN_GRANTED)
)

RETURN = Recipe(
    name="return",
    version=1,
    summary="A return is authorised, comes back, is inspected and credited, each in its time.",
    openings=_OPENINGS,
    subject=Wished,
    steps=(
        _step("authorised", lambda order, n: _mark(order, n).authorised, "the returns desk", 24),
        _step("received", _received, "the customer", 21 * 24, ("authorised",)),
        _step("inspected", _inspected, "the warehouse", 48, ("received",)),
        _step("credited", _credited, "finance", 48, ("inspected",)),
    ),
)
