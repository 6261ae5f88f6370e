"""The documents of the contracts: true to the code, complete, and never silently broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Never

import jsonschema_rs
import pytest

from crossdock.contracts.catalogue import CATALOGUE, ORDER_PLACED, TOLD
from crossdock.gateway.admission import admit
from crossdock.gateway.asyncapi import asyncapi
from crossdock.gateway.availability import availability_routes
from crossdock.gateway.breaking import Rule
from crossdock.gateway.calls import GroupCalls
from crossdock.gateway.compatibility import compatible
from crossdock.gateway.documents import (
    BreakingChange,
    breaking_changes,
    documents,
    stale_documents,
    write_documents,
)
from crossdock.gateway.examples import example_data, example_message
from crossdock.gateway.keys import Caller, Scope
from crossdock.gateway.openapi import openapi
from crossdock.gateway.orders import order_routes
from crossdock.gateway.receiving import Room
from crossdock.gateway.reservations import reservation_routes
from crossdock.gateway.returns import return_routes
from crossdock.gateway.schemas import DIALECT, data_schemas, envelope_schema, message_schema
from crossdock.gateway.views import view_routes
from crossdock.kernel.decode import typed
from crossdock.log.records import NewMessage
from crossdock.storage.memory.store import MemoryStore
from tests.gateway.house import NOW, POLICY, TestClock, TestIds, a_house, message, raw
from tests.gateway.samples import SAMPLES, leaves, put
from tests.helpers.aio import run
from tests.unit.kernel import hostile

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"
SCHEMAS = data_schemas()
INBOUND = [row for row in CATALOGUE.values() if row.inbound]


def validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


VALIDATORS = {name: validator(schema) for name, schema in SCHEMAS.items()}


def test_committed_documents_are_those_of_the_code() -> None:
    """`docs/reference` holds what the code makes now; `crossdock contracts --write` renews it."""
    differing = [
        path
        for path, text in documents().items()
        if not (FOLDER / path).is_file() or (FOLDER / path).read_text(encoding="utf-8") != text
    ]
    assert differing == []
    assert stale_documents(FOLDER) == []


def test_documents_are_the_same_every_time() -> None:
    """Making the documents twice gives the same bytes."""
    assert documents() == documents()


def test_writing_is_complete_and_changes_nothing_twice(tmp_path: Path) -> None:
    """The first writing makes every document, the second none; a stale one goes, others stay."""
    assert write_documents(tmp_path) == sorted(documents())
    assert write_documents(tmp_path) == []
    (tmp_path / "schemas" / "old.json").write_text("{}")
    (tmp_path / "errors.md").write_text("somebody else's")
    assert write_documents(tmp_path) == ["schemas/old.json"]
    assert (tmp_path / "errors.md").is_file()


def test_a_breaking_change_is_not_written(tmp_path: Path) -> None:
    """Where a published schema would break somebody, nothing is written unless it is allowed."""
    write_documents(tmp_path)
    path = tmp_path / "schemas" / f"{ORDER_PLACED}.json"
    published = json.loads(path.read_text())
    published["properties"]["discount"] = {"type": "integer"}
    path.write_text(json.dumps(published))
    (tmp_path / "schemas" / "crossdock.gone.happened.v1.json").write_text("{}")
    with pytest.raises(BreakingChange) as caught:
        write_documents(tmp_path)
    assert f"{ORDER_PLACED} $.discount: a field that is gone breaks old senders" in (
        caught.value.found
    )
    assert "crossdock.gone.happened.v1: the type is gone" in caught.value.found
    assert json.loads(path.read_text()) == published
    assert write_documents(tmp_path, allow_breaking=True)
    assert breaking_changes(tmp_path) == []


def test_a_schema_that_was_deleted_is_seen_as_broken(tmp_path: Path) -> None:
    """Without it any change would pass, so nothing is written anew over the gap."""
    write_documents(tmp_path)
    path = tmp_path / "schemas" / f"{ORDER_PLACED}.json"
    path.unlink()
    assert [(one.rule, one.where) for one in breaking_changes(tmp_path)] == [
        (Rule.SCHEMA_GONE, ORDER_PLACED)
    ]
    with pytest.raises(BreakingChange):
        write_documents(tmp_path)
    assert not path.exists()


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_schemas(name: str) -> None:
    """Each schema names its dialect and itself, is valid, and refers to nothing outside."""
    schema = SCHEMAS[name]
    assert (schema["$schema"], schema["$id"]) == (DIALECT, f"urn:crossdock:contract:{name}")
    assert jsonschema_rs.meta.is_valid(schema)
    assert all(reference.startswith("#/$defs/") for reference in references(schema))


@pytest.mark.parametrize("row", CATALOGUE.values(), ids=lambda row: row.name)
def test_examples_are_valid(row: Any) -> None:
    """Each example decodes as its noun, fits its schema, and is admitted from its owner."""
    example = example_message(row)
    VALIDATORS[row.name].validate(example["data"])
    assert typed(raw(example_data(row)), row.noun)
    if row.inbound:
        admitted = admit(raw(example), Caller(example["source"]), POLICY, NOW)
        assert admitted.type == row.name


@pytest.mark.parametrize("kind", SAMPLES)
def test_schemas_take_what_the_door_takes(kind: str) -> None:
    """A full sample fits its schema, and so does its whole message."""
    source, data = SAMPLES[kind]
    VALIDATORS[kind].validate(data)
    whole = message_schema(CATALOGUE[kind], envelope_schema(), SCHEMAS[kind])
    for part in (whole, *whole["allOf"], *[whole["allOf"][1]["properties"]["data"]]):
        part.pop("$id", None)
    _, *others = SCHEMAS[kind].get("oneOf", [{}])
    fields = set(SCHEMAS[kind]["properties"]).difference(*(way["required"] for way in others))
    assert set(data) == fields, "the sample has every field, of two ways to measure the first"
    envelope = validator(envelope_schema())
    envelope.validate(message("m-1", kind, data, source))
    assert not envelope.is_valid(message("m 1", kind, data, source))


@pytest.mark.parametrize("kind", SAMPLES)
def test_schemas_refuse_what_the_door_refuses(kind: str) -> None:
    """Hostile values are refused by schema and door alike, in each field of each sample."""
    source, data = SAMPLES[kind]
    others: list[Any] = [True, 10**16, -(10**16), 2.5, "", "a\u0000b", "\u202ex", [], {}, {"a": 1}]
    others += [text for text in hostile.IDENTIFIERS_REFUSED if "\ud800" not in text]
    for path, _ in leaves(data):
        for other in others:
            changed = put(data, path, other)
            taken = is_taken(message("m-1", kind, changed, source))
            assert VALIDATORS[kind].is_valid(changed) == taken, (path, other)
    for extra in ("is_admin", "tenant_id"):
        assert not VALIDATORS[kind].is_valid({**data, extra: 1})
    for name in SCHEMAS[kind]["required"]:
        assert not VALIDATORS[kind].is_valid({k: v for k, v in data.items() if k != name})


def is_taken(whole: dict[str, Any]) -> bool:
    """Whether the door would take a message, whatever its owner."""
    from crossdock.kernel.errors import BadInput

    try:
        admit(raw(whole), Caller(whole["source"]), POLICY, datetime(2026, 3, 2, 9, tzinfo=UTC))
    except BadInput as error:
        return error.code == "not-yours"
    return True


def references(node: Any) -> Iterator[str]:
    """Every reference in a document."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


@pytest.mark.parametrize("document", [openapi(), asyncapi()], ids=["openapi", "asyncapi"])
def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    """Every reference within a document finds its target."""
    found = set(references(document))
    assert found
    for reference in found:
        at: Any = document
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]
        assert at


async def _nobody(_: NewMessage) -> Never:
    raise AssertionError("No route is called here")


def test_openapi_describes_the_routes() -> None:
    """The paths, methods and scopes of the document are those that the door answers."""

    async def scenario() -> None:
        store = MemoryStore()
        calls = GroupCalls([])
        views = (
            *reservation_routes(calls, store, POLICY, TestClock(), TestIds(), Room()),
            *order_routes(calls, _nobody, POLICY, TestClock(), TestIds(), Room()),
            *return_routes(calls, store, POLICY, TestClock(), TestIds(), Room()),
            *availability_routes(store, {}, POLICY, TestClock(), Room()),
            *view_routes(store),
        )
        async with a_house(views=views) as house:
            routes = {(r.path, r.method.lower()): r.scope for r in house.door.routes.all}
            described = {
                (path, method): Scope(operation["x-scope"])
                for path, methods in openapi()["paths"].items()
                for method, operation in methods.items()
            }
            assert described == routes

    run(scenario())


def test_openapi_describes_the_answers() -> None:
    """Receipts and problems that the door answers fit their schemas in the document."""
    components = openapi()["components"]["schemas"]
    schema = {"$defs": components, "$ref": "#/$defs/Receipts"}
    fitting = validator(json.loads(json.dumps(schema).replace("#/components/schemas/", "#/$defs/")))
    problem = validator(components["ProblemDetails"])

    async def scenario() -> None:
        async with a_house() as house:
            fitting.validate((await house.batch([message(), {"id": "x"}]))[1])
            problem.validate((await house.post(b"{"))[1])
            problem.validate((await house.post(message(data={"a": 1})))[1])

    run(scenario())


def test_asyncapi_describes_what_goes_which_way() -> None:
    """What the hub takes are the inbound types, what it tells are the told ones."""
    document = asyncapi()
    taken, told = document["channels"]["door"], document["channels"]["told"]
    assert set(taken["messages"]) == {row.name for row in INBOUND}
    assert set(told["messages"]) == TOLD
    assert set(document["components"]["messages"]) == {row.name for row in INBOUND} | TOLD


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_compatible_with_itself(name: str) -> None:
    """Nothing that stays as it is breaks anybody, also after a round trip through a file."""
    assert compatible(json.loads(json.dumps(SCHEMAS[name])), SCHEMAS[name]) == []
