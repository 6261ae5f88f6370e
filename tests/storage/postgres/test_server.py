"""The embedded server starts anywhere, outlives crashes, and never outlives its hub."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from crossdock.storage.postgres import binaries
from crossdock.storage.postgres.errors import (
    BinariesMissing,
    FolderOtherVersion,
    FolderUnusable,
    StartFailed,
    UnsafeDatabase,
)
from crossdock.storage.postgres.server import (
    EmbeddedServer,
    GivenServer,
    Happening,
    ServerEvent,
    choose_server,
    running,
)
from tests.helpers.aio import eventually, run
from tests.storage.postgres.conftest import Folder, execute, fetch_value, fetch_value_soon

pytestmark = pytest.mark.postgres

COUNT = "SELECT count(*) FROM kept"
FILL = "TRUNCATE kept; INSERT INTO kept SELECT generate_series(1, 1000)"
ALIVE = "SELECT 1"

HUB = """
import asyncio, sys
from pathlib import Path
from crossdock.storage.postgres.server import EmbeddedServer

async def main():
    async with EmbeddedServer(Path(sys.argv[1])) as server:
        print(server.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead but not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def start_hub(folder: Folder) -> tuple[subprocess.Popen[str], int]:
    """Run a hub in another process; give it and the pid of its database server."""
    hub = subprocess.Popen(
        [sys.executable, "-c", HUB, str(folder.path)], stdout=subprocess.PIPE, text=True
    )
    assert hub.stdout is not None
    return hub, int(hub.stdout.readline())


def end_hub(hub: subprocess.Popen[str]) -> None:
    """Kill a hub and collect it."""
    assert hub.stdout is not None
    hub.kill()
    hub.wait()
    hub.stdout.close()


def test_d1_a_killed_postmaster_comes_back_with_every_row(folder: Folder) -> None:
    """After kill -9 of the postmaster `watch` restarts it, tells both, and no commit is lost."""
    events: list[ServerEvent] = []

    async def crash() -> object:
        server = EmbeddedServer(folder.path, on_event=events.append)
        async with running(server):
            await execute(server.dsn, FILL)
            first = server.pid
            assert first is not None
            os.kill(first, signal.SIGKILL)
            await eventually(lambda: [e.happening for e in events].count(Happening.STARTED) == 2)
            assert server.pid != first
            return await fetch_value_soon(server.dsn, COUNT)

    assert run(crash()) == 1000
    assert [event.happening for event in events] == [
        Happening.STARTED,
        Happening.DIED,
        Happening.STARTED,
        Happening.STOPPED,
    ]


def test_a_start_that_fails_is_tried_again(folder: Folder) -> None:
    """What keeps a dead server from coming back is told; once mended, the server is back."""
    file = folder.base / "cluster" / "PG_VERSION"
    ours = file.read_text()
    seen: list[Happening] = []

    async def crash() -> object:
        server = EmbeddedServer(folder.path, on_event=lambda event: seen.append(event.happening))
        async with running(server):
            assert server.pid is not None
            file.write_text("13\n")
            os.kill(server.pid, signal.SIGKILL)
            await eventually(lambda: seen.count(Happening.START_FAILED) >= 2)
            file.write_text(ours)
            await eventually(lambda: seen[-1] is Happening.STARTED)
            return await fetch_value(server.dsn, ALIVE)

    try:
        assert run(crash()) == 1
    finally:
        file.write_text(ours)


def test_d2_a_killed_backend_costs_connections_but_no_row(folder: Folder) -> None:
    """kill -9 of one backend resets all sessions; the same postmaster serves on with every row."""

    async def crash() -> object:
        async with EmbeddedServer(folder.path) as server:
            await execute(server.dsn, FILL)
            victim, witness = [await asyncpg.connect(server.dsn) for _ in range(2)]
            os.kill(await victim.fetchval("SELECT pg_backend_pid()"), signal.SIGKILL)
            await eventually(lambda: witness.is_closed() and victim.is_closed())
            pid = server.pid
            count = await fetch_value_soon(server.dsn, COUNT)
            assert server.pid == pid
            return count

    assert run(crash()) == 1000


def test_the_server_dies_with_its_hub(folder: Folder) -> None:
    """A hub that is killed leaves no server behind, and the next hub finds every row."""

    async def restart() -> object:
        hub, pid = start_hub(folder)
        try:
            async with EmbeddedServer(folder.path) as visitor:
                assert visitor.attached
                await execute(visitor.dsn, FILL)
        finally:
            end_hub(hub)
        await eventually(lambda: not is_alive(pid))
        async with EmbeddedServer(folder.path) as server:
            assert not server.attached
            return await fetch_value(server.dsn, COUNT)

    assert run(restart()) == 1000


def test_a_second_hub_at_once_waits_for_the_dying_server(folder: Folder) -> None:
    """A new hub started in the moment the old one was killed gets a server of its own."""
    hub, _ = start_hub(folder)
    end_hub(hub)

    async def restart() -> bool:
        async with EmbeddedServer(folder.path) as server:
            return not server.attached

    assert run(restart())


def test_a_second_user_of_the_folder_attaches(folder: Folder) -> None:
    """While one server object runs the folder, another connects and its leaving stops nothing."""

    async def attach() -> None:
        async with EmbeddedServer(folder.path) as owner:
            async with EmbeddedServer(folder.path) as visitor:
                assert (owner.attached, visitor.attached) == (False, True)
                assert visitor.dsn == owner.dsn
                assert await fetch_value(visitor.dsn, ALIVE) == 1
            assert await fetch_value(owner.dsn, ALIVE) == 1

    run(attach())


def test_a_visitor_takes_over_when_the_owner_leaves(folder: Folder) -> None:
    """A watching process that was attached runs the server itself once nobody else does."""

    async def take_over() -> None:
        owner, visitor = EmbeddedServer(folder.path), EmbeddedServer(folder.path)
        await owner.start()
        async with running(visitor):
            await owner.stop()
            await eventually(lambda: not visitor.attached and visitor.pid is not None)
            assert await fetch_value_soon(visitor.dsn, ALIVE) == 1

    run(take_over())


@pytest.mark.parametrize("bearer", ["nobody at all", "another program", "this program"])
def test_a_dead_servers_pid_file_stops_nobody(folder: Folder, bearer: str) -> None:
    """A pid file that a crash left is seen through, even if another program has its pid now."""
    owner = (folder.base / "cluster").stat()
    identity = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    stranger = subprocess.Popen(["sleep", "60"], **identity)  # type: ignore[call-overload]

    async def crash() -> None:
        server = EmbeddedServer(folder.path)
        await server.start()
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        await server.stop()

    async def restart(pid: int) -> object:
        lines = folder.pid_file.read_text().splitlines()
        folder.pid_file.write_text("\n".join([str(pid), *lines[1:]]) + "\n")
        async with EmbeddedServer(folder.path) as server:
            return await fetch_value(server.dsn, ALIVE)

    try:
        run(crash())
        pids = {"this program": os.getpid(), "another program": stranger.pid}
        assert run(restart(pids.get(bearer, 2**22 - 1))) == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_private_folders_need_not_be_opened(tmp_path: Path) -> None:
    """Programs and data below a 0700 folder, as root too: it starts and no permission changes."""
    private = tmp_path / "home"
    private.mkdir(mode=0o700)
    package = binaries.find_wheel().folder.parent.parent
    for tree in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(tree, private / tree.name, ignore=shutil.ignore_patterns("include"))
    found = binaries.at(private / package.name / "pginstall" / "bin")
    server = EmbeddedServer(private / "data", binaries=found, fsync=False, unsafe=True)

    async def start() -> object:
        async with server:
            return await fetch_value(server.dsn, "SELECT 1")

    assert run(start()) == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_nobody_else_can_read_the_data(folder: Folder) -> None:
    """The cluster and the socket's folder are closed to every account but the server's."""
    for name in ("cluster", "run"):
        assert stat.S_IMODE((folder.base / name).stat().st_mode) == 0o700


def test_a_path_too_long_for_a_socket_works(folder: Folder) -> None:
    """A data folder deeper than a socket address is long is reached through a short link."""
    deep = folder.path.parent / "-".join(["deep"] * 30)
    deep.symlink_to(folder.path)

    async def start() -> object:
        async with EmbeddedServer(deep) as server:
            assert str(deep) not in server.dsn
            return await fetch_value(server.dsn, ALIVE)

    try:
        assert run(start()) == 1
    finally:
        deep.unlink()


def test_a_killed_initdb_is_done_again(tmp_path: Path) -> None:
    """What a first start left half made is thrown away, never taken for a cluster."""
    draft = tmp_path / "postgres" / "cluster.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")

    async def start() -> object:
        async with EmbeddedServer(tmp_path, fsync=False, unsafe=True) as server:
            return await fetch_value(server.dsn, "SELECT current_database()")

    assert run(start()) == "crossdock"
    assert not draft.exists()


def test_another_major_version_is_refused(folder: Folder) -> None:
    """A folder of another PostgreSQL is left alone, and both versions are named."""
    file = folder.base / "cluster" / "PG_VERSION"
    ours = file.read_text()
    file.write_text("13\n")
    try:
        with pytest.raises(FolderOtherVersion, match=r"found PostgreSQL 13; expected PostgreSQL"):
            run(EmbeddedServer(folder.path).start())
    finally:
        file.write_text(ours)


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file where the data folder should be gives a typed error with its path."""
    (tmp_path / "data").write_text("")
    with pytest.raises(FolderUnusable, match="data"):
        run(EmbeddedServer(tmp_path / "data").start())


def test_a_failed_start_says_what_the_server_said(folder: Folder) -> None:
    """The server's own last words are in the error, and the folder is free again."""
    with pytest.raises(StartFailed, match="shared_buffers"):
        run(EmbeddedServer(folder.path, settings={"shared_buffers": "lots"}).start())

    async def start() -> bool:
        async with EmbeddedServer(folder.path) as server:
            return not server.attached

    assert run(start())


@pytest.mark.parametrize("switch", ["fsync", "full_page_writes", "synchronous_commit"])
def test_durability_cannot_be_turned_off_in_passing(tmp_path: Path, switch: str) -> None:
    """A durability switch among the settings is refused by name before anything starts."""
    with pytest.raises(UnsafeDatabase, match=switch):
        EmbeddedServer(tmp_path, settings={switch: "off"})
    with pytest.raises(UnsafeDatabase, match="unsafe=True"):
        EmbeddedServer(tmp_path, fsync=False)


def test_a_cancelled_start_leaves_no_server(folder: Folder) -> None:
    """Losing patience during a start stops what was started and frees the folder."""

    async def lose_patience() -> bool:
        starting = asyncio.create_task(EmbeddedServer(folder.path).start())
        await eventually(lambda: bool(folder.pid_file.exists()))
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert not folder.pid_file.exists()
        async with EmbeddedServer(folder.path) as server:
            return not server.attached

    assert run(lose_patience())


def test_a_given_server_is_used_as_it_is(tmp_path: Path) -> None:
    """With a URL nothing is started and nothing is made in the data folder."""
    server = choose_server(tmp_path / "data", database_url="postgresql://db.example/crossdock")
    assert server == GivenServer("postgresql://db.example/crossdock")
    assert not (tmp_path / "data").exists()


def test_absent_programs_are_named(tmp_path: Path) -> None:
    """A folder without a server gives a typed error that says what to do."""
    with pytest.raises(BinariesMissing, match=r"database\.url"):
        binaries.at(tmp_path)
