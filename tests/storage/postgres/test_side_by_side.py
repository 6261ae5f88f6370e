"""A newer release comes up while the older one works, and the older comes back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from crossdock.log.records import Answer
from crossdock.storage.postgres.migrations import FOLDER, discover, migrate, schema_status
from crossdock.storage.postgres.pool import PoolOptions
from crossdock.storage.postgres.store import PostgresStore
from crossdock.testing.builders import T0, message
from tests.helpers.aio import eventually, run

pytestmark = pytest.mark.postgres

OPTIONS = PoolOptions(connections_min=1, connections_max=2)
ADDED = """
ALTER TABLE message ADD COLUMN seen_by text;
ALTER TABLE outcome ADD COLUMN seen_by text;
ALTER TABLE due ADD COLUMN seen_by text;
CREATE INDEX message_seen_by ON message (seen_by);
"""


async def hub(dsn: str) -> PostgresStore:
    """This release, as it starts: its own migrations, then at work."""
    return await PostgresStore.open(dsn, now=T0, options=OPTIONS, allow_unsafe=True)


def next_release(folder: Path) -> Path:
    """The migrations of a release that adds columns and an index to what is written most."""
    for file in FOLDER.glob("*.sql"):
        (folder / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    number = max(one.number for one in discover()) + 1
    (folder / f"{number:04d}_pre_seen_by.sql").write_text(ADDED, encoding="utf-8")
    return folder


def test_u1_u2_a_newer_schema_comes_while_the_older_release_takes_messages(
    tmp_path: Path, database_url: str
) -> None:
    """No append fails or is lost meanwhile; then both are current, and the older starts anew."""

    async def play() -> None:
        older = await hub(database_url)
        taken = 0
        upgraded = asyncio.Event()

        async def take() -> None:
            nonlocal taken
            late = 0
            while late < 50:  # so many more once the schema is new
                [receipt] = await older.append([message(f"m{taken}", partition=taken % 3)])
                assert receipt.answer is Answer.ACCEPTED
                taken += 1
                late += upgraded.is_set()

        taking = asyncio.create_task(take())
        await eventually(lambda: taken > 50)
        newer = discover(next_release(tmp_path))
        connection = await asyncpg.connect(database_url)
        [added] = await migrate(connection, newer, now=T0)
        assert str(added).endswith("_pre_seen_by.sql")
        before = taken
        upgraded.set()
        await taking
        assert taken >= before + 50
        positions = await older.position()
        assert sum(accepted for accepted, _ in positions.values()) == taken
        for release in (newer, discover()):
            assert (await schema_status(connection, release)).is_current
        await connection.close()
        again = await hub(database_url)
        assert await again.position() == positions
        await again.close()
        await older.close()

    run(play())
