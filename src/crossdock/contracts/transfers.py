"""Goods between two sites of the house: they leave one, travel, and arrive at the other (R94)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from crossdock.contracts.stock import Serials
from crossdock.contracts.vocabulary import StockState
from crossdock.contracts.words import Identifier, Instant, Noun, Quantity
from crossdock.kernel.limits import DOCUMENT_LINES_MAX


class TransferLine(Noun, frozen=True, kw_only=True):
    """Units of one item and lot on one leg."""

    item: Identifier
    quantity: Quantity
    lot: Identifier | None = None
    serials: Serials = ()


TransferLines = Annotated[
    tuple[TransferLine, ...], Meta(min_length=1, max_length=DOCUMENT_LINES_MAX)
]


class TransferShipment(Noun, frozen=True, kw_only=True):
    """Goods left `site` for `destination`, in whose books they travel from now on.

    A transfer may leave in several legs; `leg_id` tells them apart.
    """

    transfer_id: Identifier
    leg_id: Identifier
    site: Identifier
    destination: Identifier
    lines: TransferLines
    expected_by: Instant | None = None  # when all of it should have arrived


class TransferReceipt(Noun, frozen=True, kw_only=True):
    """Goods of a transfer arrived at `site`; `final` says that no more of it is to come."""

    transfer_id: Identifier
    leg_id: Identifier
    site: Identifier
    lines: TransferLines
    state: StockState = StockState.AVAILABLE
    final: bool = True
