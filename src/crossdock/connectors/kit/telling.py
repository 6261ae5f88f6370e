"""A declared mapping outwards: our documents in their shape, field by field, by configuration.

The counterpart of `kit/mapping.py`: total, or it says at which place of our document there is
nothing, or a word that their table does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import msgspec

from crossdock.connectors.kit.mapping import value
from crossdock.connectors.kit.reading import Odd

_E4: Final = 10_000


class Told(StrEnum):
    """How a value is written."""

    AS_IS = "as_is"
    TEXT = "text"
    PRICE = "price"  # ten-thousandths of the major unit, as a decimal in text


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a field of theirs comes from: a path of our document, or a constant."""

    source: str | None = msgspec.field(default=None, name="from")
    constant: str | int | bool | None = None
    kind: Told = msgspec.field(default=Told.AS_IS, name="as")
    codes: Mapping[str, str | int] | None = None  # ours -> theirs; one not listed is not guessed
    optional: bool = False  # where we have nothing to say the field is left out

    def __post_init__(self) -> None:
        """Refuse a field that comes from nowhere, or from two places; raises ValueError."""
        if (self.source is None) == (self.constant is None):
            raise ValueError("a field has either `from` or `constant`")


class TargetLines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Their list of lines, from a list of ours."""

    into: str
    source: str = msgspec.field(default="lines", name="from")
    fields: Mapping[str, Target]


def told(
    document: Mapping[str, Any], fields: Mapping[str, Target], lines: TargetLines | None = None
) -> dict[str, Any]:
    """A document of ours in their shape; raises `Odd`."""
    body = _fields(document, fields, "$")
    if lines is not None:
        found = value(dict(document), lines.source)
        if not isinstance(found, list):
            raise Odd(f"$.{lines.source}", found, "a list of lines")
        _put(body, lines.into, [
            _fields(one, lines.fields, f"$.{lines.source}[{at}]") for at, one in enumerate(found)
        ])  # fmt: skip
    return body


def whole(noun: Any) -> Any:
    """A noun with every field, also where it is at its default and its JSON leaves it out."""
    if isinstance(noun, msgspec.Struct):
        return {name: whole(getattr(noun, name)) for name in noun.__struct_fields__}
    if isinstance(noun, list | tuple):
        return [whole(one) for one in noun]
    if isinstance(noun, dict):
        return {str(key): whole(one) for key, one in noun.items()}
    return msgspec.to_builtins(noun)


def stands(there: Any, wanted: Mapping[str, Any]) -> bool:
    """Whether a record of theirs says already what we would write; what else it says is theirs."""
    if not isinstance(there, dict):
        return False
    return all(
        stands(there.get(name), one) if isinstance(one, dict) else there.get(name) == one
        for name, one in wanted.items()
    )


def _fields(document: Mapping[str, Any], fields: Mapping[str, Target], at: str) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for target, field in fields.items():
        found = _field(document, field, at)
        if found is not None:
            _put(body, target, found)
    return body


def _put(body: dict[str, Any], target: str, found: Any) -> None:
    *way, last = target.split(".")
    for step in way:
        body = body.setdefault(step, {})
    body[last] = found


def _field(document: Mapping[str, Any], field: Target, at: str) -> Any:
    """What is written; None where it is left out."""
    if field.source is None:
        return field.constant
    where = f"{at}.{field.source}"
    found = value(dict(document), field.source)
    if found is None or found == "":
        if field.optional:
            return None
        raise Odd(where, found, "a value")
    if field.codes is not None:
        if str(found) not in field.codes:
            raise Odd(where, found, " or ".join(field.codes))
        return field.codes[str(found)]
    match field.kind:
        case Told.AS_IS:
            return found
        case Told.TEXT:
            return str(found)
        case Told.PRICE:
            if isinstance(found, bool) or not isinstance(found, int):
                raise Odd(where, found, "ten-thousandths, as a whole number")
            return f"{(Decimal(found) / _E4).normalize():f}"
