"""P39: a fulfilment service reported 0, and the shop showed 10 on hand, as 10 were committed.

One number went over the wire, and each side read it in its own way: what was free to sell for the
one, what stood on the shelf for the other. Here a channel says in the configuration which of the
two it reads (`wants: available` or `wants: on_hand`), and the message names both where both go
out. Below, two shops, one of each kind, are told of the same house through all of an order's life;
both must offer what the hub would promise.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.contracts.stock import Availability
from crossdock.log.records import NewMessage
from crossdock.runtime.config import read_settings
from tests.pains.promise_house import Channel, picked, placed, selling, shipped, told

LIFE: dict[str, tuple[list[NewMessage], int, int]] = {
    "all committed": ([placed("O1", 10)], 10, 0),
    "all picked": ([placed("O1", 10), picked("O1", 10)], 10, 0),
    "all gone": ([placed("O1", 10), picked("O1", 10), shipped("O1", 10)], 0, 0),
    "some left": ([placed("O1", 7)], 7, 3),
}
"""What happened to ten bolts, how many are committed then, how many may be sold."""


def channel(wants: str, folder: Path) -> Channel:
    """The web shop as the configuration describes it."""
    file = folder / "crossdock.yaml"
    file.write_text(
        f"""
systems: {{shop: {{}}, east: {{}}}}
sites: {{EAST: {{wms: east}}}}
channels: {{web: {{system: shop, sells_from: [EAST], wants: {wants}}}}}
"""
    )
    found = read_settings(file, {}).channels["web"]
    return Channel(sites=found.sells_from, wants_on_hand=found.wants_on_hand)


def offers(said: Availability, committed: int) -> int:
    """What a shop offers: it takes its open orders off what is on hand, if it is told that."""
    return said.quantity if said.on_hand is None else said.on_hand - committed


@pytest.mark.parametrize("wants", ["available", "on_hand"])
@pytest.mark.parametrize("stage", LIFE)
def test_both_kinds_of_shop_offer_what_there_is(wants: str, stage: str, tmp_path: Path) -> None:
    """Zero is zero, and on hand is on hand, whatever is committed."""
    messages, committed, free = LIFE[stage]
    view = channel(wants, tmp_path)
    hub = selling(view, EAST={"bolt": 10})
    assert offers(told(hub, view), 0) == 10
    for message in messages:
        hub.tell(message)
        said = told(hub, view)
    assert said.quantity == free
    assert said.on_hand == (committed + free if wants == "on_hand" else None)
    assert offers(said, committed) == free
