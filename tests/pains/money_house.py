"""A house for pains about money: one order, shipped in parts, and what finance is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from crossdock.contracts import catalogue
from crossdock.contracts.invoices import (
    CreditMemo,
    CreditMemoLine,
    CreditRequest,
    Invoice,
    InvoiceLine,
    InvoiceRequest,
)
from crossdock.contracts.orders import LineQuantity, Order, OrderCancellation, OrderLine
from crossdock.contracts.returns import ReturnReceipt, ReturnReceiptLine
from crossdock.contracts.shipments import Shipment, ShipmentLine
from crossdock.contracts.vocabulary import Disposition
from crossdock.contracts.words import Noun
from crossdock.orders.charges import MoneyRules
from crossdock.testing.builders import noun_message
from crossdock.testing.hub import SmallHub, small_policy


class MoneyHouse:
    """A hub, and everybody who speaks to it about one order, `O1`, in euros."""

    def __init__(self, rules: MoneyRules | None = None) -> None:
        policy = small_policy()
        if rules is not None:
            policy = replace(policy, money=rules)
        self.hub = SmallHub(policy)
        self.hub.stock(EAST={"bolt": 100})
        self._count = 0

    def say(self, kind: str, noun: Noun) -> None:
        """Tell the hub, and let it decide."""
        self._count += 1
        self.hub.tell(noun_message(kind, noun, f"m-{self._count}", seconds=self._count))

    def order(self, *lines: tuple[int, int], currency: str = "EUR", **more: Any) -> None:
        """An order of these (units, price in cents), lines counted from 1."""
        self.say(
            catalogue.ORDER_PLACED,
            Order(
                order_id="O1",
                channel="web",
                customer="acme",
                currency=currency,
                lines=tuple(
                    OrderLine(line=str(n), item="bolt", quantity=units, unit_price_e4=cents * 100)
                    for n, (units, cents) in enumerate(lines, start=1)
                ),
                **more,
            ),
        )

    def ship(self, name: str, **lines: int) -> None:
        """Units leave, by line: `ship("S1", l1=2)`."""
        self.say(
            catalogue.SHIPMENT_SHIPPED,
            Shipment(
                shipment_id=name,
                order_id="O1",
                site="EAST",
                lines=tuple(
                    ShipmentLine(line=line.removeprefix("l"), item="bolt", quantity=units)
                    for line, units in lines.items()
                ),
            ),
        )

    def cancel(self, units: int, line: str = "1") -> None:
        """Units are not wanted any more."""
        self.say(
            catalogue.ORDER_CANCELLATION_REQUESTED,
            OrderCancellation(
                cancellation_id=f"C{self._count}",
                order_id="O1",
                lines=(LineQuantity(line=line, item="bolt", quantity=units),),
            ),
        )

    def give_back(
        self, units: int, disposition: Disposition = Disposition.RESTOCK, line: str = "1"
    ) -> None:
        """Units come back and are inspected."""
        self.say(
            catalogue.RETURN_RECEIVED,
            ReturnReceipt(
                return_receipt_id=f"RR{self._count}",
                order_id="O1",
                site="EAST",
                lines=(
                    ReturnReceiptLine(
                        line=line, item="bolt", quantity=units, disposition=disposition
                    ),
                ),
            ),
        )

    def post(self, asked: InvoiceRequest, **otherwise: Any) -> None:
        """Finance posts what it was asked for, or something else."""
        invoice = Invoice(
            invoice_id=f"I{self._count}",
            order_id="O1",
            shipment_id=asked.shipment_id,
            currency=asked.currency,
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
            rounding_minor=asked.rounding_minor,
        )
        self.say(catalogue.INVOICE_POSTED, msgspec.structs.replace(invoice, **otherwise))

    def pay_back(self, asked: CreditRequest, **otherwise: Any) -> None:
        """Finance credits what it was asked to, or something else."""
        memo = CreditMemo(
            credit_memo_id=f"M{self._count}",
            order_id="O1",
            currency=asked.currency,
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
            credit_request_id=asked.credit_request_id,
        )
        self.say(catalogue.CREDIT_POSTED, msgspec.structs.replace(memo, **otherwise))

    def invoices(self) -> Sequence[InvoiceRequest]:
        """What finance was asked to invoice, the first request first."""
        return self._told(catalogue.INVOICE_REQUESTED, InvoiceRequest)

    def credits(self) -> Sequence[CreditRequest]:
        """What finance was asked to credit."""
        return self._told(catalogue.CREDIT_REQUESTED, CreditRequest)

    def _told(self, kind: str, noun: type[Any]) -> list[Any]:
        kept = self.hub.store.data.effects.by_id.values()
        return [
            msgspec.json.decode(one.effect.body, type=noun)
            for one in kept
            if one.effect.type == kind
        ]
