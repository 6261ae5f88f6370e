"""What was counted, and who lets a large correction be booked (R92)."""

from __future__ import annotations

from crossdock.contracts.vocabulary import StockState
from crossdock.contracts.words import (
    Identifier,
    Measured,
    Noun,
    QuantityOrZero,
    Text,
    UnitQuantity,
)


class StockCount(Measured, frozen=True, kw_only=True):
    """So many base units were counted in one account, at the event time of the message.

    The count says what was there at that moment. What the ledger had for that moment is corrected
    to it, also when a movement that happened earlier is told later.
    """

    count_id: Identifier
    site: Identifier
    item: Identifier
    quantity: QuantityOrZero | None = None
    unit_quantity: UnitQuantity | None = None
    state: StockState = StockState.AVAILABLE
    lot: Identifier | None = None
    owner: Identifier | None = None
    note: Text = ""


class AdjustmentApproval(Noun, frozen=True, kw_only=True):
    """A large count or adjustment may be booked; `adjustment_id` is its own id."""

    adjustment_id: Identifier
    decided_by: Text = ""
    note: Text = ""


class AdjustmentRejection(Noun, frozen=True, kw_only=True):
    """A large count or adjustment is not booked: it is to be counted again."""

    adjustment_id: Identifier
    decided_by: Text = ""
    note: Text = ""
