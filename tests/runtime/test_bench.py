"""The bench still measures what there is: each workload goes through, and so does its floor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossdock.runtime.bench import asof, calls, outage, restart
from crossdock.runtime.bench.latencies import Latencies
from crossdock.runtime.bench.run import run as run_workload
from tests.helpers.aio import run

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    ("workload", "messages"), [("W1", 1200), ("W2", 1000), ("W3", 1000), ("W4", 1000)]
)
def test_a_workload_goes_through_beside_its_floor(
    tmp_path: Path, workload: str, messages: int
) -> None:
    """The keys that scripts rely on are there; how quick it was is no test."""
    figures: dict[str, Any] = run(run_workload(workload, messages, tmp_path))
    assert (figures["workload"], figures["messages"]) == (workload, messages)
    for name in (
        "messages_per_second",
        "floor_messages_per_second",
        "ratio",
        "p50_ms",
        "p99_ms",
        "cpu_seconds_per_1000",
        "peak_mib",
    ):
        assert figures[name] > 0


def test_a_day_with_one_destination_away_is_lived_through(tmp_path: Path) -> None:
    """W6 in small: all is told in the end, in order per key, and little of it twice."""
    figures: dict[str, Any] = run(outage.run(1000, tmp_path, phase_seconds=2))
    assert figures["backlog"] > 0
    assert (figures["out_of_order"], figures["told_twice"]) == (0, 0)
    assert 0 < figures["requests_while_away"] <= 20
    for name in ("calm_p99_ms", "outage_p99_ms", "drain_p99_ms", "drained_per_second"):
        assert figures[name] > 0


def test_a_small_house_is_laid_out_and_asked(tmp_path: Path) -> None:
    """The figures are there under the names that scripts read; each question got rows."""
    figures: dict[str, Any] = run(asof.run(1000, tmp_path))
    assert (figures["workload"], figures["items"], figures["sites"]) == ("asof", 1000, 20)
    assert figures["published_per_second"] > 0
    questions = ("as_of", "as_known", "at_place", "hot_as_of", "hot_recently")
    for name in (*questions, "availability", "availability_live"):
        assert 0 < figures[f"{name}_p50_ms"] <= figures[f"{name}_p99_ms"]
    again: dict[str, Any] = run(asof.run(1000, tmp_path))
    assert "load_seconds" not in again, "the house stands: it is asked again"
    with pytest.raises(asof.OtherHouse):
        run(asof.run(999, tmp_path))


def test_a_hub_comes_back_with_nothing_waiting_and_with_a_backlog(tmp_path: Path) -> None:
    """Each time something is decided after the blow, while more waits; how soon is no test."""
    figures: dict[str, Any] = run(restart.run(20_000, tmp_path, restarts=1))
    assert (figures["workload"], figures["messages"]) == ("restart", 20_000)
    assert figures["backlog_at_last"] > 0, "the blow fell while it worked its backlog off"
    for name in ("idle", "backlog"):
        assert figures[f"{name}_open_seconds_max"] > 0
        assert figures[f"{name}_decided_seconds_max"] > 0


def test_d7_calls_of_two_processes_oversell_nothing(tmp_path: Path) -> None:
    """Each reservation is resolved once, rows and log agree, and no call is left without answer."""
    figures: dict[str, Any] = run(calls.run(2000, 16, 500, 2, tmp_path, kills=1))
    assert (figures["workload"], figures["messages"]) == ("W5", 2000)
    assert (figures["kills"], figures["struck_failed"]) == (1, 0)
    assert figures["struck_called_again"] > 0, "the hub died among calls"
    assert (figures["oversold"], figures["failed"]) == (0, 0)
    assert figures["resolved_once"] is True
    assert figures["reservations"] >= figures["resolved"] > 0
    for name in (
        "messages_per_second",
        "floor_messages_per_second",
        "ratio",
        "ratio_to_one_row",
        "p50_ms",
        "p99_ms",
        "http_messages_per_second",
        "steady_p99_ms",
        "cpu_seconds_per_1000",
        "peak_mib",
    ):
        assert figures[name] > 0


def test_latencies_are_told_to_a_hundredth() -> None:
    """Two counts merged give the percentile of all, at most 1 % above the true one."""
    low, high = Latencies(), Latencies()
    for number in range(1, 501):
        low.add(number / 1000)
        high.add((number + 500) / 1000)
    low.merge(high)
    assert len(low) == 1000
    for part, true in ((0.5, 0.5), (0.99, 0.99), (1.0, 1.0)):
        assert true <= low.seconds(part) <= true * 1.011
    assert Latencies().seconds(0.5) == 0.0
