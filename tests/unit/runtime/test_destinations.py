"""How a destination fares is said in figures for programs and in one line for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.delivery.breaker import Seen
from crossdock.delivery.gate import Gate, Report, Sparing, step
from crossdock.delivery.retry import FAR_SIDE_SHARE
from crossdock.log.records import EffectState, Lane
from crossdock.log.views import BacklogRow
from crossdock.runtime.commands.destinations import destination, destinations
from crossdock.runtime.config import read_settings
from crossdock.storage.memory.store import MemoryStore
from crossdock.testing.builders import at, effect
from crossdock.testing.storage.engine import intend
from tests.helpers.aio import run

ROWS = [
    BacklogRow("erp", Lane.FINANCIAL, EffectState.DUE, 1200, at(0)),
    BacklogRow("erp", Lane.OPERATIONAL, EffectState.HELD, 1, at(-50)),
    BacklogRow("erp", Lane.OPERATIONAL, EffectState.DUE, 3, at(40)),
]


def test_a_destination_that_is_away_is_described() -> None:
    """Breaker, next probe, backlog by lane, and since when the oldest is due."""
    report = Report(Seen(0, 7, 7), throttled=True, asked_seconds=30.0)
    gate, _ = step(Gate(), Sparing(2), "hub", report, 1, at(99.5).timestamp(), 1.0)
    one = destination("erp", gate, Sparing(2, 5.0), ROWS, at(100))
    assert (one.breaker, one.failures, one.per_second) == ("open", 7, 5.0)
    assert one.next_probe_seconds == pytest.approx(0.5)
    assert one.paused_seconds == pytest.approx(29.5)
    assert one.backlog == {
        "operational": {"due": 3, "held": 1},
        "financial": {"due": 1200},
    }
    assert (one.left, one.oldest_due_seconds) == (1204, 100.0)
    assert one.in_words() == (
        "breaker open; 7 requests failed in a row; next probe in 0 s;"
        " asked to be spared for 30 s more; operational: 3 due, 1 held; financial: 1200 due;"
        " oldest due for 100 s"
    )
    assert not one.is_well


def test_every_configured_destination_is_shown_and_whoever_is_owed_something() -> None:
    """One that was taken out of the configuration still has its backlog."""

    async def look() -> list[tuple[str, int, bool]]:
        store = MemoryStore()
        await intend(store, effect("a"), effect("b", destination="gone", key="2"))
        found = await destinations(store, {"wms": Sparing(), "erp": Sparing()}, at(9))
        return [(one.name, one.left, one.is_well) for one in found]

    assert run(look()) == [("erp", 0, True), ("gone", 1, True), ("wms", 1, True)]


@pytest.mark.parametrize(("timeout", "expected"), [(30, 60.0), (54, 65.0), (600, 600 / 0.9 + 5)])
def test_an_attempt_has_more_time_than_its_request(
    tmp_path: Path, timeout: int, expected: float
) -> None:
    """Else the answer that is waited for comes when nobody may record it any more."""
    file = tmp_path / "crossdock.yaml"
    file.write_text(f"systems: {{erp: {{url: 'http://erp', timeout_seconds: {timeout}}}}}")
    settings = read_settings(file, {})
    seconds = settings.systems["erp"].attempt_seconds(60.0)
    assert seconds == pytest.approx(expected)
    assert seconds * FAR_SIDE_SHARE > timeout
    assert settings.sparing()["erp"].breaker.probe_seconds == pytest.approx(1.5 * seconds)
