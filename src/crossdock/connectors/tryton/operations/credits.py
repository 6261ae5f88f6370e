"""A credit is a sale of negative quantities: its goods come back, its credit note is posted.

Tryton takes goods back only as a part of such a sale; a return that stands alone is refused there.
"""

from __future__ import annotations

from typing import Final

import msgspec

from crossdock.connectors.tryton import outbound, wire
from crossdock.connectors.tryton.api import Api, Record
from crossdock.connectors.tryton.operations.invoices import INVOICE_FIELDS, post
from crossdock.connectors.tryton.operations.operation import buttons, ended
from crossdock.connectors.tryton.operations.sales import SALE_FIELDS, Sales
from crossdock.connectors.tryton.settings import TrytonSettings
from crossdock.contracts.connector import FarAnswer, Found, NotThere, RetryLater, Void
from crossdock.contracts.invoices import CreditRequest

_COMING_BACK: Final = {"draft": ("receive", "do"), "received": ("do",)}
"""By the state of a return, the buttons that bring its goods back."""

_CREDIT: Final = msgspec.json.Decoder(CreditRequest).decode


class Credits:
    """Credit notes by our references."""

    def __init__(self, api: Api, settings: TrytonSettings, sales: Sales) -> None:
        self._api = api
        self._settings = settings
        self._sales = sales

    async def tell(self, body: bytes) -> FarAnswer:
        """Bring the goods back and post the credit note."""
        asked = _CREDIT(body)
        sale = await self._sales.under(asked.credit_request_id)
        if sale is None:
            sale = await self._make(asked)
        if sale["state"] == wire.CANCELLED:
            return Void(str(sale["number"] or sale["id"]), sale["state"])
        sale = await self._sales.lead_on(sale)
        await self._bring_back(sale)
        invoices = await self._of(sale)
        if not invoices:
            reason = f"credit {asked.credit_request_id} has no credit note there yet"
            return RetryLater(reason, well=True)
        net = sum(line.amount_minor for line in asked.lines)
        return await post(self._api, invoices[0], -net, asked.currency)

    async def find(self, body: bytes) -> Found:
        """Whether the credit note is posted."""
        sale = await self._sales.under(_CREDIT(body).credit_request_id)
        invoices = await self._of(sale) if sale is not None else []
        return ended(invoices[0], wire.POSTED) if invoices else NotThere()

    async def _make(self, asked: CreditRequest) -> Record:
        items = {line.item for line in asked.lines}
        known = await self._sales.known(asked.customer, asked.currency, items)
        values = outbound.credit(
            asked,
            known,
            company=self._settings.company,
            payment_term=self._settings.payment_term,
        )
        return await self._api.create(wire.SALE, values, SALE_FIELDS)

    async def _bring_back(self, sale: Record) -> None:
        fields = ("shipment_returns.state",)
        record = await self._api.read(wire.SALE, sale["id"], fields)
        for one in record["shipment_returns"]:
            await self._api.press(wire.RETURN, one, buttons(one["state"], _COMING_BACK))

    async def _of(self, sale: Record) -> list[Record]:
        record = await self._api.read(wire.SALE, sale["id"], ("invoices.id",))
        numbers = [one["id"] for one in record["invoices"]]
        if not numbers:
            return []
        return await self._api.search(wire.INVOICE, [["id", "in", numbers]], INVOICE_FIELDS)
