"""Whatever is decided together, a channel was told last what it may promise now (I16).

What changes a channel's figures sets a mark, and what is marked is looked at. A change that is not
marked would be told to nobody, and a question answered from what was published would be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossdock.contracts import catalogue
from crossdock.contracts.replenishment import StockPolicy
from crossdock.contracts.reservations import (
    ReservationLine,
    ReservationRelease,
    ReservationRequest,
)
from crossdock.contracts.stock import ChannelPool, StockAdjustment
from crossdock.contracts.vocabulary import AdjustmentReason
from crossdock.inventory.availability import as_told, besides
from crossdock.log.records import NewMessage
from crossdock.sagas.policy import ChannelPolicy
from crossdock.storage.memory import availability
from crossdock.testing.builders import at, noun_message
from crossdock.testing.hub import SmallHub, at_once, small_policy
from tests.pains.promise_house import Channel

CHANNELS = (Channel("web", wants_on_hand=True, per_site=True), Channel("fair", ("EAST",), 1))
Step = tuple[str, str, int]
"""What is said, of which channel, and a number of units or of a reservation."""

ADJUST, POOL, SAFETY, RESERVE, RELEASE = "adjust", "pool", "safety", "reserve", "release"
STEPS = st.tuples(
    st.sampled_from((ADJUST, POOL, SAFETY, RESERVE, RELEASE)),
    st.sampled_from(("web", "fair")),
    st.integers(0, 3),
)


@dataclass(slots=True)
class House:
    """A hub with two channels, and how many messages it was told."""

    hub: SmallHub
    count: int = 0

    def message(self, step: Step) -> NewMessage:
        """The message that says it, of bolts in EAST."""
        kind, channel, units = step
        self.count += 1
        number = f"m{self.count}"
        if kind == ADJUST:
            noun = StockAdjustment(
                adjustment_id=number,
                site="EAST",
                item="bolt",
                quantity=units * 2 - 3,
                reason=AdjustmentReason.COUNT,
            )
            return noun_message(catalogue.STOCK_ADJUSTED, noun, number)
        if kind == POOL:
            pool = ChannelPool(
                channel=channel, item="bolt", site="EAST", quantity=units, version=self.count
            )
            return noun_message(catalogue.POOL_CHANGED, pool, number)
        if kind == SAFETY:
            safety = StockPolicy(item="bolt", site="EAST", safety_stock=units, revision=self.count)
            return noun_message(catalogue.STOCK_POLICY_CHANGED, safety, number)
        if kind == RESERVE:
            wish = ReservationRequest(
                reservation_id=f"r{units}",
                channel=channel,
                lines=(ReservationLine(line="1", item="bolt", quantity=units + 1),),
                hard=True,
            )
            return noun_message(catalogue.RESERVATION_REQUESTED, wish, number)
        release = ReservationRelease(reservation_id=f"r{units}")
        return noun_message(catalogue.RESERVATION_RELEASED, release, number)


def house() -> House:
    """Ten bolts in EAST."""
    policy = small_policy()
    channels = {
        one.channel: ChannelPolicy(
            one.channel, "shop", one.sites, one.keep_back, one.wants_on_hand, one.per_site
        )
        for one in CHANNELS
    }
    hub = SmallHub(replace(policy, channels=channels))
    hub.stock(EAST={"bolt": 10})
    return House(hub)


def told(hub: SmallHub, channel: Channel) -> tuple[int, str]:
    """What the channel was told last of bolts."""
    found = hub.store.data.published[(channel.channel, "bolt")]
    return found.quantity, found.said


def free(hub: SmallHub, channel: Channel) -> tuple[int, str]:
    """What it may be told of them now."""
    [found] = availability.availability(hub.store.data, channel, ["bolt"])
    now = as_told(channel, found, at(1))
    return now.quantity, besides(now)


@settings(deadline=None)
@given(st.lists(st.lists(STEPS, min_size=1, max_size=5), max_size=6))
@example([[(POOL, "web", 2)], [(RESERVE, "web", 1)]])
@example([[(POOL, "web", 2)], [(POOL, "web", 0), (POOL, "fair", 2)]])
@example([[(RESERVE, "web", 1)], [(RELEASE, "web", 1), (SAFETY, "web", 2)]])
def test_what_was_told_last_is_what_is_free(batches: list[list[Step]]) -> None:
    """After each batch and its publication, for both channels: quantity, on hand, site by site."""
    played = house()
    for batch in batches:
        played.hub.tell(*map(played.message, batch))
        at_once(played.hub.store.publish_availability(CHANNELS, at(1), 100))
        for channel in CHANNELS:
            assert told(played.hub, channel) == free(played.hub, channel)
