"""Who Vendure is."""

from __future__ import annotations

from crossdock.connectors.kit.card import Capability, Card, Limits
from crossdock.kernel.limits import MIB

CARD = Card(
    id="vendure",
    label="Vendure 3 (shop)",
    summary="Orders, fulfilments, stock and names of a Vendure shop, by its admin interface",
    documentation="https://docs.vendure.io/reference/graphql-api/admin/queries/",
    capabilities=frozenset({Capability.SEND, Capability.LOOK_UP, Capability.RECEIVE}),
    limits=Limits(documents_per_request_max=20, reply_bytes_max=8 * MIB),
)
