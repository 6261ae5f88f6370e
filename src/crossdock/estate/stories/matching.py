"""Which order lines a taken-back line takes back: the same customer's, of the same item.

The file links nothing: a cancelling document names no order. The rule here: latest order first, no
more than what is left of each of its lines. Lines without a customer match each other.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import datetime

from msgspec import Struct

from crossdock.estate.stories.rows import SourceLine


class _Left(Struct):
    order_id: str
    line: str
    quantity: int
    at: datetime


class Part(Struct, frozen=True, gc=False):
    """So many units of one order line that are taken back."""

    order_id: str
    line: str
    quantity: int
    ordered_at: datetime


class OpenLines:
    """What may still be taken back. Only keys that will be asked for are kept, where known."""

    def __init__(self, asked: AbstractSet[tuple[str, str]] | None = None) -> None:
        self._asked = asked
        self._left: dict[tuple[str, str], list[_Left]] = {}

    def sold(self, order_id: str, line: SourceLine) -> None:
        """Remember an order line of goods."""
        key = (line.customer, line.sku)
        if self._asked is None or key in self._asked:
            left = _Left(order_id, str(line.line_no), line.quantity, line.at)
            self._left.setdefault(key, []).append(left)

    def take(self, line: SourceLine) -> tuple[list[Part], int]:
        """Match a taken-back line; gives its parts, and the units that match nothing."""
        wanted = -line.quantity
        parts = []
        left = self._left.get((line.customer, line.sku), [])
        while wanted and left:
            latest = left[-1]
            quantity = min(wanted, latest.quantity)
            parts.append(Part(latest.order_id, latest.line, quantity, latest.at))
            wanted -= quantity
            latest.quantity -= quantity
            if not latest.quantity:
                left.pop()
        return parts, wanted
