"""P12: what is reserved stood on the stock rows and on the lines of documents, and they diverged.

For years and over versions the two sums differed, once because of rounding, and the vendor ships
an action that repairs the one from the other. Here quantities are whole base units and never
rounded, and what is on a shelf and what is promised of it are folded from the same outcomes: the
promise row of every item and site is the sum over the orders, at every moment.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings

from crossdock.testing.hub import SmallHub, at_once
from crossdock.testing.strategies import Tale, scarce, tales

_ALL = 1_000_000


@settings(max_examples=40, deadline=None, suppress_health_check=[*HealthCheck])
@given(tale=tales(scarce(), more=5))
def test_promises_are_the_sum_of_the_lines(tale: Tale) -> None:
    """After every message; and every figure is a whole number."""
    hub = SmallHub(batch=1)
    hub.stock(**tale.stock)
    for message in tale.messages():
        hub.tell(message)
        lines: Counter[tuple[str, str]] = Counter()
        for name in hub.store.data.orders:
            for line in hub.order(name).lines.values():
                for site, place in line.sites.items():
                    lines[line.item, site] += place.reserved
        for row in at_once(hub.store.promises(None, _ALL)):
            assert row.reserved == lines[row.item, row.site]
            assert isinstance(row.reserved, int)
