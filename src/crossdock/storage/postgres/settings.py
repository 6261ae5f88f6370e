"""Which database settings accepted work depends on, and the refusal to run without them.

Each of the three switches below was tried with a power cut: off, it loses commits that were
acknowledged. So the hub looks at what the server really runs with, not at what was configured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import asyncpg

from crossdock.storage.postgres.errors import UnsafeDatabase, translating

VERSION_MIN = 15


@dataclass(frozen=True, slots=True)
class Rule:
    """One setting, what it must be, and what a person does about it."""

    setting: str
    expected: str
    holds: Callable[[str], bool]
    remedy: str
    forgivable: bool  # may a development flag let the hub start all the same?


@dataclass(frozen=True, slots=True)
class Finding:
    """One setting that is not as it must be."""

    rule: Rule
    found: str

    def __str__(self) -> str:
        """Say the setting, the value found, the value expected and what to do."""
        rule = self.rule
        return f"{rule.setting} is {self.found}, expected {rule.expected}: {rule.remedy}"


def _is_on(value: str) -> bool:
    return value == "on"


_TURN_ON = "set it to on in the server's configuration and reload"

# synchronous_commit has values above "on" (they also wait for standbys) and "local", which flushes
# here like "on" does where no standby counts; only "off" answers before the flush.
RULES: tuple[Rule, ...] = (
    Rule(
        "server_version_num",
        f"at least {VERSION_MIN}0000",
        lambda value: value.isdecimal() and int(value) >= VERSION_MIN * 10_000,
        f"use PostgreSQL {VERSION_MIN} or newer",
        forgivable=False,
    ),
    Rule(
        "server_encoding",
        "UTF8",
        lambda value: value == "UTF8",
        "create the database anew with ENCODING 'UTF8' TEMPLATE template0",
        forgivable=False,
    ),
    Rule("fsync", "on", _is_on, _TURN_ON, forgivable=True),
    Rule("full_page_writes", "on", _is_on, _TURN_ON, forgivable=True),
    Rule(
        "synchronous_commit",
        "on, local, remote_write or remote_apply",
        lambda value: value in {"on", "local", "remote_write", "remote_apply"},
        "set it to on for the server, this database and this role",
        forgivable=True,
    ),
)


def judge(values: Mapping[str, str]) -> tuple[Finding, ...]:
    """Compare values as `pg_settings` gives them with the rules; a missing one is a finding."""
    found = ((rule, values.get(rule.setting, "unknown")) for rule in RULES)
    return tuple(Finding(rule, value) for rule, value in found if not rule.holds(value))


async def check_settings(
    connection: asyncpg.Connection, *, allow_unsafe: bool = False
) -> tuple[str, ...]:
    """Refuse a database that would lose accepted work; give warnings to print on every start.

    The connection must be made as the hub's own are, because a role or a database may carry
    settings of its own. `allow_unsafe` is for development: it turns what it may forgive (not the
    version, not the encoding) into warnings. Raises `UnsafeDatabase` naming every bad setting.
    """
    findings = judge(await _values(connection))
    refused = [finding for finding in findings if not (allow_unsafe and finding.rule.forgivable)]
    if refused:
        raise UnsafeDatabase(
            "The database is not safe to hold accepted work",
            where=f"database {await _name(connection)}",
            found="; ".join(str(finding) for finding in refused),
            remedy=_way_out(refused),
        )
    return tuple(f"UNSAFE, work will be lost in a crash: {finding}" for finding in findings)


def _way_out(refused: list[Finding]) -> str:
    if all(finding.rule.forgivable for finding in refused):
        return "correct the settings, or allow an unsafe database explicitly for development"
    return "correct the settings"


async def _values(connection: asyncpg.Connection) -> dict[str, str]:
    names = [rule.setting for rule in RULES]
    query = "SELECT name, setting FROM pg_settings WHERE name = ANY($1::text[])"
    with translating():
        rows = await connection.fetch(query, names)
    return {row["name"]: row["setting"] for row in rows}


async def _name(connection: asyncpg.Connection) -> str:
    with translating():
        return str(await connection.fetchval("SELECT current_database()"))
