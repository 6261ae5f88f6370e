"""A hub that starts with other rules tells its channels what follows from them."""

from __future__ import annotations

from crossdock.runtime import recounting
from crossdock.runtime.recounting import Recount
from crossdock.testing.builders import at
from crossdock.testing.hub import SmallHub, at_once
from tests.pains.promise_house import Channel, told

SHELVES = {"bolt": 5, "nut": 4, "pin": 3}


def looked_through(hub: SmallHub, *channels: Channel) -> int:
    """Let a start look through everything; gives how many pages there were."""
    recount, pages = Recount(hub.store, channels), 0
    while at_once(recount.turn()):
        pages += 1
    assert at_once(recount.turn()) == 0, "once is enough"
    return pages


def house(*channels: Channel) -> SmallHub:
    """A hub that told these channels everything."""
    hub = SmallHub()
    hub.stock(EAST=SHELVES)
    at_once(hub.store.publish_availability(channels, at(1), 100))
    return hub


def test_a_start_with_the_same_rules_marks_nothing() -> None:
    """A page or two are read, and that is all."""
    hub = house(Channel())
    assert looked_through(hub, Channel()) == 1
    assert not hub.store.data.changed_items


def test_a_start_with_another_keep_back_tells_what_is_left() -> None:
    """Though no stock moved since."""
    hub = house(Channel())
    before = told(hub, Channel())
    assert (before.item, before.quantity, before.version) == ("pin", 3, 1)
    looked_through(hub, Channel(keep_back=2))
    assert set(hub.store.data.changed_items) == set(SHELVES)
    now = told(hub, Channel(keep_back=2))
    assert (now.item, now.quantity, now.version) == ("pin", 1, 2)


def test_every_channel_is_looked_through_to_its_end() -> None:
    """Page by page; the channel whose rules are other ones may be the last."""
    web, fair = Channel(), Channel("fair")
    hub = house(web, fair)
    hub.stock(EAST={f"part-{n:04}": 1 for n in range(recounting.RECOUNT_ITEMS_MAX)})
    at_once(hub.store.publish_availability((web, fair), at(2), 10_000))
    assert looked_through(hub, web, Channel("fair", sites=("WEST",))) == 4
    assert len(hub.store.data.changed_items) == recounting.RECOUNT_ITEMS_MAX + len(SHELVES)
