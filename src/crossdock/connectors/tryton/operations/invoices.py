"""The invoice that Tryton made of a shipment is compared with ours, and posted."""

from __future__ import annotations

from typing import Final

import msgspec

from crossdock.connectors.tryton import wire
from crossdock.connectors.tryton.api import Api, Record
from crossdock.connectors.tryton.operations.operation import buttons, ended, name_of
from crossdock.connectors.tryton.operations.shipments import LEFT, Shipments
from crossdock.contracts.connector import (
    Accepted,
    AlreadyDone,
    FarAnswer,
    Found,
    NotThere,
    Refused,
    RetryLater,
    Void,
)
from crossdock.contracts.invoices import InvoiceRequest

_FIELDS: Final = ("number", "state", "untaxed_amount", "currency.code", "currency.digits")
_POSTING: Final = {"draft": ("validate_invoice", "post"), "validated": ("post",)}
"""By the state of an invoice, the buttons that post it."""

_INVOICE: Final = msgspec.json.Decoder(InvoiceRequest).decode


class Invoices:
    """Invoices of our shipments."""

    def __init__(self, api: Api, shipments: Shipments) -> None:
        self._api = api
        self._shipments = shipments

    async def tell(self, body: bytes) -> FarAnswer:
        """Post it, if it is over what we ask for; taxes are Tryton's own."""
        asked = _INVOICE(body)
        if asked.correction:
            return Refused("Tryton charges a shipment once; correct its invoice there")
        shipment = await self._shipments.under(asked.shipment_id)
        if shipment is None or shipment["state"] not in LEFT:
            reason = f"shipment {asked.shipment_id} has not left there yet"
            return RetryLater(reason, well=True)
        invoices = await self._of(asked.shipment_id)
        if not invoices:
            return RetryLater(f"shipment {asked.shipment_id} has no invoice there yet", well=True)
        if len(invoices) > 1:
            return Refused(f"shipment {asked.shipment_id} has {len(invoices)} invoices there")
        net = sum(line.amount_minor for line in asked.lines)
        return await post(self._api, invoices[0], net, asked.currency)

    async def find(self, body: bytes) -> Found:
        """Whether it is posted."""
        invoices = await self._of(_INVOICE(body).shipment_id)
        return ended(invoices[0], wire.POSTED) if invoices else NotThere()

    async def _of(self, shipment_id: str) -> list[Record]:
        """The invoices of a shipment's goods, each once."""
        field, value = self._shipments.named(shipment_id)
        found = await self._api.search(
            wire.INVOICE_LINE,
            [[f"stock_moves.shipment.{field}", "=", value, wire.SHIPMENT]],
            ("invoice.id",),
        )
        numbers = sorted({one["invoice"]["id"] for one in found if one.get("invoice")})
        if not numbers:
            return []
        return await self._api.search(wire.INVOICE, [["id", "in", numbers]], _FIELDS)


async def post(api: Api, invoice: Record, net_minor: int, currency: str) -> FarAnswer:
    """Post an invoice or credit note that is over so much before tax; raises `Stopped`."""
    if invoice["state"] in wire.POSTED:
        return AlreadyDone(name_of(invoice))
    if invoice["state"] == wire.CANCELLED:
        return Void(name_of(invoice), invoice["state"])
    theirs = invoice["currency"]
    if theirs["code"] != currency:
        return Refused(f"the document there is in {theirs['code']}, ours in {currency}")
    amount = wire.read_decimal(invoice["untaxed_amount"], "$.untaxed_amount")
    found = wire.minor_units(amount, theirs["digits"], "$.untaxed_amount")
    if found != net_minor:
        return Refused(f"{found} minor units before tax there, {net_minor} here")
    steps = buttons(invoice["state"], _POSTING)
    async with api.posting:
        posted = await api.press(wire.INVOICE, invoice, steps, ("number", "state"))
    return Accepted(name_of(posted))


INVOICE_FIELDS: Final = _FIELDS
"""What `post` must see of an invoice."""
