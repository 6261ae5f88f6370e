"""Reading far records so that a mapping is total: what is not as agreed is named, never guessed.

A record is first brought into a typed shape, which says of schema drift at which place it is, what
was found and what was expected (reliability.md N19); what a shape cannot say (a code, a moment)
raises `Odd` as well. A mapping raises nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from crossdock.contracts.feeds import Said, Unread
from crossdock.kernel.redaction import shown

Shape = TypeVar("Shape", bound=msgspec.Struct)
Meaning = TypeVar("Meaning")

_MISSING: Final = "nothing"

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Odd(Exception):
    """A value of a record is not what was agreed: where, what was found, what was expected."""

    def __init__(self, where: str, found: object, expected: str) -> None:
        super().__init__(where)
        self.where = where
        self.found = shown(found)
        self.expected = expected


def shaped(record: object, shape: type[Shape]) -> Shape:
    """The record in its shape; raises `Odd` with the place of what does not fit."""
    try:
        return msgspec.convert(record, shape)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `")
        where = place.rstrip("`").removeprefix("key in ") or "$"
        raise Odd(where, _found(record, where), what) from None


def meant(code: str, table: dict[str, Meaning], where: str) -> Meaning:
    """What a code of theirs means; raises `Odd` for one that is not in the table."""
    if code not in table:
        raise Odd(where, code, " or ".join(table) or "no code at all")
    return table[code]


def moment(value: object, where: str) -> datetime:
    """A moment in ISO 8601 with its offset, in UTC; raises `Odd`."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise Odd(where, value, "a moment") from None
    if found.tzinfo is None:
        raise Odd(where, value, "a moment with its zone")
    return found.astimezone(UTC)


def understood(
    name: str, record: Any, read: Callable[[Any], Sequence[Said | Unread]]
) -> list[Said | Unread]:
    """What a record means, or the whole of it as unread under this name."""
    try:
        return list(read(record))
    except Odd as odd:
        raw = _encode(record)
        return [Unread(name, odd.where, odd.found, odd.expected, raw)]


def _found(record: object, where: str) -> object:
    """What stands at a place of a record; "nothing" where there is none."""
    found: Any = record
    for step in where.removeprefix("$").replace("[", ".").replace("]", "").split(".")[1:]:
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return _MISSING
    return found
