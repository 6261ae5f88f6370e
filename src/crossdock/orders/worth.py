"""What money of an order is not settled: what left or is still to leave, against what is invoiced.

Amounts are in minor units of the order's currency. A quantity that has no price yet counts nothing.
"""

from __future__ import annotations

from fractions import Fraction

from crossdock.contracts.money import line_amount_minor
from crossdock.orders.state import Figures, OrderState, all_figures


def unsettled_worth(order: OrderState, line: str = "") -> int:
    """The money at risk in an order, or in one of its lines, in minor units.

    Per line |max(shipped, ordered - cancelled) - invoiced| at the line's price: what was sent or
    promised and not invoiced, or invoiced and never sent. A kit counts at its own price, so its
    components' lines count nothing beside it.
    """
    return sum(
        _worth(order, number, _unsettled(now))
        for number, now in all_figures(order).items()
        if line in ("", number) and not order.lines[number].kit
    )


def _unsettled(now: Figures) -> int:
    return abs(max(now.shipped, now.ordered - now.cancelled) - now.invoiced)


def _worth(order: OrderState, number: str, quantity: int) -> int:
    line = order.lines[number]
    priced = Fraction(quantity) / Fraction(*line.price_each)
    return line_amount_minor(priced, line.price_e4, order.currency)
