"""P03: the reserved quantity of an item went below zero, and nobody had a way to repair it.

Counters were changed beside the entries that explain them, so a crash or a race between the two
left a number that no entry says. Here a counter is the sum of its entries: every balance and every
shelf is changed in the transaction that writes the movement, and folding the outcomes again gives
the same numbers, so a wrong one is found, and rebuilt, from what was said.
"""

from __future__ import annotations

import pytest

from crossdock.testing.ledger import Walk


def test_counters_are_what_their_entries_say() -> None:
    """After a long and random day, told late and in batches, rebuilt is live."""
    for seed in range(4):
        walk = Walk(seed, batch=7)
        walk.go(300)
        walk.rest()
        assert walk.check_rebuilt() > 0


def test_a_counter_that_drifted_is_found() -> None:
    """The rebuild has teeth: one unit more on a shelf, and it says so."""
    walk = Walk(1)
    walk.go(100)
    account = next(iter(walk.hub.store.data.balances))
    walk.hub.store.data.balances[account] += 1
    with pytest.raises(AssertionError):
        walk.check_rebuilt()
