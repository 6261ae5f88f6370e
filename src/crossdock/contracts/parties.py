"""Who trades with us: customers, suppliers, carriers (R2, R3)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.vocabulary import PartyRole
from crossdock.contracts.words import Address, Identifier, Noun, Quantity, Text


class ShipTo(Noun, frozen=True, kw_only=True):
    """One delivery address of a party, with its own id."""

    ship_to: Identifier
    address: Address


class Party(Noun, frozen=True, kw_only=True):
    """An account: its role, its parent in the hierarchy, its addresses and terms."""

    party: Identifier
    name: Text = ""
    role: PartyRole = PartyRole.CUSTOMER
    parent: Identifier | None = None
    bill_to: Identifier | None = None
    ship_to: Annotated[tuple[ShipTo, ...], Meta(max_length=500)] = ()
    terms: Identifier | None = None
    blocked: bool = False
    price_list: Identifier | None = None  # which prices are the customer's; else the channel's
    tax_class: Identifier | None = None  # how finance taxes it: standard, exempt, reverse, …
    revision: Quantity = 1
