"""The answer to a submitted order: accepted, held or refused, and by which rules (R55, R56, R72).

The same answer is given to whoever only asks what would become of an order.
"""

from __future__ import annotations

from crossdock.contracts.orders import Priority
from crossdock.contracts.vocabulary import (
    AcknowledgementKind,
    ItemKind,
    OrderAnswerKind,
    OrderRefusal,
    OrderRule,
    OrderStatus,
    RuleAction,
)
from crossdock.contracts.words import (
    Address,
    Currency,
    Identifier,
    Instant,
    Noun,
    PriceE4,
    Quantity,
    QuantityOrZero,
    Text,
)


class Breach(Noun, frozen=True, kw_only=True):
    """What a rule found wrong with an order, with the numbers that caused it.

    `about` is the line, the item or the customer; `found` and `expected` are for people.
    """

    rule: OrderRule
    refusal: OrderRefusal
    does: RuleAction
    about: Text = ""
    found: Text = ""
    expected: Text = ""


class RuleOutcome(Noun, frozen=True, kw_only=True):
    """A rule that was looked at, and what it found; nothing where the order keeps it."""

    rule: OrderRule
    does: RuleAction
    breaches: tuple[Breach, ...] = ()


class OrderAnswer(Noun, frozen=True, kw_only=True):
    """The answer to an order, as of the moment it was received, rule by rule.

    Accepted: it is placed. Held: it is placed and waits until the holds are released. Refused: it
    is not placed; a corrected one may come under the same numbers.
    """

    order_id: Identifier
    answer: OrderAnswerKind
    as_of: Instant
    authority: Identifier
    rules: tuple[RuleOutcome, ...] = ()
    holds: tuple[Text, ...] = ()
    refusal: OrderRefusal | None = None


class AcknowledgedLine(Noun, frozen=True, kw_only=True):
    """What the house makes of one line: taken as ordered, changed, waiting, or not taken.

    Quantities are base units; the price is for one `price_unit`, for a base unit where none is
    named.
    """

    line: Identifier
    item: Identifier
    answer: AcknowledgementKind
    ordered: QuantityOrZero
    kind: ItemKind = ItemKind.STOCK
    confirmed: QuantityOrZero = 0  # on their way or promised
    backordered: QuantityOrZero = 0
    cancelled: QuantityOrZero = 0
    unit_price_e4: PriceE4 | None = None
    price_unit: Identifier | None = None


class OrderAcknowledgement(Noun, frozen=True, kw_only=True):
    """An order is acknowledged line by line; each later change is told whole, as a higher version.

    It carries all that a system must know to keep the order as its own (an ERP its sale). Who has
    heard a higher `version` of the order leaves a lower one aside.
    """

    order_id: Identifier
    channel: Identifier
    customer: Identifier
    currency: Currency
    version: QuantityOrZero
    first: bool = False
    lines: tuple[AcknowledgedLine, ...]
    refusal: OrderRefusal | None = None
    purchase_order: Identifier | None = None
    placed_at: Instant | None = None
    ship_to: Address = Address()
    requested_for: Instant | None = None
    priority: Priority = 5
    terms: Identifier | None = None
    holds: tuple[Text, ...] = ()


class OrderProgress(Noun, frozen=True, kw_only=True):
    """The timeline of an order: every milestone that it has reached, as a higher version each time.

    `reached` only grows, but for what can be undone (`held`, `backordered`): these are named while
    they stand.
    """

    order_id: Identifier
    channel: Identifier
    customer: Identifier
    status: OrderStatus
    version: Quantity
    reached: tuple[Identifier, ...]
