"""Who the generic REST system is."""

from __future__ import annotations

from crossdock.connectors.kit.card import Capability, Card, Limits
from crossdock.kernel.limits import MIB

CARD = Card(
    id="rest",
    label="REST",
    summary="Any system that takes CloudEvents by POST; its lists and webhooks by declaration",
    documentation="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md",
    capabilities=frozenset(
        {Capability.SEND, Capability.SEND_BATCH, Capability.LOOK_UP, Capability.RECEIVE}
    ),
    limits=Limits(documents_per_request_max=500, reply_bytes_max=8 * MIB),
)
