"""The bench of a large house runs on a small one: every question is asked and gets rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.runtime.bench import asof
from tests.helpers.aio import run


@pytest.mark.postgres
def test_a_small_house_is_laid_out_and_asked(tmp_path: Path) -> None:
    """The figures are there under the names that scripts read; how quick it was is no test."""
    figures = run(asof.run(1000, tmp_path))
    assert (figures["workload"], figures["items"], figures["sites"]) == ("asof", 1000, 20)
    for name in ("as_of", "as_known", "at_place", "hot_as_of", "hot_recently", "availability"):
        p50, p99 = figures[f"{name}_p50_ms"], figures[f"{name}_p99_ms"]
        assert isinstance(p50, float)
        assert isinstance(p99, float)
        assert 0 < p50 <= p99
