"""Where goods are and where they are sold: sites, locations and channels (R4)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.vocabulary import LocationKind
from crossdock.contracts.words import Address, Identifier, Noun, Quantity, QuantityOrZero, Text


class Site(Noun, frozen=True, kw_only=True):
    """A warehouse or store that holds stock; `system` names the WMS that executes there."""

    site: Identifier
    name: Text = ""
    system: Identifier
    address: Address = Address()
    revision: Quantity = 1


class Location(Noun, frozen=True, kw_only=True):
    """A place inside a site; without a `parent` it lies directly in the site."""

    location: Identifier
    site: Identifier
    kind: LocationKind
    parent: Identifier | None = None
    name: Text = ""
    revision: Quantity = 1


class Channel(Noun, frozen=True, kw_only=True):
    """A way to sell; `sells_from` lists the capable sites, best first."""

    channel: Identifier
    name: Text = ""
    system: Identifier
    sells_from: Annotated[tuple[Identifier, ...], Meta(max_length=100)]
    keep_back: QuantityOrZero = 0  # base units per item and site that this channel never promises
    revision: Quantity = 1
