"""When to fetch more of an item: the policy that planning sets, and what the hub asks for (R98)."""

from __future__ import annotations

from crossdock.contracts.words import Identifier, Noun, Quantity, QuantityOrZero, SignedQuantity


class StockPolicy(Noun, frozen=True, kw_only=True):
    """How much of an item a site keeps for itself, and when more of it is to be fetched.

    `safety_stock` is never promised. Where what is free and what is expected there are together
    at or below `reorder_point`, the hub asks for `reorder_quantity`; without a point it never asks.
    """

    item: Identifier
    site: Identifier
    safety_stock: QuantityOrZero = 0
    reorder_point: QuantityOrZero | None = None
    reorder_quantity: Quantity | None = None
    revision: Quantity = 1


class StockPolicyReview(Noun, frozen=True, kw_only=True):
    """Free stock crossed the reorder point; the hub tells itself."""

    item: Identifier
    site: Identifier


class ReplenishmentRequest(Noun, frozen=True, kw_only=True):
    """A site runs low on an item: fetch more, from a supplier or another site, as planning says."""

    request_id: Identifier
    item: Identifier
    site: Identifier
    free: SignedQuantity  # what may still be promised there, safety stock not counted
    expected: QuantityOrZero = 0  # what purchase orders bring there that nobody was promised
    reorder_point: QuantityOrZero
    quantity: Quantity | None = None  # as the policy proposes; none: planning knows
