"""A backup is taken from a hub at work, and what comes of going back to it.

A real base backup of the hub's own PostgreSQL, taken while messages come in. First it is started
elsewhere and looked at. Then the story goes on to its end, the disk is lost, and the hub starts
again from the backup among far systems that know more than it does.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from crossdock.contracts import catalogue
from crossdock.estate.estate import Estate
from crossdock.estate.feed import feed
from crossdock.estate.outbox import Message, Outbox
from crossdock.runtime.clocks import SystemRandomness
from crossdock.runtime.demo.agreement import compare
from crossdock.runtime.demo.money import money_of
from crossdock.runtime.demo.run import Wish
from crossdock.runtime.watching import left_to_do
from crossdock.storage.postgres.binaries import find_wheel
from crossdock.storage.postgres.folder import Layout
from crossdock.storage.postgres.pool import open_pool
from crossdock.storage.postgres.server import USER, EmbeddedServer
from crossdock.storage.postgres.store import PostgresStore
from crossdock.storage.postgres.verify import verify
from crossdock.testing.outside.gate import Gate, Gated, steps_of
from crossdock.testing.outside.grounds import Grounds, standing, started
from crossdock.testing.outside.recovered import compare_with_log
from crossdock.testing.outside.report import Stage
from tests.helpers.aio import eventually, run

WISH = Wish(orders=10, seed=5)
CALM_LOOKS = 20
TO_TELL = """
SELECT count(*) FROM due AS d WHERE d.state <> 2 AND NOT EXISTS
    (SELECT FROM due AS h WHERE h.destination = d.destination AND h.key = d.key AND h.state = 2)
"""
KEPT = """
SELECT source || '/' || id AS named FROM message WHERE source = ANY($1::text[])
UNION SELECT source || '/' || id FROM absorbed WHERE source = ANY($1::text[])
"""
HELD_TYPES = "SELECT DISTINCT type FROM due JOIN effect USING (effect_id) WHERE state = 2"
EXPLAINED_BY = {
    "availability: hub and shop": catalogue.AVAILABILITY_PUBLISHED,
    "stock by item and site: hub and ERP": catalogue.STOCK_POSTING_REQUESTED,
}
"""What is numbered by the hub: told again under a number that was used, it is refused and held."""

UNEXPLAINED = """
SELECT e.business_key FROM due AS d JOIN effect AS e USING (effect_id)
WHERE d.state = 2 AND NOT EXISTS
    (SELECT FROM attempt AS a WHERE a.effect_id = d.effect_id AND a.problem LIKE '409 conflict:%')
AND NOT EXISTS (SELECT FROM due AS h WHERE h.key = d.key AND h.effect_id < d.effect_id)
"""


class Said:
    """Every message of an estate, in the order in which it was said."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._said: list[tuple[str, Message]] = []
        for name, system in estate.systems.items():
            self._listen(name, system.outbox)

    def _listen(self, name: str, outbox: Outbox) -> None:
        through = outbox.put

        def put_and_note(message_id: str, event: bytes) -> None:
            self._said.append((name, (message_id, event)))
            through(message_id, event)

        outbox.put = put_and_note  # type: ignore[method-assign]

    def again(self) -> None:
        """Have every system send everything once more, under the same ids."""
        for name, (message_id, event) in list(self._said):
            self._estate.systems[name].outbox.put(message_id, event)


@asynccontextmanager
async def the_hubs_database(data: Path) -> AsyncIterator[tuple[asyncpg.Connection, PostgresStore]]:
    """A look into it, run by us or by a hub, and a store on it."""
    async with EmbeddedServer(data) as server:
        pool = await open_pool(server.dsn, sleep=asyncio.sleep, uniform=SystemRandomness().uniform)
        async with pool:
            connection = await asyncpg.connect(server.dsn)
            try:
                yield connection, PostgresStore(pool)
            finally:
                await connection.close()


def base_backup(data: Path, to: Path) -> None:
    """Copy the cluster of a server at work, with the log that the copy needs."""
    layout, copy = Layout(data / "postgres"), Layout(to / "postgres")
    copy.base.mkdir(parents=True)
    copy.base.chmod(0o711)
    programs = find_wheel()
    command = [programs.program("pg_basebackup"), "-h", str(layout.run), "-U", USER]
    command += ["-D", str(copy.cluster), "-X", "stream", "-c", "fast"]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    owner = layout.cluster.stat()
    for path in (copy.cluster, *copy.cluster.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


async def until_quiet(grounds: Grounds, connection: asyncpg.Connection) -> None:
    """Wait until neither the hub nor a far system has anything to do that needs no person."""
    calm = 0
    while calm < CALM_LOOKS:
        left = await left_to_do(connection)
        idle = left.accepted == left.decided and not left.soon and not left.unpublished
        done = idle and not await connection.fetchval(TO_TELL) and not grounds.estate.pending
        calm = calm + 1 if done else 0
        await asyncio.sleep(0.1)


async def what_is_known(grounds: Grounds, connection: asyncpg.Connection) -> set[str]:
    """The messages of far systems that the hub keeps, or knows to be others said again."""
    return {row["named"] for row in await connection.fetch(KEPT, list(grounds.estate.systems))}


async def what_differs(
    grounds: Grounds, connection: asyncpg.Connection, store: PostgresStore
) -> set[str]:
    """Which of the things that both sides know they do not agree about."""
    found = await compare(connection, grounds.estate, await money_of(store))
    return {one.what for one in found if one.differences}


@pytest.mark.postgres
@pytest.mark.timeout(240)
def test_u7_d14_a_backup_under_load_is_whole_and_can_be_gone_back_to(tmp_path: Path) -> None:
    """Every receipt from before it is in it (U7); after going back nothing is done twice (D14)."""

    async def play() -> None:
        async with standing(WISH, tmp_path / "data", Stage.EMBEDDED) as grounds:
            said = Said(grounds.estate)
            await started(grounds.hub)
            gate = Gate(steps_of(WISH.story()), 1)
            systems = {n: Gated(each, gate) for n, each in grounds.estate.systems.items()}
            feeding = asyncio.create_task(feed(WISH.story(), systems))
            gate.open_part()  # two of three parts are said while the backup is taken
            await eventually(lambda: len(list(grounds.sent.receipts())) > 100, 60.0)
            receipts = list(grounds.sent.receipts())
            backup = tmp_path / "backup"
            await asyncio.to_thread(base_backup, grounds.data, backup)
            assert len(list(grounds.sent.receipts())) > len(receipts), "no load meanwhile"

            async with the_hubs_database(backup) as (connection, store):
                assert await compare_with_log(connection, grounds.sent, receipts) == []
                assert (await verify(store.pool)).broken == []
            gate.open()
            await feeding
            async with the_hubs_database(grounds.data) as (connection, _):
                await until_quiet(grounds, connection)
                kept = await what_is_known(grounds, connection)
            await grounds.hub.stop()

            cluster = Layout(grounds.data / "postgres").cluster
            shutil.rmtree(cluster)
            Layout(backup / "postgres").cluster.rename(cluster)
            await started(grounds.hub)
            said.again()
            async with the_hubs_database(grounds.data) as (connection, store):
                await until_quiet(grounds, connection)
                assert (await verify(store.pool)).broken == []
                assert kept <= await what_is_known(grounds, connection)
                held = {row["type"] for row in await connection.fetch(HELD_TYPES)}
                for what in await what_differs(grounds, connection, store):
                    assert EXPLAINED_BY[what] in held, what
                assert await connection.fetch(UNEXPLAINED) == []
            effects = [system.effects for system in grounds.estate.systems.values()]
            assert [key for each in effects for key in each.twice] == []
            assert sum(each.replayed for each in effects) > 0, "nothing was told again"
            await grounds.hub.stop()

    run(play())
