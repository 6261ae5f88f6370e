"""What the concepts say of the code in tables is what the code has."""

from __future__ import annotations

import ast
import inspect

from crossdock.contracts.connector import Ability, FarAnswer
from crossdock.contracts.vocabulary import Fate, OrderStatus
from crossdock.delivery.retry import RetrySchedule
from crossdock.log.records import Answer
from crossdock.orders import state
from tests.docs.pages import DOCS, section, table_rows, text_of

CONCEPTS = DOCS / "concepts"
LINES_MAX = 80


def first_cells(page: str, heading: str) -> list[str]:
    """The first column of the tables below a heading, without code marks."""
    return [row[0].strip("`") for row in table_rows(section(CONCEPTS / page, heading))]


def test_statuses_stand_in_the_order_of_the_code() -> None:
    """The table's first row that holds is the branch that `status` takes first."""
    function = ast.parse(inspect.getsource(state.status)).body[0]
    named = [
        (node.lineno, node.col_offset, node.attr)
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "OrderStatus"
    ]
    in_code = [OrderStatus[attribute].value for _, _, attribute in sorted(named)]
    assert first_cells("order-life.md", "Status")[1:] == in_code
    assert set(in_code) == set(OrderStatus)


def test_every_quantity_of_a_line_is_explained() -> None:
    """Each field of a line at a site is named in the page on an order's life."""
    text = section(CONCEPTS / "order-life.md", "Quantities")
    fields = {*state.SiteLine.__struct_fields__, "ordered", "cancel", "invoiced", "waiting"}
    assert sorted(name for name in fields if f"`{name}`" not in text) == []


def test_every_answer_of_a_far_side_is_explained() -> None:
    """The six answers and the three abilities are in their tables."""
    answers = first_cells("effects-and-delivery.md", "Six answers")[1:]
    assert answers == [kind.__name__ for kind in FarAnswer.__args__]
    abilities = first_cells("effects-and-delivery.md", "The unknown outcome")[1:]
    assert [cell.partition("`")[0] for cell in abilities] == [ability.value for ability in Ability]


def test_every_fate_and_answer_is_explained() -> None:
    """The fates and the door's answers are in their tables."""
    assert set(first_cells("why-a-log.md", "Fates")[1:]) == set(Fate)
    rows = table_rows(
        section(CONCEPTS / "identity-of-messages.md", "Three answers, one of them in two shades")
    )
    assert {row[3].strip("`") for row in rows[1:]} == set(Answer)


def test_the_schedule_is_the_one_described() -> None:
    """The figures of waiting between tries are the defaults of the code."""
    text = section(CONCEPTS / "effects-and-delivery.md", "Waiting between tries")
    schedule = RetrySchedule()
    assert f"from {schedule.first_seconds} s" in text
    assert f"up to {schedule.wait_seconds_max:g} s" in text
    assert f"at most {schedule.attempts_max} tries" in text


def test_concepts_fit_one_reading() -> None:
    """Each page on a concept is short enough to be read to its end."""
    long = [page.name for page in CONCEPTS.glob("*.md") if text_of(page).count("\n") > LINES_MAX]
    assert long == []
