"""The generator: a seed is a story, and its statistics are those that were measured."""

from __future__ import annotations

from itertools import islice

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.credit import Credit
from crossdock.contracts.holds import OrderHold, OrderHoldRelease
from crossdock.contracts.money import line_amount_minor
from crossdock.contracts.orders import Order
from crossdock.contracts.vocabulary import HoldKind
from crossdock.estate.stories.figures import MEASURED, PERCENTILES, Curve, at, figures_of
from crossdock.estate.stories.generated import generated_lines, generated_story
from tests.estate.stories.sheet import check

ORDERS = 4_000


def test_a_seed_is_a_story() -> None:
    """The same seed gives the same lines, another seed other lines."""
    first, again, other = (list(islice(generated_lines(50, seed), 500)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("orders", [1, 2, 30, 250])
def test_a_generated_story_has_so_many_orders_and_no_rejected_line(orders: int) -> None:
    """The number of orders is exact, every line is accounted for, every message valid."""
    story = generated_story(orders)
    for step in story.steps():
        check(step)
    account = story.accounting()
    assert account.orders == orders
    assert account.lines_in == account.lines_accounted
    assert account.dispositions["rejected"] == 0
    assert account.units_ordered_goods == account.units_supplied


def test_generated_statistics_are_the_measured_ones() -> None:
    """Shares, rates and curves of four thousand orders lie close to the real file's."""
    found = figures_of(generated_lines(ORDERS, seed=5))
    for name, slack in (
        ("orders_per_day", 8.0),
        ("walk_in", 0.02),
        ("take_backs_per_order", 0.03),
        ("take_backs_walk_in", 0.025),
        ("write_offs_per_order", 0.02),
        ("finds_per_order", 0.015),
        ("orders_per_customer", 0.5),
        ("services_customer", 0.02),
        ("services_walk_in", 0.08),
        ("credited", 0.03),
        ("absorbed", 0.002),
        ("free", 0.001),
        ("matched", 0.06),
        ("cancelled", 0.06),
    ):
        assert getattr(found, name) == pytest.approx(getattr(MEASURED, name), abs=slack), name
    assert found.item_share == pytest.approx(MEASURED.item_share, abs=0.03)
    assert found.orders_by_hour == pytest.approx(MEASURED.orders_by_hour, abs=0.03)
    assert found.orders_by_weekday == pytest.approx(MEASURED.orders_by_weekday, abs=0.05)
    for name in ("lines_customer", "units_customer", "price_e4"):
        assert middle(getattr(found, name)) == pytest.approx(
            middle(getattr(MEASURED, name)), rel=0.25, abs=1
        ), name
    for name in ("lines_walk_in", "lines_taken_back", "units_walk_in"):
        assert middle(getattr(found, name)) == pytest.approx(
            middle(getattr(MEASURED, name)), rel=0.5, abs=2
        ), name


def middle(points: Curve) -> list[int]:
    """A curve from the tenth to the ninety-fifth percentile."""
    return [
        value for percent, value in zip(PERCENTILES, points, strict=True) if 10 <= percent <= 95
    ]


def test_a_planned_share_of_generated_lines_runs_short() -> None:
    """Of a busy story's lines of goods 3 to 6 % are short when they are ordered."""
    story = generated_story(1_500, seed=2)
    for _ in story.steps():
        pass
    account = story.accounting()
    goods = account.dispositions["ordered"] + account.dispositions["ordered_free"]
    assert 0.03 <= account.lines_short_planned / goods <= 0.06


def test_a_curve_is_met_at_its_own_percentiles() -> None:
    """Reading a curve where it was measured gives what was measured; beyond its end, its end."""
    points = MEASURED.lines_customer
    assert [at(points, percent / 100) for percent in PERCENTILES] == list(points)
    assert at(points, 1.0) == points[-1]


def test_every_order_that_is_held_back_is_let_go() -> None:
    """Each hold has one release, after it, of its own kind; some orders are held, most are not."""
    placed: dict[str, HoldKind] = {}
    let_go: dict[str, HoldKind] = {}
    orders = 0
    for step in generated_story(200).steps():
        orders += step.type == catalogue.ORDER_PLACED
        if isinstance(step.noun, OrderHold):
            placed[step.noun.hold_id] = step.noun.kind
        elif isinstance(step.noun, OrderHoldRelease):
            assert step.noun.hold in placed
            let_go[step.noun.hold] = step.noun.kind
    assert let_go == placed
    assert 0 < len(placed) < orders // 5


def test_no_order_is_dearer_than_its_customer_may_owe() -> None:
    """So that an order that waits for credit goes on once everything before it is paid."""
    limits: dict[str, int] = {}
    tight = 0
    for step in generated_story(200).steps():
        if isinstance(step.noun, Credit):
            limits[step.noun.credit] = step.noun.limit_minor
            tight += step.noun.limit_minor < 10**11
        elif isinstance(step.noun, Order):
            worth = sum(
                line_amount_minor(line.quantity or 0, line.unit_price_e4, "GBP")
                for line in step.noun.lines
            )
            assert worth <= limits[step.noun.customer]
    assert 0 < tight < len(limits)
