"""Why an order was refused or is held: which rule finds what, how its hold is called, which kind.

One table, checked at import: every refusal belongs to exactly one rule, every rule that may hold an
order says of which kind its holds are, because not everybody may release every kind.
"""

from __future__ import annotations

from crossdock.contracts.vocabulary import HoldKind, OrderRefusal, OrderRule
from crossdock.kernel.invariants import require

_R = OrderRefusal

REFUSALS: dict[OrderRule, tuple[OrderRefusal, ...]] = {
    OrderRule.DUPLICATE: (_R.ORDER_ID_TAKEN, _R.DUPLICATE_PURCHASE_ORDER),
    OrderRule.CUSTOMER: (_R.CUSTOMER_UNKNOWN, _R.CUSTOMER_BLOCKED, _R.NO_CUSTOMER_ROLE),
    OrderRule.TERMS: (_R.TERMS_UNKNOWN, _R.TERMS_NOT_ALLOWED, _R.TERMS_NOT_THEIRS),
    OrderRule.CREDIT: (
        _R.CREDIT_UNKNOWN, _R.CREDIT_STOPPED, _R.CREDIT_OTHER_CURRENCY, _R.CREDIT_EXCEEDED,
    ),
    OrderRule.PRICE: (_R.PRICE_UNKNOWN, _R.PRICE_TOO_LOW, _R.PRICE_TOO_HIGH),
    OrderRule.TAX: (_R.TAX_CLASS_UNKNOWN, _R.TAX_COUNTRY_UNKNOWN),
    OrderRule.ADDRESS: (_R.ADDRESS_MISSING,),
    OrderRule.AVAILABILITY: (_R.NOT_ENOUGH_AVAILABLE,),
}  # fmt: skip
"""What each rule may find, in the order in which it looks."""

KINDS: dict[OrderRule, HoldKind] = {
    OrderRule.CUSTOMER: HoldKind.CUSTOMER,
    OrderRule.TERMS: HoldKind.CREDIT,
    OrderRule.CREDIT: HoldKind.CREDIT,
    OrderRule.PRICE: HoldKind.PRICING,
    OrderRule.TAX: HoldKind.TAX,
    OrderRule.ADDRESS: HoldKind.ADDRESS,
}
"""Of which kind a hold is that a rule imposes; the others refuse or warn, and hold nothing."""

RULES: dict[OrderRefusal, OrderRule] = {
    refusal: rule for rule, refusals in REFUSALS.items() for refusal in refusals
}
"""Which rule finds it."""

require(
    tuple(RULES) == tuple(OrderRefusal) and set(REFUSALS) == set(OrderRule),
    "every refusal belongs to one rule, in the order of precedence",
)


def _dashed(refusal: OrderRefusal) -> str:
    return refusal.value.replace("_", "-")


_KIND_OF = {
    **{_dashed(refusal): KINDS[rule] for refusal, rule in RULES.items() if rule in KINDS},
    **{f"{kind.value}-hold": kind for kind in HoldKind},
}


def rule_hold(refusal: OrderRefusal, about: str) -> str:
    """The name of a hold that a rule imposes: `credit-exceeded:ACME`."""
    return f"{_dashed(refusal)}:{about}"


def placed_hold(kind: HoldKind, hold_id: str) -> str:
    """The name of a hold that somebody placed: `fraud-hold:H-1`."""
    return f"{kind.value}-hold:{hold_id}"


def kind_of(hold: str) -> HoldKind:
    """Of which kind a hold is, by its name; what no rule and nobody imposed is about data."""
    return _KIND_OF.get(hold.partition(":")[0], HoldKind.DATA)
