"""May one version of a schema take the place of another under the same name (R20)?

Old and new programs live side by side. So whatever an old sender may write, the new hub must take;
and whatever the new hub may write, an old reader must understand, where readers ignore fields that
they do not know. Anything else needs a new major version of the message type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crossdock.gateway.schemas import Schema

# Keyword -> whether a greater value lets more through.
_BOUNDS = {
    "minimum": False,
    "maximum": True,
    "minLength": False,
    "maxLength": True,
    "minItems": False,
    "maxItems": True,
}


def compatible(old: Schema, new: Schema, *, taken: bool = True, sent: bool = True) -> list[str]:
    """Name every change from `old` to `new` that breaks somebody; none for a safe change.

    `taken` says that far systems send messages of this type to the hub, `sent` that the hub sends
    them. A default that changes breaks both: old messages that leave it out would mean something
    else.
    """
    found = list(_changed_defaults(_Node(old, old), _Node(new, new)))
    if taken:
        found += _Check("old senders", strict=True).misfits(_Node(old, old), _Node(new, new))
    if sent:
        found += _Check("old readers", strict=False).misfits(_Node(new, new), _Node(old, old))
    return list(dict.fromkeys(found))


class _Node:
    """A place in a schema, with references followed and `null` told apart."""

    def __init__(self, schema: Schema, root: Schema, path: str = "$") -> None:
        self.root = root
        self.path = path
        self.default = schema.get("default", ...)
        kinds = [_resolved(kind, root) for kind in _alternatives(schema, root)]
        self.may_be_null = any(kind.get("type") == "null" for kind in kinds)
        plain = [kind for kind in kinds if kind.get("type") != "null"]
        self.schema = plain[0] if plain else {}

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
    """Is all that a writer may write understood by a reader?"""

    def __init__(self, who: str, *, strict: bool) -> None:
        self._who = who
        self._strict = strict  # the reader refuses fields that it does not know

    def misfits(self, writer: _Node, reader: _Node) -> Iterator[str]:
        """Say what the writer may write and the reader would refuse."""
        at = writer.path
        if writer.may_be_null and not reader.may_be_null and reader.schema:
            yield f"{at}: null breaks {self._who}"
        if writer.schema.get("type") != reader.schema.get("type"):
            if reader.schema:
                yield f"{at}: another type breaks {self._who}"
            return
        yield from self._values(writer, reader)
        yield from self._fields(writer, reader)
        if writer.items is not None and reader.items is not None:
            yield from self.misfits(writer.items, reader.items)

    def _values(self, writer: _Node, reader: _Node) -> Iterator[str]:
        at = writer.path
        if reader.codes is not None:
            for code in sorted((writer.codes or set()) - reader.codes):
                yield f"{at}: code {code!r} breaks {self._who}"
            if writer.codes is None:
                yield f"{at}: a list of codes breaks {self._who}"
        for keyword, greater_is_wider in _BOUNDS.items():
            limit, other = reader.schema.get(keyword), writer.schema.get(keyword)
            if limit is None:
                continue
            if other is None or (other > limit if greater_is_wider else other < limit):
                yield f"{at}: another {keyword} breaks {self._who}"
        pattern = reader.schema.get("pattern")
        if pattern is not None and pattern != writer.schema.get("pattern"):
            yield f"{at}: another pattern breaks {self._who}"

    def _fields(self, writer: _Node, reader: _Node) -> Iterator[str]:
        known = reader.properties
        for name, field in writer.properties.items():
            if name in known:
                yield from self.misfits(field, known[name])
            elif self._strict and reader.schema.get("additionalProperties") is False:
                yield f"{field.path}: a field that is gone breaks {self._who}"
        for name in sorted(reader.required - writer.required):
            yield f"{writer.path}.{name}: a required field breaks {self._who}"


def _changed_defaults(old: _Node, new: _Node) -> Iterator[str]:
    if old.default is not ... and new.default is not ... and old.default != new.default:
        yield f"{old.path}: another default changes what old messages mean"
    newer = new.properties
    for name, field in old.properties.items():
        if name in newer:
            yield from _changed_defaults(field, newer[name])
    if old.items is not None and new.items is not None:
        yield from _changed_defaults(old.items, new.items)
