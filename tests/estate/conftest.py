"""What the estate's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import uvloop

from tests.estate import loops


@pytest.fixture(params=[None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def each_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run the test once on each kind of loop."""
    loops.chosen[0] = request.param
    yield
    loops.chosen[0] = None
