"""Who Tryton is."""

from __future__ import annotations

from crossdock.connectors.kit.card import Capability, Card, Limits
from crossdock.kernel.limits import MIB

CARD = Card(
    id="tryton",
    label="Tryton 8 (ERP)",
    summary="Sales, shipments, invoices and purchases of a Tryton ERP, by its REST interface",
    documentation="https://docs.tryton.org/latest/server/topics/user_application.html",
    capabilities=frozenset({Capability.SEND, Capability.LOOK_UP, Capability.RECEIVE}),
    limits=Limits(documents_per_request_max=20, reply_bytes_max=8 * MIB),
)
