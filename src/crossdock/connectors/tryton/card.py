"""Who Tryton is."""

from __future__ import annotations

from crossdock.connectors.kit.card import Capability, Card, Limits
from crossdock.contracts import catalogue
from crossdock.contracts.connector import Ability
from crossdock.kernel.limits import MIB

CARD = Card(
    id="tryton",
    label="Tryton (ERP)",
    summary="Sales, shipments, invoices and purchases of a Tryton ERP, by REST or JSON-RPC",
    documentation="https://docs.tryton.org/latest/server/topics/user_application.html",
    capabilities=frozenset({Capability.SEND, Capability.LOOK_UP, Capability.RECEIVE}),
    limits=Limits(documents_per_request_max=20, reply_bytes_max=8 * MIB),
    operations={
        catalogue.ORDER_ACKNOWLEDGED: Ability.LOOK_UP,
        catalogue.SHIPMENT_SHIPPED: Ability.LOOK_UP,
        catalogue.INVOICE_REQUESTED: Ability.LOOK_UP,
        catalogue.CREDIT_REQUESTED: Ability.LOOK_UP,
        catalogue.RECEIPT_POSTED: Ability.LOOK_UP,
        catalogue.STOCK_POSTING_REQUESTED: Ability.LOOK_UP,
    },
)
