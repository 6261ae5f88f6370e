"""Turning changed promises into availability: what differs, under the next version, newest only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

import msgspec

from crossdock.contracts.catalogue import AVAILABILITY_PUBLISHED
from crossdock.contracts.kits import recipes_of, with_kits
from crossdock.contracts.stock import Availability
from crossdock.inventory.units import in_packs
from crossdock.log.ports import ChannelView
from crossdock.log.records import Effect, EffectState, Lane
from crossdock.storage.memory.data import Data


def publish(data: Data, channels: Sequence[ChannelView], now: datetime, limit: int) -> int:
    """Take changed items off the list and tell whoever does not know their quantity yet."""
    items = list(islice(data.changed_items, limit))
    for item in items:
        del data.changed_items[item]
        for channel in channels:
            _publish_one(data, channel, item, now)
    return len(items)


def _publish_one(data: Data, channel: ChannelView, item: str, now: datetime) -> None:
    recipes = recipes_of([item], data.components)
    needed = [item, *recipes.get(item, ())]
    quantities = {one: _quantity(data, channel, one) for one in needed}
    quantity = with_kits(quantities, [item], recipes)[item]
    last, version = data.published.get((channel.channel, item), (None, 0))
    if quantity == last:
        return
    version += 1
    master = data.masters.get(("item", item))
    data.published[(channel.channel, item)] = (quantity, version)
    body = msgspec.json.encode(
        Availability(
            channel=channel.channel,
            item=item,
            quantity=quantity,
            version=version,
            as_of=now,
            packs=in_packs(master.body if master is not None else None, quantity),
        )
    )
    for destination in channel.destinations:
        intent = f"{destination}/availability/{channel.channel}/{item}/"
        _supersede(data, destination, item, intent, now)
        data.effects.intend(
            Effect(
                business_key=f"{intent}{version}",
                destination=destination,
                lane=Lane.OPERATIONAL,
                key=item,
                type=AVAILABILITY_PUBLISHED,
                correlation=item,
                body=body,
            ),
            None,
            now,
        )


def _quantity(data: Data, channel: ChannelView, item: str) -> int:
    """The free stock of the channel's sites, each less what is kept back there."""
    rows = data.promises.get(item, {})
    free = (
        rows[site].free - channel.keep_back for site in dict.fromkeys(channel.sites) if site in rows
    )
    return sum(max(0, units) for units in free)


def _supersede(data: Data, destination: str, item: str, intent: str, now: datetime) -> None:
    """An older version for the same channel that was not sent yet needs no sending any more."""
    for kept in data.effects.unsettled(destination, item):
        ours = kept.effect.type == AVAILABILITY_PUBLISHED
        if ours and kept.state is EffectState.DUE and kept.effect.business_key.startswith(intent):
            data.effects.supersede(kept, now)
