"""What stood after each line of a story is found again by folding the log up to there (M3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.runtime.commands.state import state_at, state_of
from crossdock.testing.hub import at_once
from tests.scenarios.stage import Seen, Stage, rows
from tests.scenarios.test_stories import STORIES


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
def test_every_past_place_has_its_state(story: Path) -> None:
    """The same hash, fates and promises as when it was the newest one."""
    stage = Stage(Seen())
    stood = {}
    for row in rows(story.read_text(encoding="utf-8")):
        stage.hear(row)
        if row.verb == "house":
            continue
        now = at_once(state_of(stage.hub.store))
        stood[tuple((p, head) for p, (head, _) in now.position.items())] = now
    for places, then in stood.items():
        found = at_once(state_at(stage.hub.store, dict(places)))
        assert found.hash == then.hash, places
        assert found.orders == then.orders
        assert found.balances == then.balances
        assert {**found.fates, "absorbed": then.fates["absorbed"]} == then.fates
        assert [p for p in found.promises if p.sellable or p.reserved] == [
            p for p in then.promises if p.sellable or p.reserved
        ]
