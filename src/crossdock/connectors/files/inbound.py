"""A file's records in our words, by the declared mapping; total, or it says at which place.

Numbers that a spreadsheet has changed (1.2E+12, zeros lost at the front) are named, never taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any, Final

import msgspec

from crossdock.connectors.files import wire
from crossdock.connectors.files.settings import As, Control, Field, FileFeed, Lines
from crossdock.connectors.files.wire import Broken, Record
from crossdock.connectors.kit.reading import Odd, moment, shaped
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.feeds import Said

_MANGLED: Final = re.compile(r"\A[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+\Z")
_WHOLE: Final = re.compile(r"\A[+-]?[0-9]{1,15}\Z")
_E4: Final = 10_000
_NAME_LENGTH_MAX: Final = 80


def said(record: Record, feed: FileFeed, load: str, left: datetime) -> Said:
    """What a record means; raises `Odd`.

    `load` names the file's content, `left` is when it was left there.
    """
    body = _fields(record, feed.fields, "$")
    if feed.lines is not None:
        body[feed.lines.into] = _lines(record, feed.lines)
    noun = shaped(body, CATALOGUE[feed.type].noun)
    happened = left
    if feed.time is not None:
        happened = moment(_text(record, feed.time, f"$.{feed.time}"), f"$.{feed.time}")
    return Said(feed.type, f"{load}/{name(record, feed)}", happened, noun)


def name(record: Record, feed: FileFeed) -> str:
    """By what a record is called among those of its feed; raises `Odd` for one without."""
    parts = [_text(record, column, f"$.{column}") for column in feed.key]
    plain = "/".join(parts)
    if len(plain) <= _NAME_LENGTH_MAX:
        return plain
    return sha256(plain.encode()).hexdigest()


def digest(record: Record) -> bytes:
    """What a record says, to be compared with what it said in the export before."""
    return sha256(msgspec.json.encode(record, order="sorted")).digest()


def controlled(records: Sequence[Record | Broken], control: Control) -> list[Record | Broken]:
    """The records without the one that counts them; raises `Odd` where it does not agree."""
    trailers = [one for one in records if isinstance(one, dict) and _is_trailer(one, control)]
    if len(trailers) != 1 or trailers[0] is not records[-1]:
        raise Odd("$", f"{len(trailers)} control records", "one, as the last record")
    rest = list(records[:-1])
    if control.count is not None:
        counted = _decimal(trailers[0], control.count)
        if counted != len(rest):
            raise Odd(f"$.{control.count}", f"{len(rest)} records", f"{counted} records")
    if control.total is not None and control.of is not None:
        declared = _decimal(trailers[0], control.total)
        total = sum(
            (_decimal(one, control.of) for one in rest if isinstance(one, dict)), Decimal(0)
        )
        if total != declared:
            raise Odd(f"$.{control.total}", f"a sum of {total}", f"a sum of {declared}")
    return rest


def _is_trailer(record: Record, control: Control) -> bool:
    found: object = wire.value(record, control.column)
    return found == control.value


def _decimal(record: Record, column: str) -> Decimal:
    try:
        return Decimal(str(wire.value(record, column)).strip())
    except InvalidOperation:
        raise Odd(f"$.{column}", wire.value(record, column), "a number") from None


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
    source = lines.source or wire.ROWS
    found = wire.value(record, source)
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
    given = wire.value(record, field.source)
    if given is None or given == "":
        if field.optional:
            return None
        raise Odd(where, given, "a value")
    text = _text(record, field.source, where)
    if field.codes is not None:
        if text not in field.codes:
            raise Odd(where, text, " or ".join(field.codes))
        return field.codes[text]
    return _as(text, field, where)


def _as(text: str, field: Field, where: str) -> Any:
    if _MANGLED.fullmatch(text):
        raise Odd(where, text, "digits: a spreadsheet has shortened this number")
    if field.digits is not None and (len(text) != field.digits or not text.isdigit()):
        raise Odd(where, text, f"{field.digits} digits; zeros at the front may be lost")
    if field.kind is As.WHOLE:
        if _WHOLE.fullmatch(text) is None:
            raise Odd(where, text, "a whole number")
        return int(text)
    if field.kind is As.PRICE:
        return _price(text, where)
    if field.kind is As.MOMENT:
        return moment(text, where).isoformat()
    return text


def _price(text: str, where: str) -> int:
    try:
        amount = Decimal(text) * _E4
    except InvalidOperation:
        raise Odd(where, text, "a decimal with a point") from None
    if not amount.is_finite() or amount != amount.to_integral_value():
        raise Odd(where, text, "a decimal with four places at most")
    return int(amount)


def _text(record: Record, path: str, where: str) -> str:
    """A value as text; raises `Odd` for what is none: a list, an object, nothing."""
    found = wire.value(record, path)
    if isinstance(found, bool) or not isinstance(found, str | int | float) or found == "":
        raise Odd(where, found, "a value")
    if isinstance(found, float):
        raise Odd(where, found, "a whole number, or a decimal written as text")
    return str(found).strip()
