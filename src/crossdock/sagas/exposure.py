"""What counts against a customer's credit: finance's word, and what the hub knows beyond it.

Owed are the receivables that finance said last, what was invoiced since less what was paid, and
the value of open orders. The hub's part is a document per account; each order remembers how much
of it is its own, so that a change is a difference and two workers who count at once are told apart
by its revision. Orders that are held for their credit do not count: they have nothing yet.
"""

from __future__ import annotations

from typing import Final

import msgspec

from crossdock.contracts.credit import Credit
from crossdock.contracts.vocabulary import HoldKind, OrderRule, RuleAction
from crossdock.orders.doings import Doing
from crossdock.orders.refusals import kind_of
from crossdock.orders.state import OrderState, all_figures
from crossdock.orders.validation import open_value_minor
from crossdock.sagas import watching
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn

ACCOUNT: Final = "credit-account"


class Account(msgspec.Struct):
    """What the hub knows of an account beyond finance's last word, in minor units."""

    open_minor: int = 0  # of orders that are neither invoiced nor cancelled
    invoiced_minor: int = 0  # since finance spoke last, less what was paid since


_ACCOUNT = msgspec.json.Decoder(Account)
_CREDIT = msgspec.json.Decoder(Credit)


def credit_of(batch: Batch, payer: str) -> Credit | None:
    """Finance's last word on the account, or None."""
    body = batch.master("credit", payer)
    return None if body is None else _CREDIT.decode(body)


def account_of(batch: Batch, payer: str) -> Account:
    """The hub's own part of the account."""
    known = batch.document(ACCOUNT, payer)
    return Account() if known is None else _ACCOUNT.decode(known.body)


def owed_minor(batch: Batch, payer: str, credit: Credit | None, order: OrderState) -> int:
    """What counts against the credit without this order."""
    account = account_of(batch, payer)
    own = order.exposed_minor if order.exposed_to == payer else 0
    said = 0 if credit is None else credit.receivables_minor
    return said + account.open_minor + account.invoiced_minor - own


def count(batch: Batch, turn: Turn, order: OrderState, payer: str, *, invoiced: bool) -> None:
    """Let the account show what this order's value is now; `invoiced`: what left it is owed."""
    if order.exposed_to not in ("", payer):
        _move(batch, turn, order, order.exposed_to, 0, invoiced=False)
    credit = credit_of(batch, payer)
    held = any(kind_of(hold) is HoldKind.CREDIT for hold in order.holds)
    counts = order.placed and not held and credit is not None and credit.currency == order.currency
    value = open_value_minor(order, all_figures(order)) if counts else 0
    _move(batch, turn, order, payer, value, invoiced=invoiced)


def _move(
    batch: Batch, turn: Turn, order: OrderState, payer: str, value: int, *, invoiced: bool
) -> None:
    more = value - (order.exposed_minor if order.exposed_to == payer else 0)
    if not more:
        return
    account = account_of(batch, payer)
    account.open_minor += more
    batch.store_document(turn, ACCOUNT, payer, account)
    turn.remember(order, Doing.EXPOSED, value, payer)
    if more < 0 and not invoiced:
        watching.wake(batch, turn, "credit", payer)


def invoiced(batch: Batch, turn: Turn, order: OrderState, amount_minor: int) -> None:
    """Finance has invoiced something: so much is owed, its tax and freight included."""
    if order.exposed_to:
        account = account_of(batch, order.exposed_to)
        account.invoiced_minor += amount_minor
        batch.store_document(turn, ACCOUNT, order.exposed_to, account)


def paid(batch: Batch, turn: Turn, order: OrderState, amount_minor: int) -> None:
    """Something was paid: so much less is owed, until finance says its word again."""
    if not order.exposed_to:
        return
    account = account_of(batch, order.exposed_to)
    account.invoiced_minor -= amount_minor
    batch.store_document(turn, ACCOUNT, order.exposed_to, account)
    watching.wake(batch, turn, "credit", order.exposed_to)


def is_checked(batch: Batch, order: OrderState) -> bool:
    """Whether credit matters to this order at all, which is seen at once."""
    asked = batch.policy.order_policy(order.channel).action(OrderRule.CREDIT)
    return asked is not RuleAction.OFF or bool(order.exposed_to)


def renew(batch: Batch, turn: Turn, payer: str) -> None:
    """Finance has spoken: what was invoiced before is in its word now; who waits is looked at."""
    account = account_of(batch, payer)
    if account.invoiced_minor:
        account.invoiced_minor = 0
        batch.store_document(turn, ACCOUNT, payer, account)
    watching.wake(batch, turn, "credit", payer)
