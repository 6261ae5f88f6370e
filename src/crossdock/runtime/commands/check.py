"""`crossdock check`: is everything that the hub depends on as it must be, before it starts.

Nothing is changed and nothing is sent: no schema is migrated, no cluster is made, and far systems
are not called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from crossdock.connectors.rest.card import CARD as REST
from crossdock.contracts import catalogue
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.connector import Ability
from crossdock.kernel.errors import CrossdockError
from crossdock.ownership.phrases import HUB, SYSTEM_OF_CHANNEL, WMS_OF_SITE
from crossdock.runtime.config import (
    ConfigurationWrong,
    Problem,
    Settings,
    SystemSettings,
    read_settings,
)
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.storage.postgres.errors import UnsafeDatabase, translating
from crossdock.storage.postgres.migrations import discover, schema_status
from crossdock.storage.postgres.server import choose_server, running
from crossdock.storage.postgres.settings import check_settings

_CARDS = {"rest": REST}
_ONE_OWNER = ("item", "party", "site", "channel")  # two owners of one record overwrite each other

_CONNECT_SECONDS_MAX = 10.0


@dataclass(slots=True)
class Result:
    """What was looked at: problems forbid a start or stop a flow, notes are worth knowing."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)

    def wrong(self, where: str, found: str, expected: str) -> None:
        """Take note of a problem."""
        self.problems.append(Problem(where, found, expected))


def run(config: Path, *, as_json: bool = False) -> int:
    """Check everything; gives 0 when nothing is wrong, 1 otherwise."""
    result = Result()
    try:
        settings = read_settings(config)
    except ConfigurationWrong as error:
        result.problems.extend(error.problems)
    else:
        result.looked_at.append(f"configuration {config}")
        check_ownership(settings, result)
        check_connectors(settings, result)
        asyncio.run(_check_database(settings, result))
    _show(result)
    finish(
        {
            "ok": not result.problems,
            "problems": [
                {"where": p.where, "found": p.found, "expected": p.expected}
                for p in result.problems
            ],
            "notes": result.notes,
            "looked_at": result.looked_at,
        },
        as_json=as_json,
    )
    return UNSOUND if result.problems else OK


def check_ownership(settings: Settings, result: Result) -> None:
    """Holes (nobody may say it, nobody can be told it) and overlaps in the matrix."""
    result.looked_at.append(f"ownership of {len(settings.rules)} entities")
    said_by_systems = {row.entity for row in CATALOGUE.values() if row.inbound}
    for entity in sorted(said_by_systems):
        rule = settings.rules.get(entity)
        owners = _owners(settings, entity)
        if rule is None or not owners:
            result.wrong(f"ownership.{entity}", "no owner", "a system that says it")
    for entity in _ONE_OWNER:
        owners = _owners(settings, entity)
        if len(owners) > 1:
            result.wrong(f"ownership.{entity}", f"owners {', '.join(owners)}", "one owner")
    for entity, where, name in sorted(set(_told(settings))):
        system = settings.systems.get(name)
        at, found = f"ownership.{entity}", f"the consumer {name}{where}"
        if system is None:
            result.wrong(at, found, "a system of this file")
        elif system.reached is None:
            result.wrong(at, f"{found}, which has no url", "a system that is reached")


def _owners(settings: Settings, entity: str) -> tuple[str, ...]:
    """Every system that owns the entity anywhere, each once."""
    rule = settings.rules.get(entity)
    found: dict[str, None] = {}
    for name in (rule.owners or ()) if rule is not None else ():
        found.update(dict.fromkeys(system for _, system in _named(settings, name)))
    return tuple(found)


def _told(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """(entity, where, system) for everybody who is to be told something."""
    for rule in settings.rules.values():
        for name in rule.consumers or ():
            for where, system in _named(settings, name):
                yield rule.entity, where, system


def _named(settings: Settings, name: str) -> list[tuple[str, str]]:
    """(where, system) for all that a name of the matrix can mean in this configuration."""
    if name == HUB:
        return []
    if name == WMS_OF_SITE:
        return [(f" of site {site}", system) for site, system in settings.sites.items()]
    if name == SYSTEM_OF_CHANNEL:
        return [(f" of channel {c.channel}", c.system) for c in settings.channels.values()]
    return [("", name)]


def check_connectors(settings: Settings, result: Result) -> None:
    """What each system's connector needs, and what it cannot do."""
    told: dict[str, set[str]] = {}
    for entity, _, consumer in _told(settings):
        told.setdefault(consumer, set()).add(entity)
    for name, system in settings.systems.items():
        result.looked_at.append(f"system {name}: {_CARDS[system.connector].label}")
        _check_system(name, system, told.get(name, set()), result)


def _check_system(name: str, system: SystemSettings, told: set[str], result: Result) -> None:
    where = f"systems.{name}"
    if system.inbound_key is None:
        result.notes.append(f"{where}.inbound_key: none, so {name} cannot speak at the door")
    if system.reached is None:
        return
    if not system.reached.credential:
        result.notes.append(f"{where}.credentials: none, so {name} is told without proof of ours")
    batch_max = _CARDS[system.connector].limits.documents_per_request_max
    if system.reached.batch_max > batch_max:
        result.wrong(f"{where}.batch_max", str(system.reached.batch_max), f"at most {batch_max}")
    blind = sorted(
        row.name
        for row in (CATALOGUE[kind] for kind in sorted(catalogue.TOLD))
        if row.entity in told and system.reached.operation(row.name).ability is Ability.NEITHER
    )
    if blind:
        result.notes.append(
            f"{where}.operations: after an answer that is lost a person must look, for"
            f" {', '.join(blind)}"
        )


async def _check_database(settings: Settings, result: Result) -> None:
    """The server, its settings, the schema and the layout; nothing is made or changed."""
    cluster = settings.hub.data / "postgres" / "cluster" / "PG_VERSION"
    if settings.database is None and not cluster.exists():
        result.notes.append(f"database: none yet, it is made in {settings.hub.data} at first start")
        return
    dsn = settings.database.value if settings.database is not None else None
    try:
        async with running(choose_server(settings.hub.data, database_url=dsn)) as server:
            with translating():
                connection = await asyncpg.connect(server.dsn, timeout=_CONNECT_SECONDS_MAX)
            try:
                await _check_server(connection, settings, result)
                await _check_schema(connection, settings, result)
            finally:
                connection.terminate()
    except CrossdockError as error:
        result.wrong("database", str(error), "a database that can be used")


async def _check_server(connection: asyncpg.Connection, settings: Settings, result: Result) -> None:
    result.looked_at.append("database settings")
    try:
        warnings = await check_settings(connection, allow_unsafe=settings.hub.allow_unsafe_database)
    except UnsafeDatabase as error:
        result.wrong("database", error.found, "settings under which accepted work is kept")
        return
    result.notes.extend(f"database: {warning}" for warning in warnings)


async def _check_schema(connection: asyncpg.Connection, settings: Settings, result: Result) -> None:
    result.looked_at.append("database schema")
    status = await schema_status(connection, discover())
    for changed in status.changed:
        result.wrong("schema", f"{changed} was applied with other content", "the released file")
    if status.pending and status.applied:
        names = ", ".join(map(str, status.pending))
        result.notes.append(f"schema: applied at the next start: {names}")
    elif not status.is_current and not status.pending and not status.changed:
        names = ", ".join(map(str, status.newer))
        result.wrong("schema", f"a newer release applied {names}", "that release or a newer one")
    if not status.applied:
        result.notes.append("schema: none yet, it is made at the first start")
        return
    with translating():
        laid_out = await connection.fetchval("SELECT value FROM hub WHERE name = 'partitions'")
    if laid_out is not None and int(laid_out) != settings.hub.partitions:
        result.wrong("hub.partitions", str(settings.hub.partitions), f"{laid_out}, as laid out")


def _show(result: Result) -> None:
    for one in result.looked_at:
        say(f"looked at {one}")
    for note in result.notes:
        say(f"note      {note}")
    for problem in result.problems:
        say(f"WRONG     {problem}")
    say(f"{len(result.problems)} problems, {len(result.notes)} notes")
