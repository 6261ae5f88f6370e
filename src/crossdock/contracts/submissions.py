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
    AmountMinor,
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


class ChargedLine(Noun, frozen=True, kw_only=True):
    """What one line costs: by its own price, with what is off it and its tax.

    `listed_price_e4` is the list's price for so many, where prices are asked for and there is one.
    """

    line: Identifier
    item: Identifier
    units: QuantityOrZero
    net_minor: AmountMinor
    discount_minor: AmountMinor = 0  # taken off `net_minor` already
    tax_minor: AmountMinor = 0
    tax_code: Identifier | None = None  # None: the standard rate
    tax_rate_e4: int | None = None  # 2,000 is 20 %; None: the hub knows no rates
    listed_price_e4: PriceE4 | None = None


class TaxedBy(Noun, frozen=True, kw_only=True):
    """The house's rule by which tax is rounded there, as configured under `taxes.rounding`."""

    per: Text
    mode: Text
    remainder: Text


class OrderCharge(Noun, frozen=True, kw_only=True):
    """What an order would be charged if all of it left at once.

    `tax_missing` says for what no rate is known; then there is no tax in it.
    """

    currency: Currency
    lines: tuple[ChargedLine, ...]
    total_minor: AmountMinor
    tax_minor: AmountMinor = 0  # of lines and freight, the rounding line not included
    freight_minor: AmountMinor = 0
    freight_tax_minor: AmountMinor = 0
    rounding_minor: AmountMinor = 0
    rounded_by: TaxedBy | None = None
    tax_missing: Text = ""


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
    charge: OrderCharge | None = None  # None: nobody waits for the answer


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
