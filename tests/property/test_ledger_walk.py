"""The ledger walks at random beside a naive model: both say the same of every account (M1)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crossdock.contracts import catalogue
from crossdock.contracts.vocabulary import MovementKind
from crossdock.testing.builders import at
from crossdock.testing.hub import at_once
from crossdock.testing.ledger import Walk, messages, movements_of, told_otherwise

_ALL = 10_000_000


class LedgerMachine(RuleBasedStateMachine):
    """Movements of every kind, counts, adjustments and transfers, told late or in time."""

    @initialize(seed=st.integers(0, 2**32), batch=st.sampled_from([1, 5, 100]))
    def open(self, seed: int, batch: int) -> None:
        """A house without goods."""
        self.walk = Walk(seed, batch=batch)

    @rule(steps=st.integers(1, 60))
    def go(self, steps: int) -> None:
        """Some things more are said, and what must wake wakes."""
        self.walk.go(steps)
        self.walk.rest()

    @rule(back=st.integers(0, 200))
    def look_back(self, back: int) -> None:
        """What the accounts held at a moment is what a replay up to there gives."""
        self.walk.check(until=max(0, len(self.walk.told) - back))

    @invariant()
    def the_model_agrees(self) -> None:
        """On every account; goods come from nowhere and go nowhere."""
        if hasattr(self, "walk"):
            self.walk.check()

    def teardown(self) -> None:
        """Rebuilt is live."""
        if hasattr(self, "walk"):
            self.walk.check_rebuilt()


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(
    max_examples=25, stateful_step_count=12, deadline=None, suppress_health_check=[*HealthCheck]
)


def test_a_long_walk_goes_through_every_kind() -> None:
    """Some thousand movements, of all kinds."""
    walk = Walk(7)
    while sum(1 for _ in movements_of(walk.hub)) < 3000:
        walk.go(400)
        walk.rest()
    walk.check()
    walk.check_rebuilt()
    assert {movement.kind for movement in movements_of(walk.hub)} == set(MovementKind)


def test_the_end_does_not_depend_on_who_was_told_first() -> None:
    """The same told in any order, some of it twice, ends in the same accounts (M4)."""
    for seed in range(12):
        walk = Walk(seed)
        walk.go(120)
        walk.rest()
        walk.check()
        for shuffle in range(3):
            other = Walk(seed, batch=(1, 13, 100)[shuffle])
            other.model = walk.model
            order = list(range(len(walk.told)))
            all_told = messages(walk.told, 0, 3)
            other.hub.tell(*(all_told[n] for n in told_otherwise(order, shuffle)))
            other.rest()
            other.check()
            other.check(until=60)


def test_a_ledger_that_forgets_a_late_movement_is_found() -> None:
    """The walk has teeth: where no count is ever woken, the model disagrees."""
    walk = Walk(3)
    walk.go(400)
    late = [told for told in walk.told if told.kind == catalogue.STOCK_COUNTED]
    assert late
    assert at_once(walk.hub.store.due_documents(at(0), _ALL))
    with pytest.raises(AssertionError):
        walk.check()
