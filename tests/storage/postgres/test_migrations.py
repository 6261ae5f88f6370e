"""Each migration is applied once, whole, in order, and never in another form."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from crossdock.log.errors import StoreUnavailable
from crossdock.storage.postgres.errors import (
    MigrationBlocked,
    MigrationChanged,
    MigrationFailed,
    MigrationFileWrong,
    MigrationOutOfOrder,
    SchemaTooNew,
)
from crossdock.storage.postgres.migrations import (
    Migration,
    Patience,
    SchemaStatus,
    discover,
    migrate,
    schema_status,
)
from tests.helpers.aio import eventually_async, run
from tests.storage.postgres.conftest import fetch_value

pytestmark = pytest.mark.postgres

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BASE = {"0001_pre_base.sql": "CREATE TABLE item (id integer); INSERT INTO item VALUES (1);"}
ADD = {"0002_pre_add_name.sql": "ALTER TABLE item ADD COLUMN name text;"}
DROP = {"0002_post_drop_id.sql": "ALTER TABLE item DROP COLUMN id;"}
LATER = {"0003_pre_later.sql": "CREATE TABLE later (id integer);"}
ASLEEP = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
SLEEPERS = f"SELECT count(*) {ASLEEP}"
KILL_SLEEPER = f"SELECT count(pg_terminate_backend(pid)) {ASLEEP}"
IMPATIENT = Patience(lock_seconds=0.05, attempts=3, pause_seconds=0.0, turn_seconds=0.1)


def written(folder: Path, *files: dict[str, str]) -> tuple[Migration, ...]:
    """Write files into an empty folder and discover them."""
    for old in folder.glob("*.sql"):
        old.unlink()
    for name, sql in {name: sql for part in files for name, sql in part.items()}.items():
        (folder / name).write_text(sql)
    return discover(folder)


async def up(
    dsn: str, migrations: Sequence[Migration], *, include_post: bool = True, **how: object
) -> list[str]:
    """Migrate on a connection of its own; give the names of the files applied."""
    connection = await asyncpg.connect(dsn)
    try:
        done = await migrate(
            connection,
            migrations,
            now=NOW,
            include_post=include_post,
            **how,  # type: ignore[arg-type]
        )
        return [str(one) for one in done]
    finally:
        connection.terminate()


async def status_of(dsn: str, migrations: Sequence[Migration]) -> SchemaStatus:
    """Ask for the status on a connection of its own."""
    connection = await asyncpg.connect(dsn)
    try:
        return await schema_status(connection, migrations)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "name",
    ["1_pre_base.sql", "0001_base.sql", "0001_mid_base.sql", "0001_pre_Base.sql", "0001_pre_.sql"],
)
def test_a_wrong_name_is_refused(tmp_path: Path, name: str) -> None:
    """A file whose name does not follow the pattern is named, not skipped."""
    with pytest.raises(MigrationFileWrong, match=name):
        written(tmp_path, {name: "SELECT 1;"})


@pytest.mark.parametrize(
    "files",
    [
        {"0002_pre_add.sql": ""},
        {"0001_pre_base.sql": "", "0003_pre_add.sql": ""},
        {"0001_pre_base.sql": "", "0001_pre_other.sql": ""},
    ],
    ids=["no first", "a gap", "twice"],
)
def test_numbers_are_gapless_and_single(tmp_path: Path, files: dict[str, str]) -> None:
    """A missing number and a number given twice in one phase are refused."""
    with pytest.raises(MigrationFileWrong):
        written(tmp_path, files)


@pytest.mark.parametrize("word", ["COMMIT;", "begin ;", "  Start Transaction;", "ROLLBACK WORK;"])
def test_a_file_may_not_end_its_transaction(tmp_path: Path, word: str) -> None:
    """Transaction words in a file would make half of it stay after a kill."""
    with pytest.raises(MigrationFileWrong, match="transaction"):
        written(tmp_path, {"0001_pre_base.sql": f"SELECT 1;\n{word}\nSELECT 2;"})


def test_line_ends_do_not_change_a_file(tmp_path: Path) -> None:
    """A checkout with CR LF gives the same checksum as one with LF."""
    [unix] = written(tmp_path, {"0001_pre_base.sql": "SELECT 1;\nSELECT 2;\n"})
    (tmp_path / "0001_pre_base.sql").write_bytes(b"SELECT 1;\r\nSELECT 2;\r\n")
    assert discover(tmp_path)[0].checksum == unix.checksum


def test_our_own_files_are_in_order() -> None:
    """What we ship follows the rules that the runner enforces."""
    assert all(migration.number > 0 for migration in discover())


def test_pending_files_run_once_in_order(tmp_path: Path, database_url: str) -> None:
    """Pre before post within a number; a second run does nothing; the status says so."""
    files = written(tmp_path, BASE, DROP, ADD, LATER)
    order = [*BASE, *ADD, *DROP, *LATER]
    assert [str(one) for one in run(status_of(database_url, files)).pending] == order
    assert run(up(database_url, files)) == order
    assert run(up(database_url, files)) == []
    status = run(status_of(database_url, files))
    assert status.is_current
    assert [(str(row), row.applied_at) for row in status.applied] == [(name, NOW) for name in order]


def test_a_changed_file_is_refused(tmp_path: Path, database_url: str) -> None:
    """A file that was applied may never change: it is named and nothing else runs."""
    run(up(database_url, written(tmp_path, BASE)))
    changed = written(tmp_path, {name: sql + " -- edited" for name, sql in BASE.items()}, ADD)
    with pytest.raises(MigrationChanged, match="0001_pre_base"):
        run(up(database_url, changed))
    status = run(status_of(database_url, changed))
    assert not status.is_current
    assert [str(one) for one in status.changed] == [*BASE]
    assert [str(one) for one in status.pending] == [*ADD]


def test_a_failing_file_leaves_nothing_and_keeps_those_before(
    tmp_path: Path, database_url: str
) -> None:
    """A file is applied whole or not at all; corrected, the run goes on behind the last good."""
    half = {"0002_pre_half.sql": "CREATE TABLE half (id integer);\nSELECT 1 / 0;"}
    with pytest.raises(MigrationFailed, match=r"0002_pre_half.*division by zero"):
        run(up(database_url, written(tmp_path, BASE, half)))
    assert run(fetch_value(database_url, "SELECT to_regclass('half')")) is None
    assert run(up(database_url, written(tmp_path, BASE, ADD))) == [*ADD]


def test_u3_a_killed_run_is_done_again_cleanly(tmp_path: Path, database_url: str) -> None:
    """A session killed inside a file leaves no trace of it, and the next run back-fills once."""
    fill = "CREATE TABLE filled (id integer); INSERT INTO filled SELECT id FROM item;"
    slow = written(tmp_path, BASE, {"0002_pre_fill.sql": f"{fill} SELECT pg_sleep(30);"})
    quick = written(tmp_path, BASE, {"0002_pre_fill.sql": fill})

    async def kill() -> None:
        running = asyncio.create_task(up(database_url, slow))
        await eventually_async(lambda: fetch_value(database_url, KILL_SLEEPER))
        with pytest.raises(StoreUnavailable):
            await running

    run(kill())
    assert run(fetch_value(database_url, "SELECT to_regclass('filled')")) is None
    assert run(up(database_url, quick)) == ["0002_pre_fill.sql"]
    assert run(fetch_value(database_url, "SELECT count(*) FROM filled")) == 1


def test_hubs_that_start_at_once_migrate_once(tmp_path: Path, database_url: str) -> None:
    """Of several runners each file is applied by exactly one, and all end with the schema there."""
    files = written(tmp_path, BASE, ADD, DROP, LATER)

    async def race() -> list[list[str]]:
        return await asyncio.gather(*(up(database_url, files) for _ in range(4)))

    done = run(race())
    assert sorted(name for part in done for name in part) == sorted(str(one) for one in files)
    assert run(status_of(database_url, files)).is_current


def test_a_lock_that_is_not_free_is_tried_again(tmp_path: Path, database_url: str) -> None:
    """A file gives up quickly while a transaction holds its table, and gets through after it."""
    run(up(database_url, written(tmp_path, BASE)))
    files = written(tmp_path, BASE, ADD)

    async def wait() -> list[str]:
        holder = await asyncpg.connect(database_url)
        await holder.execute("BEGIN; SELECT * FROM item")
        pauses = 0

        async def sleep(_: float) -> None:
            nonlocal pauses
            pauses += 1
            await fetch_value(database_url, "SELECT count(*) FROM item")  # readers get through
            if pauses == 2:
                await holder.execute("COMMIT")

        try:
            return await up(database_url, files, patience=IMPATIENT, sleep=sleep)
        finally:
            await holder.close()

    assert run(wait()) == [*ADD]


def test_a_lock_that_is_never_free_is_named(tmp_path: Path, database_url: str) -> None:
    """After the last attempt the file that could not run is named; the schema is as before."""
    run(up(database_url, written(tmp_path, BASE)))
    files = written(tmp_path, BASE, ADD)

    async def wait() -> None:
        holder = await asyncpg.connect(database_url)
        await holder.execute("BEGIN; SELECT * FROM item")
        try:
            with pytest.raises(MigrationBlocked, match="0002_pre_add_name"):
                await up(database_url, files, patience=IMPATIENT)
        finally:
            await holder.close()

    run(wait())
    assert [str(one) for one in run(status_of(database_url, files)).pending] == [*ADD]


def test_a_turn_that_never_comes_is_named(tmp_path: Path, database_url: str) -> None:
    """Another hub that migrates for longer than our patience gives a typed error."""
    slow = written(tmp_path, {"0001_pre_base.sql": "SELECT pg_sleep(30);"})

    async def wait() -> None:
        first = asyncio.create_task(up(database_url, slow))
        await eventually_async(lambda: fetch_value(database_url, SLEEPERS))
        with pytest.raises(MigrationBlocked, match="another hub"):
            await up(database_url, slow, patience=IMPATIENT)
        assert await fetch_value(database_url, KILL_SLEEPER) == 1
        with pytest.raises(StoreUnavailable):
            await first

    run(wait())


def test_post_waits_until_it_is_allowed(tmp_path: Path, database_url: str) -> None:
    """Without leave for post files they stay pending, and no later pre file overtakes them."""
    files = written(tmp_path, BASE, ADD, DROP)
    assert run(up(database_url, files, include_post=False)) == [*BASE, *ADD]
    assert run(up(database_url, files, include_post=False)) == []
    files = written(tmp_path, BASE, ADD, DROP, LATER)
    with pytest.raises(MigrationOutOfOrder, match="0003_pre_later"):
        run(up(database_url, files, include_post=False))
    assert run(up(database_url, files)) == [*DROP, *LATER]


def test_a_file_that_appears_late_is_refused(tmp_path: Path, database_url: str) -> None:
    """A file below one that is applied would run in another order here than elsewhere."""
    run(up(database_url, written(tmp_path, BASE, DROP)))
    with pytest.raises(MigrationOutOfOrder, match="0002_pre_add_name"):
        run(up(database_url, written(tmp_path, BASE, ADD, DROP)))


def test_u2_an_older_hub_lives_with_additions_not_with_removals(
    tmp_path: Path, database_url: str
) -> None:
    """A newer release's pre files disturb nobody; its post files end the older release."""
    run(up(database_url, written(tmp_path, BASE, ADD)))
    older = written(tmp_path, BASE)
    assert run(up(database_url, older)) == []
    assert run(status_of(database_url, older)).is_current
    run(up(database_url, written(tmp_path, BASE, ADD, DROP)))
    with pytest.raises(SchemaTooNew, match="0002_post_drop_id"):
        run(up(database_url, older))
    assert not run(status_of(database_url, older)).is_current
