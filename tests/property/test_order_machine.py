"""An order's life against a naive model: ship, cancel, invoice, return, credit, in any partial mix.

The model is written as one would on paper, in decimals, and knows nothing of how the hub counts.
After each step the hub's books say what the model says (I9), finance was asked once for each thing
(I10), and every amount adds up to the minor unit (I11).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crossdock.contracts import catalogue
from crossdock.contracts.invoices import (
    CreditMemo,
    CreditMemoLine,
    CreditRequest,
    Invoice,
    InvoiceLine,
    InvoiceRequest,
)
from crossdock.contracts.money import Remainder, RoundingMode
from crossdock.contracts.orders import LineQuantity, Order, OrderCancellation, OrderLine
from crossdock.contracts.returns import ReturnReceipt, ReturnReceiptLine, ReturnRequest
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.contracts.vocabulary import Disposition
from crossdock.contracts.words import Noun
from crossdock.orders.charges import MoneyRules, RoundedPer, TaxRate, TaxRounding
from crossdock.orders.matching import Finding, match
from crossdock.orders.state import figures
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy

SITES = ("EAST", "WEST")
PAID = {
    Disposition.RESTOCK,
    Disposition.QUARANTINE,
    Disposition.SCRAP,
    Disposition.SUPPLIER,
}
"""What a house pays back for, as long as nothing else is said."""

ROUNDING = {RoundingMode.HALF_EVEN: ROUND_HALF_EVEN, RoundingMode.HALF_UP: ROUND_HALF_UP}


@dataclass
class OnPaper:
    """One line as a clerk would keep it."""

    ordered: int
    price: Decimal  # of the major unit
    off: int  # minor units, off the whole line
    rate: Decimal
    shipped: int = 0
    wish: int = 0  # to cancel
    returned: int = 0
    creditable: int = 0
    invoiced: int = 0

    @property
    def cancelled(self) -> int:
        """As much of the wish as had not left."""
        return max(0, min(self.wish, self.ordered - self.shipped))

    @property
    def charged(self) -> int:
        """Units that finance is asked for: what left, and was ordered."""
        return min(self.shipped, self.ordered)

    def gross(self, units: int) -> int:
        """What so many units cost in cents, before anything is off."""
        return int((self.price * 100 * units).quantize(1, ROUND_HALF_EVEN))

    def net(self, units: int) -> int:
        """What so many units cost in cents."""
        off = (Decimal(self.off) * min(units, self.ordered) / self.ordered).quantize(
            1, ROUND_HALF_EVEN
        )
        return int(self.gross(units) - off)


class OrderMachine(RuleBasedStateMachine):
    """One order of two lines, two sites, and everybody who has a say in it."""

    @initialize(
        lines=st.lists(
            st.builds(
                OnPaper,
                ordered=st.integers(1, 9),
                price=st.integers(0, 99_999).map(lambda e4: Decimal(e4) / 10_000),
                off=st.integers(0, 300),
                rate=st.sampled_from([Decimal("0.19"), Decimal("0.07")]),
            ),
            min_size=1,
            max_size=3,
        ),
        freight=st.integers(0, 999),
        per=st.sampled_from(list(RoundedPer)),
        mode=st.sampled_from(list(RoundingMode)),
        remainder=st.sampled_from(list(Remainder)),
    )
    def place(
        self,
        lines: list[OnPaper],
        freight: int,
        per: RoundedPer,
        mode: RoundingMode,
        remainder: Remainder,
    ) -> None:
        """The order comes, to a house with its own way of rounding tax."""
        self.per, self.mode = per, mode
        rules = MoneyRules(
            rates=(TaxRate(1900), TaxRate(700, code="reduced")),
            rounding=(TaxRounding(per, mode, remainder),),
        )
        self.hub = SmallHub(replace(small_policy(), money=rules))
        self.hub.stock(EAST={"bolt": 99}, WEST={"bolt": 99})
        self.paper = {str(number): line for number, line in enumerate(lines, start=1)}
        self.freight = freight
        self.count = 0
        self.posted: set[str] = set()
        self.say(
            catalogue.ORDER_PLACED,
            Order(
                order_id="O1",
                channel="web",
                customer="acme",
                currency="EUR",
                freight_minor=freight,
                lines=tuple(
                    OrderLine(
                        line=number,
                        item="bolt",
                        quantity=line.ordered,
                        unit_price_e4=int(line.price * 10_000),
                        discount_minor=line.off,
                        tax_code="reduced" if line.rate == Decimal("0.07") else None,
                    )
                    for number, line in self.paper.items()
                ),
            ),
        )

    def say(self, kind: str, noun: Noun) -> None:
        """Tell the hub, and let it decide."""
        self.count += 1
        self.hub.tell(noun_message(kind, noun, f"m-{self.count}", seconds=self.count))

    def asked(self, kind: str, noun: type[Any]) -> list[Any]:
        """Everything of a type that finance was asked for."""
        return [
            msgspec.json.decode(kept.effect.body, type=noun)
            for kept in self.hub.store.data.effects.by_id.values()
            if kept.effect.type == kind
        ]

    @rule(data=st.data(), site=st.sampled_from(SITES))
    def ship(self, data: st.DataObject, site: str) -> None:
        """Some units of some lines leave, now and then more than was ordered."""
        chosen = data.draw(st.sets(st.sampled_from(sorted(self.paper)), min_size=1))
        lines = []
        for number in sorted(chosen):
            units = data.draw(st.integers(1, 4))
            self.paper[number].shipped += units
            lines.append(ShipmentLine(line=number, item="bolt", quantity=units))
        self.say(
            catalogue.SHIPMENT_SHIPPED,
            Shipment(shipment_id=f"S{self.count}", order_id="O1", site=site, lines=tuple(lines)),
        )

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """A customer takes some units back, in time or not."""
        number = data.draw(st.sampled_from(sorted(self.paper)))
        units = data.draw(st.integers(1, 4))
        self.paper[number].wish += units
        self.say(
            catalogue.ORDER_CANCELLATION_REQUESTED,
            OrderCancellation(
                cancellation_id=f"C{self.count}",
                order_id="O1",
                lines=(LineQuantity(line=number, item="bolt", quantity=units),),
            ),
        )

    def open_requests(self) -> list[InvoiceRequest]:
        """What finance was asked for and has not posted."""
        every = self.asked(catalogue.INVOICE_REQUESTED, InvoiceRequest)
        return [one for one in every if f"{one.shipment_id}/{one.correction}" not in self.posted]

    @precondition(lambda self: self.open_requests())
    @rule(data=st.data())
    def invoice(self, data: st.DataObject) -> None:
        """Finance posts one of the invoices that it was asked for, as it was asked."""
        asked = data.draw(st.sampled_from(self.open_requests()))
        self.posted.add(f"{asked.shipment_id}/{asked.correction}")
        for line in asked.lines:
            self.paper[line.line].invoiced += line.quantity
        self.say(
            catalogue.INVOICE_POSTED,
            Invoice(
                invoice_id=f"I{self.count}",
                order_id="O1",
                shipment_id=asked.shipment_id,
                currency="EUR",
                correction=asked.correction,
                lines=tuple(
                    InvoiceLine(
                        line=one.line,
                        quantity=one.quantity,
                        amount_minor=one.amount_minor,
                        tax_minor=one.tax_minor,
                    )
                    for one in asked.lines
                ),
                total_minor=asked.total_minor,
                freight_minor=asked.freight_minor,
                freight_tax_minor=asked.freight_tax_minor,
                rounding_minor=asked.rounding_minor,
            ),
        )

    @rule(data=st.data(), site=st.sampled_from(SITES), ahead=st.booleans())
    def give_back(self, data: st.DataObject, site: str, ahead: bool) -> None:
        """Some units come back, asked for or not, and go where inspection sends them."""
        number = data.draw(st.sampled_from(sorted(self.paper)))
        line = self.paper[number]
        units = data.draw(st.integers(1, 4))
        disposition = data.draw(st.sampled_from(list(Disposition)))
        line.returned += units
        line.creditable += units if disposition in PAID else 0
        if ahead:
            self.say(
                catalogue.RETURN_REQUESTED,
                ReturnRequest(
                    return_id=f"R{self.count}",
                    order_id="O1",
                    lines=(LineQuantity(line=number, item="bolt", quantity=units),),
                ),
            )
        self.say(
            catalogue.RETURN_RECEIVED,
            ReturnReceipt(
                return_receipt_id=f"RR{self.count}",
                order_id="O1",
                site=site,
                lines=(
                    ReturnReceiptLine(
                        line=number, item="bolt", quantity=units, disposition=disposition
                    ),
                ),
            ),
        )

    def open_credits(self) -> list[CreditRequest]:
        """What finance was asked to credit and has not."""
        every = self.asked(catalogue.CREDIT_REQUESTED, CreditRequest)
        return [one for one in every if one.credit_request_id not in self.posted]

    @precondition(lambda self: self.open_credits())
    @rule(data=st.data())
    def credit(self, data: st.DataObject) -> None:
        """Finance posts one of the credits that it was asked for."""
        asked = data.draw(st.sampled_from(self.open_credits()))
        self.posted.add(asked.credit_request_id)
        self.say(
            catalogue.CREDIT_POSTED,
            CreditMemo(
                credit_memo_id=f"M{self.count}",
                order_id="O1",
                currency="EUR",
                credit_request_id=asked.credit_request_id,
                lines=tuple(
                    CreditMemoLine(
                        line=one.line,
                        quantity=one.quantity,
                        amount_minor=one.amount_minor,
                        tax_minor=one.tax_minor,
                    )
                    for one in asked.lines
                ),
                total_minor=asked.total_minor,
                rounding_minor=asked.rounding_minor,
            ),
        )

    # --- what must hold after each step -------------------------------------------------------

    @invariant()
    def quantities_are_those_of_the_model(self) -> None:
        """I9: per line everything ordered is open, gone or cancelled, and nothing is below zero."""
        order = self.hub.order("O1")
        for number, line in self.paper.items():
            now = figures(order, order.lines[number])
            assert now.shipped == line.shipped
            assert now.cancelled == line.cancelled
            assert now.returned == line.returned
            assert now.invoiced == line.invoiced <= line.charged
            assert now.open == max(0, line.ordered - line.cancelled - line.shipped)

    @invariant()
    def finance_is_asked_once_for_what_left_and_was_ordered(self) -> None:
        """I10: per shipment and correction one request; together the units that are charged."""
        asked = self.asked(catalogue.INVOICE_REQUESTED, InvoiceRequest)
        names = Counter((one.shipment_id, one.correction) for one in asked)
        assert max(names.values(), default=1) == 1
        units: Counter[str] = Counter()
        for one in asked:
            units.update({line.line: line.quantity for line in one.lines})
        assert units == Counter({n: line.charged for n, line in self.paper.items()})

    @invariant()
    def every_amount_adds_up(self) -> None:
        """I11: documents are the sums of their parts, and the parts of a line add up to it."""
        asked = self.asked(catalogue.INVOICE_REQUESTED, InvoiceRequest)
        net: Counter[str] = Counter()
        tax: Counter[str] = Counter()
        for one in asked:
            parts = sum(line.amount_minor + line.tax_minor for line in one.lines)
            beside = one.freight_minor + one.freight_tax_minor + one.rounding_minor
            assert one.total_minor == parts + beside
            for line in one.lines:
                net[line.line] += line.amount_minor
                tax[line.line] += line.tax_minor
        for number, line in self.paper.items():
            assert net[number] == line.net(line.charged)
        freight = sum(one.freight_minor for one in asked)
        assert freight == self._freight_of_what_is_charged()
        self._check_tax(net, tax, freight, asked)

    def _freight_of_what_is_charged(self) -> int:
        """Its part by value; by number where nothing has a price."""
        lines = list(self.paper.values())
        if any(line.gross(line.ordered) for line in lines):
            gone = sum(line.gross(line.charged) for line in lines)
            whole = sum(line.gross(line.ordered) for line in lines)
        else:
            gone = sum(line.charged for line in lines)
            whole = sum(line.ordered for line in lines)
        return int((Decimal(self.freight) * gone / whole).quantize(1, ROUND_HALF_EVEN))

    def _check_tax(
        self, net: Counter[str], tax: Counter[str], freight: int, asked: list[InvoiceRequest]
    ) -> None:
        if self.per is RoundedPer.LINE:
            for number, line in self.paper.items():
                assert tax[number] == self._tax(net[number], line.rate)
            return
        whole = 0
        for rate in (Decimal("0.19"), Decimal("0.07")):
            base = sum(net[n] for n, line in self.paper.items() if line.rate == rate)
            base += freight if rate == Decimal("0.19") else 0
            whole += self._tax(base, rate)
        paid = tax.total() + sum(one.freight_tax_minor + one.rounding_minor for one in asked)
        assert paid == whole

    def _tax(self, net: int, rate: Decimal) -> int:
        return int((net * rate).quantize(1, ROUNDING[self.mode]))

    @invariant()
    def credits_never_exceed_what_was_charged(self) -> None:
        """Units that came back, are paid for and were invoiced; all of it when all is back."""
        units: Counter[str] = Counter()
        money: Counter[str] = Counter()
        for one in self.asked(catalogue.CREDIT_REQUESTED, CreditRequest):
            parts = sum(line.amount_minor + line.tax_minor for line in one.lines)
            assert one.total_minor == parts + one.rounding_minor
            for line in one.lines:
                units[line.line] += line.quantity
                money[line.line] += line.amount_minor + line.tax_minor
        order = self.hub.order("O1")
        for number, line in self.paper.items():
            assert units[number] == min(line.invoiced, line.creditable)
            charged = sum(
                mark.lines[number].net + mark.lines[number].tax
                for mark in order.invoices.values()
                if number in mark.lines
            )
            assert money[number] <= max(charged, 0) or charged < 0
            if units[number] == line.invoiced:
                assert money[number] == charged

    @invariant()
    def what_is_open_is_what_finance_has_not_posted(self) -> None:
        """The match lists exactly the requests without an answer, and no contradiction."""
        rows = Counter(row.finding for row in match(self.hub.order("O1")))
        assert rows[Finding.SHIPPED_NOT_INVOICED] == len(self.open_requests())
        assert not set(rows) - {
            Finding.SHIPPED_NOT_INVOICED,
            Finding.NOT_CHARGED,
            Finding.RETURNED_NOT_CREDITED,
        }


OrderMachine.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=14,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestOrderMachine = OrderMachine.TestCase
TestOrderMachine.__doc__ = "The machine, run."
