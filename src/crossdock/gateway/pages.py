"""Reference pages of the contracts in Markdown, made from the structs and the catalogue."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from crossdock.contracts.catalogue import CATALOGUE, MessageType, is_told
from crossdock.contracts.events import EVENTS, Carrier
from crossdock.contracts.keys_in_words import business_key_in_words
from crossdock.contracts.versions import newest, versions_of
from crossdock.gateway.examples import example_message
from crossdock.gateway.schemas import Schema, data_schema, schema_id
from crossdock.kernel.text import IDENTIFIER_PATTERN, TEXT_PATTERN, describe
from crossdock.ownership.matrix import DEFAULT_RULES, event_of, ranked_for
from crossdock.ownership.rule import Rule

_NOTE = "<!-- Made by `crossdock contracts --write`; do not edit. -->\n\n"

# What a reader should read instead of a pattern, by how schemas spell it.
_IN_WORDS = {"^" + IDENTIFIER_PATTERN[2:-2] + "$": describe(IDENTIFIER_PATTERN) or ""}


_INTRODUCTION = """# Contracts

Every message that crosses the hub is a CloudEvent in JSON whose `data` is one of these nouns.
Messages with the same key are applied in order. The owner is who may say it by the matrix that
ships with the hub; `crossdock.yaml` may say otherwise. Taken: far systems may send it. Told: the
hub sends it on.

| type | noun | key | owner | ways | summary |
|---|---|---|---|---|---|"""

_REST = """
Schemas of the data are in [schemas](../schemas), the HTTP surface is in
[openapi.json](../openapi.json), the events both ways are in [asyncapi.json](../asyncapi.json).
What may change under a name and what may not is in [compatibility](../compatibility.md); which
message says what people call an event is in [events](../events.md)."""


_EVENTS = """# Events

What people in the trade call an event, and which message says it here. Several words may be one
message: what happened is in a field of it, or in the status that follows from the quantities of an
order's lines (`crossdock.order.status_changed.v1` is told when it moves). Who sends and who is told
each type stands on its page in [contracts](contracts/index.md)."""


def events_page() -> str:
    """Every word of the catalogue of events, by subject, with what carries it."""
    lines = [_NOTE + _EVENTS]
    subjects = dict.fromkeys(event.subject for event in EVENTS)
    for subject in subjects:
        lines += [f"\n## {subject.capitalize()}\n", "| event | said by | means |", "|---|---|---|"]
        lines += [
            f"| {event.word} | {'; '.join(map(_carrier, event.carriers)) or '-'} | {event.means} |"
            for event in EVENTS
            if event.subject == subject
        ]
    return "\n".join(lines) + "\n"


def _carrier(carrier: Carrier) -> str:
    page = page_name(CATALOGUE[carrier.type])
    where = f", `{carrier.field}`" if carrier.field else ""
    value = f" = `{carrier.value}`" if carrier.value else ""
    return f"[`{carrier.type}`](contracts/{page}){where}{value}"


def page_name(row: MessageType) -> str:
    """The file of a message type's page."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", row.noun.__name__).lower() + ".md"


def index_page() -> str:
    """The table of all message types."""
    lines = [_NOTE + _INTRODUCTION]
    lines += [
        f"| `{row.name}` | [{row.noun.__name__}]({page_name(row)}) | `{row.key}` "
        f"| {row.entity}: {_owners(row)} | {_ways(row)} | {row.summary} |"
        for row in CATALOGUE.values()
    ]
    return "\n".join([*lines, _REST]) + "\n"


def contract_page(row: MessageType) -> str:
    """One message type: what it says, who may say it, its fields, an example."""
    schema = data_schema(row)
    told = _consumers(row) if is_told(row) else ""
    parts = [
        f"{_NOTE}# {row.noun.__name__}\n\n{schema['description']}\n",
        f"- type: `{row.name}`",
        f"- versions: {_versions(row)}",
        f"- key: `{row.key}`; messages of one key are applied in order",
        f"- business key: {_business_key(row)}",
        f"- owner: {_owners(row)} (row `{row.entity}` of the [matrix](../ownership.md) that ships)",
        f"- told to: {told or 'nobody'}",
        f"- ways: {_ways(row)}",
        f"- steward: {row.steward}",
        f"- schema: [`{schema_id(row.name)}`](../schemas/{row.name}.json)\n",
        "\n".join(_table(schema)),
    ]
    for name, part in schema.get("$defs", {}).items():
        parts.append(f"\n## {name}\n\n{part.get('description', '')}\n")
        parts.append("\n".join(_codes(part) if "enum" in part else _table(part)))
    example = json.dumps(example_message(row), indent=2, ensure_ascii=False)
    parts.append(f"\n## Example\n\nWith only what must be there:\n\n```json\n{example}\n```")
    return "\n".join(parts) + "\n"


def _versions(row: MessageType) -> str:
    """Every version that is taken, and what becomes of an older one."""
    others = [name for name in versions_of(row.name) if name != row.name]
    if not others:
        return "this is the only one"
    pages = ", ".join(f"[`{name}`]({page_name(CATALOGUE[name])})" for name in others)
    target = newest(row.name)
    if target == row.name:
        return f"this is the newest; {pages} is taken too and becomes this one when it is read"
    return f"an older one, taken and kept as it came; decided and shown as {pages}"


def _business_key(row: MessageType) -> str:
    """Under which two messages are the same fact."""
    key = business_key_in_words(row)
    whose = " from one source" if row.by_source else ""
    return f"`{key}`; two messages of one business key{whose} are the same fact" if key else "none"


def _owners(row: MessageType) -> str:
    if not row.inbound:
        return "hub"
    return next((", ".join(rule.owners) for rule in _ruling(row) if rule.owners), "nobody")


def _consumers(row: MessageType) -> str:
    found = (rule.consumers for rule in _ruling(row) if rule.consumers is not None)
    return ", ".join(next(found, ()))


def _ruling(row: MessageType) -> list[Rule]:
    """What the shipped matrix says of a type, the narrowest first."""
    return ranked_for(DEFAULT_RULES, (row.entity, None, None, event_of(row.name), None, None))


def _ways(row: MessageType) -> str:
    ways = (["taken"] if row.inbound else []) + (["told"] if is_told(row) else [])
    return ", ".join(ways) or "inside the hub"


def _codes(part: Schema) -> list[str]:
    return [f"- `{code}`" for code in part["enum"]]


def _table(schema: Schema) -> list[str]:
    required = set(schema.get("required", ()))
    lines = ["| field | type | needed | rule |", "|---|---|---|---|"]
    either = [set(way["required"]) for way in schema.get("oneOf", ())]
    for name, field in schema.get("properties", {}).items():
        needed = "yes" if name in required else _default(field)
        if others := [sorted(way) for way in either if name not in way]:
            mine = any(name in way for way in either)
            needed = f"or else `{'` and `'.join(others[0])}`" if mine else needed
        lines.append(f"| `{name}` | {_kind(field)} | {needed} | {'; '.join(_rules(field))} |")
    return lines


def _default(field: Schema) -> str:
    default = field.get("default")
    return "no" if default in (None, "", [], {}) else f"no: `{json.dumps(default)}`"


def _kind(field: Schema) -> str:
    ways = [way for way in field.get("anyOf", ()) if way.get("type") != "null"]
    if len(ways) > 1:
        return " or ".join(_kind(way) for way in ways)
    plain = _not_null(field)
    if "$ref" in plain:
        name = plain["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if plain.get("type") == "array":
        return f"list of {_kind(plain['items'])}"
    if plain.get("format") == "date-time":
        return "time with offset"
    if plain.get("pattern") in _IN_WORDS:
        return "identifier"
    return {"integer": "whole number", "string": "text", "boolean": "yes or no"}.get(
        plain.get("type", ""), "any"
    )


def _not_null(field: Schema) -> Schema:
    for kind in field.get("anyOf", ()):
        if kind.get("type") != "null":
            found: Schema = kind
            return found
    return field


def _rules(field: Schema) -> Iterator[str]:
    plain = _not_null(field)
    yield from _range(plain, "minimum", "maximum", "")
    yield from _range(plain, "minLength", "maxLength", " characters")
    yield from _range(plain, "minItems", "maxItems", " elements")
    pattern = plain.get("pattern")
    if pattern is not None and pattern not in _IN_WORDS and not _is_text(pattern):
        yield f"`{pattern}`".replace("|", "\\|")


def _is_text(pattern: str) -> bool:
    return pattern.startswith("^[^") and TEXT_PATTERN[2:8] in pattern


def _range(plain: Schema, low: str, high: str, unit: str) -> Iterator[str]:
    least: Any = plain.get(low)
    most: Any = plain.get(high)
    if least is not None and least == most:
        yield f"{most}{unit}"
    elif least is not None and most is not None:
        yield f"{least} to {most}{unit}"
    elif most is not None:
        yield f"at most {most}{unit}"
    elif least is not None:
        yield f"at least {least}{unit}"
