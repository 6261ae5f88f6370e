"""Records that know each other, read by dotted fields and searched by domains, as Tryton's are.

A record is a dict with an `id`; a link is another record or a list of them, a reference is text
such as `sale.line,3`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

Record = dict[str, Any]

_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda found, wanted: found == wanted,
    "!=": lambda found, wanted: found != wanted,
    "in": lambda found, wanted: found in wanted,
    ">": lambda found, wanted: found is not None and found > wanted,
    ">=": lambda found, wanted: found is not None and found >= wanted,
}


class Records:
    """All records of one database, by model and number."""

    def __init__(self) -> None:
        self._by_model: dict[str, dict[int, Record]] = {}
        self._numbers = itertools.count(1)
        self._writes = itertools.count(1)

    def add(self, model: str, values: Mapping[str, Any], number: int | None = None) -> Record:
        """Keep a record under the next number, or under this one, in the place of another."""
        record = {"id": next(self._numbers) if number is None else number, **values}
        self._by_model.setdefault(model, {})[record["id"]] = record
        self.stamp(record)
        return record

    def stamp(self, record: Record) -> None:
        """Somebody writes the record: whoever saw it before saw another one."""
        record["_timestamp"] = f"{next(self._writes)}.000000"

    def all(self, model: str) -> list[Record]:
        """The records of a model, in the order of their numbers."""
        return [record for _, record in sorted(self._by_model.get(model, {}).items())]

    def get(self, model: str, number: int) -> Record | None:
        """One record; None where there is none."""
        return self._by_model.get(model, {}).get(number)

    def drop(self, model: str, numbers: Iterable[int]) -> None:
        """Forget records."""
        for number in numbers:
            del self._by_model[model][number]

    def search(self, model: str, domain: Sequence[Any]) -> list[Record]:
        """The records that a domain describes."""
        return [record for record in self.all(model) if self._matches(record, domain)]

    def _matches(self, record: Record, domain: Sequence[Any]) -> bool:
        if domain and isinstance(domain[0], str) and domain[0] not in ("OR", "AND"):
            path, operator, wanted = domain[:3]
            wanted, test = _comparable(wanted), _OPERATORS[operator]
            return any(test(_comparable(found), wanted) for found in self._at(record, path))
        either = bool(domain) and domain[0] == "OR"
        clauses = [clause for clause in domain if clause not in ("OR", "AND")]
        return (any if either else all)(self._matches(record, clause) for clause in clauses)

    def _at(self, record: Record, path: str) -> Iterator[Any]:
        """All values at a path, through links and references; a list gives each of its records."""
        step, _, rest = path.partition(".")
        value = record.get(step)
        if rest and isinstance(value, str):
            model, _, number = value.partition(",")
            value = self.get(model, int(number))
        for one in value if isinstance(value, list) else [value]:
            if not rest:
                yield one
            elif isinstance(one, dict):
                yield from self._at(one, rest)


def shown(record: Record, fields: Iterable[str]) -> Record:
    """These fields of a record, as they are told: links without fields of their own as numbers."""
    tree: dict[str, Any] = {"id": {}}
    for field in fields:
        below = tree
        for step in field.split("."):
            below = below.setdefault(step, {})
    return _told(record, tree)


def _told(record: Record, tree: Mapping[str, Any]) -> Record:
    return {name: _value(record.get(name), below) for name, below in tree.items()}


def _value(value: Any, below: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_value(one, below) for one in value]
    if isinstance(value, dict) and "id" in value:
        return _told(value, {"id": {}, **below}) if below else value["id"]
    return value


def _comparable(value: Any) -> Any:
    """A moment or a day as one, a record as its number, everything else as it is."""
    if isinstance(value, dict) and value.get("__class__") == "date":
        return date(*(int(value[part]) for part in ("year", "month", "day")))
    if isinstance(value, dict) and value.get("__class__") == "datetime":
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        year, month, day, hour, minute, second, micro = (int(value[part]) for part in parts)
        return datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
    if isinstance(value, dict) and "id" in value:
        return value["id"]
    return value
