"""The words in which finance, returns desk and customers speak to the stage of the stories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import structs

from crossdock.contracts import catalogue, controls, invoices, returns, shipments
from crossdock.contracts.money import Remainder, RoundingMode
from crossdock.contracts.orders import LineQuantity
from crossdock.contracts.vocabulary import (
    Disposition,
    MoneyRole,
    ReturnCondition,
    ReturnReason,
    TotalKind,
)
from crossdock.contracts.words import Noun
from crossdock.orders.charges import ClosedPeriod, RoundedPer, TaxRate, TaxRounding, ask_id
from crossdock.orders.matching import match
from crossdock.orders.state import Amounts, OrderState
from crossdock.returns.authorisation import BlindReturns
from crossdock.sagas.policy import Policy
from crossdock.testing.builders import at
from crossdock.testing.hub import SmallHub

Said = tuple[str, Noun]


def _parts(text: str) -> list[list[str]]:
    return [part.split() for part in text.split(",")]


def _minor(text: str) -> int:
    return int(Decimal(text) * 100)


def _after(words: list[str], word: str, default: str) -> str:
    return words[words.index(word) + 1] if word in words else default


def _option(options: tuple[str, ...], name: str, default: str = "") -> str:
    found = [option.removeprefix(name).strip() for option in options if option.startswith(name)]
    return found[0] if found else default


def _quantities(units: str) -> tuple[LineQuantity, ...]:
    return tuple(LineQuantity(line=p[0], item=p[1], quantity=int(p[2])) for p in _parts(units))


def _return(name: str, order_id: str, return_id: str, units: str, *options: str) -> Said:
    """`return  O1  R1  1 bolt 2  [because damaged]  [it is opened]`."""
    condition = _option(options, "it is ")
    return catalogue.RETURN_REQUESTED, returns.ReturnRequest(
        return_id=return_id,
        order_id=order_id,
        lines=_quantities(units),
        reason=ReturnReason(_option(options, "because ", "customer")),
        condition=ReturnCondition(condition) if condition else None,
    )


def _submit(name: str, order_id: str, return_id: str, units: str, *options: str) -> Said:
    """The same, and whoever says it waits for the answer."""
    _, said = _return(name, order_id, return_id, units, *options)
    return catalogue.RETURN_SUBMITTED, returns.ReturnSubmission(**structs.asdict(said))


def _returned(name: str, order_id: str, site: str, units: str, *options: str) -> Said:
    """`returned  O1  EAST  1 bolt 2 restock [lot L] [weighing N], ...  [for R1]  [named RR1]`."""
    return catalogue.RETURN_RECEIVED, returns.ReturnReceipt(
        return_receipt_id=_option(options, "named ", f"return-receipt-{name}"),
        order_id=order_id,
        site=site,
        lines=_received(units),
        return_id=_option(options, "for ") or None,
    )


def _inspected(name: str, order_id: str, site: str, receipt: str, units: str) -> Said:
    return catalogue.RETURN_INSPECTED, returns.ReturnInspection(
        inspection_id=f"inspection-{name}",
        order_id=order_id,
        site=site,
        return_receipt_id=receipt,
        lines=_received(units),
    )


def _received(units: str) -> tuple[returns.ReturnReceiptLine, ...]:
    lines = []
    for line, item, quantity, disposition, *words in _parts(units):
        grams = _after(words, "weighing", "")
        lines.append(
            returns.ReturnReceiptLine(
                line=line,
                item=item,
                quantity=int(quantity),
                disposition=Disposition(disposition),
                lot=_after(words, "lot", "") or None,
                weight_grams=int(grams) if grams else None,
                serials=tuple(words[words.index("serials") + 1 :]) if "serials" in words else (),
            )
        )
    return tuple(lines)


def _invoice(name: str, order_id: str, shipment_id: str, units: str, *options: str) -> Said:
    """`invoice  O1  S1  1 bolt 4 [for 10.00] [tax 2.00]  [in USD as presentment]  [correction 1]`.

    Where no amount is said it is what finance was asked for.
    """
    currency, role = _money(options)
    lines = tuple(
        invoices.InvoiceLine(
            line=p[0],
            quantity=int(p[2]),
            amount_minor=_minor(_after(p, "for", "0")),
            tax_minor=_minor(_after(p, "tax", "0")),
        )
        for p in _parts(units)
    )
    return catalogue.INVOICE_POSTED, invoices.Invoice(
        invoice_id=f"invoice-{name}",
        order_id=order_id,
        shipment_id=shipment_id,
        currency=currency,
        lines=lines,
        total_minor=sum(line.amount_minor + line.tax_minor for line in lines),
        correction=int(_option(options, "correction ", "0")),
        role=role,
    )


def _money(options: tuple[str, ...]) -> tuple[str, MoneyRole]:
    currency, _, role = _option(options, "in ", "EUR").partition(" as ")
    return currency, MoneyRole(role or "shop")


def _credit(name: str, order_id: str, asked: str, units: str, *options: str) -> Said:
    """`credit  O1  EAST/RR1  1 2 [for 5.00] [tax 1.00]  [in USD as presentment]`; `-`: unasked."""
    currency, role = _money(options)
    lines = tuple(
        invoices.CreditMemoLine(
            line=p[0],
            quantity=int(p[1]),
            amount_minor=_minor(_after(p, "for", "0")),
            tax_minor=_minor(_after(p, "tax", "0")),
        )
        for p in _parts(units)
    )
    return catalogue.CREDIT_POSTED, invoices.CreditMemo(
        credit_memo_id=f"credit-{name}",
        order_id=order_id,
        currency=currency,
        lines=lines,
        total_minor=sum(line.amount_minor + line.tax_minor for line in lines),
        credit_request_id=None if asked == "-" else asked,
        role=role,
    )


def as_asked(
    hub: SmallHub, said: invoices.Invoice | invoices.CreditMemo
) -> invoices.Invoice | invoices.CreditMemo:
    """A document of finance with the amounts that it was asked for."""
    if said.order_id not in hub.store.data.orders:
        return said
    order = hub.order(said.order_id)
    if isinstance(said, invoices.CreditMemo):
        credit = order.credit_asks.get(said.credit_request_id or "")
        if credit is None:
            return said
        return structs.replace(
            said,
            lines=_at(said.lines, credit.lines),
            total_minor=credit.total,
            fee_minor=credit.fee,
            rounding_minor=credit.rounding,
        )
    ask = order.asks.get(ask_id(said.shipment_id, said.correction))
    if ask is None:
        return said
    return structs.replace(
        said,
        lines=_at(said.lines, ask.lines),
        total_minor=ask.total,
        freight_minor=ask.freight,
        freight_tax_minor=ask.freight_tax,
        rounding_minor=ask.rounding,
    )


def _at(lines: tuple[Any, ...], asked: dict[str, Amounts]) -> tuple[Any, ...]:
    """Lines at the prices that were asked for."""
    found = []
    for line in lines:
        one = asked.get(line.line, Amounts(1))
        units = line.quantity
        found.append(
            structs.replace(
                line,
                amount_minor=one.net * units // one.units if one.units else one.net,
                tax_minor=one.tax * units // one.units if one.units else one.tax,
            )
        )
    return tuple(found)


def _invoice_rejected(
    name: str, order_id: str, shipment_id: str, attempt: str, reason: str = ""
) -> Said:
    return catalogue.INVOICE_REJECTED, invoices.InvoiceRejected(
        order_id=order_id, shipment_id=shipment_id, attempt=int(attempt), reason=reason
    )


def _invoice_retried(
    name: str, order_id: str, shipment_id: str, attempt: str, day: str = ""
) -> Said:
    return catalogue.INVOICE_RETRIED, invoices.InvoiceRetry(
        order_id=order_id,
        shipment_id=shipment_id,
        attempt=int(attempt),
        posting_date=day or None,
    )


def _paid(name: str, order_id: str, invoice_id: str, amount: str) -> Said:
    number, currency = amount.split()
    return catalogue.INVOICE_PAID, invoices.InvoicePaid(
        payment_id=f"payment-{name}",
        order_id=order_id,
        invoice_id=invoice_id,
        currency=currency,
        amount_minor=_minor(number),
    )


def _corrected(name: str, order_id: str, shipment_id: str, units: str) -> Said:
    """`overcharged  O1  S1  1 2 for 5.00`: so much of an invoice was wrong."""
    return catalogue.INVOICE_CORRECTED, invoices.InvoiceCorrection(
        correction_id=f"correction-{name}",
        order_id=order_id,
        shipment_id=shipment_id,
        lines=tuple(
            invoices.CreditMemoLine(
                line=p[0], quantity=int(p[1]), amount_minor=_minor(_after(p, "for", "0"))
            )
            for p in _parts(units)
        ),
    )


def _linked(name: str, order_id: str, shipment_id: str, to_order: str) -> Said:
    return catalogue.SHIPMENT_LINKED, shipments.ShipmentLink(
        order_id=order_id, shipment_id=shipment_id, to_order=to_order
    )


def _shipment_closed(name: str, order_id: str, shipment_id: str, note: str = "") -> Said:
    return catalogue.SHIPMENT_CLOSED, shipments.ShipmentClosing(
        order_id=order_id, shipment_id=shipment_id, note=note
    )


def _totals(name: str, day: str, units: str, *options: str) -> Said:
    """`adds up  2031-03-03  EAST invoiced EUR 8 952  [revision 2]`: site, kind, money, sums."""
    site, kind, currency, many, minor = units.split()
    return catalogue.CONTROL_TOTALS_REPORTED, controls.ControlTotals(
        day=day,
        revision=int(_option(options, "revision ", "1")),
        lines=(
            controls.ControlTotal(
                site=site,
                kind=TotalKind(kind),
                currency=currency,
                units=int(many),
                value_minor=int(minor),
            ),
        ),
    )


def _close(name: str, months: str, *options: str) -> Said:
    """`finance closes  2026-01 2026-02  [up to 2025-12]  [revision 2]`; `none`: opens them."""
    return catalogue.PERIODS_CHANGED, invoices.AccountingPeriods(
        revision=int(_option(options, "revision ", "1")),
        closed_to=_option(options, "up to ") or None,
        closed=() if months == "none" else tuple(months.split()),
    )


DOINGS: dict[str, Callable[..., Said]] = {
    "return": _return,
    "submit": _submit,
    "returned": _returned,
    "inspected": _inspected,
    "invoice": _invoice,
    "invoice rejected": _invoice_rejected,
    "invoice retried": _invoice_retried,
    "paid": _paid,
    "overcharged": _corrected,
    "credit": _credit,
    "finance closes": _close,
    "belongs": _linked,
    "not charged": _shipment_closed,
    "adds up": _totals,
}
"""What may be said about money and returns."""


def furnish(policy: Policy, rule: str) -> Policy | None:
    """A house with a rule about money or returns; None where it is about something else."""
    for beginning, change in _RULES.items():
        if rule.startswith(beginning):
            return change(policy, rule.removeprefix(beginning).split())
    return None


def _taxes(policy: Policy, words: list[str]) -> Policy:
    """`taxes standard 20 [reduced 5]`: percent by code, anywhere."""
    codes = dict(zip(words[::2], words[1::2], strict=True))
    rates = tuple(
        TaxRate(int(Decimal(percent) * 100), code="" if code == "standard" else code)
        for code, percent in codes.items()
    )
    return replace(policy, money=replace(policy.money, rates=rates))


def _rounds(policy: Policy, words: list[str]) -> Policy:
    """`rounds tax per total half_up carried`."""
    per, mode, remainder = words
    rule = TaxRounding(RoundedPer(per), RoundingMode(mode), Remainder(remainder))
    return replace(policy, money=replace(policy.money, rounding=(rule,)))


def _ships_over(policy: Policy, words: list[str]) -> Policy:
    return replace(policy, money=replace(policy.money, over_ship_percent=int(words[0])))


def _closed(policy: Policy, words: list[str]) -> Policy:
    return replace(policy, money=replace(policy.money, closed_period=ClosedPeriod(words[0])))


def _takes_back(policy: Policy, words: list[str]) -> Policy:
    """`takes back within 30 days`, `takes back reasons a b`, `takes back conditions a b`."""
    kind, *values = words
    if kind == "within":
        rules = replace(policy.returns, days=int(values[0]))
    elif kind == "reasons":
        rules = replace(policy.returns, reasons=frozenset(map(ReturnReason, values)))
    else:
        rules = replace(policy.returns, conditions=frozenset(map(ReturnCondition, values)))
    return replace(policy, returns=rules)


def _blind(policy: Policy, words: list[str]) -> Policy:
    return replace(policy, returns=replace(policy.returns, blind=BlindReturns(words[0])))


def _fee(policy: Policy, words: list[str]) -> Policy:
    return replace(policy, credits=replace(policy.credits, fee_percent=int(words[0])))


def _no_credit(policy: Policy, words: list[str]) -> Policy:
    left = policy.credits.credited - frozenset(map(Disposition, words))
    return replace(policy, credits=replace(policy.credits, credited=left))


_RULES: dict[str, Callable[[Policy, list[str]], Policy]] = {
    "taxes ": _taxes,
    "rounds tax per ": _rounds,
    "charges beyond the order up to percent ": _ships_over,
    "in closed periods ": _closed,
    "takes back ": _takes_back,
    "blind returns ": _blind,
    "keeps percent of credits ": _fee,
    "credits no ": _no_credit,
}


# --- what is told, as a person says it --------------------------------------------------------


def _amount(minor: int) -> str:
    return f"{Decimal(minor) / 100:.2f}"


def _invoice_in_words(noun: Any) -> str:
    lines = ", ".join(
        f"{one.line} {one.item} {one.quantity}"
        + (f" less {_amount(one.discount_minor)}" if one.discount_minor else "")
        + (f" tax {_amount(one.tax_minor)}" if one.tax_minor else "")
        for one in noun.lines
    )
    more = "".join(
        f", {what} {_amount(minor)}"
        for what, minor in (
            ("freight", noun.freight_minor),
            ("its tax", noun.freight_tax_minor),
            ("rounding", noun.rounding_minor),
        )
        if minor
    )
    number = f"{noun.shipment_id}/{noun.correction}" if noun.correction else noun.shipment_id
    again = f" again ({noun.attempt})" if noun.attempt > 1 else ""
    day = "" if noun.posting_date in (None, _TODAY) else f" on {noun.posting_date}"
    total = f"{_amount(noun.total_minor)} {noun.currency}"
    return f"invoice {number}{again}: {lines}{more} for {total}{day}"


_TODAY = at(0).date().isoformat()
"""The day on which stories begin; an invoice under another day says so."""


def _credit_in_words(noun: Any) -> str:
    lines = ", ".join(
        f"{one.line} {one.item} {one.quantity}"
        + (f" tax {_amount(one.tax_minor)}" if one.tax_minor else "")
        for one in noun.lines
    )
    fee = f", fee {_amount(noun.fee_minor)}" if noun.fee_minor else ""
    rounding = f", rounding {_amount(noun.rounding_minor)}" if noun.rounding_minor else ""
    total = f"{_amount(noun.total_minor)} {noun.currency}"
    return f"credit {noun.credit_request_id}: {lines}{rounding}{fee} for {total}"


def _status_in_words(noun: Any) -> str:
    why = f": {noun.refusal}" if noun.refusal is not None else ""
    return f"{noun.return_id} is {noun.status}{why}"


IN_WORDS: dict[str, Callable[[Any], str]] = {
    catalogue.INVOICE_REQUESTED: _invoice_in_words,
    catalogue.CREDIT_REQUESTED: _credit_in_words,
    catalogue.RETURN_STATUS_CHANGED: _status_in_words,
}
"""By type, what a system is told of money and returns."""


def match_in_words(order: OrderState, policy: Policy) -> str:
    """What is open of an order: document, finding, units, value."""
    rows = [
        f"{row.document} {row.finding}"
        + (f" {row.units}" if row.units else "")
        + (f" {_amount(row.value_minor)}" if row.value_minor else "")
        for row in match(order, policy.credits)
    ]
    return ", ".join(rows) or "square"


def reply_in_words(bodies: list[bytes], return_id: str) -> str:
    """The last answer about a return."""
    answers = [msgspec.json.decode(body, type=returns.ReturnAnswer) for body in bodies]
    mine = [one for one in answers if one.return_id == return_id]
    if not mine:
        return "none"
    last = mine[-1]
    if not last.authorised:
        return f"refused: {last.refusal}" + (f" {last.line}" if last.line else "")
    may = ", ".join(f"{one.line} {one.quantity}" for one in last.returnable)
    return f"authorised; may come back: {may}"
