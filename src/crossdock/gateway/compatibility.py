"""May one version of a schema take the place of another under the same name (R20)?

Old and new programs live side by side. So whatever an old sender may write, the new hub must take;
and whatever the new hub may write, an old reader must understand, where readers ignore fields that
they do not know. Anything else needs a new major version of the message type.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from crossdock.gateway.breaking import Break, Rule
from crossdock.gateway.schemas import FACTS, Schema

# Keyword -> whether a greater value lets more through.
_BOUNDS = {
    "minimum": False,
    "maximum": True,
    "minLength": False,
    "maxLength": True,
    "minItems": False,
    "maxItems": True,
}


def compatible(old: Schema, new: Schema, *, taken: bool = True, sent: bool = True) -> list[Break]:
    """Name every change from `old` to `new` that breaks somebody; none for a safe change.

    `taken` says that far systems send messages of this type to the hub, `sent` that the hub sends
    them. A default that changes breaks both: old messages that leave it out would mean something
    else. The rules are those of `breaking.SAYS`.
    """
    found = list(_changed_facts(old.get(FACTS, {}), new.get(FACTS, {})))
    found += _changed_defaults(_Node(old, old), _Node(new, new))
    if taken:
        found += _Check(strict=True).misfits(_Node(old, old), _Node(new, new))
    if sent:
        found += _Check(strict=False).misfits(_Node(new, new), _Node(old, old))
    return list({str(one): one for one in found}.values())


_FACT_RULES = {
    "entity": Rule.ENTITY_CHANGED,
    "key": Rule.KEY_CHANGED,
    "business_key": Rule.BUSINESS_KEY_CHANGED,
    "by_source": Rule.BUSINESS_KEY_CHANGED,
}
_WAYS = ("taken", "told")


def _changed_facts(old: Schema, new: Schema) -> Iterator[Break]:
    """What the schema itself does not say: the keys, who rules the type, which way it goes."""
    for name, rule in _FACT_RULES.items():
        if name in old and old[name] != new.get(name):
            yield Break(rule, name, f"was {old[name]!r}, is {new.get(name)!r}")
    for way in _WAYS:
        if old.get(way) and not new.get(way):
            yield Break(Rule.WAY_GONE, way, "not any more")


class _Node:
    """A place in a schema, with references followed, `null` told apart, and each kind by itself."""

    def __init__(self, schema: Schema, root: Schema, path: str = "$") -> None:
        self.default = schema.get("default", ...)
        schemas = [_resolved(kind, root) for kind in _alternatives(schema, root)]
        self.path = path
        self.may_be_null = any(kind.get("type") == "null" for kind in schemas)
        self.kinds = [
            _Kind(kind, root, path) for kind in schemas if kind and kind.get("type") != "null"
        ]


class _Kind:
    """One of the types that a place may hold."""

    def __init__(self, schema: Schema, root: Schema, path: str) -> None:
        self.schema = schema
        self.root = root
        self.path = path
        self.type = schema.get("type") or ("string" if "enum" in schema else None)
        self.format = schema.get("format")

    @property
    def properties(self) -> dict[str, _Node]:
        """The fields of an object."""
        found: dict[str, Schema] = self.schema.get("properties", {})
        return {
            name: _Node(child, self.root, f"{self.path}.{name}") for name, child in found.items()
        }

    @property
    def items(self) -> _Node | None:
        """The elements of an array."""
        found = self.schema.get("items")
        return None if found is None else _Node(found, self.root, f"{self.path}[]")

    @property
    def required(self) -> set[str]:
        """The fields that must be there."""
        return set(self.schema.get("required", ()))

    @property
    def codes(self) -> set[Any] | None:
        """The values of a coded field."""
        found = self.schema.get("enum")
        return None if found is None else set(found)


def _alternatives(schema: Schema, root: Schema) -> list[Schema]:
    found: list[Schema] = _resolved(schema, root).get("anyOf", [schema])
    return found


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


class _Check:
    """Is all that a writer may write understood by a reader?

    Strict: old senders write and the hub reads, which refuses fields that it does not know. Else
    the hub writes and old readers read.
    """

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._who = "breaks old senders" if strict else "breaks old readers"

    def misfits(self, writer: _Node, reader: _Node) -> Iterator[Break]:
        """Say what the writer may write and the reader would refuse."""
        if not reader.kinds and not reader.may_be_null:
            return  # takes anything
        if writer.may_be_null and not reader.may_be_null:
            yield self._one(Rule.NULL_REFUSED, Rule.NULL_SENT, writer.path, "null")
        if not writer.kinds and not writer.may_be_null:
            yield self._otherwise(writer.path, "type")
        for kind in writer.kinds:
            yield from self._kind(kind, reader)

    def _kind(self, kind: _Kind, reader: _Node) -> Iterator[Break]:
        """One type that may be written, against what the reader knows of that type."""
        known = [one for one in reader.kinds if one.type == kind.type]
        fitting = [one for one in known if one.format == kind.format]
        if not fitting:
            yield self._otherwise(kind.path, "format" if known else "type")
            return
        [found, *_] = fitting
        yield from self._codes(kind, found)
        yield from self._limits(kind, found)
        yield from self._fields(kind, found)
        if kind.items is not None and found.items is not None:
            yield from self.misfits(kind.items, found.items)

    def _otherwise(self, at: str, word: str) -> Break:
        return self._one(Rule.TYPE_CHANGED, Rule.TYPE_CHANGED, at, f"another {word}")

    def _one(self, for_senders: Rule, for_readers: Rule, at: str, what: str) -> Break:
        rule = for_senders if self._strict else for_readers
        return Break(rule, at, f"{what} {self._who}")

    def _codes(self, writer: _Kind, reader: _Kind) -> Iterator[Break]:
        if reader.codes is None:
            return
        at = writer.path
        for code in sorted((writer.codes or set()) - reader.codes):
            yield self._one(Rule.CODE_GONE, Rule.CODE_NEW, at, f"code {code!r}")
        if writer.codes is None:
            yield self._one(Rule.CODES_ADDED, Rule.CODES_LIFTED, at, "a list of codes")

    def _limits(self, writer: _Kind, reader: _Kind) -> Iterator[Break]:
        at = writer.path
        for keyword, greater_is_wider in _BOUNDS.items():
            limit, other = reader.schema.get(keyword), writer.schema.get(keyword)
            if limit is None:
                continue
            if other is None or (other > limit if greater_is_wider else other < limit):
                yield self._one(Rule.LIMIT_TIGHTER, Rule.LIMIT_WIDER, at, f"another {keyword}")
        pattern = reader.schema.get("pattern")
        if pattern is not None and pattern != writer.schema.get("pattern"):
            yield self._one(Rule.PATTERN_CHANGED, Rule.PATTERN_CHANGED, at, "another pattern")

    def _fields(self, writer: _Kind, reader: _Kind) -> Iterator[Break]:
        known = reader.properties
        for name, field in writer.properties.items():
            if name in known:
                yield from self.misfits(field, known[name])
            elif self._strict and reader.schema.get("additionalProperties") is False:
                yield self._one(
                    Rule.FIELD_GONE, Rule.FIELD_GONE, field.path, "a field that is gone"
                )
        for name in sorted(reader.required - writer.required):
            at = f"{writer.path}.{name}"
            yield self._one(Rule.FIELD_REQUIRED, Rule.FIELD_OPTIONAL, at, "a required field")


def _changed_defaults(old: _Node, new: _Node) -> Iterator[Break]:
    if old.default is not ... and new.default is not ... and old.default != new.default:
        yield Break(
            Rule.DEFAULT_CHANGED, old.path, "another default changes what old messages mean"
        )
    for older, newer in product(old.kinds, new.kinds):
        fields = newer.properties
        for name, field in older.properties.items():
            if name in fields:
                yield from _changed_defaults(field, fields[name])
        if older.items is not None and newer.items is not None:
            yield from _changed_defaults(older.items, newer.items)
