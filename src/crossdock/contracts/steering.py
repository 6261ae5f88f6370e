"""What people change about an order at work: how urgent it is, what rules forbid (R77, R78).

A warehouse that works on the order already is told what changed, under a version that only grows.
"""

from __future__ import annotations

from crossdock.contracts.operations import Reason
from crossdock.contracts.orders import LineQuantity, Priority
from crossdock.contracts.vocabulary import OverrideAction
from crossdock.contracts.words import Address, Identifier, Instant, Noun, Quantity, Text


class OrderPriority(Noun, frozen=True, kw_only=True):
    """An order is more or less urgent; the highest `revision` wins, whatever arrives first."""

    change_id: Identifier
    order_id: Identifier
    revision: Quantity
    priority: Priority
    reason: Text = ""
    by: Text = ""


class OrderOverride(Noun, frozen=True, kw_only=True):
    """A person decides against the rules, says why, and answers for it.

    `release` lets the order go on in spite of its holds; `close_short` ships a line as far as it is
    picked and cancels the rest (all lines where none is named); `source` serves a line from `site`
    alone, the highest `revision` per line wins.
    """

    override_id: Identifier
    order_id: Identifier
    action: OverrideAction
    reason: Reason
    by: Reason
    line: Identifier | None = None
    site: Identifier | None = None
    revision: Quantity = 1

    def __post_init__(self) -> None:
        """Refuse an override without what its action needs.

        Raises:
            ValueError: `source` names no line and site.
        """
        if (self.action is OverrideAction.SOURCE) is not (self.site is not None):
            raise ValueError("Expected `site` with `source`, and with nothing else")


class ReleaseChange(Noun, frozen=True, kw_only=True):
    """What a warehouse was asked for is the same, but where to, when and how urgent is not.

    It says how things stand now, whole. A warehouse that has heard a higher `version` of the order
    leaves it aside.
    """

    order_id: Identifier
    site: Identifier
    version: Quantity
    priority: Priority
    ship_to: Address = Address()
    requested_for: Instant | None = None
    group: Identifier | None = None


class ShipmentIntercept(Noun, frozen=True, kw_only=True):
    """Goods were cancelled that are on their way: please turn these shipments round, or part them.

    What comes back is told as a return receipt; what does not, was delivered.
    """

    intercept_id: Identifier
    order_id: Identifier
    customer: Identifier
    shipments: tuple[Identifier, ...]
    lines: tuple[LineQuantity, ...]
