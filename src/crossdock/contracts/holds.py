"""Holding an order back, and letting it go on: who wants it, why, and until when (R65).

An order may be held for several reasons at once; it goes on when none is left. While it is held,
nothing of it is promised, and warehouses are asked to stop what they have not picked.
"""

from __future__ import annotations

from crossdock.contracts.vocabulary import HoldKind
from crossdock.contracts.words import Identifier, Instant, Noun, Text


class OrderHold(Noun, frozen=True, kw_only=True):
    """Somebody holds an order back; at `expires_at` the hold lapses by itself."""

    hold_id: Identifier
    order_id: Identifier
    kind: HoldKind
    reason: Text = ""
    by: Text = ""
    expires_at: Instant | None = None


class OrderHoldRelease(Noun, frozen=True, kw_only=True):
    """A hold is let go: the one that somebody placed, or one that the hub's rules impose.

    `hold` is its id, or its name as the order lists it (`customer-blocked:ACME`); `kind` is of
    which kind it is, because not everybody may release every kind.
    """

    release_id: Identifier
    order_id: Identifier
    hold: Identifier
    kind: HoldKind
    reason: Text = ""
    by: Text = ""


class OrderHoldLapse(Noun, frozen=True, kw_only=True):
    """The time of a hold is over."""

    order_id: Identifier
    hold: Identifier
