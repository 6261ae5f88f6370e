"""P42: an item that is tracked by batch was told as 0, and nobody could say why.

Its stock was in batches, in a warehouse that a filter left out; the answer was a number without a
reason. Here batches are accounts of one item, and all of them on the shelf count. Whoever asks with
`explain` is told of each site what counted and what did not: on the shelf, promised, in pools (and
the channel's own of them), safety stock; and so each figure can be worked out again. What may not
be sold stands in the ledger under its state. A site that the channel does not sell from is not in
the answer at all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from crossdock.contracts import catalogue
from crossdock.contracts.products import Item
from crossdock.contracts.replenishment import StockPolicy
from crossdock.contracts.stock import ChannelPool, Receipt, ReceiptLine
from crossdock.contracts.vocabulary import StockState
from crossdock.inventory.availability import channel_quantity
from crossdock.log.views import AvailabilityView, SiteView
from crossdock.sagas.policy import ChannelPolicy
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy
from tests.pains.promise_house import Channel, placed, told


def received(hub: SmallHub, name: str, site: str, **lots: tuple[int, StockState]) -> None:
    """Batches come in: `received(hub, "R1", "EAST", L1=(5, AVAILABLE))`."""
    lines = tuple(
        ReceiptLine(item="bolt", quantity=units, lot=lot, state=state)
        for lot, (units, state) in lots.items()
    )
    noun = Receipt(receipt_id=name, site=site, lines=lines)
    hub.tell(noun_message(catalogue.RECEIPT_POSTED, noun, name))


def house() -> SmallHub:
    """Two batches on the shelf of EAST and one in quarantine; more at sites of others."""
    policy = small_policy()
    fair = ChannelPolicy("fair", "shop", ("EAST",))
    hub = SmallHub(replace(policy, channels={**policy.channels, "fair": fair}))
    item = Item(item="bolt", lot_tracked=True)
    hub.tell(noun_message(catalogue.ITEM_CHANGED, item, "item"))
    shelf, aside = StockState.AVAILABLE, StockState.QUARANTINE
    received(hub, "R1", "EAST", L1=(7, shelf), L2=(5, shelf), L3=(9, aside))
    received(hub, "R2", "NORTH", L4=(50, shelf))
    return hub


def spoken_for(hub: SmallHub) -> None:
    """All of the shelf of EAST goes to somebody: an order, two pools, safety stock."""
    hub.tell(placed("O1", 3))
    for channel, units in (("fair", 4), ("web", 2)):
        pool = ChannelPool(channel=channel, item="bolt", site="EAST", quantity=units, version=1)
        hub.tell(noun_message(catalogue.POOL_CHANGED, pool, f"pool-{channel}"))
    safety = StockPolicy(item="bolt", site="EAST", safety_stock=2, revision=1)
    hub.tell(noun_message(catalogue.STOCK_POLICY_CHANGED, safety, "safety"))


def explained(hub: SmallHub, channel: Channel) -> tuple[AvailabilityView, SiteView]:
    """The answer to whoever asks why, and what it says of EAST, its only site."""
    [found] = at_once(hub.store.availability(channel, ["bolt"], explain=True))
    [site] = found.sites
    assert site.site == "EAST"
    return found, site


def test_all_batches_on_the_shelf_count_and_no_other_do() -> None:
    """Two batches make one number; what is in quarantine is in the ledger, and not in it."""
    hub = house()
    found, site = explained(hub, Channel())
    assert found.quantity == told(hub, Channel()).quantity == site.sellable == 7 + 5
    states: Counter[str] = Counter()
    for row in at_once(hub.store.balances(None, 100)):
        if row.site == "EAST":
            states[row.state] += row.quantity
    assert states["available"] == site.sellable
    assert states["quarantine"] == 9


def test_a_channel_of_other_sites_is_told_of_its_own() -> None:
    """Stock of a site that nobody named for it explains nothing, and counts for nothing."""
    hub = house()
    assert explained(hub, Channel())[0].quantity == 12
    [north] = at_once(hub.store.availability(Channel(sites=("NORTH",)), ["bolt"], explain=True))
    assert [(one.site, one.quantity) for one in north.sites] == [("NORTH", 50)]
    [none] = at_once(hub.store.availability(Channel(sites=("WEST",)), ["bolt"], explain=True))
    assert (none.quantity, none.sites) == (0, ())


@pytest.mark.parametrize(
    ("channel", "quantity"),
    [
        (Channel(), 3),  # its own pool 2, free 1
        (Channel(keep_back=1), 2),  # its own pool 2, the free one kept back
        (Channel("fair"), 5),  # its own pool 4, free 1
        (Channel("other", keep_back=1), 0),  # no pool, the free one kept back
    ],
)
def test_each_figure_can_be_worked_out_again(channel: Channel, quantity: int) -> None:
    """A zero has its reasons in the answer: promised, pools of others, safety, kept back."""
    hub = house()
    spoken_for(hub)
    found, site = explained(hub, channel)
    assert (site.sellable, site.reserved, site.pooled, site.safety) == (12, 3, 6, 2)
    assert site.own_pool == {"web": 2, "fair": 4}.get(channel.channel, 0)
    free = site.sellable - site.reserved - site.pooled - site.safety
    worked_out = channel_quantity(free, site.own_pool, site.pooled, channel.keep_back)
    assert found.quantity == site.quantity == worked_out == quantity
    assert told(hub, channel).quantity == quantity
