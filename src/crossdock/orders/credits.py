"""What is given back: per return receipt, at what finance charged, and never more than that.

A credit follows from three facts: the goods came back, inspection said what becomes of them, and
finance had invoiced them. Whichever of the three is told last makes it due. Amounts are differences
of cumulative ones, as in `charges`: when all invoiced units of a line have come back, all that was
charged for it has been given back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from crossdock.contracts.money import rounded
from crossdock.contracts.vocabulary import Disposition, ItemKind, MoneyRole
from crossdock.orders.charges import summed
from crossdock.orders.receipts import sent
from crossdock.orders.state import Amounts, CreditMark, Figures, InvoiceMark, OrderState


@dataclass(frozen=True, slots=True)
class CreditRules:
    """Which returned goods are paid back, and what is kept for the trouble."""

    credited: frozenset[Disposition] = frozenset(Disposition) - {
        Disposition.REPAIR,
        Disposition.HOLD,
    }
    fee_percent: int = 0  # of what is given back, kept


@dataclass(slots=True)
class Credit:
    """A credit that is due."""

    lines: dict[str, Amounts]
    dispositions: dict[str, Disposition] = field(default_factory=dict)
    fee: int = 0
    rounding: int = 0  # the invoices' rounding lines, given back with the last unit

    @property
    def total(self) -> int:
        """Lines with their tax, and the rounding, less the fee."""
        given = sum(one.net + one.tax for one in self.lines.values())
        return given + self.rounding - self.fee


def counts(order: OrderState, mark: InvoiceMark | CreditMark) -> bool:
    """Whether an amount may be added up: it is in the order's currency and meant so (P53)."""
    return mark.currency == order.currency and mark.role == MoneyRole.SHOP


def invoiced(order: OrderState) -> dict[str, Amounts]:
    """What finance charged, by line, over all invoices in the order's own money."""
    return summed(one.lines for one in order.invoices.values() if counts(order, one))


def credit_asked(order: OrderState) -> dict[str, Amounts]:
    """What finance was asked to give back, by line."""
    return summed(one.lines for one in order.credit_asks.values())


def credited(order: OrderState) -> dict[str, Amounts]:
    """What finance gave back, by line, in the order's own money."""
    return summed(one.lines for one in order.credits.values() if counts(order, one))


def due_for_receipt(
    order: OrderState, receipt: str, known: Mapping[str, Figures], rules: CreditRules
) -> Credit | None:
    """What is to be credited now for what came back under this receipt; None where nothing is."""
    mark = order.receipts[receipt]
    before = summed(ask.lines for ask in order.credit_asks.values() if ask.receipt == receipt)
    wanted: dict[str, int] = {}
    dispositions: dict[str, Disposition] = {}
    for number, units in sent(mark).items():
        paid = {one: n for one, n in units.items() if one in rules.credited}
        wanted[number] = sum(paid.values()) - before.get(number, Amounts(0)).units
        if len(paid) == 1:
            dispositions[number] = next(iter(paid))
    for number, line in order.lines.items():
        if line.kind is ItemKind.KIT:
            wanted[number] = known[number].returned - line.credit_asked
    found = _due(order, wanted, rules)
    if found is not None:
        found.dispositions = {n: d for n, d in dispositions.items() if n in found.lines}
    return found


def _due(order: OrderState, wanted: Mapping[str, int], rules: CreditRules) -> Credit | None:
    charged, asked = invoiced(order), credit_asked(order)
    lines: dict[str, Amounts] = {}
    for number in sorted(wanted):
        have, gone = charged.get(number), asked.get(number, Amounts(0))
        units = min(wanted[number], have.units - gone.units) if have is not None else 0
        if have is None or units <= 0:
            continue
        upto = Fraction(gone.units + units, have.units)
        lines[number] = Amounts(
            units,
            _to(have.net, upto) - gone.net,
            _to(have.tax, upto) - gone.tax,
        )
    if not lines:
        return None
    found = Credit(lines)
    goods = {n: a for n, a in charged.items() if order.lines[n].kind is not ItemKind.SERVICE}
    now = {n: asked.get(n, Amounts(0)).units + lines.get(n, Amounts(0)).units for n in goods}
    if all(now[number] >= one.units for number, one in goods.items()):
        found.rounding = sum(i.rounding for i in order.invoices.values() if counts(order, i))
    found.fee = rounded(Fraction((found.total) * rules.fee_percent, 100))
    return found


def _to(amount: int, part: Fraction) -> int:
    return rounded(amount * part)


def due_for_correction(order: OrderState, correction: str) -> Credit | None:
    """What is to be credited because an invoice charged too much; never beyond what it charged."""
    said = order.corrections[correction]
    charged, asked = invoiced(order), credit_asked(order)
    lines: dict[str, Amounts] = {}
    for number, one in sorted(said.lines.items()):
        have, gone = charged.get(number, Amounts(0)), asked.get(number, Amounts(0))
        part = Amounts(
            min(one.units, have.units - gone.units),
            min(one.net, have.net - gone.net),
            min(one.tax, have.tax - gone.tax),
        )
        if part.units > 0 or part.net > 0 or part.tax > 0:
            lines[number] = Amounts(max(0, part.units), max(0, part.net), max(0, part.tax))
    return Credit(lines) if lines else None
