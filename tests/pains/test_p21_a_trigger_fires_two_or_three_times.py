"""P21: one event started the same workflow two or three times inside the engine.

Nothing starts twice here, because what starts things is a message on the log, and a message is
there once: by its source and id, and by the fact that it states.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from crossdock.log.keys import transport_digest
from crossdock.log.records import Answer
from tests.pains.order_house import house, messages, placed, telling


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
def test_one_event_is_one_start(together: bool) -> None:
    """Three times under its id, twice under others: one promise, one release, one answer."""
    hub = house(telling("shop"))
    [order] = messages([placed(quantity=5)])
    others = [
        replace(order, id=name, transport_key=transport_digest(order.source, name))
        for name in ("fired-again", "fired-a-third-time")
    ]
    fired = [order, order, *others, order]
    if together:
        answers = [receipt.answer for receipt in hub.tell(*fired)]
    else:
        answers = [receipt.answer for one in fired for receipt in hub.tell(one)]
    assert answers == [Answer.ACCEPTED, *[Answer.DUPLICATE] * 4]
    assert hub.order("O1").lines["1"].ordered == 5
    kept = [one.effect.business_key for one in hub.store.data.effects.by_id.values()]
    assert sorted(set(kept)) == sorted(kept)
    assert sum(key.startswith("wms_east/release/") for key in kept) == 1
