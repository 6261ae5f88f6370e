"""P36: a shop subtracts its own open orders from what it is told, and so subtracted them twice.

The exported number was the free stock. The shop took its committed units off once more, and sold
too little, by as much as it had open; somebody had to add them up before each export, by shop and
by location. Here two words are never one number: `quantity` is what may be sold, and `on_hand` is
what such a shop must be told so that it comes out there; which one a channel needs is its setting
`wants`. As on hand is right only where all that is promised is promised to that channel, the
configuration refuses it where another channel sells from the same site.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.log.records import NewMessage
from crossdock.runtime.config import read_settings
from crossdock.runtime.config_reader import ConfigurationWrong
from tests.pains.promise_house import Channel, picked, placed, selling, shipped, told

SUBTRACTS = Channel(wants_on_hand=True, per_site=True)
STEPS: tuple[tuple[list[NewMessage], int, int], ...] = (
    ([], 0, 12),
    ([placed("O1", 4)], 4, 8),
    ([picked("O1", 4)], 4, 8),
    ([placed("O2", 3)], 7, 5),
    ([shipped("O1", 4)], 3, 5),
    ([picked("O2", 3), shipped("O2", 3)], 0, 5),
)
"""What happens next to twelve bolts, how many the shop subtracts then, how many may be sold."""


def test_on_hand_less_its_open_orders_is_what_may_be_sold() -> None:
    """Placed, picked or shipped: after each step the shop comes out at what is available."""
    hub = selling(SUBTRACTS, EAST={"bolt": 12})
    for messages, own_orders, free in STEPS:
        hub.tell(*messages)
        said = told(hub, SUBTRACTS)
        assert (said.quantity, said.on_hand) == (free, free + own_orders)
        [site] = said.sites
        assert (site.site, site.quantity, site.on_hand) == ("EAST", free, free + own_orders)


def test_a_shop_that_does_not_subtract_is_told_one_number_only() -> None:
    """Nobody who sells what is available can take the wrong one of two."""
    view = Channel(per_site=True)
    hub = selling(view, EAST={"bolt": 12})
    hub.tell(placed("O1", 4))
    said = told(hub, view)
    assert (said.quantity, said.on_hand) == (8, None)
    assert [(site.quantity, site.on_hand) for site in said.sites] == [(8, None)]


def test_on_hand_is_refused_where_others_sell_the_same_stock(tmp_path: Path) -> None:
    """The shop cannot subtract what others have open, so its number would be too high."""
    file = tmp_path / "crossdock.yaml"
    file.write_text(
        """
systems: {shop: {}, fair: {}, east: {}}
sites: {EAST: {wms: east}}
channels:
  web: {system: shop, sells_from: [EAST], wants: on_hand}
  fair: {system: fair, sells_from: [EAST]}
"""
    )
    with pytest.raises(ConfigurationWrong) as refused:
        read_settings(file, {})
    assert "channels.web.wants" in {one.where for one in refused.value.problems}
