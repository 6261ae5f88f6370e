"""The whole real file: every one of its 285,421 lines is accounted for, in little memory."""

from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime

import msgspec
import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.orders import Order
from crossdock.estate.stories.figures import MEASURED, measure
from crossdock.estate.stories.generated import generated_story
from crossdock.estate.stories.uci import uci_story
from tests.estate.stories.sheet import REAL, check

real = pytest.mark.skipif(
    not REAL.exists(), reason="the UCI file is not beside the project (../shared/data)"
)


@real
def test_every_line_of_the_real_file_is_accounted_for() -> None:
    """Counts of lines, documents and cancelling documents are those of the file, to the line."""
    story = uci_story(REAL)
    newest = datetime.min.replace(tzinfo=UTC)
    ids = set()
    for number, step in enumerate(story.steps()):
        assert step.at >= newest
        newest = step.at
        ids.add((step.source, step.id))
        if number % 10 == 0 or step.type == catalogue.RETURN_REQUESTED:
            check(step)
        if isinstance(step.noun, Order):
            assert len(msgspec.json.encode(step.noun)) < 128 * 1024
    account = story.accounting()
    assert len(ids) == account.steps
    assert account.lines_in == account.lines_accounted == 285_421
    assert (account.documents, account.documents_cancelling) == (14_722, 2_276)
    assert account.units_ordered_goods == account.units_supplied
    assert account.dispositions == {
        "ordered": 274_949,
        "ordered_service": 1_391,
        "ordered_free": 342,
        "absorbed": 2_263,
        "cancelled": 505,
        "returned": 3_396,
        "cancelled_and_returned": 22,
        "returned_partly_unseen": 34,
        "returned_unseen": 859,
        "credited": 341,
        "written_off": 875,
        "found": 439,
        "book_entry": 5,
        "rejected": 0,
    }
    goods = account.dispositions["ordered"] + account.dispositions["ordered_free"]
    assert 0.03 <= account.lines_short_planned / goods <= 0.06


@real
def test_the_figures_are_those_of_the_file() -> None:
    """Measuring the file again gives the table that the generator draws from, to the digit."""
    assert measure(REAL) == MEASURED


def test_a_long_story_needs_little_memory() -> None:
    """Telling fifteen thousand lines keeps less than 10 MiB alive at any moment."""
    tracemalloc.start()
    try:
        story = generated_story(600, seed=3)
        assert sum(1 for _ in story.steps()) == story.accounting().steps
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert story.accounting().lines_in > 12_000
    assert peak < 10 * 1024 * 1024
