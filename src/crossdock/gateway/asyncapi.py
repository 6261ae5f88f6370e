"""The AsyncAPI 3.0 document of the event catalogue: what the hub takes and what it tells."""

from __future__ import annotations

from crossdock.contracts.catalogue import CATALOGUE, MessageType, is_told
from crossdock.contracts.envelope import Envelope
from crossdock.gateway.examples import example_message
from crossdock.gateway.openapi import CONTRACTS_VERSION
from crossdock.gateway.schemas import Schema, components_of

_REF = "#/components/schemas/{name}"


def asyncapi() -> Schema:
    """Make the document."""
    rows = [row for row in CATALOGUE.values() if row.inbound or is_told(row)]
    taken = [row for row in rows if row.inbound]
    told = [row for row in rows if is_told(row)]
    _, schemas = components_of([Envelope, *(row.noun for row in rows)], _REF)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Crossdock events",
            "version": CONTRACTS_VERSION,
            "description": "What the hub takes from far systems and what it tells them. Messages "
            "of one key are applied, and told, in order.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "door": _channel("/v1/messages", "The hub's door, by HTTP POST.", taken),
            "told": _channel(None, "A far system's own door, as configured.", told),
        },
        "operations": {
            "take": _operation("receive", "door", "The hub takes facts and wishes.", taken),
            "tell": _operation("send", "told", "The hub tells what follows from them.", told),
        },
        "components": {
            "messages": {row.name: _message(row) for row in rows},
            "schemas": schemas,
        },
    }


def _channel(address: str | None, description: str, rows: list[MessageType]) -> Schema:
    messages = {row.name: {"$ref": f"#/components/messages/{row.name}"} for row in rows}
    return {"address": address, "description": description, "messages": messages}


def _operation(action: str, channel: str, summary: str, rows: list[MessageType]) -> Schema:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{row.name}"} for row in rows],
    }


def _message(row: MessageType) -> Schema:
    data = {"$ref": _REF.format(name=row.noun.__name__)}
    return {
        "name": row.name,
        "title": row.noun.__name__,
        "summary": row.summary,
        "correlationId": {"location": "$message.payload#/correlationid"},
        "payload": {
            "allOf": [
                {"$ref": _REF.format(name="Envelope")},
                {
                    "type": "object",
                    "properties": {"type": {"const": row.name}, "data": data},
                },
            ]
        },
        "examples": [{"payload": example_message(row)}],
    }
