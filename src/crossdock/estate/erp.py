"""The ERP: invoices and posts what it is asked to, under numbers of its own; owns master data.

It makes an invoice for every effect, as a real one would: asked twice for one shipment under two
keys it invoices twice, and its truth shows it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from crossdock.contracts import catalogue
from crossdock.contracts.invoices import (
    CreditMemo,
    CreditMemoLine,
    CreditRequest,
    Invoice,
    InvoiceLine,
    InvoicePaid,
    InvoiceRequest,
)
from crossdock.contracts.parcels import ParcelPosting, ParcelPostingCancellation
from crossdock.contracts.postings import StockPosted, StockPosting
from crossdock.contracts.replenishment import ReplenishmentRequest
from crossdock.estate.config import ErpConfig
from crossdock.estate.system import System


class Erp(System):
    """Finance and master data."""

    kind = "erp"

    def __init__(self, name: str, config: ErpConfig, hub: str, seed: int, host: str) -> None:
        super().__init__(name, config, hub, seed, host)
        self._seconds = config.invoice_seconds
        self._pay_seconds = config.pay_seconds
        self.items: dict[str, int] = {}  # item -> revision
        self.parties: dict[str, int] = {}  # party -> revision
        self.invoices: Counter[str] = Counter()  # shipment -> invoices made for it
        self.orders: Counter[str] = Counter()  # order -> units invoiced
        self.units = 0
        self.posted = 0
        self.postings: Counter[str] = Counter()  # posting -> how often it was posted
        self.stock: Counter[tuple[str, str]] = Counter()  # (site, item) -> base units
        self.parcels: dict[str, str] = {}  # request -> carton, while its posting stands
        self.replenishments: Counter[tuple[str, str]] = Counter()  # (site, item) -> requests
        self.total_minor: Counter[str] = Counter()  # currency -> minor units invoiced
        self.tax_minor: Counter[str] = Counter()  # currency -> minor units of that which are tax
        self.credits: Counter[str] = Counter()  # credit request -> memos made for it
        self.credited_units = 0
        self.credited_minor: Counter[str] = Counter()  # currency -> minor units given back
        self.charged: Counter[str] = Counter()  # order -> minor units invoiced
        self.net: dict[str, Counter[str]] = {}  # order -> line -> minor units invoiced, net
        self.given_back: Counter[str] = Counter()  # order -> minor units credited
        self.paid: Counter[str] = Counter()  # order -> minor units that its customer paid

    def handlers(self) -> Mapping[str, Callable[[Any], str]]:
        """It takes requests for invoices and for changes of its stock."""
        return {
            catalogue.INVOICE_REQUESTED: self._requested,
            catalogue.CREDIT_REQUESTED: self._credit,
            catalogue.STOCK_POSTING_REQUESTED: self._move_stock,
            catalogue.REPLENISHMENT_REQUESTED: self._replenish,
            catalogue.PARCEL_POSTING_REQUESTED: self._post_parcel,
            catalogue.PARCEL_POSTING_CANCELLED: self._take_parcel_back,
        }

    def happened(self, type_name: str, noun: Any) -> None:
        """It keeps the master records that it publishes."""
        if type_name == catalogue.ITEM_CHANGED:
            self.items[noun.item] = noun.revision
        elif type_name == catalogue.PARTY_CHANGED:
            self.parties[noun.party] = noun.revision

    def books(self, *, brief: bool) -> dict[str, Any]:
        """Invoices and what they sum up to."""
        books: dict[str, Any] = {
            "items": len(self.items),
            "parties": len(self.parties),
            "invoices": self.invoices.total(),
            "invoices_posted": self.posted,
            "invoices_too_many": self.invoices.total() - len(self.invoices),
            "units_invoiced": self.units,
            "paid_minor": self.paid.total(),
            "total_minor": dict(self.total_minor),
            "tax_minor": dict(self.tax_minor),
            "credits": self.credits.total(),
            "credits_too_many": self.credits.total() - len(self.credits),
            "units_credited": self.credited_units,
            "credited_minor": dict(self.credited_minor),
            "postings": self.postings.total(),
            "postings_too_many": self.postings.total() - len(self.postings),
            "replenishments": self.replenishments.total(),
            "stock_units": self.stock.total(),
        }
        if not brief:
            books["by_shipment"] = dict(self.invoices)
            books["by_order"] = dict(self.orders)
            books["stock"] = {f"{site}/{item}": units for (site, item), units in self.stock.items()}
        return books

    def _move_stock(self, asked: StockPosting) -> str:
        self.postings[asked.posting_id] += 1
        for line in asked.lines:
            self.stock[asked.site, line.item] += line.quantity
        number = self.dice.number("MAT-", asked.posting_id, self.postings[asked.posting_id])
        self.say(catalogue.STOCK_POSTED, StockPosted(posting_id=asked.posting_id, reference=number))
        return number

    def _post_parcel(self, asked: ParcelPosting) -> str:
        self.parcels[asked.request_id] = asked.carton_id
        return self.dice.number("PP-", asked.request_id)

    def _take_parcel_back(self, asked: ParcelPostingCancellation) -> str:
        self.parcels.pop(asked.posting_request, None)
        return self.dice.number("PX-", asked.request_id)

    def _replenish(self, asked: ReplenishmentRequest) -> str:
        self.replenishments[asked.site, asked.item] += 1
        return self.dice.number("RQ-", asked.request_id)

    def _requested(self, asked: InvoiceRequest) -> str:
        part = f"/{asked.correction}" if asked.correction else ""
        name = f"{asked.shipment_id}{part}"
        count = self.invoices[name] + 1
        self.invoices[name] = count
        number = self.dice.number("INV-", name, count)
        invoice = Invoice(
            invoice_id=number,
            order_id=asked.order_id,
            shipment_id=asked.shipment_id,
            currency=asked.currency,
            lines=tuple(
                InvoiceLine(
                    line=line.line,
                    quantity=line.quantity,
                    amount_minor=line.amount_minor,
                    tax_minor=line.tax_minor,
                )
                for line in asked.lines
            ),
            total_minor=asked.total_minor,
            correction=asked.correction,
            freight_minor=asked.freight_minor,
            freight_tax_minor=asked.freight_tax_minor,
            rounding_minor=asked.rounding_minor,
            posting_date=asked.posting_date,
        )
        units = sum(line.quantity for line in asked.lines)
        self.units += units
        self.orders[asked.order_id] += units
        self.total_minor[asked.currency] += asked.total_minor
        self.tax_minor[asked.currency] += asked.tax_minor + asked.rounding_minor
        self.charged[asked.order_id] += asked.total_minor
        net = self.net.setdefault(asked.order_id, Counter())
        for line in asked.lines:
            net[line.line] += line.amount_minor
        seconds = self.dice.between(self._seconds, "post", number)
        self.work.later(seconds, partial(self._post, invoice))
        return number

    def _post(self, invoice: Invoice) -> None:
        self.posted += 1
        self.say(catalogue.INVOICE_POSTED, invoice)
        if self._pay_seconds is not None and invoice.total_minor > 0:
            seconds = self.dice.between(self._pay_seconds, "pay", invoice.invoice_id)
            self.work.later(seconds, partial(self._pay, invoice))

    def _pay(self, invoice: Invoice) -> None:
        self.paid[invoice.order_id] += invoice.total_minor
        payment = InvoicePaid(
            payment_id=self.dice.number("PAY-", invoice.invoice_id),
            order_id=invoice.order_id,
            invoice_id=invoice.invoice_id,
            currency=invoice.currency,
            amount_minor=invoice.total_minor,
        )
        self.say(catalogue.INVOICE_PAID, payment)

    def _credit(self, asked: CreditRequest) -> str:
        name = f"{asked.order_id}/{asked.credit_request_id}"
        count = self.credits[name] + 1
        self.credits[name] = count
        number = self.dice.number("CM-", name, count)
        memo = CreditMemo(
            credit_memo_id=number,
            order_id=asked.order_id,
            currency=asked.currency,
            lines=tuple(
                CreditMemoLine(
                    line=line.line,
                    quantity=line.quantity,
                    amount_minor=line.amount_minor,
                    tax_minor=line.tax_minor,
                )
                for line in asked.lines
            ),
            total_minor=asked.total_minor,
            fee_minor=asked.fee_minor,
            rounding_minor=asked.rounding_minor,
            credit_request_id=asked.credit_request_id,
        )
        self.credited_units += sum(line.quantity for line in asked.lines)
        self.credited_minor[asked.currency] += asked.total_minor
        self.given_back[asked.order_id] += asked.total_minor
        seconds = self.dice.between(self._seconds, "credit", number)
        self.work.later(seconds, partial(self._post_credit, memo))
        return number

    def _post_credit(self, memo: CreditMemo) -> None:
        self.say(catalogue.CREDIT_POSTED, memo)
