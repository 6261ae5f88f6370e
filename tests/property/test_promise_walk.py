"""The reservation book beside a naive model: no unit is ever promised twice (I14, I15).

A slice of the walk that `scripts/promise_walk.py` takes over a hundred thousand steps.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from crossdock.contracts.vocabulary import Refusal
from crossdock.inventory.promise import PromiseBook
from crossdock.sagas import promising
from crossdock.testing.promise_walk import Broken, Walk, walk

SEEDS = range(4)
STEPS = 500


@pytest.mark.parametrize("seed", SEEDS)
def test_a_walk_breaks_no_promise(seed: int) -> None:
    """Never beyond policy, each reservation resolved once, rebuilt as it stands."""
    walk(seed, STEPS)


def test_the_walk_meets_what_it_is_about() -> None:
    """Grants, parts, orders, expiry, facts that take stock away, and the refusals on the way."""
    met: Counter[str] = Counter()
    for seed in SEEDS:
        met += walk(seed, STEPS, every=STEPS)
    assert {"granted", "part", "order", "time", "taken", "pool", "receipt"} <= set(met)
    refused = {Refusal(name.removeprefix("refused ")) for name in met if name.startswith("refused")}
    assert {
        Refusal.NOT_ENOUGH_AVAILABLE,
        Refusal.ALREADY_COMMITTED,
        Refusal.ALREADY_RELEASED,
        Refusal.EXPIRED,
        Refusal.EXCEEDS_RESERVED,
    } <= refused


def test_the_model_finds_stock_that_is_promised_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk has teeth: a book that forgets what it promised is found out."""
    monkeypatch.setattr(PromiseBook, "reserve", lambda *_: None)
    with pytest.raises(Broken):
        walk(1, STEPS)


def test_the_model_finds_pool_units_that_everybody_may_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Likewise where a freed unit of a pool is lost."""
    monkeypatch.setattr(promising, "give_back", lambda turn, channel, freed: [])
    with pytest.raises(Broken):
        walk(1, STEPS)


def test_a_walk_is_the_same_again() -> None:
    """A seed that broke something breaks it again."""
    one, other = Walk(Random(3)), Walk(Random(3))
    for _ in range(100):
        one.step()
        other.step()
    assert one.counts == other.counts
