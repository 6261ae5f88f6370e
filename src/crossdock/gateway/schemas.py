"""JSON Schemas (draft 2020-12) of the contracts, made from the structs that decode them.

Two things a schema cannot say, and the door still asks for: an integer is written without a point
(`6`, never `6.0`), and no object names a key twice.
"""

from __future__ import annotations

from inspect import cleandoc
from typing import Any, Final

import msgspec

from crossdock.contracts.catalogue import CATALOGUE, MessageType, is_told
from crossdock.contracts.envelope import Envelope
from crossdock.contracts.keys_in_words import business_key_in_words

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
FACTS: Final = "x-crossdock"
"""Where a schema keeps what JSON Schema has no word for: keys, entity, ways of the type."""

ENVELOPE_ID: Final = "urn:crossdock:contract:envelope"

# Python's anchors and its spelling of lone surrogates are not those of ECMA 262, which JSON Schema
# asks for; a lone surrogate is no JSON text in the first place.
_PATTERN_WORDS: Final = (("\\A", "^"), ("\\Z", "$"), ("\\ud800-\\udfff", ""))


def schema_id(type_name: str) -> str:
    """The `$id` of a message type's data; also what a message's `dataschema` may name."""
    return f"urn:crossdock:contract:{type_name}"


def data_schema(row: MessageType) -> Schema:
    """The schema of the `data` of one message type, complete in itself."""
    [root], components = components_of([row.noun], "#/$defs/{name}")
    name = root["$ref"].rpartition("/")[2]
    noun = components.pop(name)
    return {
        "$schema": DIALECT,
        "$id": schema_id(row.name),
        **noun,
        "description": _described(row.summary, noun["description"]),
        FACTS: facts_of(row),
        **({"$defs": components} if components else {}),
    }


def facts_of(row: MessageType) -> Schema:
    """What is published of a type beside the shape of its data; compared when it changes."""
    return {
        "entity": row.entity,
        "key": row.key,
        "business_key": business_key_in_words(row),
        "by_source": row.by_source,
        "taken": row.inbound,
        "told": is_told(row),
    }


def _described(summary: str, noun: str) -> str:
    """Say both what the message means and what its noun is, unless they are the same."""
    return noun if noun.startswith(summary.rstrip(".")) else f"{summary} {noun}"


def data_schemas() -> dict[str, Schema]:
    """The schema of every message type's data, by type, in the order of the catalogue."""
    return {row.name: data_schema(row) for row in CATALOGUE.values()}


def envelope_schema() -> Schema:
    """The schema of the envelope around every message."""
    _, components = components_of([Envelope], "#/$defs/{name}")
    return {"$schema": DIALECT, "$id": ENVELOPE_ID, **components["Envelope"]}


def message_schema(row: MessageType, envelope: Schema, data: Schema) -> Schema:
    """The schema of a whole message: its envelope, with its type and its data in it."""
    return {"allOf": [envelope, {"properties": {"type": {"const": row.name}, "data": data}}]}


def components_of(types: list[Any], ref_template: str) -> tuple[list[Schema], dict[str, Schema]]:
    """What msgspec says of these types, with patterns that every validator reads alike."""
    roots, components = msgspec.json.schema_components(types, ref_template=ref_template)
    return [_portable(root) for root in roots], {
        name: _measured_once(_portable(component)) for name, component in components.items()
    }


def _measured_once(component: Schema) -> Schema:
    """Say what `contracts.words.Measured` insists on: one measure, whole."""
    if "unit_quantity" in component.get("properties", {}):
        component["oneOf"] = [{"required": ["quantity"]}, {"required": ["unit", "unit_quantity"]}]
    return component


def _portable(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _portable_member(key, value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_portable(item) for item in node]
    return node


def _portable_member(key: str, value: Any) -> Any:
    if not isinstance(value, str):
        return _portable(value)
    if key == "description":
        return cleandoc(value)
    if key == "pattern":
        for python, ecma in _PATTERN_WORDS:
            value = value.replace(python, ecma)
    return value
