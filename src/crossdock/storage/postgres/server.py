"""The database server that comes with the hub: made on first use, run as our child, brought back.

Whoever gives a DATABASE_URL has a server; everybody else gets a real PostgreSQL in the data folder:

    <data folder>/postgres/      0711, ours
        lock                     held (flock) by the hub that runs the server
        server.log               what the server says
        cluster/                 0700, the server's: PGDATA
        run/                     0700, the server's: the socket

**Root.** PostgreSQL refuses to run as root, so root starts it under the uid that owns the cluster,
at first `nobody`; no system user is made and no permission of a folder above ours is changed. That
uid often cannot walk to the data folder (a project below a 0700 home or a temporary folder).
Moving the data elsewhere would surprise whoever deletes, copies or mounts the folder, so the data
stays and the path is shortened instead: the server inherits an open descriptor of
`<data folder>/postgres` and knows its files as `/proc/self/fd/N/cluster`, which the kernel resolves
without walking through the parents. The same path lifts the limit of about 100 characters that the
server has for a socket's path; the client's side of that limit is met by a short symbolic link in a
private temporary folder.

**One server per folder.** The hub that holds the lock runs the server; any other process attaches:
it connects, and neither starts nor stops it. If the holder goes away, a process in `watch` takes
the folder over. A server left over by a killed hub is stopped, never adopted, because nothing would
end it with us.

**Settings** go on the command line, where neither a file nor ALTER SYSTEM can override them.
"""

from __future__ import annotations

import asyncio
import enum
import fcntl
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import quote

import asyncpg

from crossdock.kernel.errors import CrossdockError
from crossdock.storage.postgres import binaries as programs
from crossdock.storage.postgres.binaries import Binaries
from crossdock.storage.postgres.errors import (
    DRIVER_ERRORS,
    StartFailed,
    UnsafeDatabase,
    translating,
)
from crossdock.storage.postgres.folder import (
    Account,
    Layout,
    account_of,
    last_line,
    make_folder,
    naming_the_folder,
    prepare,
    refuse_other_version,
    remove_draft,
    rotate,
    size_of,
    sync_folder,
)
from crossdock.storage.postgres.memory import memory_here, memory_settings
from crossdock.storage.postgres.process import (
    POLL_SECONDS,
    Postmaster,
    disown,
    end,
    end_leftover,
    read_postmaster,
    serves,
    until_exit,
    within,
)

USER = "hub"
DATABASE = "crossdock"
PORT = 5432  # names the socket's file; nothing listens on TCP

_IDLE_POLL_SECONDS = 0.1
_ANSWER_SECONDS_MAX = 10.0
_HEALTHY_SECONDS = 10.0  # a server that ran for so long starts its next back-off anew
_RESTART_SECONDS_FIRST = 0.05
_RESTART_SECONDS_MAX = 5.0
_LAUNCHER = str(Path(__file__).with_name("_launch.py"))
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}  # no PG* of the caller's

_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_DEFAULTS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "wal_buffers": "16MB",
    "random_page_cost": "1.1",
    "max_parallel_workers_per_gather": "1",
    "jit": "off",
    # Checkpoints are what a burst waits for: rarer and spread out, at most some 2 GB to replay.
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    # Full page images stay uncompressed: the wheel has pglz only, which halved the log and made
    # update batches take two to three times as long.
    "wal_compression": "off",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    # Queues die of dead rows: look often, and at a twentieth of a table instead of a fifth.
    "autovacuum_naptime": "15s",
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_vacuum_cost_limit": "1000",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class Happening(enum.Enum):
    """What can happen to the server, for logs, metrics and the dashboard."""

    CREATED = "created"
    STARTED = "started"
    ATTACHED = "attached"
    STILL_STARTING = "still starting"
    LEFTOVER_STOPPED = "leftover stopped"
    DIED = "died"
    START_FAILED = "start failed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One thing that happened to the server, with one sentence about it."""

    happening: Happening
    detail: str


Listener = Callable[[ServerEvent], None]


class DatabaseServer(Protocol):
    """A server the hub connects to, whoever runs it."""

    @property
    def dsn(self) -> str:
        """The connection string of the hub's database."""
        ...

    async def start(self) -> None:
        """Return when connections are accepted."""
        ...

    async def watch(self) -> None:
        """Keep the server running until cancelled."""
        ...

    async def stop(self) -> None:
        """Leave the server; stop it if it is ours."""
        ...


@dataclass(frozen=True, slots=True)
class GivenServer:
    """A server that somebody else runs: nothing to start, watch or stop."""

    dsn: str

    async def start(self) -> None:
        """Nothing to do; the pool's first connection tells whether it is there."""

    async def watch(self) -> None:
        """Wait until cancelled."""
        await asyncio.Event().wait()

    async def stop(self) -> None:
        """Nothing to do."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


def choose_server(
    data_dir: Path,
    *,
    database_url: str | None = None,
    use_installed: bool = False,
    on_event: Listener | None = None,
) -> GivenServer | EmbeddedServer:
    """The server of a URL if there is one, else one in the data folder.

    `use_installed` prefers this machine's own PostgreSQL (15 or newer) over the wheel's.
    Raises `BinariesMissing`.
    """
    if database_url:
        return GivenServer(database_url)
    found = programs.find_installed() if use_installed else programs.find_wheel()
    return EmbeddedServer(data_dir, binaries=found, on_event=on_event)


class EmbeddedServer:
    """A PostgreSQL server in a data folder, run by this process or attached to.

    Start it from a thread that lives as long as the process (see `_launch`): `asyncio.run` in the
    main thread is right, `asyncio.to_thread` is not. `settings` add to or replace the built-in
    ones; the durability switches can only be turned off together, by `fsync=False, unsafe=True`,
    for tests and simulations whose data may vanish.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        binaries: Binaries | None = None,
        fsync: bool = True,
        unsafe: bool = False,
        settings: Mapping[str, str] | None = None,
        on_event: Listener | None = None,
    ) -> None:
        """Only take note; `start` does the work. Raises `UnsafeDatabase`, `BinariesMissing`."""
        self._settings = _all_settings(settings or {}, fsync=fsync, unsafe=unsafe)
        self._durable = fsync
        self._binaries = binaries or programs.find_wheel()
        self._layout = Layout(data_dir.absolute() / "postgres")
        self._on_event = on_event or _ignore
        self._account: Account | None = None
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path | None = None
        self._wanted = False

    @property
    def dsn(self) -> str:
        """The connection string of the hub's database, once started."""
        return self.dsn_of(DATABASE)

    @property
    def attached(self) -> bool:
        """Whether another process runs the server."""
        return self._lock is None

    @property
    def pid(self) -> int | None:
        """The postmaster's pid, or None when it is not ours."""
        return self._process.pid if self._process else None

    @property
    def log(self) -> Path:
        """The file that the server writes its messages to."""
        return self._layout.log

    def dsn_of(self, database: str) -> str:
        """The connection string of any database of this server."""
        folder = self._socket_folder or self._layout.run
        return f"postgresql://{USER}@/{database}?host={quote(str(folder), safe='')}&port={PORT}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start the server, or attach to the one that runs; return when it accepts connections.

        There is no time limit, because replaying the log after a crash may take minutes: put
        `asyncio.timeout` around it if there is one for you. Raises `ServerError`.
        """
        self._wanted = True
        with naming_the_folder(self._layout.base):
            self._socket_folder = prepare(self._layout)
            while not self._take_lock():
                if await _accepts(self.dsn):
                    self._tell(Happening.ATTACHED, f"another process runs {self._layout.base}")
                    return
                await asyncio.sleep(_IDLE_POLL_SECONDS)
            try:
                await self._start_own()
            except BaseException:
                await self._leave()
                raise

    async def stop(self) -> None:
        """Stop the server if it is ours, else just leave."""
        self._wanted = False
        await self._leave()

    async def _leave(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await end(process)
            self._tell(Happening.STOPPED, f"exit code {process.returncode}")
        self._free_lock()

    async def watch(self) -> None:
        """Bring the server back whenever it dies, or when the process that ran it is gone.

        Runs until cancelled or stopped. A start that fails (a full disk) is tried again for ever,
        at most every five seconds, and each failure is told to the listener.
        """
        failures = 0
        while self._wanted:
            if await self._stays_up(_HEALTHY_SECONDS):
                failures = 0
            elif self._wanted:
                self._tell(Happening.DIED, self._last_words())
                failures = await self._bring_back(failures)

    async def _stays_up(self, seconds: float) -> bool:
        """Whether nothing happened to the server for so long."""
        return not await within(seconds, lambda: not self._is_up(), _IDLE_POLL_SECONDS)

    def _is_up(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        if self._lock is None and not self._take_lock():
            return True  # the holder lives, and brings the server back itself
        self._free_lock()
        return False

    async def _bring_back(self, failures: int) -> int:
        """Start again until it works; gives how often in a row that was tried."""
        while True:
            await asyncio.sleep(min(_RESTART_SECONDS_FIRST * 2**failures, _RESTART_SECONDS_MAX))
            failures = min(failures + 1, 30)
            self._process = None
            self._free_lock()
            try:
                await self.start()
            except CrossdockError as problem:
                self._tell(Happening.START_FAILED, str(problem))
            else:
                return failures

    async def _start_own(self) -> None:
        """Start the server in a folder whose lock we hold."""
        await self._settle_leftover()
        self._account = account_of(self._layout.cluster)
        if self._account is not None:
            self._binaries = programs.reachable_by_all(self._binaries)
        make_folder(self._layout.run, self._account)
        if not (self._layout.cluster / "PG_VERSION").exists():
            await self._create_cluster()
        refuse_other_version(self._layout.cluster, self._binaries)
        await self._run_server()
        await _ensure_database(self.dsn_of("postgres"))
        self._tell(Happening.STARTED, f"pid {self.pid}, folder {self._layout.base}")

    async def _settle_leftover(self) -> None:
        """End a server that outlived its hub, and see that a dead one's files stop nobody."""
        cluster = self._layout.cluster
        left = read_postmaster(cluster)
        if left is not None and serves(left.pid, cluster):
            await end_leftover(left.pid, cluster)
            self._tell(Happening.LEFTOVER_STOPPED, f"pid {left.pid} had lost its hub")
        elif left is not None:
            disown(cluster)
        if self._layout.run.exists():
            for file in self._layout.run.iterdir():
                file.unlink()  # the lock is ours and no server runs: these name nobody

    async def _create_cluster(self) -> None:
        """Make PGDATA whole or not at all: a folder that is there under its name is finished."""
        layout = self._layout
        remove_draft(layout.draft)
        make_folder(layout.draft, self._account)
        size = size_of(layout.log)
        process = self._spawn(
            lambda base: [
                self._binaries.program("initdb"),
                f"--pgdata={base}/{layout.draft.name}",
                f"--username={USER}",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--data-checksums",
                "--no-instructions",
                *([] if self._durable else ["--no-sync"]),
            ]
        )
        await until_exit(process)
        if process.returncode != 0:
            raise StartFailed(
                "initdb failed", where=str(layout.base), found=last_line(layout.log, size)
            )
        layout.draft.rename(layout.cluster)
        sync_folder(layout.base)
        self._tell(Happening.CREATED, f"PostgreSQL {self._binaries.version} in {layout.base}")

    async def _run_server(self) -> None:
        """Start the postmaster and wait until it accepts connections or is gone."""
        rotate(self._layout.log)
        while True:
            size = size_of(self._layout.log)
            self._process = self._spawn(self._server_command)
            if await self._becomes_ready(self._process):
                return
            said = last_line(self._layout.log, size)
            # Sessions of a killed postmaster notice within a moment and let go of its memory.
            if "shared memory block" not in said:
                break
            await asyncio.sleep(_IDLE_POLL_SECONDS)
        code, self._process = self._process.returncode, None
        raise StartFailed(
            where=str(self._layout.base),
            found=f"exit code {code} and the words: {said}",
            remedy=f"see {self._layout.log}; the data is left as it is",
        )

    async def _becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether it got so far; the postmaster writes its status into its pid file."""
        polls = 0
        while process.poll() is None:
            postmaster = read_postmaster(self._layout.cluster)
            is_ready = postmaster == Postmaster(process.pid, "ready")
            if is_ready and await _accepts(self.dsn_of("postgres")):
                return True
            polls += 1
            if polls * POLL_SECONDS in {5.0, 60.0}:
                self._tell(Happening.STILL_STARTING, "the server is replaying its log")
            await asyncio.sleep(POLL_SECONDS)
        return False

    def _server_command(self, base: str) -> list[str]:
        command = [
            self._binaries.program("postgres"),
            "-D",
            f"{base}/{self._layout.cluster.name}",
            "-c",
            f"unix_socket_directories={base}/{self._layout.run.name}",
            "-c",
            f"port={PORT}",
        ]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _spawn(self, command_in: Callable[[str], list[str]]) -> subprocess.Popen[bytes]:
        """Start a program that sees our folder under a path that it can walk."""
        account = self._account
        who = [str(account.uid), str(account.gid)] if account else ["-", "-"]
        folder = os.open(self._layout.base, os.O_RDONLY | os.O_DIRECTORY)
        log = os.open(self._layout.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        base = f"/proc/self/fd/{folder}" if sys.platform == "linux" else str(self._layout.base)
        launcher = [sys.executable, "-I", "-S", _LAUNCHER, str(os.getpid()), *who]
        try:
            return subprocess.Popen(  # noqa: S603 - every word of the command is ours
                [*launcher, *command_in(base)],
                cwd="/",
                env=_ENVIRONMENT,
                pass_fds=(folder,),
                start_new_session=True,  # Ctrl-C in a terminal is for the hub, which stops us
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        finally:
            os.close(folder)
            os.close(log)

    def _take_lock(self) -> bool:
        """Hold the folder until the process ends or `_free_lock`; children do not inherit it."""
        lock = os.open(self._layout.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def _free_lock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def _last_words(self) -> str:
        if self._process is None:
            return "the process that ran it is gone"
        return f"exit code {self._process.returncode}, last said: {last_line(self._layout.log, 0)}"

    def _tell(self, happening: Happening, detail: str) -> None:
        self._on_event(ServerEvent(happening, detail))


@asynccontextmanager
async def running(server: DatabaseServer) -> AsyncIterator[DatabaseServer]:
    """Start a server, watch it while the block runs, and leave it afterwards."""
    await server.start()
    watcher = asyncio.create_task(server.watch())
    try:
        yield server
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher
        await server.stop()


def _ignore(_: ServerEvent) -> None:
    """The listener of whoever gave none."""


def _all_settings(extra: Mapping[str, str], *, fsync: bool, unsafe: bool) -> dict[str, str]:
    """Built-in settings with the caller's; the durability switches are not the caller's to turn."""
    turned = sorted(_DURABLE.keys() & extra.keys())
    if turned or not (fsync or unsafe):
        raise UnsafeDatabase(
            where="the embedded server's settings",
            found=", ".join(turned) or "fsync=False alone",
            remedy="pass both fsync=False and unsafe=True, and only where the data may vanish",
        )
    durable = _DURABLE if fsync else dict.fromkeys(_DURABLE, "off")
    return {**_DEFAULTS, **memory_settings(memory_here()), **extra, **durable}


async def _accepts(dsn: str) -> bool:
    """Whether the server answers a query in this database now."""
    try:
        connection = await asyncpg.connect(dsn, timeout=_ANSWER_SECONDS_MAX)
    except DRIVER_ERRORS:
        return False
    try:
        return bool(await connection.fetchval("SELECT true"))
    except DRIVER_ERRORS:
        return False
    finally:
        connection.terminate()


async def _ensure_database(dsn: str) -> None:
    """Make the hub's database if a start before never came so far."""
    query = "SELECT 1 FROM pg_database WHERE datname = $1"
    with translating():
        connection = await asyncpg.connect(dsn)
        try:
            if not await connection.fetchval(query, DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            connection.terminate()
