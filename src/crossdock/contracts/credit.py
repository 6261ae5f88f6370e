"""How much a customer may owe, as finance sees it (R109)."""

from __future__ import annotations

from crossdock.contracts.words import AmountMinor, Currency, Identifier, Noun, Quantity


class Credit(Noun, frozen=True, kw_only=True):
    """A customer's credit: the limit, and what is owed and not paid yet, in minor units.

    Finance says it again when an invoice was paid or the limit changed. `stopped` lets nothing go
    on account, whatever the limit.
    """

    credit: Identifier  # the customer
    currency: Currency
    limit_minor: AmountMinor
    receivables_minor: AmountMinor = 0
    stopped: bool = False
    revision: Quantity = 1
