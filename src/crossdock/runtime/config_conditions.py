"""The section `conditions`: whose a kind of condition is here, and how long it may wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crossdock.contracts.conditions import CONDITIONS, Category, Condition, Severity
from crossdock.runtime.config_reader import Reader

_HOURS_MAX = 8_760


def read_conditions(reader: Reader, section: Mapping[str, Any]) -> dict[str, Condition]:
    """The table of conditions as this house has it: what the file does not say is as it ships."""
    known = dict(CONDITIONS)
    for kind, value in section.items():
        where = f"conditions.{kind}"
        if kind not in CONDITIONS:
            reader.wrong(where, "an unknown kind", f"one of {', '.join(sorted(CONDITIONS))}")
            continue
        known[kind] = _row(reader, CONDITIONS[kind], reader.section(value, where), where)
    return known


def _row(reader: Reader, row: Condition, said: Mapping[str, Any], where: str) -> Condition:
    reader.only(said, where, ("team", "hours", "severity", "category"))
    return replace(
        row,
        team=reader.text(said, "team", where, row.team),
        hours=reader.number(said, "hours", where, row.hours, 1, _HOURS_MAX),
        severity=reader.choice(said, "severity", where, Severity, row.severity),
        category=reader.choice(said, "category", where, Category, row.category),
    )
