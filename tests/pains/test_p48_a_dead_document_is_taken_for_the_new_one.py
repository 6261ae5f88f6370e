"""P48: asked for the same order again, a system answered 200 with a document that was cancelled.

The key said "known", and nobody looked at the state of what was known. Here each asking has a name
of its own: an invoice that finance rejected is asked for again as the next attempt, and whatever is
said of the earlier attempt is not taken for an answer to it.
"""

from __future__ import annotations

from crossdock.contracts import catalogue
from crossdock.contracts.invoices import InvoiceRejected, InvoiceRetry
from crossdock.contracts.vocabulary import Fate
from tests.pains.money_house import MoneyHouse


def rejected(attempt: int, reason: str) -> InvoiceRejected:
    """Finance will not post it."""
    return InvoiceRejected(order_id="O1", shipment_id="S1", attempt=attempt, reason=reason)


def test_a_rejected_invoice_is_asked_for_under_a_name_of_its_own() -> None:
    """Two askings, two keys: a far side that honours keys cannot answer with the dead one."""
    house = MoneyHouse()
    house.order((2, 100))
    house.ship("S1", l1=2)
    house.say(catalogue.INVOICE_REJECTED, rejected(1, "no account"))
    house.say(catalogue.INVOICE_RETRIED, InvoiceRetry(order_id="O1", shipment_id="S1", attempt=1))
    kept = house.hub.store.data.effects.by_id.values()
    keys = [
        one.effect.business_key for one in kept if one.effect.type == catalogue.INVOICE_REQUESTED
    ]
    assert keys == ["erp/invoice/S1", "erp/invoice/S1@2"]
    assert [one.attempt for one in house.invoices()] == [1, 2]


def test_a_word_about_the_dead_one_is_not_taken_for_the_living() -> None:
    """A late echo of the first rejection leaves the second asking as it is."""
    house = MoneyHouse()
    house.order((2, 100))
    house.ship("S1", l1=2)
    house.say(catalogue.INVOICE_REJECTED, rejected(1, "no account"))
    house.say(catalogue.INVOICE_RETRIED, InvoiceRetry(order_id="O1", shipment_id="S1", attempt=1))
    echo = InvoiceRejected(order_id="O1", shipment_id="S1", correction=0, attempt=1, reason="old")
    house.say(catalogue.INVOICE_REJECTED, echo)
    ask = house.hub.order("O1").asks["S1"]
    assert (ask.attempt, ask.rejected) == (2, "")
    fates = [
        decided.outcome.fate
        for partition in house.hub.store.data.partitions.values()
        for _, decided in sorted(partition.outcomes.items())
    ]
    assert fates[-1] in (Fate.SUPERSEDED, Fate.HELD)  # a rival of the first rejection's key
