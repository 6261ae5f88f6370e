"""P14: a rival project wants a stock ledger and calls it the riskiest thing it could build.

The risk is that a ledger beside counters is a second truth. Here it is the only one: no message
changes a balance or a shelf but by a movement from one account to another, so for every item the
sum over all accounts is nothing, at every moment of the past too.
"""

from __future__ import annotations

from collections import Counter

from crossdock.testing.builders import at
from crossdock.testing.hub import at_once
from crossdock.testing.ledger import Walk


def test_goods_come_from_somewhere_and_go_somewhere() -> None:
    """Every item's accounts sum to nothing, now and as of every tenth moment."""
    walk = Walk(11, batch=7)
    walk.go(300)
    for seconds in range(0, 301, 10):
        sums: Counter[str] = Counter()
        rows = at_once(walk.hub.store.balances_as_of(None, event_time=at(seconds)))
        for row in rows:
            sums[row.item] += row.quantity
        assert not any(sums.values())
    assert rows
