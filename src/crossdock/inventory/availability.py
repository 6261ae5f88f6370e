"""What a channel may promise of an item at one site, and what of the stock counted (R80, R96).

`quantity` is what the channel's own pool has left there and what is free for everybody, less what
the channel keeps back. `on_hand` is for a far side that subtracts its own open orders from what it
is told: quantity, and what is promised, picked or packed here, so that what it comes out with is
quantity again. Both engines give these figures; this is how they come about.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from crossdock.contracts import kits
from crossdock.contracts.kits import Recipe
from crossdock.contracts.stock import Availability, SiteAvailability
from crossdock.log.ports import ChannelView
from crossdock.log.views import AvailabilityView

_RULES = 1
"""Raised by a release that counts otherwise: what was published before is then counted anew."""


def channel_quantity(free: int, unused: int, pooled: int, keep_back: int) -> int:
    """Base units that a channel may promise at a site.

    `free` is beyond all pools and safety stock, `pooled` in all pools, `unused` in the channel's.
    """
    own = min(unused, max(0, free + pooled))
    return own + max(0, free - keep_back)


def with_kits(
    found: Mapping[str, AvailabilityView], items: Sequence[str], recipes: Mapping[str, Recipe]
) -> list[AvailabilityView]:
    """What there is of these items: a kit is there as often as its components allow.

    A kit is told under the sum of its components' versions and its own, so that it grows with each.
    """
    quantities = kits.with_kits({i: one.quantity for i, one in found.items()}, items, recipes)
    views = []
    for item, quantity in sorted(quantities.items()):
        one = found[item]
        if item in recipes:
            version = one.version + sum(found[part].version for part in recipes[item])
            on_hand = None if one.on_hand is None else quantity
            one = AvailabilityView(item, quantity, on_hand, version)
        views.append(one)
    return views


def as_told(view: ChannelView, found: AvailabilityView, now: datetime) -> Availability:
    """What this channel is told: what it wants to know, and nothing else."""
    return Availability(
        channel=view.channel,
        item=found.item,
        quantity=found.quantity,
        version=max(1, found.version),
        as_of=now,
        on_hand=found.on_hand if view.wants_on_hand else None,
        sites=tuple(
            SiteAvailability(
                site=one.site,
                quantity=one.quantity,
                on_hand=one.on_hand if view.wants_on_hand else None,
            )
            for one in found.sites
        )
        if view.per_site
        else (),
    )


def besides(told: Availability) -> str:
    """What is told beside the quantity, to be compared with what was told last."""
    if told.on_hand is None and not told.sites:
        return ""
    return msgspec.json.encode((told.on_hand, told.sites)).decode()


def counted_under(view: ChannelView) -> str:
    """What a channel's figures follow from beside the stock, as a mark of 16 characters.

    Figures of an item whose stock stayed differ only where these differ.
    """
    rules = (_RULES, sorted(set(view.sites)), view.keep_back, view.wants_on_hand, view.per_site)
    return hashlib.blake2b(msgspec.json.encode(rules), digest_size=8).hexdigest()
