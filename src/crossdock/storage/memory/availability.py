"""Turning changed promises into availability: what differs, under the next version, newest only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

import msgspec

from crossdock.contracts.catalogue import AVAILABILITY_PUBLISHED
from crossdock.contracts.kits import Recipe, recipes_of
from crossdock.contracts.stock import Availability
from crossdock.inventory.availability import (
    as_told,
    besides,
    channel_quantity,
    counted_under,
    with_kits,
)
from crossdock.inventory.units import in_packs
from crossdock.log.ports import ChannelView
from crossdock.log.records import Effect, EffectState, Lane
from crossdock.log.views import AvailabilityView, SiteView
from crossdock.storage.memory.data import Data, Published


def publish(data: Data, channels: Sequence[ChannelView], now: datetime, limit: int) -> int:
    """Take changed items off the list and tell whoever does not know their quantity yet."""
    items = _with_kits_above(data, islice(data.changed_items, limit))
    for item in items:
        data.changed_items.pop(item, None)
        for channel in channels:
            _publish_one(data, channel, item, now)
    return len(items)


def mark_counted_otherwise(data: Data, channel: ChannelView, after: str, limit: int) -> str:
    """Mark what was counted by other rules than the channel has now, of the next items."""
    rules = counted_under(channel)
    items = sorted(item for name, item in data.published if name == channel.channel)
    page = [item for item in items if item > after][:limit]
    for item in page:
        if data.published[(channel.channel, item)].counted_under != rules:
            data.changed_items[item] = None
    return page[-1] if len(page) >= limit else ""


def _with_kits_above(data: Data, marked: Iterable[str]) -> dict[str, None]:
    """These items and the kits that change with what they hold, each once."""
    found: dict[str, None] = {}
    above = list(marked)
    while above:
        one = above.pop(0)
        if one not in found:
            found[one] = None
            above += [kit for kit, holds in data.components.items() if one in holds]
    return found


def _publish_one(data: Data, channel: ChannelView, item: str, now: datetime) -> None:
    found = availability(data, channel, [item])[0]
    told = as_told(channel, found, now)
    version = _keep(data, channel, found, told)
    if version is None:
        return
    master = data.masters.get(("item", item))
    packs = in_packs(master.body if master is not None else None, told.quantity)
    body = msgspec.json.encode(msgspec.structs.replace(told, version=version, packs=packs))
    for destination in channel.destinations:
        intent = f"{destination}/availability/{channel.channel}/{item}/"
        newer = f"{intent}{version}"
        _supersede(data, destination, item, intent, newer, now)
        data.effects.intend(
            Effect(
                business_key=newer,
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


def _keep(
    data: Data, channel: ChannelView, found: AvailabilityView, told: Availability
) -> int | None:
    """Keep what was looked at; gives the version to be told, None where nothing differs."""
    key = (channel.channel, found.item)
    last = data.published.get(key)
    said = besides(told)
    differs = last is None or (last.quantity, last.said) != (told.quantity, said)
    before = 0 if last is None else last.version
    version = max(before + 1, told.version) if differs else before
    data.published[key] = Published(
        told.quantity, said, version, found.version, counted_under(channel)
    )
    return version if differs else None


def availability(data: Data, channel: ChannelView, items: Sequence[str]) -> list[AvailabilityView]:
    """What the channel may promise of these items now, and what counted, by site."""
    recipes = recipes_of(items, data.components)
    found = {item: _over_sites(data, channel, item) for item in _needed(items, recipes)}
    return with_kits(found, list(items), recipes)


def _needed(items: Sequence[str], recipes: Mapping[str, Recipe]) -> set[str]:
    """These items and what the kits among them consist of."""
    return {*items, *(part for recipe in recipes.values() for part in recipe)}


def _over_sites(data: Data, channel: ChannelView, item: str) -> AvailabilityView:
    rows = data.promises.get(item, {})
    sites = [site for site in sorted(set(channel.sites)) if site in rows]
    counted = tuple(_at(data, channel, item, site) for site in sites)
    return AvailabilityView(
        item,
        sum(one.quantity for one in counted),
        sum(one.on_hand for one in counted),
        sum(rows[site].version for site in sites),
        counted,
    )


def answered(
    data: Data, channel: ChannelView, items: Sequence[str], *, explain: bool
) -> list[AvailabilityView]:
    """The same, with no more than was asked for, under the version that it is known by."""
    recipes = recipes_of(items, data.components)
    found = {item: _over_sites(data, channel, item) for item in _needed(items, recipes)}
    for item, one in found.items():
        if item not in recipes:
            found[item] = replace(one, version=_counted(data, channel, one))
    return [
        replace(
            one,
            on_hand=one.on_hand if explain or channel.wants_on_hand else None,
            version=max(one.version, _last(data, channel.channel, one.item)),
            sites=one.sites if explain else (),
        )
        for one in with_kits(found, list(items), recipes)
    ]


def _counted(data: Data, channel: ChannelView, found: AvailabilityView) -> int:
    """How far its rows counted when they last changed what is free."""
    last = data.published.get((channel.channel, found.item))
    if last is None or found.item in data.changed_items:
        return found.version
    return last.counted_version if last.counted_under == counted_under(channel) else found.version


def _last(data: Data, channel: str, item: str) -> int:
    found = data.published.get((channel, item))
    return 0 if found is None else found.version


def _at(data: Data, channel: ChannelView, item: str, site: str) -> SiteView:
    row = data.promises[item][site]
    document = data.documents.get(("pool", f"{item}\t{site}\t{channel.channel}"))
    pool = {} if document is None else msgspec.json.decode(document.body)
    unused = max(0, pool.get("quantity", 0) - pool.get("used", 0)) if row.pooled else 0
    quantity = channel_quantity(row.free, unused, row.pooled, channel.keep_back)
    staged = _standing(data, item, site, ("picked", "packed"))
    return SiteView(
        site,
        quantity,
        quantity + max(0, row.reserved + staged),
        row.sellable,
        row.reserved,
        row.pooled,
        row.safety,
        unused,
        min(channel.keep_back, max(0, row.free)),
        _standing(data, item, site, ("quarantine",), owners=("",)),
    )


def _standing(
    data: Data,
    item: str,
    site: str,
    states: Collection[str],
    owners: Collection[str] | None = None,
) -> int:
    return sum(
        units
        for (name, where, _, state, owner), units in data.balances.items()
        if (name, where) == (item, site) and state in states and (owners is None or owner in owners)
    )


def _supersede(
    data: Data, destination: str, item: str, intent: str, newer: str, now: datetime
) -> None:
    """An older version for the same channel that was not sent yet needs no sending any more."""
    for kept in data.effects.unsettled(destination, item):
        ours = kept.effect.type == AVAILABILITY_PUBLISHED
        if ours and kept.state is EffectState.DUE and kept.effect.business_key.startswith(intent):
            data.effects.supersede(kept, newer, now)
