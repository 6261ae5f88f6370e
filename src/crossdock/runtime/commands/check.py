"""`crossdock check`: is everything that the hub depends on as it must be, before it starts.

Nothing is changed and nothing is sent: no schema is migrated, no cluster is made, and far systems
are not called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import asyncpg

from crossdock.connectors.kit.card import proves_itself
from crossdock.contracts.catalogue import CATALOGUE
from crossdock.contracts.connector import Ability
from crossdock.contracts.feeds import Source
from crossdock.delivery.gate import decode
from crossdock.kernel.errors import CrossdockError
from crossdock.log.views import BacklogRow
from crossdock.ownership.findings import told_by_system
from crossdock.ownership.flows import contradictions, why_stopped
from crossdock.ownership.subjects import objects
from crossdock.ownership.table import HEADINGS, table
from crossdock.runtime.clocks import SystemClock
from crossdock.runtime.commands.destinations import destination
from crossdock.runtime.config import Settings, SystemSettings, read_settings
from crossdock.runtime.config_reader import ConfigurationWrong, Problem
from crossdock.runtime.console import OK, UNSOUND, finish, say
from crossdock.storage.postgres.errors import UnsafeDatabase, translating
from crossdock.storage.postgres.migrations import discover, schema_status
from crossdock.storage.postgres.queries import QUERIES
from crossdock.storage.postgres.reading import READING
from crossdock.storage.postgres.server import choose_server, running
from crossdock.storage.postgres.settings import check_settings

_CONNECT_SECONDS_MAX = 10.0


@dataclass(slots=True)
class Result:
    """What was looked at: problems forbid a start or stop a flow, notes are worth knowing."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    looked_at: list[str] = field(default_factory=list)
    destinations: dict[str, dict[str, object]] = field(default_factory=dict)

    def wrong(self, where: str, found: str, expected: str) -> None:
        """Take note of a problem."""
        self.problems.append(Problem(where, found, expected))


def run(config: Path, *, ownership: bool = False, as_json: bool = False) -> int:
    """Check everything; gives 0 when nothing is wrong, 1 otherwise."""
    result = Result()
    matrix: dict[str, object] = {}
    try:
        settings = read_settings(config)
    except ConfigurationWrong as error:
        result.problems.extend(error.problems)
    else:
        result.looked_at.append(f"configuration {config}")
        check_ownership(settings, result)
        if ownership:
            _show_ownership(settings)
            matrix["ownership"] = ownership_shown(settings)
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
            "destinations": result.destinations,
            **matrix,
        },
        as_json=as_json,
    )
    return UNSOUND if result.problems else OK


def check_ownership(settings: Settings, result: Result) -> None:
    """Holes (nobody may say it, nobody can be told it) and overlaps, and the flows they stop."""
    matrix = settings.matrix()
    result.looked_at.append(f"ownership of {len(objects())} objects, version {matrix.version}")
    found = settings.findings()
    for one in found:
        result.wrong(one.where, one.found, one.expected)
    for flow in settings.flows.values():
        for setting, said, expected in contradictions(flow):
            result.wrong(f"flows.{flow.name}.{setting}", said, expected)
        why = why_stopped(flow, found)
        if why:
            result.notes.append(f"flows.{flow.name}: does not start: {', '.join(flow.types)}")


def ownership_shown(settings: Settings) -> dict[str, object]:
    """The resolved matrix and the flows, for programs."""
    matrix, found = settings.matrix(), settings.findings()
    return {
        "version": matrix.version,
        "rows": [asdict(row) for row in table(matrix.rules, matrix.sites, matrix.channels)],
        "flows": [
            {
                "name": flow.name,
                "model": flow.model,
                "criticality": flow.criticality,
                "within_seconds": flow.within_seconds,
                "every_seconds": flow.every_seconds,
                "types": flow.types,
                "stopped": why_stopped(flow, found),
            }
            for flow in settings.flows.values()
        ],
    }


def _show_ownership(settings: Settings) -> None:
    """The same as tables for people."""
    matrix, found = settings.matrix(), settings.findings()
    rows = [row.cells() for row in table(matrix.rules, matrix.sites, matrix.channels)]
    say(f"ownership, version {matrix.version}")
    _show_columns([HEADINGS, *rows])
    flows = [
        (flow.name, flow.model, flow.criticality, "STOPPED" if why_stopped(flow, found) else "runs")
        for flow in settings.flows.values()
    ]
    say("flows")
    _show_columns([("flow", "model", "criticality", ""), *flows])


def _show_columns(rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        say("  " + "  ".join(cells).rstrip())


def check_connectors(settings: Settings, result: Result) -> None:
    """What each system's connector needs, and what it cannot do."""
    told = told_by_system(settings.matrix())
    for name, system in settings.systems.items():
        result.looked_at.append(f"system {name}: {system.kind.card.label}")
        _check_system(name, system, told.get(name, frozenset()), result)


def _check_system(name: str, system: SystemSettings, told: Collection[str], result: Result) -> None:
    where = f"systems.{name}"
    if system.inbound_key is None:
        result.notes.append(f"{where}.inbound_key: none, so {name} cannot speak at the door")
    if system.reached is None:
        return
    connector = system.kind.reach(system.reached, SystemClock())
    if not proves_itself(system.reached):
        result.notes.append(f"{where}.credentials: none, so {name} is told without proof of ours")
    feeds = [feed.name for feed in connector.feeds] if isinstance(connector, Source) else []
    for feed in system.schedules:
        if feed not in feeds:
            result.wrong(f"{where}.schedules", feed, " or ".join(feeds) or "no feed at all")
    batch_max = system.kind.card.limits.documents_per_request_max
    if connector.batch_max > batch_max:
        result.wrong(f"{where}.batch_max", str(connector.batch_max), f"at most {batch_max}")
    blind = sorted(
        row.name
        for row in (CATALOGUE[kind] for kind in sorted(told))
        if connector.ability(row.name) is Ability.NEITHER
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
                await _check_destinations(connection, settings, result)
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


async def _check_destinations(
    connection: asyncpg.Connection, settings: Settings, result: Result
) -> None:
    """Who is away, or asked to be spared, and what waits for whom; nothing here forbids a start."""
    if not (await schema_status(connection, discover())).is_current:
        return
    now = SystemClock().now()
    with translating():
        backlog = [BacklogRow(*row) for row in await connection.fetch(READING["backlog"])]
        for name, limits in sorted(settings.sparing().items()):
            kept = await connection.fetchrow(QUERIES["gate"], name)
            rows = [row for row in backlog if row.destination == name]
            gate = decode(kept["state"] if kept is not None else b"")
            one = destination(name, gate, limits, rows, now)
            result.destinations[name] = {**asdict(one), "backlog_effects": one.left}
            result.looked_at.append(f"destination {name}: {one.in_words()}")
            if not one.is_well:
                result.notes.append(f"destination {name}: {one.in_words()}")


def _show(result: Result) -> None:
    for one in result.looked_at:
        say(f"looked at {one}")
    for note in result.notes:
        say(f"note      {note}")
    for problem in result.problems:
        say(f"WRONG     {problem}")
    say(f"{len(result.problems)} problems, {len(result.notes)} notes")
