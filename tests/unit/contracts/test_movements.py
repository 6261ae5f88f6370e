"""The table of movements is sound, and infers the kind of what an old sender says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossdock.contracts.movements import KIND_RULES, RULES, check_kinds, kind_of
from crossdock.contracts.vocabulary import INSIDE, MovementKind, StockState

AVAILABLE, PICKED, CUSTOMER = StockState.AVAILABLE, StockState.PICKED, StockState.CUSTOMER


def test_the_table_is_sound() -> None:
    """Every kind has one row."""
    assert check_kinds() == []


def test_an_unsound_table_is_found() -> None:
    """The check has teeth."""
    first = KIND_RULES[0]
    outside = (frozenset({CUSTOMER}), frozenset({StockState.SUPPLIER}))
    assert check_kinds(KIND_RULES[1:]) == ["receive has no row"]
    assert check_kinds((*KIND_RULES, first)) == ["receive stands twice"]
    assert check_kinds((replace(first, routes=()), *KIND_RULES[1:])) == ["receive leads nowhere"]
    assert check_kinds((replace(first, routes=(outside,)), *KIND_RULES[1:])) == [
        "receive touches nothing in the house"
    ]


@pytest.mark.parametrize("state", sorted(INSIDE))
def test_all_goods_in_the_house_can_be_counted_scrapped_and_moved(state: StockState) -> None:
    """No state from which goods could never go again."""
    for kind, target in (
        (MovementKind.COUNT, StockState.ADJUSTMENT),
        (MovementKind.SCRAP, StockState.SCRAPPED),
        (MovementKind.MOVE, state),
    ):
        assert RULES[kind].fits(state, target, apart=False)


def test_only_goods_that_travel_change_their_site() -> None:
    """A pick at one site puts nothing on the floor of another."""
    apart = {rule.kind for rule in KIND_RULES if rule.apart}
    assert apart == {MovementKind.MOVE, MovementKind.REPLENISH, MovementKind.TRANSFER_OUT}
    assert not RULES[MovementKind.PICK].fits(AVAILABLE, PICKED, apart=True)


def test_an_inferred_kind_fits_wherever_any_kind_does() -> None:
    """And is `move`, which does not fit, where none does: so it is found out, never guessed."""
    for source in StockState:
        for target in StockState:
            fitting = [r.kind for r in KIND_RULES if r.fits(source, target, apart=False)]
            kind = kind_of(source, target, apart=False)
            assert kind is (fitting[0] if fitting else MovementKind.MOVE)
