"""Smallest examples of the contracts, made from their schemas, so that they are never stale."""

from __future__ import annotations

from typing import Any

from crossdock.contracts.catalogue import MessageType
from crossdock.gateway.schemas import Schema, data_schema
from crossdock.ownership.matrix import DEFAULT_RULES
from crossdock.ownership.phrases import ANYBODY, HUB, SYSTEM_OF_CHANNEL, WMS_OF_SITE

_TIME = "2026-03-02T08:59:00Z"
_OWNERS = {rule.entity: rule.owners or () for rule in DEFAULT_RULES}
_SYSTEMS = {SYSTEM_OF_CHANNEL: "shop", WMS_OF_SITE: "wms_east", HUB: "crossdock", ANYBODY: "erp"}

# Words that a reader expects where the shape alone would give a made-up one.
_WORDS: dict[str, str | int] = {
    "currency": "GBP",
    "channel": "web",
    "site": "EAST",
    "system": "wms_east",
    "sells_from": "EAST",
    "item": "85123A",
    "customer": "C-17",
    "line": "1",
    "period": "2026-03-02",
    "day": "2026-03-02",
    "price": "RETAIL/85123A",
    "price_list": "RETAIL",
    "state": "available",
    "target.state": "quarantine",
    "status": "shipped",
    "quantity": 6,
    "unit_price_e4": 25500,
    "amount_minor": 1530,
    "total_minor": 1530,
    "message": "3:17",
}

# Nouns that ask for one of several fields, which their schemas cannot say: the first of them.
_ONE_OF_THEM = {"OrderChange": ("lines",)}


def example_message(row: MessageType) -> Schema:
    """A whole message with only what must be there."""
    owner = _OWNERS[row.entity][0] if row.inbound else HUB
    return {
        "specversion": "1.0",
        "id": "evt-000001",
        "source": _SYSTEMS.get(owner, owner),
        "type": row.name,
        "time": _TIME,
        "data": example_data(row),
    }


def example_data(row: MessageType) -> Any:
    """The data of a message with only what must be there."""
    schema = data_schema(row)
    return _example(schema, schema, "", "")


def _example(schema: Schema, root: Schema, name: str, inside: str) -> Any:
    if "$ref" in schema:
        referred = root["$defs"][schema["$ref"].rpartition("/")[2]]
        return _example(referred, root, name, inside)
    kind = schema.get("type")
    if kind == "object":
        fields = schema.get("properties", {})
        needed = [*schema.get("required", ()), *schema.get("oneOf", [{}])[0].get("required", ())]
        needed += _ONE_OF_THEM.get(schema.get("title", ""), ())
        return {key: _example(fields[key], root, key, name) for key in fields if key in needed}
    if kind == "boolean":
        return True
    if kind == "array":
        return [_example(schema["items"], root, name, inside)]
    word = _WORDS.get(f"{inside}.{name}", _WORDS.get(name))
    if "enum" in schema:
        return word if word in schema["enum"] else schema["enum"][0]
    if schema.get("format") == "date-time":
        return _TIME
    if word is None:
        made_up = f"{name.removesuffix('_id').replace('_', '-').upper()}-1"
        return max(schema.get("minimum", 1), 1) if kind == "integer" else made_up
    return word
