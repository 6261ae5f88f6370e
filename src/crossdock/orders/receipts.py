"""What came back of an order's lines, and where inspection sent it, whatever was told first."""

from __future__ import annotations

from collections import Counter

from crossdock.contracts.vocabulary import Disposition
from crossdock.orders.state import OrderState, ReceiptMark

_HOLD = Disposition.HOLD


def sent(mark: ReceiptMark) -> dict[str, dict[Disposition, int]]:
    """By line, base units by what becomes of them.

    Later inspections speak of what stood apart first, then of the rest. What is set apart and not
    inspected waits, whatever the first inspection said.
    """
    raw: dict[str, Counter[Disposition]] = {}
    for piece in mark.pieces:
        raw.setdefault(piece.line, Counter())[Disposition(piece.disposition)] += piece.units
    found = {}
    for line, said in raw.items():
        later: Counter[Disposition] = Counter()
        for piece in mark.inspected:
            if piece.line == line:
                later[Disposition(piece.disposition)] += piece.units
        left = later.total()
        rest: Counter[Disposition] = Counter()
        for disposition in sorted(said, key=lambda one: (one is not _HOLD, one)):
            taken = min(left, said[disposition])
            left -= taken
            rest[_HOLD if line in mark.set_apart else disposition] += said[disposition] - taken
        found[line] = {one: units for one, units in (later + rest).items() if units}
    return found


def wrong_lines(order: OrderState, mark: ReceiptMark) -> list[str]:
    """Lines under which other goods came back than were ordered; none before the order is known."""
    if not order.placed:
        return []
    return sorted(
        {
            piece.line
            for piece in mark.pieces
            if order.lines[piece.line].item not in ("", piece.item)
        }
    )
