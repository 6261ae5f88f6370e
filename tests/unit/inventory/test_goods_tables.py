"""Tables about goods, counts, approvals, transfers and lots that a warehouse manager can read.

They speak the words of the stories. What stands behind the arrow is all that comes of a line: the
fate of what was said (`ok`, or why not), and every condition that people are shown for it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.contracts.conditions import CONDITIONS
from crossdock.sagas.deciders import counts, goods, lots, transfers
from crossdock.testing.hub import at_once
from tests.scenarios.said import said_in_code, unmet
from tests.scenarios.stage import Row, Seen, Stage, rows

_FOLDER = Path(__file__).with_name("tables")
TABLES = [_FOLDER / f"{name}.txt" for name in ("goods", "counts", "approvals", "transfers", "lots")]
MODULES = ("deciders/counts.py", "deciders/goods.py", "deciders/lots.py", "deciders/transfers.py")
_ALL = 1_000_000


def said(method: str) -> list[str]:
    """The first words of calls of a method in what is decided of goods, as patterns."""
    return [words for one in (*MODULES, "lots.py") for words in said_in_code(method, one)]


def play(table: Path, seen: Seen) -> list[tuple[Row, str]]:
    """Every row of a table with what came of it."""
    stage = Stage(seen)
    return [(row, _told(stage, row)) for row in rows(table.read_text(encoding="utf-8"))]


def _told(stage: Stage, row: Row) -> str:
    if row.verb == "house":
        return stage.hear(row)
    before = _shown(stage)
    answer = stage.hear(row)
    fate = "ok" if answer == "applied" else answer
    return "; ".join(part for part in (fate, *sorted(_shown(stage) - before)) if part)


def _shown(stage: Stage) -> set[str]:
    noted = at_once(stage.hub.store.conditions(CONDITIONS, ("", ""), _ALL, closed=True))
    return {f"{note.kind} {note.key}: {note.detail}" for note in noted}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_the_table_is_as_it_is_written(table: Path) -> None:
    """Every row, in order, and nothing comes of a row that it does not say."""
    for row, told in play(table, Seen()):
        assert told == (row.expected or ""), row


@pytest.fixture(scope="module")
def seen() -> Seen:
    """The words that occur in all tables."""
    found = Seen()
    for table in TABLES:
        play(table, found)
    return found


def test_everything_that_is_decided_of_goods_goes_through_in_a_table(seen: Seen) -> None:
    """A flow that no table shows is a flow that nobody understands."""
    decided = {kind for module in (counts, goods, lots, transfers) for kind in module.DECIDERS}
    assert decided - seen.types == set()


def test_every_reason_against_what_is_said_of_goods_has_a_row(seen: Seen) -> None:
    """No hold and no passing over that no table shows."""
    assert unmet(said("hold"), seen.reasons) == []
    assert unmet(said("supersede"), seen.reasons) == []


def test_every_condition_about_goods_has_a_row(seen: Seen) -> None:
    """No condition that no table shows."""
    assert unmet(said("note"), seen.notes) == []


def test_a_missing_row_is_named() -> None:
    """The search has teeth: without the table of lots, what only lots meet is unmet."""
    found = Seen()
    for table in TABLES:
        if table.stem != "lots":
            play(table, found)
    assert "lot\\-blocked" in unmet(said("note"), found.notes)
