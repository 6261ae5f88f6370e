"""From the shipment to an invoice that matches it: what is late, and what differs.

Nothing here asks for anything: what is invoiced follows from what left (`sagas/invoicing.py`), what
differs from the documents (`orders/matching.py`). The instance adds time, and stays parked while
finance rejects the invoice or it charges something else than left; it goes on when that is put
right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from crossdock.contracts import catalogue
from crossdock.orders.charges import ask_id, asked_of
from crossdock.orders.matching import Finding, match
from crossdock.orders.state import OrderState
from crossdock.sagas.recipes.parts import (
    Case,
    Done,
    Opening,
    Refused,
    Scene,
    Step,
    Then,
    Verdict,
    Watch,
)
from crossdock.sagas.recipes.recipe import Recipe

_HOUR = 3600

_DIFFERS: Final = frozenset(
    {
        Finding.NOT_CHARGED,
        Finding.INVOICE_DUPLICATE,
        Finding.QUANTITY_DIFFERS,
        Finding.PRICE_DIFFERS,
        Finding.TAX_DIFFERS,
        Finding.CURRENCY_DIFFERS,
    }
)


class Left(msgspec.Struct):
    """What an instance keeps of the shipment that began it."""

    order_id: str
    shipment_id: str


def _of(told: Callable[[OrderState, str], Verdict | None]) -> Callable[[Scene], Verdict | None]:
    """What the order's documents say of this shipment; one that a person closed is settled."""

    def judge(scene: Scene) -> Verdict | None:
        number = scene.subject.shipment_id
        order = scene.order
        if order is None or number not in order.shipments:
            return None
        return Done() if order.shipments[number].closed else told(order, number)

    return judge


def _requested(order: OrderState, number: str) -> Verdict | None:
    if asked_of(order, number):
        return Done()
    withheld = order.shipments[number].withheld
    return Refused(withheld) if withheld else None


def _posted(order: OrderState, number: str) -> Verdict | None:
    asked = asked_of(order, number)
    there = {(mark.shipment, mark.correction) for mark in order.invoices.values()}
    missing = [ask for ask in asked if (ask.shipment, ask.correction) not in there]
    for ask in missing:
        if ask.rejected:
            return Refused(f"finance rejected it: {ask.rejected.strip() or 'no reason given'}")
    return None if missing or not asked else Done()


def _matched(order: OrderState, number: str) -> Verdict | None:
    if not isinstance(_posted(order, number), Done):
        return None
    names = {number, *(ask_id(ask.shipment, ask.correction) for ask in asked_of(order, number))}
    wrong = [
        f"{row.finding.value} {row.document}{': ' if row.detail else ''}{row.detail}"
        for row in match(order)
        if row.document in names and row.finding in _DIFFERS
    ]
    return Refused("; ".join(wrong)) if wrong else Done()


def _step(
    name: str,
    told: Callable[[OrderState, str], Verdict | None],
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
        refused=Case(Then.PARK),
    )


INVOICE_MATCH = Recipe(
    name="invoice-match",
    version=1,
    summary="What left is invoiced in its time, and the invoice charges what left.",
    openings=(
        Opening(
            catalogue.SHIPMENT_SHIPPED,
            lambda said: said.shipment_id,
            lambda said: Left(said.order_id, said.shipment_id),
        ),
    ),
    subject=Left,
    steps=(
        _step("requested", _requested, "whoever places the order and names its rates", 24),
        _step("posted", _posted, "finance", 24, ("requested",)),
        _step("matched", _matched, "finance", 24, ("posted",)),
    ),
)
