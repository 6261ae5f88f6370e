"""What an order would cost, for whoever waits for the answer: prices, tax and how it is rounded.

Reckoned by the rules by which invoices are (`orders/charges.py`), as if all of it left at once, so
that nobody hears another figure than finance is asked for (R110).
"""

from __future__ import annotations

from fractions import Fraction

from crossdock.contracts.submissions import ChargedLine, OrderCharge, TaxedBy
from crossdock.orders.charges import Charge, NoRate, charge
from crossdock.orders.state import Line, OrderState
from crossdock.orders.validation import listed
from crossdock.sagas import checking
from crossdock.sagas.batch import Batch
from crossdock.sagas.turn import Turn


def quoted(batch: Batch, turn: Turn, order: OrderState) -> OrderCharge:
    """Reckon an order that is only sketched; its lines take the tax codes of known items."""
    if turn.policy.known_items_only:
        _take_codes(batch, order)
    rules = turn.policy.money
    units = {number: line.ordered for number, line in order.lines.items() if line.ordered > 0}
    found, missing = charge(order, units, rules), ""
    if isinstance(found, NoRate):
        missing = str(found)
        untaxed = charge(order, units, rules.without_rates())
        assert isinstance(untaxed, Charge)
        found = untaxed
    rule = rules.rounds(order.ship_to.country, order.currency)
    rounded_by = TaxedBy(per=rule.per.value, mode=rule.mode.value, remainder=rule.remainder.value)
    return OrderCharge(
        currency=order.currency,
        lines=tuple(_line(batch, turn, order, found, number) for number in found.lines),
        total_minor=found.total,
        tax_minor=found.tax,
        freight_minor=found.freight,
        freight_tax_minor=found.freight_tax,
        rounding_minor=found.rounding,
        rounded_by=rounded_by if rules.rates else None,
        tax_missing=missing,
    )


def _take_codes(batch: Batch, order: OrderState) -> None:
    for _, line in order.stock_lines():
        item = batch.item(line.item)
        if item is not None and item.tax_code and not line.tax_code:
            line.tax_code = item.tax_code


def _line(batch: Batch, turn: Turn, order: OrderState, found: Charge, number: str) -> ChargedLine:
    line, one = order.lines[number], found.lines[number]
    price = _listed(batch, turn, order, line)
    return ChargedLine(
        line=number,
        item=line.item,
        units=one.units,
        net_minor=one.net,
        discount_minor=one.discount,
        tax_minor=one.tax,
        tax_code=one.code or None,
        tax_rate_e4=turn.policy.money.rate(order.ship_to.country, one.code),
        listed_price_e4=None if price is None else round(price),
    )


def _listed(batch: Batch, turn: Turn, order: OrderState, line: Line) -> Fraction | None:
    prices = checking.prices_of(batch, order, line.item)
    return None if prices is None else listed(order, line, prices, turn.message.event_time)
