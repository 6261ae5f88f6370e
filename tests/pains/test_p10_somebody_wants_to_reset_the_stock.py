"""P10: stock had drifted for so long that people asked for a button that sets it to a number.

A reset throws away the reason, and whatever is on its way in is counted twice afterwards. Here the
reset is a count: it says what was there at a moment, its difference is a movement with evidence,
and facts of before that moment that arrive after it change nothing any more.
"""

from __future__ import annotations

from itertools import permutations

from crossdock.contracts import catalogue, counts, stock
from crossdock.contracts.vocabulary import MovementKind
from crossdock.contracts.words import Noun
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once
from crossdock.testing.ledger import movements_of

_ALL = 1_000_000
TOLD: tuple[tuple[str, Noun, float], ...] = (
    (
        catalogue.RECEIPT_POSTED,
        stock.Receipt(
            receipt_id="R1", site="EAST", lines=(stock.ReceiptLine(item="bolt", quantity=5),)
        ),
        10,
    ),
    (
        catalogue.STOCK_COUNTED,
        counts.StockCount(count_id="C1", site="EAST", item="bolt", quantity=7),
        20,
    ),
    (
        catalogue.RECEIPT_POSTED,
        stock.Receipt(
            receipt_id="R2", site="EAST", lines=(stock.ReceiptLine(item="bolt", quantity=4),)
        ),
        30,
    ),
)


def test_the_number_stands_whoever_is_told_first() -> None:
    """Seven were counted, four came later: eleven, in every order of arrival."""
    for order in permutations(range(len(TOLD))):
        hub = SmallHub(batch=1)
        for number in order:
            kind, noun, seconds = TOLD[number]
            hub.tell(noun_message(kind, noun, f"m{number}", seconds=seconds))
        hub.ring(0)
        [row] = [r for r in at_once(hub.store.balances(None, _ALL)) if r.state == "available"]
        assert row.quantity == 11
        then = at_once(hub.store.balances_as_of("bolt", event_time=at(25)))
        assert [r.quantity for r in then if r.state == "available"] == [7]
        evidence = [m for m in movements_of(hub) if m.kind is MovementKind.COUNT]
        assert {m.document for m in evidence} == {"C1"}
