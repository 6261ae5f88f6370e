"""Where a message speaks of: the fields of its noun that name sites, and whether it has a channel.

The door asks who owns it there, the routing who is told, and the configuration's check which
places of the matrix a message can reach at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import get_type_hints

from crossdock.contracts.catalogue import MessageType
from crossdock.contracts.stock import StockPlace
from crossdock.contracts.words import Noun


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The dotted paths of a noun's sites, and of its channel if it names one."""

    sites: tuple[str, ...]
    channel: str | None


@cache
def whereabouts(noun: type[Noun]) -> Whereabouts:
    """Find where a noun names places: `site`, `..._site`, and both ends of a movement."""
    hints = get_type_hints(noun)
    sites = [name for name in noun.__struct_fields__ if name == "site" or name.endswith("_site")]
    sites += [f"{name}.site" for name, kind in hints.items() if kind is StockPlace]
    return Whereabouts(tuple(sites), "channel" if "channel" in hints else None)


def has_site(row: MessageType) -> bool:
    """Whether messages of this type name a site."""
    return bool(whereabouts(row.noun).sites)


def has_channel(row: MessageType) -> bool:
    """Whether messages of this type belong to a channel: by name, or by their document."""
    return (
        row.key in ("order_id", "reservation_id", "return_id")
        or whereabouts(row.noun).channel is not None
    )
