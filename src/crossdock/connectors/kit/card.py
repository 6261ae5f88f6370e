"""A connector's card and settings: who they are and what an operator must fill in, as data.

Settings are structs whose fields are annotated with `msgspec.Meta`: `description` is the summary,
`extra` may hold `unit` and `secret`. From that come validation, the manual's table and a `repr`
that never shows a secret.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from crossdock.contracts.connector import Ability
from crossdock.kernel.redaction import HIDDEN, shown


class Capability(StrEnum):
    """What a connector can do for the hub."""

    SEND = "send"
    SEND_BATCH = "send-batch"
    LOOK_UP = "look-up"
    RECEIVE = "receive"


@dataclass(frozen=True, slots=True)
class Limits:
    """What the far side bears."""

    documents_per_request_max: int
    reply_bytes_max: int


@dataclass(frozen=True, slots=True)
class Card:
    """Who a far system is to the hub."""

    id: str
    label: str
    summary: str
    documentation: str  # where their interface is described
    capabilities: frozenset[Capability]
    limits: Limits
    operations: Mapping[str, Ability] = dataclasses.field(default_factory=dict)
    """By message type, what they offer against doing it twice; none: as it is configured."""


LookUpAfterSeconds = Annotated[
    float,
    Meta(
        ge=0,
        le=3_600,
        description='How long after an unknown outcome its "not there" is believed',
        extra={"unit": "seconds"},
    ),
]
"""For systems that show what they did only some time after they did it."""

OverlapSeconds = Annotated[
    int,
    Meta(
        ge=1,
        le=86_400,
        description="How far a poll reaches back: longer than its longest transaction",
        extra={"unit": "seconds"},
    ),
]
"""For feeds that are read by a stamp, under which a slow transaction may commit late."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every connector's settings; shows itself without its secrets."""

    def __repr__(self) -> str:
        """Name every field, secrets hidden."""
        secret = {field.name for field in describe(type(self)) if field.secret}
        parts = [
            f"{name}={HIDDEN if name in secret else shown(getattr(self, name), name)}"
            for name in self.__struct_fields__
        ]
        return f"{type(self).__name__}({', '.join(parts)})"

    def __rich_repr__(self) -> Any:
        """Show pretty-printers what `repr` shows."""
        yield repr(self)


@dataclass(frozen=True, slots=True)
class SettingField:
    """One row of the manual's table of settings."""

    name: str
    summary: str
    unit: str
    secret: bool
    required: bool
    default: object


def describe(settings: type[Settings]) -> list[SettingField]:
    """List the fields of a settings struct with their summaries, units and secrecy."""
    info = msgspec.inspect.type_info(settings)
    assert isinstance(info, msgspec.inspect.StructType)
    rows = []
    for field in info.fields:
        summary, extra = _annotations(field.type)
        rows.append(
            SettingField(
                name=field.name,
                summary=summary,
                unit=str(extra.get("unit", "")),
                secret=bool(extra.get("secret", False)),
                required=field.required,
                default=None if field.default is msgspec.NODEFAULT else field.default,
            )
        )
    return rows


def secrets_of(settings: type[Settings]) -> tuple[str, ...]:
    """The names of the fields that hold secrets."""
    return tuple(field.name for field in describe(settings) if field.secret)


def proves_itself(settings: Settings) -> bool:
    """Whether any secret is filled in that the far side may know us by."""
    return any(getattr(settings, name) for name in secrets_of(type(settings)))


def _annotations(kind: msgspec.inspect.Type) -> tuple[str, dict[str, Any]]:
    """Find description and extra, which msgspec wraps around the type."""
    summary = ""
    extra: dict[str, Any] = {}
    while isinstance(kind, msgspec.inspect.Metadata):
        extra = {**(kind.extra or {}), **extra}
        summary = str((kind.extra_json_schema or {}).get("description", "")) or summary
        kind = kind.type
    return summary, extra
