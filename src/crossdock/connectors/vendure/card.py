"""Who Vendure is."""

from __future__ import annotations

from crossdock.connectors.kit.card import Capability, Card, Limits
from crossdock.contracts import catalogue
from crossdock.contracts.connector import Ability
from crossdock.kernel.limits import MIB

CARD = Card(
    id="vendure",
    label="Vendure 3 (shop)",
    summary="Orders, fulfilments, stock and names of a Vendure shop, by its admin interface",
    documentation="https://docs.vendure.io/reference/graphql-api/admin/queries/",
    capabilities=frozenset({Capability.SEND, Capability.LOOK_UP, Capability.RECEIVE}),
    limits=Limits(documents_per_request_max=20, reply_bytes_max=8 * MIB),
    operations={
        catalogue.SHIPMENT_SHIPPED: Ability.LOOK_UP,
        catalogue.AVAILABILITY_PUBLISHED: Ability.KEYS,
        catalogue.ITEM_CHANGED: Ability.KEYS,
        catalogue.PRICE_CHANGED: Ability.KEYS,
        catalogue.ORDER_STATUS_CHANGED: Ability.KEYS,
        catalogue.RETURN_AUTHORISED: Ability.KEYS,
        catalogue.RETURN_STATUS_CHANGED: Ability.KEYS,
    },
)
