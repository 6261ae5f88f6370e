"""The tutorial works as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.storage.postgres.server import EmbeddedServer
from tests.docs import consoles
from tests.docs.pages import DOCS
from tests.helpers.aio import run


@pytest.mark.postgres
def test_the_tutorial_works_as_written(tmp_path: Path) -> None:
    """Each command of docs/start.md, in an empty folder, prints the lines that stand there."""
    steps = consoles.follow(DOCS / "start.md", tmp_path)
    done = [next(steps), next(steps)]  # the second makes the database, as for a reader
    # From here on a server is there already, which the commands attach to: that is quicker.
    server = EmbeddedServer(tmp_path / ".crossdock")
    run(server.start())
    try:
        done += steps
    finally:
        run(server.stop())
    assert len(done) == 7


def test_a_line_that_is_not_printed_is_found() -> None:
    """The comparison is not satisfied by less, nor by another order."""
    step = consoles.Step("x", ("one ... three", "four"))
    consoles.check(step, "zero\none  two three\nfour\n")
    for printed in ("one two three\n", "four\none two three\n"):
        with pytest.raises(AssertionError):
            consoles.check(step, printed)
