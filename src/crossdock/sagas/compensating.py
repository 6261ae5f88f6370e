"""What follows by policy where the goods and the wish part: not found, or cancelled too late.

A fact is never overwritten. What was not found may be made up for, waited for or given up; what was
cancelled after it had left is asked back, from the customer or from whoever carries it.
"""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.orders import LineQuantity
from crossdock.contracts.returns import ReturnRequest
from crossdock.contracts.steering import ShipmentIntercept
from crossdock.contracts.vocabulary import ItemKind, ReturnReason
from crossdock.orders.doings import Doing
from crossdock.orders.policy import LateCancel, ShortPick
from crossdock.orders.state import Figures, OrderState
from crossdock.sagas.turn import Turn


def close_shorts(turn: Turn, order: OrderState) -> None:
    """Give up what was not found, where that is the policy; a kit's component is never given up."""
    policy = turn.policy.short_pick(order.channel, order.customer)
    if not order.placed or policy is not ShortPick.CANCEL:
        return
    for number, line in order.stock_lines():
        short = line.total("short")
        if short != line.short_closed and not line.kit:
            turn.remember(order, Doing.SHORT_CLOSED, short, number)


def ask_back(turn: Turn, order: OrderState, known: dict[str, Figures]) -> None:
    """Ask for goods that were cancelled when they had left the house, as often as more are."""
    if not order.shipments:
        return
    lines = []
    for number in sorted(order.lines):
        line = order.lines[number]
        late = min(known[number].refused_cancel, known[number].shipped)
        more = late - line.compensated
        if more > 0 and line.kind is not ItemKind.SERVICE and not line.kit:
            lines.append((number, line.item, more))
    policy = turn.policy.order_policy(order.channel).late_cancel
    if not lines or not order.placed or policy is LateCancel.NONE:
        return
    for number, _, more in lines:
        turn.remember(order, Doing.COMPENSATED, order.lines[number].compensated + more, number)
    named = tuple(LineQuantity(line=n, item=item, quantity=q) for n, item, q in lines)
    if policy is LateCancel.RETURN:
        request = ReturnRequest(
            return_id=f"LC-{turn.lasting_name}",
            order_id=order.order_id,
            lines=named,
            reason=ReturnReason.LATE_CANCELLATION,
        )
        turn.say(catalogue.RETURN_REQUESTED, order.order_id, request)
    else:
        _intercept(turn, order, named)


def _intercept(turn: Turn, order: OrderState, lines: tuple[LineQuantity, ...]) -> None:
    """Ask whoever carries the order's shipments with these lines to turn round."""
    numbers = {line.line for line in lines}
    shipments = [n for n in sorted(order.shipments) if numbers & order.shipments[n].lines.keys()]
    said = ShipmentIntercept(
        intercept_id=f"IC-{turn.lasting_name}",
        order_id=order.order_id,
        customer=order.customer,
        shipments=tuple(shipments),
        lines=lines,
    )
    turn.tell(
        turn.routes("intercept", catalogue.SHIPMENT_INTERCEPT_REQUESTED, None, order.channel),
        catalogue.SHIPMENT_INTERCEPT_REQUESTED,
        order.order_id,
        said,
        f"intercept/{said.intercept_id}",
    )
