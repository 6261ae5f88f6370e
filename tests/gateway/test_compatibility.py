"""Every rule of compatibility: a change that breaks it is named, one that does not is let be."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from crossdock.contracts.catalogue import ORDER_PLACED
from crossdock.gateway.breaking import SAYS, Break, Breaks, Rule, rules_page
from crossdock.gateway.compatibility import compatible
from crossdock.gateway.documents import breaking_changes, write_documents
from crossdock.gateway.schemas import data_schemas

BASE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^a$"},
        "count": {"type": "integer", "minimum": 1, "maximum": 10, "default": 1},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "plain": {"type": "string"},
        "much": {
            "anyOf": [{"type": "integer", "maximum": 9}, {"type": "string"}, {"type": "null"}],
        },
        "code": {"$ref": "#/$defs/Code"},
        "any": {},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}, "minItems": 1, "maxItems": 9},
    },
    "required": ["id", "lines"],
    "additionalProperties": False,
    "x-crossdock": {
        "entity": "order",
        "key": "id",
        "business_key": "a/{id}",
        "by_source": False,
        "taken": True,
        "told": True,
    },
    "$defs": {
        "Code": {"enum": ["a", "b"]},
        "Line": {
            "type": "object",
            "properties": {"line": {"type": "string"}},
            "required": ["line"],
            "additionalProperties": False,
        },
    },
}

MUCH: list[Any] = BASE["properties"]["much"]["anyOf"]
SENDERS, READERS = "breaks old senders", "breaks old readers"


def change(path: str, value: Any) -> dict[str, Any]:
    """The base schema with one thing changed; None takes it away."""
    schema = copy.deepcopy(BASE)
    at: Any = schema
    *steps, last = path.split("/")
    for step in steps:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return schema


CHANGES: list[tuple[str, Any, list[str], list[str]]] = [
    ("description", "other words", [], []),
    ("properties/extra", {"type": "string"}, [], []),
    ("properties/note", None, ["$.note: a field that is gone " + SENDERS], []),
    ("required", ["id", "lines", "kind"], ["$.kind: a required field " + SENDERS], []),
    ("required", ["id"], [], ["$.lines: a required field " + READERS]),
    ("properties/id/maxLength", 65, [], ["$.id: another maxLength " + READERS]),
    ("properties/id/maxLength", 63, ["$.id: another maxLength " + SENDERS], []),
    ("properties/id/maxLength", None, [], ["$.id: another maxLength " + READERS]),
    ("properties/count/minimum", 2, ["$.count: another minimum " + SENDERS], []),
    ("properties/count/minimum", 0, [], ["$.count: another minimum " + READERS]),
    ("properties/lines/minItems", 2, ["$.lines: another minItems " + SENDERS], []),
    (
        "properties/id/pattern",
        "^b$",
        ["$.id: another pattern " + SENDERS],
        ["$.id: another pattern " + READERS],
    ),
    ("properties/kind/enum", ["a"], ["$.kind: code 'b' " + SENDERS], []),
    ("properties/kind/enum", ["a", "b", "c"], [], ["$.kind: code 'c' " + READERS]),
    ("properties/note", {"type": "string"}, ["$.note: null " + SENDERS], []),
    (
        "properties/count/type",
        "string",
        ["$.count: another type " + SENDERS],
        ["$.count: another type " + READERS],
    ),
    (
        "$defs/Line/properties/line/type",
        "integer",
        ["$.lines[].line: another type " + SENDERS],
        ["$.lines[].line: another type " + READERS],
    ),
    ("$defs/Line/required", [], [], ["$.lines[].line: a required field " + READERS]),
    (
        "properties/count/default",
        2,
        ["$.count: another default changes what old messages mean"],
        ["$.count: another default changes what old messages mean"],
    ),
    (
        "properties/id/format",
        "date-time",
        ["$.id: another format " + SENDERS],
        ["$.id: another format " + READERS],
    ),
    ("properties/plain/enum", ["x"], ["$.plain: a list of codes " + SENDERS], []),
    ("properties/kind/enum", None, [], ["$.kind: a list of codes " + READERS]),
    (
        "properties/count/anyOf",
        [{"type": "integer", "minimum": 1, "maximum": 10}, {"type": "null"}],
        [],
        ["$.count: null " + READERS],
    ),
    ("properties/much/anyOf", MUCH[:2], ["$.much: null " + SENDERS], []),
    ("properties/much/anyOf", MUCH[1:], ["$.much: another type " + SENDERS], []),
    (
        "properties/much/anyOf",
        [*MUCH, {"type": "boolean"}],
        [],
        ["$.much: another type " + READERS],
    ),
    (
        "properties/much/anyOf",
        [{"type": "integer", "maximum": 8}, *MUCH[1:]],
        ["$.much: another maximum " + SENDERS],
        [],
    ),
    ("$defs/Code", {"type": "string"}, [], ["$.code: a list of codes " + READERS]),
    ("properties/plain", {"$ref": "#/$defs/Code"}, ["$.plain: a list of codes " + SENDERS], []),
    ("properties/any", {"type": "string"}, ["$.any: another type " + SENDERS], []),
    ("properties/plain", {}, [], ["$.plain: another type " + READERS]),
    ("x-crossdock/key", "line", ["key: was 'id', is 'line'"], ["key: was 'id', is 'line'"]),
    (
        "x-crossdock/business_key",
        "a/{line}",
        ["business_key: was 'a/{id}', is 'a/{line}'"],
        ["business_key: was 'a/{id}', is 'a/{line}'"],
    ),
    (
        "x-crossdock/entity",
        "item",
        ["entity: was 'order', is 'item'"],
        ["entity: was 'order', is 'item'"],
    ),
    (
        "x-crossdock/by_source",
        True,
        ["by_source: was False, is True"],
        ["by_source: was False, is True"],
    ),
    ("x-crossdock/taken", False, ["taken: not any more"], ["taken: not any more"]),
    ("x-crossdock/told", False, ["told: not any more"], ["told: not any more"]),
]


def said(found: list[Break]) -> list[str]:
    """The sentences."""
    return [str(one) for one in found]


@pytest.mark.parametrize(("path", "value", "taken", "sent"), CHANGES)
def test_changes_that_break_and_changes_that_do_not(
    path: str, value: Any, taken: list[str], sent: list[str]
) -> None:
    """Each kind of change breaks old senders, old readers, both or nobody, and is named."""
    changed = change(path, value)
    assert said(compatible(BASE, changed, taken=True, sent=False)) == taken
    assert said(compatible(BASE, changed, taken=False, sent=True)) == sent
    assert set(said(compatible(BASE, changed))) == {*taken, *sent}


def test_each_rule_is_broken_by_a_change_and_breaks_whom_it_says() -> None:
    """The table of changes covers the table of rules; each rule has its sentence and its page."""
    seen = {Rule.TYPE_GONE, Rule.SCHEMA_GONE}
    for path, value, _, _ in CHANGES:
        changed = change(path, value)
        for taken, sent, harmless in (
            (True, False, Breaks.READERS),
            (False, True, Breaks.SENDERS),
        ):
            found = {one.rule for one in compatible(BASE, changed, taken=taken, sent=sent)}
            assert [rule for rule in found if SAYS[rule][0] is harmless] == []
            seen |= found
    assert seen == set(Rule) == set(SAYS)
    assert all(f"`{rule}`" in rules_page() for rule in Rule)


@pytest.mark.parametrize("name", data_schemas())
def test_no_field_of_a_contract_goes_unseen(name: str) -> None:
    """Take any field away from what is published, or ask for it: somebody is broken, by name."""
    schema = data_schemas()[name]
    for field in schema["properties"]:
        less = copy.deepcopy(schema)
        del less["properties"][field]
        less["required"] = [one for one in less.get("required", ()) if one != field]
        gone = compatible(schema, less, taken=True, sent=False)
        assert (
            Break(Rule.FIELD_GONE, f"$.{field}", "a field that is gone breaks old senders") in gone
        )
        asked = {**schema, "required": [*schema.get("required", ()), field]}
        needed = Rule.FIELD_REQUIRED in {
            one.rule for one in compatible(schema, asked, taken=True, sent=False)
        }
        assert needed == (field not in schema.get("required", ()))


def test_what_was_published_says_which_way_a_type_went(tmp_path: Path) -> None:
    """A type that was told is compared as told, although the code tells it no more; keys too."""
    write_documents(tmp_path)
    path = tmp_path / "schemas" / f"{ORDER_PLACED}.json"
    published = json.loads(path.read_text())
    published["x-crossdock"].update(told=True, key="customer", business_key="order/{customer}")
    published["properties"]["order_id"]["maxLength"] = 1
    path.write_text(json.dumps(published))
    found = {one.rule: str(one) for one in breaking_changes(tmp_path)}
    assert set(found) == {
        Rule.WAY_GONE,
        Rule.KEY_CHANGED,
        Rule.BUSINESS_KEY_CHANGED,
        Rule.LIMIT_WIDER,
    }
    assert found[Rule.KEY_CHANGED] == f"{ORDER_PLACED} key: was 'customer', is 'order_id'"
