"""The guide to recipes works as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.storage.postgres.server import EmbeddedServer
from tests.docs import consoles
from tests.docs.pages import DOCS
from tests.helpers.aio import run


@pytest.mark.postgres
def test_a_recipe_is_written_as_the_guide_says(tmp_path: Path) -> None:
    """Each command of the guide, in an empty folder, prints the lines that stand there."""
    steps = consoles.follow(DOCS / "guides" / "write-a-recipe.md", tmp_path)
    done = [next(steps), next(steps)]  # what needs no database
    server = EmbeddedServer(tmp_path / ".crossdock")
    run(server.start())
    try:
        done += steps
    finally:
        run(server.stop())
    assert len(done) == 7
