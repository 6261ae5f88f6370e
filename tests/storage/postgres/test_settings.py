"""A database that would lose accepted work is refused, setting by setting."""

from __future__ import annotations

import asyncpg
import pytest

from crossdock.storage.postgres.errors import UnsafeDatabase
from crossdock.storage.postgres.server import EmbeddedServer
from crossdock.storage.postgres.settings import check_settings, judge
from tests.conftest import PostgresServer
from tests.helpers.aio import run
from tests.storage.postgres.conftest import Folder

pytestmark = pytest.mark.postgres

GOOD = {
    "server_version_num": "150000",
    "server_encoding": "UTF8",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server_version_num", "149999"),
        ("server_encoding", "SQL_ASCII"),
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("synchronous_commit", "off"),
    ],
)
def test_each_bad_setting_is_named(setting: str, value: str) -> None:
    """One bad setting gives one finding with its name, the value found and what to do."""
    [finding] = judge({**GOOD, setting: value})
    assert str(finding).startswith(f"{setting} is {value}, expected ")
    assert finding.rule.remedy in str(finding)


@pytest.mark.parametrize("value", ["on", "local", "remote_write", "remote_apply"])
def test_every_way_of_flushing_at_commit_is_good(value: str) -> None:
    """All values but off wait for the local flush."""
    assert judge({**GOOD, "synchronous_commit": value}) == ()


def test_a_setting_that_nobody_tells_is_bad() -> None:
    """A server that does not know a setting is not believed to be safe."""
    assert {finding.rule.setting for finding in judge({})} == GOOD.keys()


def test_our_own_server_is_safe(folder: Folder) -> None:
    """The embedded server passes its own check without a warning."""

    async def check() -> tuple[str, ...]:
        async with EmbeddedServer(folder.path) as server:
            connection = await asyncpg.connect(server.dsn)
            try:
                return await check_settings(connection)
            finally:
                await connection.close()

    assert run(check()) == ()


def test_d12_an_unsafe_server_is_refused_or_complained_about(folder: Folder) -> None:
    """All bad switches are named in one refusal; the development flag turns them into warnings."""

    async def check() -> tuple[str, tuple[str, ...]]:
        async with EmbeddedServer(folder.path, fsync=False, unsafe=True) as server:
            connection = await asyncpg.connect(server.dsn)
            try:
                with pytest.raises(UnsafeDatabase) as refusal:
                    await check_settings(connection)
                return str(refusal.value), await check_settings(connection, allow_unsafe=True)
            finally:
                await connection.close()

    refusal, warnings = run(check())
    for setting, warning in zip(
        ("fsync", "full_page_writes", "synchronous_commit"), warnings, strict=True
    ):
        assert f"{setting} is off, expected on" in refusal
        assert f"{setting} is off" in warning


def test_a_session_setting_is_seen(folder: Folder) -> None:
    """What counts is what the hub's connection runs with, not what the server was told."""

    async def check() -> None:
        async with EmbeddedServer(folder.path) as server:
            connection = await asyncpg.connect(
                server.dsn, server_settings={"synchronous_commit": "off"}
            )
            try:
                with pytest.raises(UnsafeDatabase, match="synchronous_commit is off"):
                    await check_settings(connection)
            finally:
                await connection.close()

    run(check())


def test_no_flag_forgives_a_wrong_encoding(postgres_server: PostgresServer) -> None:
    """A database that cannot hold every text is refused under the development flag too."""

    async def check() -> None:
        admin = await asyncpg.connect(postgres_server.dsn)
        name = "crossdock_test_ascii"
        await admin.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"
        )
        try:
            connection = await asyncpg.connect(postgres_server.dsn_of(name))
            try:
                with pytest.raises(UnsafeDatabase, match="server_encoding is SQL_ASCII"):
                    await check_settings(connection, allow_unsafe=True)
            finally:
                await connection.close()
        finally:
            await admin.execute(f"DROP DATABASE {name}")
            await admin.close()

    run(check())
