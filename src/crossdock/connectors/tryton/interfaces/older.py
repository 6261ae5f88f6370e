"""What a Tryton before 8.0 calls otherwise; whoever asks uses the words of 8.0.

Found by comparing the modules of 7.0 to 7.8 with those of 8.0, and tried beside 7.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crossdock.connectors.tryton import wire
from crossdock.connectors.tryton.api import Record

Series = tuple[int, int]
"""A release of Tryton: 7.0 is (7, 0)."""

FIRST: Final[Series] = (8, 0)
"""From here on nothing is called otherwise."""

_VALUES: Final[Mapping[tuple[str, str, object], tuple[Series, str]]] = {
    (wire.SALE, "invoice_method", "fulfillment"): ((8, 0), "shipment"),
}
"""By model, field and value: since when it is called so, and how it was called before."""

_BUTTONS: Final[Mapping[str, tuple[Series, str]]] = {"do": ((7, 2), "done")}

_FIELDS: Final[Mapping[tuple[str, str], tuple[Series, str]]] = {
    (wire.PRODUCT, "list_price_used"): ((7, 8), "template.list_price"),
}
"""By model and field: since when it is there, and where the same stood before."""


def values_of(series: Series, model: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a record is made of or changed to."""
    said = {}
    for name, value in values.items():
        key = (model, name, value if isinstance(value, str) else None)
        since, before = _VALUES.get(key, (series, value))
        said[name] = before if series < since else value
    return said


def button_of(series: Series, button: str) -> str:
    """A button."""
    since, before = _BUTTONS.get(button, (series, button))
    return before if series < since else button


def fields_of(series: Series, model: str, fields: Sequence[str]) -> list[str]:
    """What is asked for of a record."""
    moved = _moved(series, model, fields)
    return [moved.get(field, field) for field in fields]


def record_of(series: Series, model: str, fields: Sequence[str], record: Record) -> Record:
    """A record with these fields where they are looked for."""
    for field, place in _moved(series, model, fields).items():
        value: Any = record
        for step in place.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        record = {**record, field: value}
    return record


def _moved(series: Series, model: str, fields: Sequence[str]) -> dict[str, str]:
    """By field, where it stood."""
    known = ((field, _FIELDS.get((model, field))) for field in fields)
    return {field: found[1] for field, found in known if found and series < found[0]}
