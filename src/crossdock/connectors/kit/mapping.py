"""A declared mapping: records of theirs in our words, field by field, from configuration alone.

Total, or it says at which place: a field is a path of theirs or a constant, a code goes by its
table, and one that is not listed is not guessed. Numbers that a spreadsheet has changed (1.2E+12,
zeros lost at the front) are named, never taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from crossdock.connectors.kit.reading import Odd, moment, shaped
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.words import Noun

Record = dict[str, Any]

ROWS: Final = "rows"
"""Under this name stand the rows of a document that is written in several."""

_MANGLED: Final = re.compile(r"\A[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+\Z")
_WHOLE: Final = re.compile(r"\A[+-]?[0-9]{1,15}\Z")
_E4: Final = 10_000
_NAME_LENGTH_MAX: Final = 80
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_TICKS_PER_SECOND: Final = 100


class As(StrEnum):
    """What a value is."""

    TEXT = "text"
    WHOLE = "whole"  # a whole number
    PRICE = "price"  # a decimal of the major unit, as ten-thousandths
    MOMENT = "moment"  # ISO 8601 with its zone
    REVISION = "revision"  # such a moment as a number that grows


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a canonical field comes from: a column or path of theirs, or a constant."""

    source: str | None = msgspec.field(default=None, name="from")
    constant: str | int | bool | None = None
    kind: As = msgspec.field(default=As.TEXT, name="as")
    codes: Mapping[str, str | int] | None = None  # theirs -> ours; one not listed is not guessed
    optional: bool = False  # empty or missing: the field is left out
    digits: Annotated[int, Meta(ge=1, le=64)] | None = None  # of a number kept as text: its length

    def __post_init__(self) -> None:
        """Refuse a field that comes from nowhere, or from two places; raises ValueError."""
        if (self.source is None) == (self.constant is None):
            raise ValueError("a field has either `from` or `constant`")


class Lines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lines of a document: the list at a path, or the rows that share the document's key."""

    into: str = "lines"
    source: str | None = msgspec.field(default=None, name="from")
    fields: Mapping[str, Field]


class Mapped(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a record means: the message, the names of its key, its fields, lines and time."""

    type: str
    key: Annotated[tuple[str, ...], Meta(min_length=1)]  # columns or paths that name the record
    fields: Mapping[str, Field]
    lines: Lines | None = None
    time: str | None = None  # the column that says when it happened

    def __post_init__(self) -> None:
        """Refuse what can never be said; raises ValueError."""
        if self.type not in CATALOGUE:
            raise ValueError(f"{self.type} is no message of the catalogue")


def value(record: Record, path: str) -> Any:
    """What stands under a name, or at a path (`a.b`, `a[0].b`, `$.a.b`); None: nothing does."""
    if path in record:
        return record[path]
    found: Any = record
    for step in path.removeprefix("$.").replace("[", ".").replace("]", "").split("."):
        if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found


def noun_of(record: Record, mapped: Mapped) -> Noun:
    """What a record means; raises `Odd`."""
    body = _fields(record, mapped.fields, "$")
    if mapped.lines is not None:
        body[mapped.lines.into] = _lines(record, mapped.lines)
    noun: Noun = shaped(body, CATALOGUE[mapped.type].noun)
    return noun


def happened(record: Record, mapped: Mapped, otherwise: datetime) -> datetime:
    """When it happened, where its mapping names the place; raises `Odd`."""
    if mapped.time is None:
        return otherwise
    return moment(text(record, mapped.time, f"$.{mapped.time}"), f"$.{mapped.time}")


def name(record: Record, mapped: Mapped) -> str:
    """By what a record is called among those of its feed; raises `Odd` for one without."""
    parts = [text(record, column, f"$.{column}") for column in mapped.key]
    plain = "/".join(parts)
    if len(plain) <= _NAME_LENGTH_MAX:
        return plain
    return sha256(plain.encode()).hexdigest()


def digest(record: Record) -> bytes:
    """What a record says, to be compared with what it said before."""
    return sha256(msgspec.json.encode(record, order="sorted")).digest()


def _fields(record: Record, fields: Mapping[str, Field], at: str) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for target, field in fields.items():
        found = _field(record, field, at)
        if found is None:
            continue
        *way, last = target.split(".")
        inside = body
        for step in way:
            inside = inside.setdefault(step, {})
        inside[last] = found
    return body


def _lines(record: Record, lines: Lines) -> list[dict[str, Any]]:
    source = lines.source or ROWS
    found = value(record, source)
    if isinstance(found, dict):  # an XML list of one
        found = [found]
    if not isinstance(found, list):
        raise Odd(f"$.{source}", found, "a list of lines")
    for at, one in enumerate(found):
        if not isinstance(one, dict):
            raise Odd(f"$.{source}[{at}]", one, "a line")
    return [_fields(one, lines.fields, f"$.{source}[{at}]") for at, one in enumerate(found)]


def _field(record: Record, field: Field, at: str) -> Any:
    """The canonical value, or None where it may be missing."""
    if field.source is None:
        return field.constant
    where = f"{at}.{field.source}"
    given = value(record, field.source)
    if given is None or given == "":
        if field.optional:
            return None
        raise Odd(where, given, "a value")
    found = text(record, field.source, where)
    if field.codes is not None:
        if found not in field.codes:
            raise Odd(where, found, " or ".join(field.codes))
        return field.codes[found]
    return _as(found, field, where)


def _as(said: str, field: Field, where: str) -> Any:
    if _MANGLED.fullmatch(said):
        raise Odd(where, said, "digits: a spreadsheet has shortened this number")
    if field.digits is not None and (len(said) != field.digits or not said.isdigit()):
        raise Odd(where, said, f"{field.digits} digits; zeros at the front may be lost")
    match field.kind:
        case As.WHOLE:
            if _WHOLE.fullmatch(said) is None:
                raise Odd(where, said, "a whole number")
            return int(said)
        case As.PRICE:
            return _price(said, where)
        case As.MOMENT:
            return moment(said, where).isoformat()
        case As.REVISION:
            return revision(moment(said, where))
        case As.TEXT:
            return said


def revision(stamp: datetime) -> int:
    """A revision that grows with every change: hundredths of a second since the year 2000.

    Finer ones of several sources would not add up within the bounds of a number.
    """
    return int((stamp - _EPOCH).total_seconds() * _TICKS_PER_SECOND)


def _price(said: str, where: str) -> int:
    try:
        amount = Decimal(said) * _E4
    except InvalidOperation:
        raise Odd(where, said, "a decimal with a point") from None
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise Odd(where, said, "a decimal with four places at most")
    return int(amount)


def text(record: Record, path: str, where: str) -> str:
    """A value as text; raises `Odd` for what is none: a list, an object, nothing.

    A decimal of JSON is taken to the digit, as `decode` reads it; 3.0 is the whole number 3.
    """
    found = value(record, path)
    if isinstance(found, bool) or not isinstance(found, str | int | Decimal) or found == "":
        raise Odd(where, found, "a value")
    if isinstance(found, Decimal):
        return f"{found.to_integral_value() if found == found.to_integral_value() else found:f}"
    return str(found).strip()


decode = msgspec.json.Decoder(float_hook=Decimal).decode
"""JSON whose decimals are kept to the digit."""
