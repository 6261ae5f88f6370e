"""Everything that the read side shows, in one value: two equal pictures, two equal stores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from crossdock.log.ports import Store
from crossdock.log.views import ABSORBED

_ALL = 1_000_000


async def picture(store: Store, *, absorbed: bool = True) -> dict[str, Any]:
    """What can be seen of a store; `absorbed` leaves out how often duplicates came."""
    heads = await store.position()
    places = [(number, at) for number, (head, _) in heads.items() for at in range(1, head + 1)]
    seen = await store.messages(places)
    keys = sorted({one.key for one in seen} | {"bolt", "nut", "order-1", "order-2"})
    fates = await store.fates()
    if not absorbed:
        del fates[ABSORBED]
    return {
        "position": heads,
        "fates": fates,
        "messages": seen,
        "outcomes": [
            (row.partition, row.position, row.processed_time, msgspec.json.encode(row.outcome))
            for number in heads
            for row in await store.outcomes(number, 0, _ALL)
        ],
        "orders": await store.orders("", _ALL),
        "balances": await store.balances(None, _ALL),
        "promises": await store.promises(None, _ALL),
        "effects": [
            replace(one, effect_id=0)  # numbers may have gaps, only their order counts
            for key in keys
            for one in await store.effects_of(key)
        ],
        "summary": await store.effects_summary(),
        "exceptions": await store.exceptions(_ALL),
    }
