"""`crossdock verify`: does the database keep what the hub promises? The database is asked."""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from crossdock.runtime.config import Settings, read_settings
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.runtime.hub import opened_store
from crossdock.storage.postgres.verify import Check, Finding, Verification, verify


def run(config: Path, *, as_json: bool = False) -> int:
    """Ask every question; gives 0 when no promise is broken, 1 otherwise.

    Raises:
        ConfigurationWrong: the configuration cannot be used.
        StoreError: the database cannot be read.
    """
    found = asyncio.run(_ask(read_settings(config)))
    broken, warnings = len(found.broken), len(found.warnings)
    say(f"{len(found.checked)} checks: {broken} broken, {warnings} with warnings")
    finish(as_json_object(found), as_json=as_json)
    return UNSOUND if found.broken else OK


def as_json_object(found: Verification) -> dict[str, object]:
    """What scripts read: the names of all checks, and what is broken with the first rows."""
    return {
        "checked": [check.name for check in found.checked],
        "broken": [_object(finding) for finding in found.broken],
        "warnings": [_object(finding) for finding in found.warnings],
    }


async def _ask(settings: Settings) -> Verification:
    keep_back = {name: channel.keep_back for name, channel in settings.channels.items()}
    async with opened_store(settings) as store:
        return await verify(store.pool, keep_back, tell)


def tell(check: Check, finding: Finding | None) -> None:
    """Say how a check ended: a line, and the first rows of what it found."""
    word = "ok" if finding is None else "warning" if check.warning else "BROKEN"
    say(f"{word:8}{check.invariant:4} {check.name}: {check.title}")
    if finding is None:
        return
    if finding.problem:
        say(f"          cannot be answered: {finding.problem}")
    for row in finding.rows:
        said = ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
        say(f"          {said}")
    if finding.how_many > len(finding.rows) > 0:
        say(f"          … {finding.how_many} in all")


def _object(finding: Finding) -> dict[str, object]:
    return {
        "name": finding.check.name,
        "invariant": finding.check.invariant,
        "title": finding.check.title,
        "how_many": finding.how_many,
        "problem": finding.problem,
        "rows": [{name: _plain(value) for name, value in row.items()} for row in finding.rows],
    }


def _plain(value: object) -> object:
    """A value of a row as JSON has it; sums come as decimals without a fraction."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal) and value == int(value):
        return int(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
