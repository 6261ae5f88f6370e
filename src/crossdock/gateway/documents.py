"""The contracts as documents: schemas, OpenAPI, AsyncAPI and reference pages, all from the code.

What is written is also what was published. So writing compares each schema with the one that is
there, and refuses a change under the same name that would break somebody (R20).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from crossdock.contracts.catalogue import CATALOGUE, check_names, is_told
from crossdock.contracts.events import standing
from crossdock.contracts.versions import check_versions
from crossdock.gateway.asyncapi import asyncapi
from crossdock.gateway.breaking import Break, Rule, rules_page
from crossdock.gateway.compatibility import compatible
from crossdock.gateway.openapi import openapi
from crossdock.gateway.pages import contract_page, events_page, index_page, page_name
from crossdock.gateway.schemas import FACTS, data_schemas, envelope_schema
from crossdock.kernel.errors import CrossdockError

_SCHEMAS = "schemas"
_PAGES = "contracts"
_ASYNCAPI = "asyncapi.json"


class BadContract(CrossdockError):
    """A message type breaks a rule of the catalogue: its name, key, steward or versions."""

    code = "bad-contract"
    advice = "name it crossdock.<noun>.<past participle>.v<n>; see docs/reference/compatibility.md"


class BreakingChange(CrossdockError):
    """A contract changed so that programs which use it would break."""

    code = "breaking-change"
    advice = "give the message type a new major version and keep the old one beside it"


def documents() -> dict[str, str]:
    """Every document's text, by its path below the folder of reference documents."""
    found = {
        "openapi.json": _written(openapi()),
        _ASYNCAPI: _written(asyncapi()),
        f"{_SCHEMAS}/envelope.json": _written(envelope_schema()),
        f"{_PAGES}/index.md": index_page(),
        "compatibility.md": rules_page(),
        "events.md": events_page(),
    }
    for name, schema in data_schemas().items():
        found[f"{_SCHEMAS}/{name}.json"] = _written(schema)
    for row in CATALOGUE.values():
        found[f"{_PAGES}/{page_name(row)}"] = contract_page(row)
    return found


def write_documents(folder: Path, *, allow_breaking: bool = False) -> list[str]:
    """Write all documents below `folder`; give the paths that changed, were added or went.

    Only the hub's own documents in there are touched. Raises `BadContract`, and `BreakingChange`
    unless it is allowed, before anything is written.
    """
    rules = contract_problems()
    if rules:
        raise BadContract(found="; ".join(rules))
    broken = [] if allow_breaking else breaking_changes(folder)
    if broken:
        raise BreakingChange(found="; ".join(map(str, broken)))
    texts = documents()
    changed = unwritten_documents(folder)
    for path in changed:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(texts[path], encoding="utf-8")
    gone = stale_documents(folder)
    for path in gone:
        (folder / path).unlink()
    return sorted([*changed, *gone])


def contract_problems() -> list[str]:
    """What breaks the rules of the catalogue: names, keys, stewards, versions, words of events."""
    return [*check_names(), *check_versions(), *standing()]


def breaking_changes(folder: Path) -> list[Break]:
    """What the code would break of the schemas that stand in `folder`; none when there are none."""
    new = data_schemas()
    found = []
    for path in sorted((folder / _SCHEMAS).glob("crossdock.*.json")):
        name = path.name.removesuffix(".json")
        row = CATALOGUE.get(name)
        if row is None:
            found.append(Break(Rule.TYPE_GONE, name, "the type is gone"))
            continue
        old: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        facts = old.get(FACTS, {"taken": row.inbound, "told": is_told(row)})
        changes = compatible(old, new[name], taken=facts["taken"], sent=facts["told"])
        found += [Break(one.rule, f"{name} {one.where}", one.text) for one in changes]
    return [*found, *_without_schema(folder)]


def _without_schema(folder: Path) -> list[Break]:
    """Types that another published document names and of which nobody can tell what changed."""
    text = _read(folder / _ASYNCAPI)
    named = [] if text is None else json.loads(text).get("components", {}).get("messages", {})
    return [
        Break(Rule.SCHEMA_GONE, name, f"its published schema is missing, {_ASYNCAPI} names it")
        for name in sorted(named)
        if name.startswith("crossdock.") and not (folder / _SCHEMAS / f"{name}.json").is_file()
    ]


def unwritten_documents(folder: Path) -> list[str]:
    """Documents that are not in `folder` as the code makes them now."""
    return [path for path, text in documents().items() if _read(folder / path) != text]


def stale_documents(folder: Path) -> list[str]:
    """Documents in the hub's own folders that the code no longer makes."""
    kept = set(documents())
    there = [*(folder / _SCHEMAS).glob("*.json"), *(folder / _PAGES).glob("*.md")]
    return sorted(
        name for path in there if (name := path.relative_to(folder).as_posix()) not in kept
    )


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
