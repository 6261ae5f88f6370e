"""Whose turn it is when a destination is slow: operational, financial, analytical (R221).

The earlier lane goes first, always but for a share: of sixteen turns, one begins at the financial
lane and one at the analytical. So a warehouse waits for nobody's reports, and reports come through
however busy the warehouses are.
"""

from __future__ import annotations

from typing import Final

from crossdock.log.records import Lane

TURNS: Final = 16


def first_lane(turn: int) -> Lane:
    """The lane at which this turn begins to look; lanes before it have to wait for the next."""
    return {7: Lane.FINANCIAL, 15: Lane.ANALYTICAL}.get(turn % TURNS, Lane.OPERATIONAL)
